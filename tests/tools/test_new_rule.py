"""A rule made by `make new-rule` passes, as written, the tests that every rule has to pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # it starts programs

ROOT = Path(__file__).parents[2]
PARTS = ("benchmarks", "docs", "loglens", "sample_logs", "tests", "tools")
FOCUSED = (
    "tests/test_house.py",
    "tests/test_samples.py::test_sample[gpu_idle]",
    "tests/test_samples.py::test_samples_are_many_and_small",
    "tests/detectors/test_gpu_idle.py",
    "tests/detectors/test_no_rule_crashes.py::test_curves_of_many_kinds_and_unequal_lengths[0]",
    "tests/registry/test_thresholds.py",
    "tests/test_words.py",
    "tests/remedies/test_verification.py::test_every_rule_that_advises_on_a_sample_has_a_twin",
    "tests/config/test_settings.py::test_the_schema_in_the_documentation_is_fresh",
    "tests/slow/test_benchmarks.py::test_notes_count_as_claims_where_a_rule_gives_no_more",
    "tests/slow/test_benchmarks.py::test_every_rule_has_faults_and_healthy_runs_in_the_benchmark",
)


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository without its history."""
    folder = tmp_path / "loglens"
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    return folder


def test_a_new_rule_passes_at_once(copy: Path) -> None:
    made = python(copy, "tools/new_rule.py", "gpu-idle")
    assert made.returncode == 0, made.stderr
    for check in (
        ("-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-m", "", *FOCUSED),
        ("-m", "ruff", "check", "loglens", "tests", "tools", "benchmarks"),
        ("-m", "ruff", "format", "--check", "loglens", "tests", "tools", "benchmarks", "sample_logs/gpu_idle"),
        ("docs/generate.py", "--check"),
    ):
        done = python(copy, *check)
        assert done.returncode == 0, done.stdout + done.stderr
    again = python(copy, "tools/new_rule.py", "gpu-idle")
    assert again.returncode == 2 and "already" in again.stderr


@pytest.mark.parametrize("name", ["", "idle", "Gpu-Idle", "gpu_idle", "gpu-", "../gpu-idle", "0-idle"])
def test_a_name_that_is_no_rule_name_changes_nothing(name: str) -> None:
    done = python(ROOT, "tools/new_rule.py", *filter(None, [name]))
    assert done.returncode == 2 and done.stderr.startswith("usage")
