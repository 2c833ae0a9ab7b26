"""Find the logs under a path, and tell which files make one run."""
