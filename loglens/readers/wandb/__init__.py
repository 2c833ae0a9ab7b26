"""W&B: exports, charts, histories and transaction logs."""
