"""The version of loglens, for reports and for the package."""

__version__ = "0.1.0"
