"""Write the rows of a run as one of four logs: two of TensorBoard, two of CSV, each with names of its own."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams
from training import Row

#: What each style calls a curve. A key that ends in a slash names the curves of layers; what is not named is not
#: logged. The last style is lean, as many logs are.
STYLES: dict[str, dict[str, str]] = {
    "tb-slash": {
        "loss": "train/loss",
        "val_loss": "val/loss",
        "val_acc": "val/accuracy",
        "lr": "train/lr",
        "grad_norm": "train/grad_norm",
        "clipped": "train/clip_fraction",
        "step_time": "perf/step_time",
        "loss_scale": "amp/loss_scale",
        "grad/": "grad_norm/",
        "weight/": "weight_norm/",
        "zero/": "zero_fraction/",
        "saturated/": "saturation/",
        "data_time": "perf/data_time",
        "memory": "perf/gpu_memory_allocated_mb",
        "epoch": "trainer/epoch",
        "update": "train/update_norm",
        "weights": "train/param_norm",
        "overflow": "amp/found_inf",
        "logit/": "train/max_logits/",
    },
    "tb-reversed": {
        "loss": "Loss/train",
        "val_loss": "Loss/valid",
        "val_acc": "Accuracy/valid",
        "lr": "Optim/learning_rate",
        "grad_norm": "Gradients/global_norm",
        "clipped_norm": "Gradients/clipped_norm",
        "step_time": "Time/sec_per_step",
        "loss_scale": "Scaler/scale",
        "zero/": "Activations/zero_frac/",
        "saturated/": "Activations/saturated_frac/",
        "weight/": "Weights/norm/",
        "grad/": "Gradients/norm/",
        "data_time": "Time/data_wait",
        "memory": "System/cuda_memory_reserved",
        "epoch": "Progress/epoch",
        "update_ratio": "Weights/update_to_weight_ratio",
        "skipped": "Scaler/skipped_steps",
        "z_loss": "Loss/z_loss",
    },
    "csv-flat": {
        "loss": "loss",
        "val_loss": "val_loss",
        "val_acc": "val_acc",
        "lr": "lr",
        "grad_norm": "grad_norm",
        "clipped_norm": "grad_norm_clipped",
        "step_time": "step_time",
        "loss_scale": "loss_scale",
        "grad/": "grad_norm/",
        "weight/": "weight_norm/",
        "zero/": "dead_fraction/",
        "saturated/": "saturated_fraction/",
        "data_time": "data_time",
        "memory": "gpu_mem_mb",
        "epoch": "epoch",
        "update_ratio": "update_ratio",
        "overflow": "overflow",
        "logit/": "logits_max/",
    },
    "csv-lean": {
        "loss": "train_loss_step",
        "val_loss": "validation_loss",
        "val_acc": "validation_accuracy",
        "lr": "learning_rate",
        "grad_norm": "grad_l2",
        "step_time": "seconds_per_step",
        "loss_scale": "grad_scaler_scale",
        "data_time": "dataloader_seconds",
        "memory": "max_memory_allocated",
        "epoch": "current_epoch",
        "skipped": "skipped_updates",
    },
    "gan-dcgan": {"d": "Loss_D", "g": "Loss_G", "real": "D(x)", "fake": "D(G(z))"},
    "gan-losses": {"d": "loss/discriminator", "g": "loss/generator"},
    "rl-sb3": {
        "reward": "rollout/ep_rew_mean",
        "entropy": "train/entropy",
        "policy": "train/policy_gradient_loss",
        "value": "train/value_loss",
        "kl": "train/approx_kl",
        "clip_fraction": "train/clip_fraction",
        "explained": "train/explained_variance",
        "lr": "train/learning_rate",
    },
    "rl-flat": {
        "reward": "mean_reward",
        "entropy": "policy_entropy",
        "policy": "policy_loss",
        "value": "value_loss",
        "kl": "kl",
        "clip_fraction": "clip_frac",
        "explained": "explained_variance",
        "lr": "lr",
    },
    "rl-charts": {
        "reward": "charts/episodic_return",
        "entropy": "losses/entropy",
        "policy": "losses/policy_loss",
        "value": "losses/value_loss",
        "kl": "losses/approx_kl",
        "clip_fraction": "losses/clipfrac",
        "explained": "losses/explained_variance",
        "lr": "charts/learning_rate",
    },
    "groups-trl": {
        "loss": "train/loss",
        "grad_norm": "train/grad_norm",
        "lr": "train/learning_rate",
        "reward": "train/reward",
        "reward_std": "train/reward_std",
        "same": "train/frac_reward_zero_std",
        "entropy": "train/entropy",
    },
    "groups-flat": {
        "loss": "policy_loss",
        "grad_norm": "grad_norm",
        "lr": "lr",
        "reward": "mean_reward",
        "reward_std": "reward_std",
        "entropy": "policy_entropy",
    },
}


#: What each style calls a setting of the configuration, and where it writes it.
SETTINGS: dict[str, dict[str, str]] = {
    "tb-slash": {"epochs": "max_epochs", "schedule": "lr_scheduler", "watch": "monitor", "classes": "num_classes"},
    "tb-reversed": {
        "epochs": "num_train_epochs",
        "schedule": "lr_scheduler_type",
        "watch": "metric_for_best_model",
        "evaluate": "eval_strategy",
        "classes": "num_labels",
    },
    "csv-flat": {"epochs": "max_epochs", "schedule": "scheduler", "watch": "monitor", "classes": "n_classes"},
    "csv-lean": {"epochs": "epochs", "schedule": "lr_policy", "evaluate": "eval_strategy", "watch": "best_metric"},
}


def named(row: Row, names: dict[str, str]) -> Row:
    """A row under the names of a style, without what the style does not log."""
    out: Row = {}
    for key, value in row.items():
        head, slash, layer = key.partition("/")
        if key in names:
            out[names[key]] = value
        elif slash and head + slash in names:
            out[names[head + slash] + layer] = value
    return out


def declared(settings: Mapping[str, Any], style: str) -> dict[str, Any]:
    """A configuration under the names of a style; a curve that it watches is called as it is logged."""
    names, known = STYLES[style], SETTINGS.get(style, {})
    return {
        known[key]: names.get(value, value) if key == "watch" else value
        for key, value in settings.items()
        if key in known and value
    }


def write(
    folder: Path,
    style: str,
    rows: list[Row],
    net: nn.Module,
    *,
    hidden: bool = False,
    cut: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """The log of a run, as its logger and its end leave it."""
    folder.mkdir(parents=True)
    config = declared(settings or {}, style)
    if style.startswith("csv"):
        if style == "csv-flat":
            lines = (f"{key}: {value}\n" for key, value in config.items())
            (folder / "hparams.yaml").write_text("".join(lines), "utf-8")
        else:
            (folder / "config.json").write_text(json.dumps(config), "utf-8")
        path = folder / "metrics.csv"
        _csv(path, rows, STYLES[style], hidden=hidden)
        if cut:
            text = path.read_text("utf-8").rstrip()
            path.write_text(text[: text.rindex("\n") + 1 + (len(text) - text.rindex("\n")) // 2], "utf-8")
        return
    for session in sessions(rows):
        with SummaryWriter(str(folder)) as writer:
            if style == "tb-reversed":
                writer.add_text("args", json.dumps(config))
            elif config:
                for summary in hparams(config, {}):
                    writer.file_writer.add_summary(summary)
            for row in session:
                for tag, value in named(row, STYLES[style]).items():
                    if not hidden or math.isfinite(value):
                        writer.add_scalar(tag, value, int(row["step"]), walltime=row.get("time"))
                if style == "tb-reversed" and row is session[-1]:
                    for name, p in net.named_parameters():
                        if torch.isfinite(p).all():
                            writer.add_histogram(f"final/{name}", p.detach(), int(row["step"]))
    if cut:
        last = max(folder.iterdir())
        last.write_bytes(last.read_bytes()[:-17])


def sessions(rows: list[Row]) -> Iterator[list[Row]]:
    """The rows between two restarts."""
    starts = [i for i, (a, b) in enumerate(itertools.pairwise(rows), 1) if b["step"] <= a["step"]]
    for begin, stop in itertools.pairwise([0, *starts, len(rows)]):
        yield rows[begin:stop]


def _csv(path: Path, rows: list[Row], names: dict[str, str], *, hidden: bool) -> None:
    table = [{"step": int(row["step"])} | named(row, names) for row in rows]
    columns = list(dict.fromkeys(key for row in table for key in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        for row in table:
            writer.writerow(
                {key: f"{value:.6g}" if key != "step" else value for key, value in row.items() if _kept(value, hidden)}
            )


def _kept(value: float, hidden: bool) -> bool:
    return math.isfinite(value) or not hidden
