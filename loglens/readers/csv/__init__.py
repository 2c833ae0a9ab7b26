"""CSV logs of every kind."""
