"""What must not change a verdict of the whole program, on every sample log: units, offsets, thinning, a cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import loglens
from loglens.analysis.judge import judge
from loglens.model.columns import Columns
from loglens.model.finding import Severity
from loglens.model.report import Diagnosis
from loglens.model.run import Run
from loglens.registry.load import detectors
from loglens.roles.assign import assign_roles

SAMPLES = Path(__file__).parents[1] / "sample_logs"
FOLDERS = sorted(path.parent for path in SAMPLES.glob("*/expect.toml"))
HEALTHY = [folder for folder in FOLDERS if folder.name.startswith("healthy_")]


@cache
def sample(folder: Path) -> Run:
    return loglens.read(folder)[0]


@cache
def as_it_is(folder: Path) -> Diagnosis:
    """What is said about a sample that nobody has changed."""
    return judge(sample(folder), detectors())


def named(diagnosis: Diagnosis) -> set[str]:
    return {found.condition for found in diagnosis.findings if found.severity > Severity.NOTE}


def with_rows(run: Run, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Run:
    columns = run.columns
    arrays = (getattr(columns, name)[keep] for name in ("tag", "step", "time", "value", "session"))
    return replace(run, columns=Columns(columns.tags, *arrays))


def scaled(run: Run) -> Run:
    """All losses in a unit a thousand times smaller."""
    losses = {curve.tag for curve in assign_roles(run) if curve.role in ("loss", "loss_component")}
    factor = np.array([1000.0 if tag in losses else 1.0 for tag in run.columns.tags])
    return replace(run, columns=replace(run.columns, value=run.columns.value * factor[run.columns.tag]))


def shifted(run: Run) -> Run:
    """Steps that are counted from elsewhere; by less than the run's length, or it would be the tail of a longer one."""
    steps = int(np.ptp(run.columns.step)) // 4 + 1 if len(run.columns) else 0
    histogram_rows = tuple(replace(row, step=row.step + steps) for row in run.histogram_rows)
    return replace(run, columns=replace(run.columns, step=run.columns.step + steps), histogram_rows=histogram_rows)


def with_constant(run: Run) -> Run:
    """One more curve, which never moves."""
    loss = next(iter(run.curves.values()))
    constant = Columns.from_curves({"my_constant": (loss.step, np.full(len(loss), 3.0))})
    return replace(run, columns=Columns.join([run.columns, constant]))


@pytest.mark.parametrize("change", [scaled, shifted, with_constant])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_verdict_changes(folder: Path, change: Callable[[Run], Run]) -> None:
    run = sample(folder)
    if change is scaled and folder.name.startswith("posterior_collapse"):
        pytest.skip("a KL term is in nats: it has no other unit")
    before, after = as_it_is(folder), judge(change(run), detectors())
    assert named(after) == named(before) and after.verdict == before.verdict


@pytest.mark.parametrize("folder", HEALTHY, ids=lambda folder: folder.name)
def test_a_healthy_run_thinned_to_every_tenth_point_is_healthy(folder: Path) -> None:
    run = sample(folder)
    keep = np.zeros(len(run.columns), bool)
    for tag in range(len(run.tags)):
        keep[np.flatnonzero(run.columns.tag == tag)[::10]] = True
    assert not named(judge(with_rows(run, keep), detectors()))


@given(st.sampled_from(HEALTHY), st.floats(0, 1))
def test_a_healthy_run_cut_at_any_point_raises_no_error(folder: Path, part: float) -> None:
    run = sample(folder)
    last = np.quantile(run.columns.step, part)
    assert judge(with_rows(run, run.columns.step <= last), detectors()).verdict != "failed"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_nan_appended_to_the_loss_is_always_an_error(folder: Path) -> None:
    run = sample(folder)
    tag = next((curve.tag for curve in assign_roles(run) if (curve.role, curve.split) == ("loss", "train")), None)
    if tag is None:
        pytest.skip("no curve has the role loss here (two players)")
    end = int(run.columns.step.max()) + 1
    columns = Columns.join([run.columns, Columns.from_curves({tag: ([end], [np.nan])})])
    assert "nan-loss" in named(judge(replace(run, columns=columns), detectors()))
