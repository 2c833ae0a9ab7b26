"""One rich report rendered in every format. `python -m tests.golden` writes the files again: look at the diff."""
