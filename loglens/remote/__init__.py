"""Logs on s3:// and its kin."""
