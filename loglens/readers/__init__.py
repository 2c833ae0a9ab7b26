"""One module a log format. The order is the order in which they are asked whether a file is theirs."""

READERS: tuple[str, ...] = (
    "tensorboard",
    "huggingface",
    "wandb",
    "wandb_log",
    "wandb_parquet",
    "mlflow",
    "trackio",
    "swanlab",
    "neptune",
    "foreign",
    "jsonl",
    "csv",
    "text",
)
