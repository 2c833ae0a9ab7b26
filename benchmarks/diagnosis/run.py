"""Train small nets with known faults, ask three tools about the logs, and count who is right.

    python benchmarks/diagnosis/run.py [--loglens CMD] [--trainproof CMD] [--runmedic CMD] [--keep FOLDER]

Needs torch (CPU) and tensorboard, and the commands of the three tools, which may live in environments of their
own. Trains some 350 runs of 400 to 600 steps in some minutes, writes results.json beside this file and prints
the tables. The right answers are in faults.py, loop_faults.py and policy_faults.py: they follow from the fault,
not from any tool.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import games
import loop_faults  # noqa: F401 - registers its faults
import policy_faults  # noqa: F401 - as does this
import score
import tools
import torch
from faults import FAULTS, Fault, seen
from logs import STYLES, write
from policies import Groups, Ppo
from settings import SETTINGS
from tasks import TASKS
from torch import nn
from training import LOOKS, Row, Training

POLICIES: dict[str, type[Ppo | Groups]] = {"reach": Ppo, "catch": Ppo, "groups": Groups}
CURVE_STYLES = list(STYLES)[:4]

GAMES = {
    "gan-collapse": (games.gan, ("gan-dcgan", "gan-losses")),
    "entropy-collapse": (games.bandit, ("rl-sb3", "rl-flat")),
}

#: Healthy runs that look like a fault at first sight, besides the twins: task, setting, seeds.
LOOKALIKES = (
    ("mixture", "restarts", (2, 3)),
    ("shapes", "restarts", (0, 5)),
    ("mixture", "dropout", (1, 4)),
    ("shapes", "dropout", (3,)),
    ("text", "transformer", (0, 1, 2, 3, 4, 5)),
    *((task, "tanh", (0, 1, 4, 5)) for task in ("mixture", "shapes")),
    *((task, "sgd-clipped", (0, 1, 4)) for task in ("mixture", "shapes")),
    *((task, "amp", (1, 3, 5)) for task in ("mixture", "text", "shapes")),
    *((task, setting, (0, 1, 2)) for task in ("reach", "catch") for setting in ("few-games", "wind")),
    *((task, "plain", tuple(range(6))) for task in ("reach", "catch")),
    ("groups", "plain", tuple(range(10))),
)


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
        if self.task in POLICIES:
            kind = [name for name in STYLES if name.startswith("groups" if self.task == "groups" else "rl")]
            return kind[self.seed % len(kind)]
        return CURVE_STYLES[(self.seed + list(TASKS).index(self.task)) % 4]


def cases() -> list[Case]:
    """All runs: every task and seed without a fault, and every fault in its runs, with the twins it needs."""
    sick = [Case(t, seed, f.setting, i) for i, f in enumerate(FAULTS) for t, seed in f.runs]
    twins = [Case(t, seed, "plain", None) for t in TASKS for seed in range(len(LOOKS))]
    twins += [case._replace(fault=None) for case in sick]
    twins += [Case(task, seed, setting, None) for task, setting, seeds in LOOKALIKES for seed in seeds]
    return [*dict.fromkeys(twins), *sick]


def train(case: Case) -> tuple[list[Row], Training | Ppo | Groups]:
    """Train one case."""
    torch.set_num_threads(1)
    training = POLICIES.get(case.task, Training)(case.task, case.seed)
    SETTINGS[case.setting](training)
    if case.fault is not None:
        FAULTS[case.fault].inject(training)
    return training.run(), training


def make(case: Case, root: Path) -> tuple[list[Row], bool]:
    """Train one case and write its log. The rows, and whether a twin learned."""
    rows, training = train(case)
    folder = root / case.name
    if isinstance(training, Training):
        settings, hidden, cut = training.settings(), training.hidden, training.cut
        write(folder, case.style, rows, training.net, hidden=hidden, cut=cut, settings=settings)
    else:
        write(folder, case.style, rows, nn.Linear(1, 1))
    return rows, case.fault is not None or training.healthy(rows)


def make_game(root: Path, condition: str, seed: int, broken: bool) -> tuple[str, str]:
    """The log of one of the two games: folder, style."""
    play, styles = GAMES[condition]
    name = f"{condition if broken else 'healthy'}_{play.__name__}_{seed}"
    torch.set_num_threads(1)
    write(root / name, styles[seed % 2], play(seed, broken=broken), nn.Linear(1, 1))
    return name, styles[seed % 2]


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
        if not options.asked:
            (root / "runs.json").write_text(json.dumps(make_all(root), indent=0), "utf-8")
        runs = json.loads((root / "runs.json").read_text("utf-8"))
        began = worked()
        ask(options, root, runs["kept"])
        asked = worked() - began
    results = {
        "date": options.date,
        "versions": {
            **{tool: tools.version(getattr(options, tool)) for tool in score.TOOLS},
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "seconds": {"train": round(runs["seconds"]), "ask": round(asked)},
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
    print(f"{runs['seconds']:.0f} s of training, {asked:.0f} s of asking; dropped: {runs['dropped']}")


def worked() -> float:
    """Seconds of all cores that this process and those that it waited for have worked; others may work besides."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def make_all(root: Path) -> dict[str, Any]:
    """Train everything. A fault that did not take and a twin that did not learn are dropped, and said so."""
    every = cases()
    with ProcessPoolExecutor(2) as pool:
        logs = dict(zip(every, pool.map(make, every, [root] * len(every), chunksize=4), strict=True))
        plays = [
            (root, game, seed, broken) for game in GAMES for broken in (False, True) for seed in range(10 - 6 * broken)
        ]
        played = list(pool.map(make_game, *zip(*plays, strict=True)))
    kept, dropped = [], []
    for case, (rows, learned) in logs.items():
        fault = FAULTS[case.fault] if case.fault is not None else None
        good = fault.took(rows, logs[case._replace(fault=None)][0]) if fault else learned
        if good:
            kept.append(_entry(case.name, case.style, fault, seen(rows) if fault else []))
        else:
            dropped.append(case.name)
    for (name, style), (_, game, _, broken) in zip(played, plays, strict=True):
        kept.append(_entry(name, style, Fault(game, SETTINGS["plain"], ()) if broken else None))
    return {"kept": sorted(kept, key=_place), "dropped": dropped, "seconds": worked()}


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
        # which rules had their data is asked of healthy runs alone
        entry["loglens"] = answer if not entry["fault"] else {key: answer[key] for key in answer if key != "judged"}
    for entry, folder in zip(kept, folders, strict=True):
        entry["trainproof"] = tools.trainproof(options.trainproof, folder, entry["style"])
        entry["runmedic"] = tools.runmedic(options.runmedic, folder, entry["style"])


if __name__ == "__main__":
    main()
