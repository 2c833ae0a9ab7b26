"""Rows and columns of numbers: what every table of values has in common."""
