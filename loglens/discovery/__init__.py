"""Find the logs under a path, and group the files that make one run."""
