"""Pure functions on arrays. They know of no run, no rule and no report."""
