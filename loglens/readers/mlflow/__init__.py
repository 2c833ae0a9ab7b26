"""MLflow: its folder of runs and its database."""
