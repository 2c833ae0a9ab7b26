"""The pipeline from paths to diagnoses: find logs, read them, judge runs, cache results."""
