"""Logs on remote storage: s3://, gs://, hf://, ssh:// and others."""
