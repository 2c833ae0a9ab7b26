"""Figures of the curves that findings rest on."""
