"""The whole program on every sample log: exactly the findings that its expect.toml states, and no others."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import loglens
from loglens.model.finding import Severity
from loglens.model.report import Diagnosis

SAMPLES = Path(__file__).parents[1] / "sample_logs"
FOLDERS = sorted(path.parent for path in SAMPLES.glob("*/expect.toml"))


def expected(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "expect.toml").read_text("utf-8"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_sample(folder: Path, samples: dict[str, Diagnosis]) -> None:
    want, run = expected(folder), samples[folder.name]
    named = {found.condition for found in run.findings if found.severity > Severity.NOTE}
    notes = {found.condition for found in run.findings} - named
    assert set(want.get("notes", ())) <= notes
    assert set(want["conditions"]) <= named <= {*want["conditions"], *want.get("may", ())}
    assert run.verdict == want["verdict"]
    if want["primary"]:
        assert run.primary == want["primary"]
    if "onset" in want:
        low, high = want["onset"]
        assert run.findings[0].onset_step is not None and low <= run.findings[0].onset_step <= high
    assert not [outcome for outcome in run.outcomes if outcome.outcome == "crashed"]


def test_samples_are_many_and_small() -> None:
    healthy = [folder for folder in FOLDERS if folder.name.startswith("healthy_")]
    assert len(FOLDERS) >= 14 and len(healthy) >= 4
    size = sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file())
    assert size <= 3_000_000


def test_one_call_finds_all_samples() -> None:
    report = loglens.diagnose(SAMPLES)
    assert len(report.runs) == len(FOLDERS) and not report.unread
    assert report.exit_code == 1
