"""One rich report rendered in every format. `python -m tests.golden` writes the files anew: look at the diff."""
