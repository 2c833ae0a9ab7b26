"""What to change, with values that follow from the data of the run, in words and in code."""
