"""Settings: defaults, then the nearest configuration file, then the environment, then flags."""
