"""Access to files as bytes, text, JSON, Parquet and SQLite, shared by the readers of all formats."""
