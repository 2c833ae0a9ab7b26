"""The whole project's workflows: pinned, without secrets, and clean under zizmor."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_and_names_its_version(path: Path) -> None:
    uses = re.findall(r"uses: (.+)", path.read_text("utf-8"))
    assert [line for line in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*", line)] == []


def test_ci_runs_every_python_that_is_promised() -> None:
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert ci["jobs"]["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]


def test_a_release_needs_no_secret() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert "secrets." not in text and "password" not in text
    assert yaml.safe_load(text)["jobs"]["publish"]["permissions"] == {"id-token": "write"}


def test_zizmor_finds_nothing() -> None:
    beside = Path(sys.executable).with_name("zizmor")
    command = str(beside) if beside.exists() else shutil.which("zizmor")
    assert command, "zizmor is part of the extra dev"
    audited = [str(ROOT / ".github"), str(ROOT / "action.yml")]
    done = subprocess.run([command, "--offline", "--pedantic", *audited], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
