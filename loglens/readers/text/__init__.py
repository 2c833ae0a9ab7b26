"""Console output and other text logs."""
