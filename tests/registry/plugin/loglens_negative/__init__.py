"""An example plugin: one more rule."""
