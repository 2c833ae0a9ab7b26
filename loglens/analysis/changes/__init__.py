"""What changed just before the onset of a finding."""
