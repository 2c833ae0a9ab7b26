"""Makes the files under csv/ and hf/ that real writers wrote. Needs torch, lightning, keras, transformers, dvclive.

python make_tables.py lightning | keras | huggingface | dvclive
"""

# mypy: ignore-errors
from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def lightning() -> None:
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(HERE / "csv", name="lightning", version=0)
    logger.log_hyperparams({"lr": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.999]}, "amp": True})
    for step in range(8):
        loss = float("nan") if step in (5, 6) else float("inf") if step == 4 else 1.0 / (step + 1)
        logger.log_metrics({"train_loss": loss, "epoch": step // 4}, step=step)
        if step % 4 == 3:
            logger.log_metrics({"val_loss": 0.5, "epoch": step // 4}, step=step)
    logger.save()


def keras() -> None:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import numpy as np

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 3)), rng.normal(size=(16, 1))
    for name, separator in (("keras.csv", ","), ("keras_semicolon.log", ";")):
        path = HERE / "csv" / name
        path.unlink(missing_ok=True)
        for session in range(2):
            model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            writer = keras.callbacks.CSVLogger(path, separator=separator, append=session > 0)
            bad = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(loss=poison(epoch, logs)))
            model.fit(x, y, epochs=3, validation_data=(x, y), validation_freq=[2], verbose=0, callbacks=[bad, writer])


def poison(epoch: int, logs: dict) -> float:
    return float("nan") if epoch == 2 else logs["loss"]


def huggingface() -> None:
    import torch
    from transformers import Trainer, TrainingArguments

    class Tiny(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)
            self.seen = 0

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict:
            self.seen += self.training
            loss = ((self.layer(x) - labels) ** 2).mean()
            return {"loss": loss * (float("nan") if self.seen == 5 else 1.0), "logits": self.layer(x)}

    rows = [{"x": torch.tensor([i / 8, 1.0]), "labels": torch.tensor([i / 4])} for i in range(8)]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            max_steps=6,
            per_device_train_batch_size=4,
            logging_steps=1,
            save_steps=3,
            eval_steps=3,
            eval_strategy="steps",
            logging_nan_inf_filter=False,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = Trainer(Tiny(), arguments, train_dataset=rows, eval_dataset=rows)
        trainer.train()
        trainer.save_state()
        for path in Path(folder).rglob("trainer_state.json"):
            target = HERE / "hf" / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def dvclive() -> None:
    from dvclive import Live

    folder = HERE / "csv" / "dvclive"
    with Live(str(folder), save_dvc_exp=False, dvcyaml=None, report=None) as live:
        live.log_params({"lr": 0.1, "optimizer": {"name": "adam"}})
        for step in range(6):
            live.log_metric("train/loss", float("nan") if step == 4 else 1.0 / (step + 1), timestamp=True)
            if step % 3 == 2:
                live.log_metric("val/loss", 0.5)
            live.next_step()


if __name__ == "__main__":
    {"lightning": lightning, "keras": keras, "huggingface": huggingface, "dvclive": dvclive}[sys.argv[1]]()
