"""Patients from a labelled corpus and the generator that trained it, which is no part of this repository.

The generator's folder `gen` stands beside the corpora; its modules train a configuration (`train`), measure the record
(`verify`), and change a configuration as an action says (`repair`).
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import math
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from loop import Action

#: Faults of the machine and of the log: nothing about the training can be healed.
NOT_TRAINING = ("restart", "truncated_log", "throughput_degradation")
#: Faults that a check finds, by their names in the generator.
FOUND_BY = {
    "check_labels": ("shuffle_labels", "label_noise", "constant_group"),
    "clean_data": ("nan_sample", "bad_batch", "constant_group", "label_noise", "shuffle_labels"),
    "check_optimizer_step": ("no_step", "no_step_from", "freeze", "freeze_mode", "freeze_from"),
    "unfreeze": ("no_step", "no_step_from", "freeze", "freeze_mode", "freeze_from"),
    "fix_input_pipeline": ("sorted_data",),
    "fix_weight_decay": ("neg_decay",),
}
ZEROED = ("lr_zero_from", "lr_zero_to")
#: A decay of the weights from here on is a mistake, not a regulariser.
LARGE_DECAY = 0.05
MOST_STEPS = 20000
#: The negative mean return of a policy that has learned nothing, in the two games: about zero.
NO_REWARD = 0.0
Config = dict[str, Any]


@functools.cache
def load(folder: Path) -> dict[str, ModuleType]:
    """The generator's modules, by name. Ours of the same names stay what they are."""
    names = [path.stem for path in folder.glob("*.py")]
    ours = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(folder))
    try:
        return {name: import_module(name) for name in ("train", "verify", "repair", "repair_demo")}
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(ours)


class Generated:
    """A labelled fault. Trainings are kept in a folder by their configuration, so that none is done twice."""

    group = "generated"

    def __init__(self, label: dict[str, Any], corpus: Path, kept: Path) -> None:
        self.label, self.corpus, self.kept = label, corpus, kept
        self.name, self.condition = label["id"], label["primary"].replace("_", "-")
        self.recipe: Config = label["config"]
        log, twin = self.recipe["log"], label["twin_config"]
        # logged as the sick run is, and as often for its length
        every = max(1, twin["steps"] * log["eval_every"] // self.recipe["steps"])
        self.twin: Config = twin | {"log": {**log, "eval_every": every}}

    def inherent(self) -> list[str]:
        """Nothing: the twins of a corpus are among its healthy runs."""
        return []

    def rate(self, recipe: Config) -> float:
        """The peak learning rate."""
        return float(recipe["opt"]["lr"])

    def textbook(self) -> Config:
        """As the generator's own list of remedies has it, all of those against the fault at once."""
        parts = load(self.corpus.parent / "gen")
        actions = parts["repair_demo"].BOOK[self.label["primary"]]
        changed: Config = parts["repair"].apply(self.recipe, actions, self.label["twin_config"])[0]
        return changed

    def train(self, recipe: Config) -> tuple[Path, float]:
        """Train, log and measure; the sick run itself is in the corpus."""
        if recipe == self.recipe:
            return self.corpus / self.name, math.inf if self.label["gap"] is None else float(self.label["gap"])
        folder = (
            self.kept
            / hashlib.sha1(json.dumps(recipe, sort_keys=True).encode(), usedforsecurity=False).hexdigest()[:16]
        )
        done = folder / "gap.json"
        if not done.exists():
            parts = load(self.corpus.parent / "gen")
            record = parts["train"].train(copy.deepcopy(recipe), str(folder / "log"))
            done.write_text(json.dumps(self._gap(parts["verify"].Facts(record, recipe).vfin)))
        return folder / "log", float(json.loads(done.read_text()))

    def _gap(self, end: float) -> float:
        """The share of the twin's gain that an end misses; 1e9 where it is not finite."""
        start, best = self.label["baseline_start"], self.label["baseline"]
        start = {"gan": 1.0, "rl": NO_REWARD}.get(self.label["family"], start)
        return float((end - best) / max(start - best, 1e-9)) if math.isfinite(end) else 1e9

    def apply(self, recipe: Config, action: Action) -> Config | None:
        """Change a configuration; None where the action finds nothing to change."""
        changed: Config = copy.deepcopy(recipe)
        kind = action["action"]
        faults = changed.setdefault("faults", {})
        if kind in FOUND_BY:
            found = [faults.pop(name) for name in FOUND_BY[kind] if name in faults]
            if kind == "clean_data" and changed.pop("input_scale", None):
                found.append(True)
            if kind == "fix_weight_decay" and changed["opt"].get("weight_decay", 0.0) >= LARGE_DECAY:
                changed["opt"]["weight_decay"] = 0.0
                found.append(True)
            return changed if found else None
        if kind == "fix_schedule":
            _fix_schedule(changed, action["kind"])
        elif kind == "train_longer":
            changed["steps"] = int(min(recipe["steps"] * action["factor"], MOST_STEPS))
            _stretch(changed, changed["steps"] / recipe["steps"])
        elif kind == "set_entropy_coef":
            changed["model"]["ent_coef"] = action["value"]
        elif kind == "scale_reward":
            changed["model"]["reward_scale"] = changed["model"].get("reward_scale", 1.0) * action["factor"]
        else:
            changed = self._by_generator(recipe, action)
        return changed if changed != recipe else None

    def _by_generator(self, recipe: Config, action: Action) -> Config:
        """As the generator's own table has it; steps are its own there, while logs may count epochs."""
        per = recipe["log"].get("step_div", 1)
        own = {key: value * per if key in ("step", "steps") else value for key, value in action.items()}
        if own["action"] == "add_normalization" and own.get("to") == "spectral_norm":
            own = {"action": "balance_gan"}
        changed: Config = load(self.corpus.parent / "gen")["repair"].apply(recipe, [own])[0]
        return changed


def _fix_schedule(config: Config, kind: str) -> None:
    """Hold the rate; take out the jump; warm up over twice the steps; decay later, over all of the run."""
    steps, schedule, faults = config["steps"], config["sched"], config["faults"]
    warmup = schedule.get("warmup", 0)
    grows = schedule["name"] == "exp" and schedule.get("rate", 1.0) > 1.0
    if kind in ("hold", "no_jump"):
        faults.pop("lr_jump", None)
    if kind == "hold" or (kind == "no_jump" and grows):
        config["sched"] = {"name": "const", "warmup": warmup}
    if kind in ("hold", "later_decay"):
        for name in ZEROED:
            faults.pop(name, None)
    if kind == "later_decay" and not grows:
        config["sched"] = {"name": "cosine", "min": 0.02, "warmup": warmup}
    if kind == "longer_warmup":
        config["sched"] = {**schedule, "warmup": max(2 * warmup, steps // 10)}


def _stretch(config: Config, factor: float) -> None:
    """Schedules that are given in steps become longer with the run."""
    schedule = config["sched"]
    if "milestones" in schedule:
        schedule["milestones"] = [round(step * factor) for step in schedule["milestones"]]


def patients(corpus: Path, kept: Path) -> Iterator[Generated]:
    """The faults of a corpus that are of the training."""
    for label in json.loads((corpus / "labels.json").read_text("utf-8")):
        if label["primary"] and label["primary"] not in NOT_TRAINING:
            yield Generated(label, corpus, kept)
