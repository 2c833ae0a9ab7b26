"""Make the sample logs of the classic rules: train small nets for seconds, with one fault or none, by real writers.

    python make_samples.py             # all of them
    python make_samples.py NAME...     # only these

The further rules are in make_more_samples.py, look-alikes of them in make_lookalikes.py, used in the same way.
Every function below makes the folder of its name: the log files as the writer left them. Only the host and
the process in the names of event files are made neutral afterwards. What an engineer says of each run stands
in its expect.toml, written by hand from the fault put in and from the numbers, never from a tool's verdict.

Made with Python 3.11 and: torch 2.13.0 (CPU), tensorboard 2.21.0, tensorboardX 2.6.5, lightning 2.6.6,
transformers 5.23.0, accelerate 1.15.0, tensorflow-cpu 2.21.0, keras 3.15.1, numpy 2.4.6, PyYAML 6.0.3.
Seeds are fixed; wall times, and the last digits on another processor, differ from run to run.
"""

from __future__ import annotations

import copy
import csv
import json
import math
import shutil
import sys
import tempfile
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from sample_parts import (
    Mlp,
    backward,
    blobs,
    fit_lightning,
    flip_labels,
    grad_norms,
    main,
    prefixed,
    sample,
    total,
    weight_norms,
    write_scalars,
)
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, one_hot
from torch.utils.tensorboard import SummaryWriter


class Recurrent(nn.Module):
    """One recurrent layer and a linear readout of its last state."""

    def __init__(
        self,
        cell: str,
        inputs: int,
        hidden: int,
        outputs: int,
        *,
        bias: bool = True,
        nonlinearity: str = "tanh",
        radius: float | None = None,
    ) -> None:
        super().__init__()
        self.rnn: nn.RNNBase
        if cell == "RNN":
            self.rnn = nn.RNN(inputs, hidden, batch_first=True, bias=bias, nonlinearity=nonlinearity)
        else:
            self.rnn = nn.LSTM(inputs, hidden, batch_first=True, bias=bias)
            with torch.no_grad():  # the forget gate begins open
                self.get_parameter("rnn.bias_ih_l0")[hidden : 2 * hidden] = 1.0
        self.fc = nn.Linear(hidden, outputs, bias=bias)
        if radius is not None:
            with torch.no_grad():
                self.get_parameter("rnn.weight_hh_l0").mul_(radius / self.radius())

    def radius(self) -> float:
        """The spectral radius of the recurrent matrix."""
        return float(torch.linalg.eigvals(self.get_parameter("rnn.weight_hh_l0").detach()).abs().max())

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.fc(self.rnn(x)[0][:, -1])
        return result


def recall(length: int, batch: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """The recall task: say at the end the number shown at the first step; noise in between."""
    x = 0.1 * torch.randn(batch, length, 2, generator=rng)
    value = torch.rand(batch, generator=rng) * 2 - 1
    x[:, 0, 0], x[:, :, 1] = value, 0.0
    x[:, 0, 1] = 1.0
    return x, 3.0 * value.unsqueeze(1) + 0.2 * torch.randn(batch, 1, generator=rng)


def train_recall(
    out: Path,
    cell: str,
    *,
    steps: int,
    curriculum_at: int,
    steps_per_token: int,
    lr: tuple[float, float],
    seed: int,
    layers_every: int = 4,
    hparams: bool = False,
) -> None:
    """Sequences of 10 tokens up to `curriculum_at`; from there on one token more every `steps_per_token`."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    kind: dict[str, Any] = {"nonlinearity": "relu", "radius": 0.9} if cell == "RNN" else {}
    model = Recurrent(cell, 2, 32, 1, **kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr[0])
    config = {
        "cell": cell,
        "hidden": 32,
        "layers": 1,
        "optimizer": "Adam",
        "lr": lr[0],
        "lr_long": lr[1],
        "batch_size": 32,
        "grad_clip": "none",
        "task": "recall",
    } | {k: v for k, v in kind.items() if k != "radius"}
    with SummaryWriter(str(out)) as writer:
        if not hparams:
            writer.add_text("config", "\n".join(f"    {key}: {value}" for key, value in config.items()), 0)
        best = math.inf
        for step in range(steps):
            if step == curriculum_at:
                optimizer.param_groups[0]["lr"] = lr[1]
            length = 10 + max(0, step - curriculum_at) // steps_per_token
            x, y = recall(length, 32, rng)
            loss = mse_loss(model(x), y)
            best = min(best, loss.item())
            backward(loss, optimizer)
            norms = grad_norms(model)
            write_scalars(
                writer,
                {
                    "train/loss": loss.item(),
                    "train/grad_norm": total(norms),
                    "train/lr": optimizer.param_groups[0]["lr"],
                },
                step,
            )
            if step % layers_every == 0:
                weights = weight_norms(model)
                write_scalars(writer, prefixed("grad_norm", norms), step)
                write_scalars(
                    writer,
                    {
                        "train/weight_norm": total(weights),
                        "data/seq_len": length,
                        "weight_norm/rnn.weight_hh_l0": weights["rnn.weight_hh_l0"],
                    },
                    step,
                )
            optimizer.step()
        if hparams:  # torch puts these into a run of their own, in a folder named after the time
            writer.add_hparams(config, {"hparam/best_loss": best})


# ----------------------------------------------------------------------------------------------- broken runs


@sample
def exploding_gradient_rnn(out: Path) -> None:
    """A ReLU RNN learns on short sequences, its recurrent radius passes 1; then the sequences grow."""
    train_recall(out, "RNN", steps=400, curriculum_at=250, steps_per_token=3, lr=(1e-3, 1e-5), seed=1)


@sample
def nan_loss_rnn(out: Path) -> None:
    """The same fault, sequences grow three times as fast and the run is left alone: overflow, then NaN."""
    train_recall(out, "RNN", steps=600, curriculum_at=300, steps_per_token=1, lr=(1e-3, 5e-6), seed=4, hparams=True)


@sample
def vanishing_gradient_rnn(out: Path) -> None:
    """A tanh RNN of radius 0.85, shrunk further by weight decay; 40 steps from cue to answer."""
    classes, length, hidden = 8, 40, 32
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(0)
    model = Recurrent("RNN", classes, hidden, classes, bias=False, radius=0.85)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, weight_decay=5e-3)
    with SummaryWriter(str(out)) as writer:
        writer.add_text(
            "config",
            "    cell: RNN\n    nonlinearity: tanh\n    hidden: 32\n    layers: 1\n    seq_len: 40\n"
            "    optimizer: SGD\n    lr: 0.2\n    weight_decay: 0.005\n    task: copy the first symbol",
            0,
        )
        for step in range(600):
            labels = torch.randint(0, classes, (64,), generator=rng)
            x = torch.zeros(64, length, classes)
            x[:, 0] = one_hot(labels, classes).float()
            loss = cross_entropy(model(x), labels)
            backward(loss, optimizer)
            norms = grad_norms(model)
            write_scalars(writer, {"train/loss": loss.item(), "train/grad_norm": total(norms), "train/lr": 0.2}, step)
            if step % 5 == 0:
                write_scalars(writer, prefixed("grad_norm", norms), step)
                writer.add_scalar("model/spectral_radius", model.radius(), step)
            if step % 150 == 0:
                for name, p in model.named_parameters():
                    writer.add_histogram(f"gradients/{name}", p.grad, step)
            optimizer.step()


@sample
def vanishing_gradient_deep_mlp(out: Path) -> None:
    """Sixteen sigmoid layers with the default initialisation, plain SGD; written by tensorboardX."""
    from tensorboardX import SummaryWriter as WriterX

    torch.manual_seed(1)
    inputs, labels = blobs(2048, 10, 20, 0.5, seed=1)
    model = Mlp(20, *[48] * 15, 10, act=nn.Sigmoid)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with WriterX(str(out)) as writer:
        for step in range(400):
            pick = torch.randint(0, 2048, (128,))
            loss = cross_entropy(model(inputs[pick]), labels[pick])
            backward(loss, optimizer)
            norms = grad_norms(model)
            write_scalars(writer, {"train/loss": loss.item(), "train/grad_norm": total(norms), "train/lr": 0.05}, step)
            if step % 10 == 0:
                kernels = {name: norm for name, norm in norms.items() if name.endswith("weight")}
                write_scalars(writer, prefixed("grad_norm", kernels), step)
            optimizer.step()


@sample
def nan_loss_keras(out: Path) -> None:
    """A home-made cross entropy without an epsilon: once a sigmoid rounds to 1, it is 0 * log(0)."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, 1280).astype("float32")
    contrast = np.exp(rng.normal(0.0, 0.5, (1280, 1)))  # some examples are far clearer than others
    x = (rng.normal(0.0, 0.6, (1280, 6)) + 0.6 * contrast * (2 * y - 1)[:, None]).astype("float32")

    def entropy_without_epsilon(target: Any, p: Any) -> Any:
        return -keras.ops.mean(target * keras.ops.log(p) + (1 - target) * keras.ops.log(1 - p))

    model = keras.Sequential(
        [
            keras.layers.Input((6,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss=entropy_without_epsilon)
    board = keras.callbacks.TensorBoard(str(out), update_freq="batch", write_graph=False, profile_batch=0)
    model.fit(
        x[:1024],
        y[:1024, None],
        validation_data=(x[1024:], y[1024:, None]),
        batch_size=64,
        epochs=40,
        callbacks=[board],
        verbose=0,
    )


@sample
def loss_not_decreasing_chance(out: Path) -> None:
    """Ten classes, and a loader that hands out labels unrelated to their inputs: nothing can be learned."""

    def apart(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return batch[0], torch.randint(0, 10, batch[1].shape)

    fit_lightning(out, epochs=20, lr=0.02, gamma=1.0, batch_size=64, examples=1280, train_batch=apart, seed=2)


@sample
def divergence_lr(out: Path) -> None:
    """A step schedule with gamma 2.0 where 0.5 was meant: the rate doubles every 40 steps.

    Written in the layout of the chart exports of the W&B web page, which no library writes.
    """
    torch.manual_seed(4)
    x, y = blobs(2048, 10, 20, 1.2, seed=4)
    x_val, y_val = blobs(512, 10, 20, 1.2, seed=5)
    y, y_val = flip_labels(y, 10, 0.1, seed=4), flip_labels(y_val, 10, 0.1, seed=5)
    model = Mlp(20, 48, 48, 10, act=nn.Tanh)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=40, gamma=2.0)
    charts: dict[str, list[tuple[int, float]]] = {"train/loss": [], "val/loss": [], "lr": []}
    for step in range(400):
        pick = torch.randint(0, 2048, (64,))
        loss = cross_entropy(model(x[pick]), y[pick])
        charts["train/loss"].append((step, loss.item()))
        charts["lr"].append((step, optimizer.param_groups[0]["lr"]))
        if step % 10 == 0:
            with torch.no_grad():
                charts["val/loss"].append((step, cross_entropy(model(x_val), y_val).item()))
        backward(loss, optimizer)
        optimizer.step()
        schedule.step()
    for second, (metric, points) in enumerate(charts.items()):
        column = f"brisk-sweep-7 - {metric}"
        with (out / f"wandb_export_2026-05-05T10_07_2{second}.233-04_00.csv").open("w", newline="") as file:
            rows = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
            rows.writerow(["Step", column, f"{column}__MIN", f"{column}__MAX"])
            rows.writerows([step, value, value, value] for step, value in points)


@sample
def weight_growth_decay_sign(out: Path) -> None:
    """A decoupled weight decay with the wrong sign on the layers before LayerNorms: they only ever grow."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Linear(20, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 32), nn.LayerNorm(32), nn.ReLU()
            )
            self.head = nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.head(self.body(x))
            return result

    torch.manual_seed(6)
    x, y = blobs(4096, 10, 20, 1.0, seed=6)
    y = flip_labels(y, 10, 0.2, seed=6)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(str(out)) as writer:
        for step in range(600):
            pick = torch.randint(0, 4096, (64,))
            loss = cross_entropy(model(x[pick]), y[pick])
            backward(loss, optimizer)
            weights = weight_norms(model)
            write_scalars(
                writer,
                {
                    "train/loss": loss.item(),
                    "train/grad_norm": total(grad_norms(model)),
                    "train/weight_norm": total(weights),
                },
                step,
            )
            if step % 6 == 0:
                kernels = {name: norm for name, norm in weights.items() if name.endswith("weight")}
                write_scalars(writer, prefixed("weight_norm", kernels) | {"train/lr": 0.1}, step)
            optimizer.step()
            with torch.no_grad():  # the fault: weights * (1 + lr * decay) where (1 - lr * decay) was meant
                for name in ("body.0.weight", "body.3.weight"):
                    model.get_parameter(name).mul_(1 + 0.1 * 0.07)


# ---------------------------------------------------------------------------------------------- healthy runs


@sample
def healthy_lstm(out: Path) -> None:
    """The twin of exploding_gradient_rnn: the same task and lengthening sequences, but an LSTM."""
    train_recall(out, "LSTM", steps=600, curriculum_at=250, steps_per_token=3, lr=(1e-2, 1e-2), seed=0, layers_every=6)


@sample
def healthy_keras_tf2(out: Path) -> None:
    """An image-free Keras classifier, 100 epochs, logged as the TensorBoard callback does by default."""
    import keras

    keras.utils.set_random_seed(11)
    x, y = (part.numpy() for part in blobs(1536, 10, 20, 1.2, seed=11))
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((20,)),
            layers.Dense(24, activation="relu"),
            layers.Dropout(0.1),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(5e-4), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    board = keras.callbacks.TensorBoard(str(out), write_graph=False, profile_batch=0)
    model.fit(
        x[:1024],
        y[:1024],
        validation_data=(x[1024:], y[1024:]),
        batch_size=64,
        epochs=100,
        callbacks=[board],
        verbose=0,
    )


@sample
def healthy_keras_csv(out: Path) -> None:
    """A Keras regression logged by CSVLogger with semicolons; the rate is halved every 40 epochs."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(12)
    rng = np.random.default_rng(12)
    x = rng.normal(size=(1024, 5)).astype("float32")
    y = (np.sin(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.3 * rng.normal(size=1024)).astype("float32")
    model = keras.Sequential(
        [keras.layers.Input((5,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)]
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mse", metrics=["mae"])
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * (1.0 if epoch % 40 or not epoch else 0.5))
    logger = keras.callbacks.CSVLogger(str(out / "training.log"), separator=";")
    model.fit(
        x[:768],
        y[:768],
        validation_data=(x[768:], y[768:]),
        batch_size=64,
        epochs=150,
        callbacks=[halve, logger],
        verbose=0,
    )


@sample
def healthy_lightning_csv(out: Path) -> None:
    """Small batches, so a noisy loss; the rate goes down by stairs; CSVLogger of lightning."""
    fit_lightning(out, epochs=20, lr=0.005, gamma=0.3, batch_size=16, examples=4096, log_every=20, seed=13)


@sample
def healthy_hf_trainer(out: Path) -> None:
    """A tiny GPT-2 learns a Markov chain under transformers.Trainer; only the trainer's state is kept."""
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed

    set_seed(14)
    vocabulary, length = 24, 24
    chain = torch.softmax(2.5 * torch.randn(vocabulary, vocabulary), dim=1)

    def sequences(n: int) -> list[dict[str, Tensor]]:
        tokens = torch.randint(0, vocabulary, (n, 1))
        for _ in range(length - 1):
            tokens = torch.cat([tokens, torch.multinomial(chain[tokens[:, -1]], 1)], dim=1)
        return [{"input_ids": row, "labels": row} for row in tokens]

    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=length,
        n_embd=16,
        n_layer=1,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            max_steps=600,
            per_device_train_batch_size=16,
            logging_steps=5,
            eval_strategy="steps",
            eval_steps=50,
            save_strategy="no",
            learning_rate=5e-3,
            warmup_steps=30,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            seed=14,
        )
        trainer = Trainer(
            GPT2LMHeadModel(config), arguments, train_dataset=sequences(3200), eval_dataset=sequences(256)
        )
        trainer.train()
        trainer.save_state()
        shutil.copy(Path(scratch) / "trainer_state.json", out)


@sample
def healthy_converged_sgd(out: Path) -> None:
    """Full-batch gradient descent on a small logistic regression, long after it has found the minimum."""
    torch.manual_seed(15)
    x, y = blobs(256, 3, 6, 0.9, seed=15)
    model = nn.Sequential(OrderedDict(classifier=nn.Linear(6, 3)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with SummaryWriter(str(out)) as writer:
        for step in range(900):
            penalty = 0.01 * sum(p.square().sum() for p in model.parameters())
            loss = cross_entropy(model(x), y) + penalty
            backward(loss, optimizer)
            norms = grad_norms(model)
            write_scalars(writer, {"train/loss": loss.item(), "train/grad_norm": total(norms)}, step)
            if step % 10 == 0:
                write_scalars(writer, prefixed("grad_norm", norms) | {"train/lr": 0.5}, step)
            optimizer.step()


@sample
def healthy_wandb_history(out: Path) -> None:
    """Adam with warm-up and cosine decay; the rows of W&B's history, one JSON object a line."""
    torch.manual_seed(16)
    x, y = blobs(4096, 10, 20, 1.2, seed=16)
    x_val, y_val = blobs(1024, 10, 20, 1.2, seed=17)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    steps, warm = 400, 40
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda t: (t + 1) / warm if t < warm else 0.5 + 0.5 * math.cos(math.pi * (t - warm) / (steps - warm)),
    )
    began = time.time()
    with (out / "wandb-history.jsonl").open("w") as file:
        for step in range(steps):
            pick = torch.randint(0, 4096, (32,))
            loss = cross_entropy(model(x[pick]), y[pick])
            backward(loss, optimizer)
            now = time.time()
            row = {
                "train/loss": loss.item(),
                "train/grad_norm": total(grad_norms(model)),
                "train/lr": optimizer.param_groups[0]["lr"],
                "epoch": step / 128,
            }
            if step % 20 == 19:
                with torch.no_grad():
                    logits = model(x_val)
                row |= {
                    "val/loss": cross_entropy(logits, y_val).item(),
                    "val/accuracy": (logits.argmax(1) == y_val).float().mean().item(),
                }
            file.write(json.dumps(row | {"_step": step, "_runtime": now - began, "_timestamp": now}) + "\n")
            optimizer.step()
            schedule.step()


@sample
def healthy_resume_torch(out: Path) -> None:
    """Killed at step 360 and resumed from the checkpoint of step 300: the second file overlaps the first."""
    x, y = blobs(4096, 10, 20, 1.2, seed=18)
    x_val, y_val = blobs(1024, 10, 20, 1.2, seed=19)
    torch.manual_seed(18)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    def session(first: int, last: int) -> dict[str, Any]:
        saved: dict[str, Any] = {}
        with SummaryWriter(str(out)) as writer:
            for step in range(first, last):
                if step % 100 == 0:
                    saved = {
                        "model": {name: p.clone() for name, p in model.state_dict().items()},
                        "optimizer": copy.deepcopy(optimizer.state_dict()),
                    }
                pick = torch.randint(0, 4096, (64,))
                loss = cross_entropy(model(x[pick]), y[pick])
                backward(loss, optimizer)
                write_scalars(
                    writer,
                    {
                        "train/loss": loss.item(),
                        "train/grad_norm": total(grad_norms(model)),
                        "train/lr": 2e-3,
                    },
                    step,
                )
                if step % 20 == 0:
                    with torch.no_grad():
                        writer.add_scalar("val/loss", cross_entropy(model(x_val), y_val).item(), step)
                optimizer.step()
        return saved

    checkpoint = session(0, 360)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    time.sleep(1.1)  # event files are ordered by the second in their name
    session(300, 700)


if __name__ == "__main__":
    main(sys.argv[1:])
