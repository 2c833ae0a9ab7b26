"""The readers, detectors and renderers there are: built-in ones and those of plugins."""
