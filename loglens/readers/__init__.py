"""One module a log format. The order is the order in which they are asked whether a file is theirs."""

READERS: tuple[str, ...] = (
    "tensorboard.reader",
    "huggingface",
    "wandb.exports",
    "wandb.transaction_log",
    "wandb.parquet_history",
    "mlflow.reader",
    "trackio",
    "swanlab",
    "neptune",
    "other_trackers",
    "jsonl.reader",
    "csv.reader",
    "text.reader",
)
