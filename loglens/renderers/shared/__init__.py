"""Functions that several output formats share."""
