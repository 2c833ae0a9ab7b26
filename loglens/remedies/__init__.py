"""Remedies: what to change, with values that follow from the run's data, in words and in code."""
