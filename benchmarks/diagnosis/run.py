"""Train small nets with known faults, ask three tools about the logs, and count who is right.

    python benchmarks/diagnosis/run.py [--loglens CMD] [--trainproof CMD] [--runmedic CMD] [--keep FOLDER]

Needs torch (CPU) and tensorboard, and the commands of the three tools, which may live in environments of their
own. Trains some 150 runs of 400 to 600 steps in a few minutes, writes results.json beside this file and prints
the tables. The right answers are in faults.py: they follow from the fault, not from any tool.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import games
import score
import tools
import torch
from faults import FAULTS, SETTINGS, Fault, seen
from logs import STYLES, write
from tasks import TASKS
from torch import nn
from training import LOOKS, Row, Training

CURVE_STYLES = list(STYLES)[:4]


class Case(NamedTuple):
    """One run: a task, a seed and a setting, and the place of its fault in the list, if it has one."""

    task: str
    seed: int
    setting: str
    fault: int | None

    @property
    def name(self) -> str:
        """The name of its folder."""
        what = "healthy" if self.fault is None else f"{FAULTS[self.fault].condition}-{self.fault:02d}"
        return f"{what}_{self.task}_{self.setting}_{self.seed}"

    @property
    def style(self) -> str:
        """How it is logged: settled by task and seed, so a twin is logged alike."""
        return CURVE_STYLES[(self.seed + list(TASKS).index(self.task)) % 4]


def cases() -> list[Case]:
    """All runs: every task and seed without a fault, and every fault in its runs, with the twins it needs."""
    sick = [Case(t, seed, f.setting, i) for i, f in enumerate(FAULTS) for t, seed in f.runs]
    twins = [Case(t, seed, "plain", None) for t in TASKS for seed in range(len(LOOKS))]
    twins += [case._replace(fault=None) for case in sick]
    return [*dict.fromkeys(twins), *sick]


def train(case: Case) -> tuple[list[Row], Training]:
    """Train one case."""
    torch.set_num_threads(1)
    training = Training(case.task, case.seed)
    SETTINGS[case.setting](training)
    if case.fault is not None:
        FAULTS[case.fault].inject(training)
    return training.run(), training


def make(case: Case, root: Path) -> list[Row]:
    """Train one case and write its log."""
    rows, training = train(case)
    write(root / case.name, case.style, rows, training.net, hidden=training.hidden, cut=training.cut)
    return rows


def learned(rows: list[Row]) -> bool:
    """Whether a twin is healthy, judged by its numbers alone: it learns much, and keeps what it has learned."""
    val = [row["val_loss"] for row in rows if "val_loss" in row]
    end = sorted(val[-3:])[1]
    return end < 0.8 * val[0] and val[0] - end > 0.95 * (val[0] - min(val))


def make_games(root: Path) -> list[tuple[str, str, Fault | None]]:
    """The logs of the two games: folder, style, fault."""
    made = []
    for play, condition, styles in (
        (games.gan, "gan-collapse", ("gan-dcgan", "gan-losses")),
        (games.bandit, "entropy-collapse", ("rl-sb3", "rl-flat")),
    ):
        for seed in range(4):
            for broken in (False, True):
                style = styles[seed % 2]
                name = f"{condition if broken else 'healthy'}_{play.__name__}_{seed}"
                write(root / name, style, play(seed, broken=broken), nn.Linear(1, 1), hidden=False, cut=False)
                made.append((name, style, Fault(condition, SETTINGS["plain"], ()) if broken else None))
    return made


def main() -> None:
    """Train, ask, count, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for tool in score.TOOLS:
        parser.add_argument(f"--{tool}", default=tool, help="its command")
    parser.add_argument("--keep", type=Path, help="an empty folder to keep the logs in")
    parser.add_argument("--asked", action="store_true", help="ask again about the logs in --keep")
    parser.add_argument("--date", default=date.today().isoformat())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        began = time.perf_counter()
        if not options.asked:
            (root / "runs.json").write_text(json.dumps(make_all(root), indent=0), "utf-8")
        runs = json.loads((root / "runs.json").read_text("utf-8"))
        trained = time.perf_counter()
        ask(options, root, runs["kept"])
        asked = time.perf_counter()
    results = {
        "date": options.date,
        "versions": {
            **{tool: tools.version(getattr(options, tool)) for tool in score.TOOLS},
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "seconds": {"train": round(trained - began), "ask": round(asked - trained)},
        "dropped": runs["dropped"],
        "knows": {
            "loglens": score.conditions({"runs": runs["kept"]}),
            "trainproof": sorted({name for names in tools.TRAINPROOF.values() for name in names}),
            "runmedic": sorted({name for names in tools.RUNMEDIC.values() for name in names}),
        },
        "runs": runs["kept"],
    }
    head, body = json.dumps({**results, "runs": []}, indent=1).rsplit("[]", 1)[0], results["runs"]
    lines = ",\n".join(json.dumps(run) for run in body)
    score.RESULTS.write_text(f"{head}[\n{lines}\n]}}\n", "utf-8")
    print(score.by_condition(results), score.in_all(results), sep="\n")
    print(f"{trained - began:.0f} s of training, {asked - trained:.0f} s of asking; dropped: {runs['dropped']}")


def make_all(root: Path) -> dict[str, Any]:
    """Train everything. A fault that did not take and a twin that did not learn are dropped, and said so."""
    every = cases()
    with ProcessPoolExecutor(2) as pool:
        logs = dict(zip(every, pool.map(make, every, [root] * len(every), chunksize=4), strict=True))
    kept, dropped = [], []
    for case, rows in logs.items():
        fault = FAULTS[case.fault] if case.fault is not None else None
        good = fault.took(rows, logs[case._replace(fault=None)]) if fault else learned(rows)
        if good:
            kept.append(_entry(case.name, case.style, fault, seen(rows) if fault else []))
        else:
            dropped.append(case.name)
    kept += [_entry(*made) for made in make_games(root)]
    return {"kept": sorted(kept, key=_place), "dropped": dropped}


def _entry(name: str, style: str, fault: Fault | None, also: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "run": name,
        "style": style,
        "fault": fault.condition if fault else None,
        "allowed": sorted({*fault.allowed, *also} - {fault.condition}) if fault else [],
    }


def _place(entry: dict[str, Any]) -> int:
    order = [fault.condition for fault in FAULTS]
    return -1 if entry["fault"] is None else order.index(entry["fault"]) if entry["fault"] in order else len(order)


def ask(options: argparse.Namespace, root: Path, kept: list[dict[str, Any]]) -> None:
    """Put the answers of the three tools into the entries."""
    folders = [root / entry["run"] for entry in kept]
    for entry, answer in zip(kept, tools.loglens(options.loglens, folders), strict=True):
        entry["loglens"] = answer
    for entry, folder in zip(kept, folders, strict=True):
        entry["trainproof"] = tools.trainproof(options.trainproof, folder, entry["style"])
        entry["runmedic"] = tools.runmedic(options.runmedic, folder, entry["style"])


if __name__ == "__main__":
    main()
