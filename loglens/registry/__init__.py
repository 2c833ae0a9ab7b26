"""Where readers, detectors and renderers come from, ours and those of plugins."""
