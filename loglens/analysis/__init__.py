"""The analysis of one run: its outcome, rules, causes, assertions, and the baseline."""
