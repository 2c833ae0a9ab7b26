"""Ask loglens, trainproof and runmedic about the same logs, by their commands, and put their words into ours."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logs import STYLES

#: What the other tools' findings are called here. A finding that stands for several conditions is given all of them.
TRAINPROOF = {
    "TP-NAN": ("nan-loss",),
    "TP-NAN-GRAD": ("nan-loss",),
    "TP-DIVERGE": ("divergence",),
    "TP-FLAT": ("loss-not-decreasing",),
    "TP-DEAD-RUN": ("loss-not-decreasing",),
    "TP-ZERO-LR": ("loss-not-decreasing", "lr-schedule"),
    "TP-ZERO-LR-PARTIAL": ("plateau", "lr-schedule"),
    "TP-ZERO-GRAD": ("vanishing-gradient",),
    "TP-GRAD-SPIKE": ("exploding-gradient",),
    "TP-OVERFIT": ("overfitting",),
    "TP-STEP-CLIFF": ("throughput-degradation",),
    "TP-LOADER-BOUND": ("data-loader-bound",),
}
RUNMEDIC = {
    "non_finite": ("nan-loss",),
    "divergence": ("divergence",),
    "loss_spikes": ("loss-spike",),
    "no_learning": ("loss-not-decreasing",),
    "overfitting": ("overfitting",),
    "grad_spikes": ("exploding-gradient",),
    "constant_lr_plateau": ("plateau",),
    "slow_steps": ("step-time-outliers",),
    "slowdown": ("throughput-degradation",),
    "input_bound": ("data-loader-bound",),
    "val_below_train": ("validation-below-training",),
    "memory_growth": ("gpu-memory-growth",),
}
#: Their words for severity, in ours.
LEVELS = {"FAIL": "error", "WARN": "warning", "critical": "error", "warning": "warning", "info": "note", "INFO": "note"}
ORDER = ("note", "warning", "error")
Answer = dict[str, Any]


def loglens(command: str, folders: list[Path]) -> list[Answer]:
    """One answer a folder, from one call for all of them."""
    done = _call([command, "diagnose", "--format", "json", "--fail-on", "never", *map(str, folders)])
    report = json.loads(done)
    answers: list[Answer] = []
    for folder in folders:
        runs = [run for run in report["runs"] if Path(run["path"]).is_relative_to(folder)]
        answer: Answer = {"read": bool(runs), "named": {}}
        for run in runs:
            for found in run["findings"]:
                _name(answer, (found["condition"],), found["severity"])
            answer["first"] = run["primary"]
            had = (out["condition"] for out in run["outcomes"] if out["outcome"] in ("found", "clean"))
            answer["judged"] = sorted({*answer.get("judged", ()), *had})
        answers.append(answer)
    return answers


def trainproof(command: str, folder: Path, style: str) -> Answer:
    """What `trainproof doctor` says of a folder; it is told the names of curves that it would not know."""
    options = []
    for ours, theirs in {"loss": "loss", "val_loss": "eval_loss", **_SAME}.items():
        if ours in STYLES[style]:
            tag = STYLES[style][ours]
            tag = tag if style.startswith("csv") else tag.lower().replace("/", "_")
            if style != "tb-slash":  # whose sections it knows by itself
                options += ["--map", f"{theirs}={tag}"]
    done = _call([command, "doctor", "--json", *options, str(folder)])
    reports = json.loads(done)["reports"]
    answer: Answer = {"read": False, "named": {}, "raw": []}
    for found in (found for report in reports for found in report["findings"]):
        if found["level"] in ("PASS", "NOT-CHECKED"):
            answer["read"] = answer["read"] or found["level"] == "PASS"
        elif found["id"] not in ("TP-NO-RECORDS", "TP-NO-LOSS"):
            answer["read"] = True
            answer["raw"].append(f"{found['id']} {LEVELS[found['level']]}")
            _name(answer, TRAINPROOF.get(found["id"], ()), LEVELS[found["level"]])
    return answer


def runmedic(command: str, folder: Path, style: str) -> Answer:
    """What `runmedic diagnose` says of a folder; it is told the names of the curves."""
    options = []
    for ours, flag in {"loss": "train-loss", "val_loss": "val-loss", "lr": "lr", **_FLAGS}.items():
        if ours in STYLES[style]:
            options += [f"--{flag}", STYLES[style][ours]]
    done = _call([command, "diagnose", "--json", *options, str(folder)])
    answer: Answer = {"read": bool(done), "named": {}, "raw": []}
    for run in _runs(json.loads(done)) if done else []:
        for found in run["findings"]:
            answer["raw"].append(f"{found['check']} {LEVELS[found['severity']]}")
            _name(answer, RUNMEDIC.get(found["check"], ()), LEVELS[found["severity"]])
    return answer


_SAME = {"lr": "lr", "grad_norm": "grad_norm", "step_time": "step_time", "data_time": "loader_time"}
_FLAGS = {"grad_norm": "grad-norm", "step_time": "step-time"}


def _runs(document: Any) -> list[Mapping[str, Any]]:
    return document if isinstance(document, list) else document.get("runs", [document])


def _name(answer: Answer, conditions: tuple[str, ...], level: str) -> None:
    for condition in conditions:
        known = answer["named"].get(condition, "note")
        answer["named"][condition] = max(known, level, key=ORDER.index)


def version(command: str) -> str:
    """What a tool says of its version."""
    return _call([command, "--version"]).split()[-1]


def _call(arguments: list[str]) -> str:
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment).stdout
