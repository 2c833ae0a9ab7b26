"""Follow logs that still grow: look at their files, judge again when enough is new, say what has become sure."""
