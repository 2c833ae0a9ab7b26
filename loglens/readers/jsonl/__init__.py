"""JSON lines, and logs of trainers that are JSON."""
