"""Make the sample logs of the further rules: small nets, trained for seconds, each with one fault.

    python make_more_samples.py            # all of them
    python make_more_samples.py NAME...    # only these

In the manner of make_samples.py, which says how the folders come about and with which versions.
"""

from __future__ import annotations

import copy
import math
import multiprocessing
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from sample_games import train_gan, train_policy
from sample_parts import (
    Mlp,
    backward,
    batches,
    blobs,
    fit_lightning,
    grad_norms,
    main,
    prefixed,
    sample,
    total,
    write_csv,
    write_jsonl,
    write_scalars,
)
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.tensorboard import SummaryWriter

# ------------------------------------------------------------------------------------ loss and generalisation


@sample
def overfitting_small_data(out: Path) -> None:
    """A wide network learns 160 examples by heart; Lightning's CSVLogger."""
    fit_lightning(
        out,
        epochs=120,
        lr=0.003,
        gamma=1.0,
        batch_size=16,
        examples=160,
        hidden=256,
        spread=2.2,
        log_every=5,
        seed=20,
    )


@sample
def loss_spike_bad_batch(out: Path) -> None:
    """Sixteen batches in a row come from a broken shard: inputs ten times too large, labels shuffled."""
    torch.manual_seed(21)
    x, y = blobs(4096, 10, 20, 1.2, seed=21)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(str(out)) as writer:
        for step, inputs, labels in batches(x, y, 64, range(800)):
            if 480 <= step < 496:
                inputs, labels = 10 * inputs, labels.flip(0)
            loss = cross_entropy(model(inputs), labels)
            backward(loss, optimizer)
            norm = float(nn.utils.clip_grad_norm_(model.parameters(), 1.0))
            if step % 4 == 0:
                write_scalars(writer, {"train/loss": loss.item(), "train/grad_norm": norm, "train/lr": 0.1}, step)
            optimizer.step()


@sample
def plateau_lr_decayed_too_early(out: Path) -> None:
    """The milestone of the schedule is off by a digit: at 15 % of the run the rate falls to a thousandth."""
    torch.manual_seed(22)
    x, y = blobs(4096, 10, 20, 1.0, seed=22)
    model = Mlp(20, 48, 48, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.04)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [120], gamma=1e-3)
    with SummaryWriter(str(out)) as writer:
        for step, inputs, labels in batches(x, y, 128, range(800)):
            logits = model(inputs)
            loss = cross_entropy(logits, labels)
            if step % 4 == 0:
                scalars = {"train/loss": loss.item(), "train/lr": float(schedule.get_last_lr()[0])}
                write_scalars(writer, scalars, step)
            if step % 20 == 0:
                writer.add_scalar("train/accuracy", (logits.argmax(1) == labels).float().mean().item(), step)
            backward(loss, optimizer)
            optimizer.step()
            schedule.step()


@sample
def oscillation_sorted_data(out: Path) -> None:
    """The loader does not shuffle, and the data are sorted by class: each class is learnt and forgotten in turn."""
    torch.manual_seed(32)
    x, y = blobs(2560, 5, 20, 5.0, seed=32)
    order = y.argsort()
    x, y = x[order], y[order]
    model = Mlp(20, 48, 5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    rows = []
    for step in range(600):
        pick = slice(step * 64 % 2560, step * 64 % 2560 + 64)
        loss = cross_entropy(model(x[pick]), y[pick])
        backward(loss, optimizer)
        if step % 2 == 0:
            rows.append({"step": step, "train_loss": loss.item(), "lr": 0.05})
        optimizer.step()
    write_csv(out / "metrics.csv", rows)


@sample
def underfitting_tiny_model(out: Path) -> None:
    """Ten classes through a hidden layer of one unit; CSVLogger of Keras."""
    import keras

    keras.utils.set_random_seed(33)
    x, y = (part.numpy() for part in blobs(3072, 10, 20, 2.0, seed=33))
    layers = keras.layers
    model = keras.Sequential(
        [layers.Input((20,)), layers.Dense(1, activation="tanh"), layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizer=keras.optimizers.Adam(2e-2), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    logger = keras.callbacks.CSVLogger(str(out / "training.log"))
    held_out = (x[2048:], y[2048:])
    model.fit(x[:2048], y[:2048], validation_data=held_out, batch_size=64, epochs=100, callbacks=[logger], verbose=0)


# ------------------------------------------------------------------------------------- schedule and clipping


def train_classifier(
    model: nn.Module, optimizer: torch.optim.Optimizer, seed: int, steps: int, every: int, clip: float = math.inf
) -> Iterator[tuple[int, dict[str, float]]]:
    """Ten blobs in batches of 64; what one logs, every so many steps."""
    x, y = blobs(4096, 10, 20, 1.2, seed=seed)
    clipped = 0
    for step, inputs, labels in batches(x, y, 64, range(steps)):
        logits = model(inputs)
        loss = cross_entropy(logits, labels)
        backward(loss, optimizer)
        norm = float(nn.utils.clip_grad_norm_(model.parameters(), clip))
        clipped += norm > clip
        if step % every == 0:
            scalars = {"loss": loss.item(), "grad_norm": norm}
            if clip < math.inf:
                scalars |= {"grad_norm_clipped": total(grad_norms(model)), "clip_fraction": clipped / (step + 1)}
            scalars["accuracy"] = (logits.argmax(1) == labels).float().mean().item()
            yield step, scalars | {"lr": optimizer.param_groups[0]["lr"]}
        optimizer.step()


@sample
def clipping_always_active(out: Path) -> None:
    """The limit of the gradient norm is 0.02 where 2.0 was meant: every gradient is cut."""
    torch.manual_seed(34)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(str(out)) as writer:
        for step, scalars in train_classifier(model, optimizer, 34, 750, 6, clip=0.02):
            write_scalars(writer, prefixed("train", scalars), step)


@sample
def lr_too_high(out: Path) -> None:
    """Adam with a rate of 1."""
    torch.manual_seed(35)
    model = Mlp(20, 48, 48, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
    rows = train_classifier(model, optimizer, 35, 600, 3)
    write_csv(out / "metrics.csv", ({"step": step} | scalars for step, scalars in rows))


@sample
def lr_too_low(out: Path) -> None:
    """Adam with a rate of 5e-5, a hundredth of what does well here."""
    torch.manual_seed(36)
    model = Mlp(20, 48, 48, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-5)
    rows = train_classifier(model, optimizer, 36, 600, 3)
    write_jsonl(out / "metrics.jsonl", ({"step": step} | scalars for step, scalars in rows))


class PostNorm(nn.Module):
    """A decoder of post-norm blocks, which Adam cannot start without warm-up."""

    def __init__(self, vocabulary: int, length: int, width: int, depth: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(0.1 * torch.randn(length, width))
        block = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)
        self.blocks = nn.TransformerEncoder(block, depth, enable_nested_tensor=False)
        self.head = nn.Linear(width, vocabulary)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length))

    def forward(self, tokens: Tensor) -> Tensor:
        hidden = self.blocks(self.tokens(tokens) + self.positions, mask=self.get_buffer("mask"), is_causal=True)
        result: Tensor = self.head(hidden)
        return result


@sample
def no_warmup_transformer(out: Path) -> None:
    """A post-norm transformer of four blocks on a Markov chain; Adam at its full rate from the first step on."""
    torch.manual_seed(37)
    vocabulary, length, rate = 16, 16, 0.2
    chain = torch.softmax(2.5 * torch.randn(vocabulary, vocabulary) + 2.5 * torch.randn(vocabulary), dim=1)
    tokens = torch.randint(0, vocabulary, (2048, 1))
    for _ in range(length):
        tokens = torch.cat([tokens, torch.multinomial(chain[tokens[:, -1]], 1)], dim=1)
    model = PostNorm(vocabulary, length, 32, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, betas=(0.9, 0.98))
    with SummaryWriter(str(out)) as writer:
        for step, inputs, targets in batches(tokens[:, :-1], tokens[:, 1:], 16, range(400)):
            loss = cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
            backward(loss, optimizer)
            if step % 2 == 0:
                scalars = {"loss": loss.item(), "grad_norm": total(grad_norms(model)), "lr": rate}
                write_scalars(writer, prefixed("train", scalars), step)
            optimizer.step()


# ------------------------------------------------------------------------------------ weights and activations


@sample
def unchanged_weights_frozen_layer(out: Path) -> None:
    """The optimizer was given all layers but the second: a list put together by hand."""
    torch.manual_seed(23)
    x, y = blobs(4096, 10, 20, 1.2, seed=23)
    model = Mlp(20, 40, 40, 40, 10)
    trained = [p for name, p in model.named_parameters() if not name.startswith("layers.2.")]
    optimizer = torch.optim.Adam(trained, lr=2e-3)
    kernels = [name for name, _ in model.named_parameters() if name.endswith("weight")]
    with SummaryWriter(str(out)) as writer:
        for step, inputs, labels in batches(x, y, 64, range(600)):
            loss = cross_entropy(model(inputs), labels)
            backward(loss, optimizer)
            before = {name: model.get_parameter(name).detach().clone() for name in kernels}
            optimizer.step()
            if step % 5 == 0:
                writer.add_scalar("train/loss", loss.item(), step)
            if step % 10 == 0:
                for name in kernels:
                    weight = model.get_parameter(name).detach()
                    ratio = (weight - before[name]).norm() / before[name].norm()
                    write_scalars(writer, {f"weight_norm/{name}": float(weight.norm())}, step)
                    write_scalars(writer, {f"update_ratio/{name}": float(ratio)}, step)


def activations(model: Mlp, x: Tensor) -> Iterator[tuple[str, Tensor]]:
    """What comes out of every activation, with its name."""
    for name, layer in model.layers.named_children():
        x = layer(x)
        if not isinstance(layer, nn.Linear):
            yield f"layers.{name}", x


def watch_activations(out: Path, model: Mlp, optimizer: torch.optim.Optimizer, data: tuple[Tensor, Tensor]) -> None:
    """400 steps, with the share of dead (ReLU) or saturated (tanh) outputs of every layer."""
    with SummaryWriter(str(out)) as writer:
        for step, inputs, labels in batches(*data, 64, range(400)):
            logits = model(inputs)
            loss = cross_entropy(logits, labels)
            if step % 3 == 0:
                accuracy = (logits.argmax(1) == labels).float().mean().item()
                write_scalars(writer, {"train/loss": loss.item(), "train/accuracy": accuracy}, step)
            if step % 5 == 0:
                with torch.no_grad():
                    for name, active in activations(model, inputs):
                        if isinstance(model.layers[1], nn.ReLU):
                            writer.add_scalar(f"zero_fraction/{name}", (active == 0).float().mean().item(), step)
                        else:
                            saturated = (active.abs() > 0.97).float().mean().item()
                            writer.add_scalar(f"saturated_fraction/{name}", saturated, step)
            backward(loss, optimizer)
            optimizer.step()


@sample
def dead_relu_negative_bias(out: Path) -> None:
    """The second of three hidden layers begins with a bias of -8: none of its units ever fires."""
    torch.manual_seed(24)
    model = Mlp(20, 48, 48, 48, 10)
    with torch.no_grad():
        model.get_parameter("layers.2.bias").fill_(-8.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    watch_activations(out, model, optimizer, blobs(4096, 10, 20, 1.0, seed=24))


@sample
def saturated_activations_tanh(out: Path) -> None:
    """Inputs as raw as pixels (not divided by 255) and weights drawn with a deviation of two."""
    torch.manual_seed(25)
    model = Mlp(20, 48, 48, 48, 10, act=nn.Tanh)
    with torch.no_grad():
        for name in ("layers.0.weight", "layers.2.weight", "layers.4.weight"):
            model.get_parameter(name).normal_(std=2.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    x, y = blobs(4096, 10, 20, 1.5, seed=25)
    watch_activations(out, model, optimizer, (128 + 64 * x, y))


# ----------------------------------------------------------------------------------- system, precision and log


@sample
def throughput_degradation_leak(out: Path) -> None:
    """Every step's outputs are kept, and the running accuracy is computed anew over all of them; real times."""
    torch.manual_seed(26)
    x, y = blobs(4096, 10, 20, 1.2, seed=26)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    kept: list[tuple[Tensor, Tensor]] = []
    rows = []
    durations: list[float] = []
    for step, inputs, labels in batches(x, y, 128, range(500)):
        began = time.perf_counter()
        logits = model(inputs)
        loss = cross_entropy(logits, labels)
        backward(loss, optimizer)
        optimizer.step()
        kept.append((logits.detach(), labels))
        every = torch.cat([part for part, _ in kept]).softmax(1).argmax(1)
        running = (every == torch.cat([part for _, part in kept])).float().mean().item()
        durations.append(time.perf_counter() - began)
        if step % 3 == 2:
            mean = sum(durations) / len(durations)
            row = {"step": step, "train_loss": loss.item(), "running_accuracy": running}
            rows.append(row | {"step_time": mean, "samples_per_second": 128 / mean})
            durations.clear()
    write_csv(out / "metrics.csv", rows)


@sample
def loss_scale_collapse_fp16(out: Path) -> None:
    """fp16 under a real GradScaler. From step 180 on batches hold an empty row, whose norm has no gradient.

    The loss stays finite and the gradient is NaN whatever the scale: every step is skipped, every scale halved.
    """
    torch.manual_seed(27)
    x, y = blobs(4096, 10, 20, 1.2, seed=27)
    model = Mlp(20, 48, 10)
    embed = nn.Linear(20, 20, bias=False)
    parameters = [*embed.parameters(), *model.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.05)
    scaler = torch.amp.GradScaler("cpu", init_scale=65536.0, growth_interval=2000)
    skipped = 0
    with SummaryWriter(str(out)) as writer:
        for step, inputs, labels in batches(x, y, 64, range(230)):
            if step >= 180:
                inputs[0] = 0.0
            with torch.autocast("cpu", dtype=torch.float16):
                embedded = embed(inputs)
                length = embedded.float().square().sum(1, keepdim=True).sqrt()
                loss = cross_entropy(model(4 * embedded / (length + 1e-6)), labels)
            scalars = {
                "train/loss": loss.item(),
                "train/loss_scale": scaler.get_scale(),
                "train/param_norm": math.sqrt(sum(float(p.detach().square().sum()) for p in parameters)),
                "train/skipped_steps": skipped,
            }
            write_scalars(writer, scalars, step)
            optimizer.zero_grad()
            torch.autograd.backward(scaler.scale(loss))
            scaler.step(optimizer)
            scaler.update()
            skipped += scaler.get_scale() < scalars["train/loss_scale"]


def rows_of_training(steps: range, seed: int, saved: dict[str, Any]) -> Iterator[dict[str, float]]:
    """A healthy classifier, one row every other step; goes on from `saved` and saves into it every 100 steps."""
    x, y = blobs(4096, 10, 20, 1.2, seed=seed)
    torch.manual_seed(seed + steps.start)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    if saved:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
    for step, inputs, labels in batches(x, y, 64, steps):
        if step % 100 == 0:
            saved |= copy.deepcopy({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
        loss = cross_entropy(model(inputs), labels)
        backward(loss, optimizer)
        if step % 2 == 0:
            yield {"step": step, "loss": loss.item(), "grad_norm": total(grad_norms(model)), "lr": 2e-3}
        optimizer.step()


@sample
def restart_resume(out: Path) -> None:
    """Stopped at step 356, resumed from the checkpoint of step 300 into the same file: the steps go back."""
    saved: dict[str, Any] = {}
    write_jsonl(out / "metrics.jsonl", rows_of_training(range(357), 28, saved))
    write_jsonl(out / "metrics.jsonl", rows_of_training(range(300, 600), 28, saved))


def write_until_killed(out: Path) -> None:
    """Train on a disk that is full after 30 kB: the kernel takes a part of the last write, then kills the writer."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    with SummaryWriter(str(out)) as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        for row in rows_of_training(range(100_000), 29, {}):
            step = int(row.pop("step"))
            write_scalars(writer, prefixed("train", row), step)
            if step % 100 == 0:
                writer.flush()


@sample
def truncated_log_killed(out: Path) -> None:
    """The disk quota ends a run at once: SIGXFSZ, and an event file that ends within a record."""
    trainer = multiprocessing.get_context("spawn").Process(target=write_until_killed, args=(out,))
    trainer.start()
    trainer.join()
    assert trainer.exitcode == -signal.SIGXFSZ


# ------------------------------------------------------------------------------------------ adversaries and RL


@sample
def gan_collapse_d_wins(out: Path) -> None:
    """Five steps of a large, fast discriminator to one of a small, slow generator."""
    train_gan(out, steps=600, lr=(1e-5, 2e-3), width=(16, 64), d_steps=5, seed=30)


@sample
def entropy_collapse_policy(out: Path) -> None:
    """The entropy bonus has the wrong sign: the policy is certain before it has seen the goal."""
    write_csv(out / "progress.csv", train_policy(updates=150, lr=1e-2, entropy_weight=-0.3, seed=31))


if __name__ == "__main__":
    main(sys.argv[1:])
