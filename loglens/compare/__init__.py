"""Compare runs: from which step a run differs from good ones, and in what."""
