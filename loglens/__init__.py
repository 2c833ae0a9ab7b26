"""loglens reads what a training run left on disk and says what went wrong, since when, and why."""

__version__ = "0.1.0"
