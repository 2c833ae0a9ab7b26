"""Makes the logs in this folder: what trainers print on the console, from trainings that took place.

    pip install torch==2.13.0 transformers==5.24.0 accelerate keras==3.15.1 lightning==2.6.6
    export PYTHONUNBUFFERED=1
    for each in huggingface keras lightning; do python make.py $each > $each.log 2>&1; done
    env -u PYTHONUNBUFFERED python make.py huggingface > huggingface_buffered.log 2>&1

Each prints what it prints by default into a file, progress bars with their carriage returns included. With its lines
held back in a buffer, as they are without that variable, Hugging Face's bars stand before the lines they belong to.
"""

# mypy: ignore-errors
from __future__ import annotations

import os
import sys
import tempfile
import warnings


def huggingface() -> None:
    import torch
    from transformers import Trainer, TrainingArguments

    class Tiny(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict:
            out = self.layer(x)
            return {"loss": ((out - labels) ** 2).mean(), "logits": out}

    torch.manual_seed(0)
    rows = [{"x": torch.tensor([i / 32, 1.0]), "labels": torch.tensor([i / 16])} for i in range(32)]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            num_train_epochs=3,
            per_device_train_batch_size=4,
            learning_rate=0.05,
            logging_steps=2,
            eval_strategy="epoch",
            save_strategy="no",
            report_to=[],
            use_cpu=True,
        )
        Trainer(Tiny(), arguments, train_dataset=rows, eval_dataset=rows[:8]).train()


def keras() -> None:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(96, 3))
    y = (x.sum(1) > 0).astype(int)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:64], y[:64], batch_size=16, epochs=4, validation_data=(x[64:], y[64:]))


def lightning() -> None:
    import torch
    from lightning.pytorch import LightningModule, Trainer
    from lightning.pytorch.callbacks import TQDMProgressBar

    class Tiny(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def loss(self, batch: list) -> torch.Tensor:
            return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

        def training_step(self, batch: list, _: int) -> torch.Tensor:
            loss = self.loss(batch)
            self.log("train_loss", loss, prog_bar=True)
            return loss

        def validation_step(self, batch: list, _: int) -> None:
            self.log("val_loss", self.loss(batch), prog_bar=True)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    torch.manual_seed(0)
    x = torch.randn(96, 3)
    pairs = torch.utils.data.TensorDataset(x, x @ torch.tensor([[1.0], [2.0], [3.0]]))
    loader = torch.utils.data.DataLoader(pairs, batch_size=8)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    Trainer(max_epochs=3, accelerator="cpu", callbacks=[TQDMProgressBar(refresh_rate=4)], **quiet).fit(
        Tiny(), loader, loader
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"huggingface": huggingface, "keras": keras, "lightning": lightning}[sys.argv[1]]()
