"""Make the healthy sample logs that look like a fault at first sight; none of them deserves a complaint.

    python make_lookalikes.py            # all of them
    python make_lookalikes.py NAME...    # only these

In the manner of make_samples.py, which says how the folders come about and with which versions.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import torch
from sample_games import train_gan, train_policy
from sample_parts import (
    Mlp,
    backward,
    batches,
    blobs,
    evaluate,
    fit_lightning,
    flip_labels,
    grad_norms,
    main,
    prefixed,
    sample,
    total,
    write_csv,
    write_scalars,
)
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss
from torch.utils.tensorboard import SummaryWriter


@sample
def healthy_gan(out: Path) -> None:
    """The twin of gan_collapse_d_wins: two equals, and neither wins."""
    train_gan(out, steps=3000, lr=(1e-3, 1e-3), width=(48, 48), d_steps=1, seed=40)


@sample
def healthy_ppo_like(out: Path) -> None:
    """The twin of entropy_collapse_policy: a small bonus of the right sign, entropy falls as the reward rises."""
    with SummaryWriter(str(out)) as writer:
        for row in train_policy(updates=130, lr=3e-3, entropy_weight=0.02, seed=41):
            tags = [
                tag
                for tag in row
                if not tag.startswith("time/") and tag not in ("rollout/ep_len_mean", "train/learning_rate")
            ]
            write_scalars(writer, {tag: row[tag] for tag in tags}, int(row["time/total_timesteps"]))


@sample
def healthy_finetune(out: Path) -> None:
    """A tiny GPT-2, trained on one Markov chain, is tuned to a similar one: a small gain under much noise."""
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed

    set_seed(42)
    vocabulary, length = 24, 24
    logits = 2.5 * torch.randn(vocabulary, vocabulary)
    similar = logits + 1.0 * torch.randn(vocabulary, vocabulary)

    def sequences(chain: Tensor, n: int) -> list[dict[str, Tensor]]:
        tokens = torch.randint(0, vocabulary, (n, 1))
        for _ in range(length - 1):
            tokens = torch.cat([tokens, torch.multinomial(chain.softmax(1)[tokens[:, -1]], 1)], dim=1)
        return [{"input_ids": row, "labels": row} for row in tokens]

    config = GPT2Config(
        vocab_size=vocabulary, n_positions=length, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0
    )
    model = GPT2LMHeadModel(config)
    for chain, rate, batch, steps, every in ((logits, 1e-2, 16, 400, 400), (similar, 1e-3, 4, 1000, 5)):
        with tempfile.TemporaryDirectory() as scratch:
            arguments = TrainingArguments(
                output_dir=scratch,
                max_steps=steps,
                per_device_train_batch_size=batch,
                logging_steps=every,
                eval_strategy="steps",
                eval_steps=50,
                save_strategy="no",
                learning_rate=rate,
                warmup_steps=steps // 10,
                report_to=[],
                use_cpu=True,
                disable_tqdm=True,
                seed=42,
            )
            data = sequences(chain, batch * steps)
            trainer = Trainer(model, arguments, train_dataset=data, eval_dataset=sequences(chain, 128))
            trainer.train()
            trainer.save_state()
            shutil.copy(Path(scratch) / "trainer_state.json", out)


@sample
def healthy_regression_big_units(out: Path) -> None:
    """Prices in dollars: a squared error of 1e10 and gradients as large, which Adam does not mind."""
    torch.manual_seed(43)
    x = torch.randn(4096, 8)
    y = 3e5 + 1e5 * (x[:, :2].sum(1).tanh() + x[:, 2] * x[:, 3] + 0.3 * torch.randn(4096))[:, None]
    model = Mlp(8, 32, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    with SummaryWriter(str(out)) as writer:
        for step, inputs, prices in batches(x[:3072], y[:3072], 64, range(800)):
            loss = mse_loss(1e5 * model(inputs), prices)
            backward(loss, optimizer)
            if step % 5 == 0:
                scalars = {"loss": loss.item(), "grad_norm": total(grad_norms(model)), "lr": 5e-3}
                write_scalars(writer, prefixed("train", scalars), step)
            if step % 20 == 0:
                with torch.no_grad():
                    writer.add_scalar("val/loss", mse_loss(1e5 * model(x[3072:]), y[3072:]).item(), step)
            optimizer.step()


@sample
def healthy_lr_stairs(out: Path) -> None:
    """Small batches and momentum; the rate falls tenfold twice, and the noisy loss goes down a stair each time."""
    from tensorboardX import SummaryWriter as WriterX

    torch.manual_seed(44)
    x, y = blobs(4096, 10, 20, 1.3, seed=44)
    y = flip_labels(y, 10, 0.1, seed=44)
    model = Mlp(20, 48, 48, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=400, gamma=0.1)
    with WriterX(str(out)) as writer:
        for step, inputs, labels in batches(x, y, 32, range(1200)):
            loss = cross_entropy(model(inputs), labels)
            backward(loss, optimizer)
            if step % 5 == 0:
                scalars = {"train/loss": loss.item(), "train/lr": float(schedule.get_last_lr()[0])}
                write_scalars(writer, scalars, step)
            optimizer.step()
            schedule.step()


@sample
def healthy_gap_flat_val(out: Path) -> None:
    """Few examples: training loss far below validation loss, which is flat, as the rate fell in time."""
    fit_lightning(
        out,
        epochs=48,
        lr=0.005,
        gamma=0.6,
        batch_size=16,
        examples=256,
        hidden=128,
        spread=1.8,
        log_every=4,
        seed=45,
    )


@sample
def healthy_cyclic_noise(out: Path) -> None:
    """Batches of four under a triangular cyclic rate: the batch loss leaps, the validation loss goes down."""
    torch.manual_seed(46)
    x, y = blobs(5120, 10, 20, 1.5, seed=46)
    model = Mlp(20, 48, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    schedule = torch.optim.lr_scheduler.CyclicLR(
        optimizer, 0.001, 0.02, step_size_up=150, mode="triangular2", cycle_momentum=False
    )
    rows = []
    for step, inputs, labels in batches(x[:4096], y[:4096], 4, range(1800)):
        loss = cross_entropy(model(inputs), labels)
        backward(loss, optimizer)
        if step % 6 == 0:
            row = {"step": step, "train_loss": loss.item(), "lr": float(schedule.get_last_lr()[0]), "val_loss": ""}
            rows.append(row | ({"val_loss": evaluate(model, x[4096:], y[4096:])[0]} if step % 36 == 0 else {}))
        optimizer.step()
        schedule.step()
    write_csv(out / "metrics.csv", rows)


if __name__ == "__main__":
    main(sys.argv[1:])
