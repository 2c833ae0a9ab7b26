"""From paths to judged runs: find, read, judge, keep."""
