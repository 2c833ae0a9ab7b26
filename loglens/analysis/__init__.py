"""One run judged: rules, causes, assertions, the baseline."""
