"""A run as a row of the tab: what the list shows, as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from loglens.model.numbers import number
from loglens.model.report import Diagnosis
from loglens.renderers.html.drawing import spark
from loglens.renderers.html.page import MARKS, sentence
from loglens.renderers.shared.summary import NAME, main_curve, say, title, when
from loglens.watch.followed import Followed
from loglens.watch.pace import rate

#: Findings of the chain that a row lists, and the size of its curve in pixels.
CHAIN, WIDTH, HEIGHT = 4, 330, 36


def key_of(one: Followed, run: Diagnosis) -> str:
    """What a run is known by in addresses: no path, so that none can be asked for."""
    name = f"{one.path}\0{run.run}".encode("utf-8", "surrogateescape")
    return hashlib.sha256(name).hexdigest()[:16]


def stage(one: Followed) -> str:
    """Whether a run grows, stands still, or had ended before anybody looked; empty where that is not known yet."""
    return "ended" if one.over else "still" if one.still else "growing" if one.grew else ""


def row(one: Followed, run: Diagnosis, folders: Sequence[str]) -> dict[str, Any]:
    """The row of a run.

    sure: whether its verdict can be relied on while it grows. version: of its report. names: those that TensorBoard
    gives it.
    """
    curve, now = main_curve(run), stage(one)
    lead = next((found.series[0] for found in run.findings if found.series), curve)
    onset = next((f.onset_step for f in run.findings if lead is not None and lead.tag in f.tags), None)
    speed = (rate(curve) or one.rate) if now == "growing" else None
    bad = run.verdict in ("failed", "suspect")
    axis = say(curve.axis, 20) if curve is not None else "step"
    return {
        "key": key_of(one, run),
        "version": str(one.judged_at),
        "name": say(run.run, NAME),
        "names": sorted(_names(run.files, folders)),
        "verdict": run.verdict,
        "mark": MARKS[run.verdict],
        "word": run.verdict.replace("-", " ").capitalize(),
        "sentence": sentence(run),
        "chain": [
            {"name": title(found), "when": when(found), "severity": str(found.severity)}
            for found in run.findings[:CHAIN]
        ],
        "step": "" if run.last_step is None else f"{axis} {run.last_step:,}",
        "rate": "" if speed is None else f"{number(speed)}/s",
        "stage": now,
        "sure": not bad or now != "growing" or one.sureness(run).said is not None,
        "spark": spark(lead, WIDTH, HEIGHT, onset) if lead is not None and len(lead) else "",
    }


def _names(files: Iterable[str], folders: Sequence[str]) -> set[str]:
    """The folders of a run's files below those of TensorBoard, which are its names there."""
    found = set()
    for file in files:
        parent = Path(file).parent
        for folder in folders:
            if parent.is_relative_to(folder):
                found.add(say(parent.relative_to(folder).as_posix(), 300))
    return found
