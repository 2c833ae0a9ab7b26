"""Files as bytes, texts, JSON, Parquet and SQLite: what every format stands on."""
