"""The whole project's workflows: pinned, without secrets, and clean under zizmor."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def requirements(extra: str) -> list[Requirement]:
    """What an extra needs, with what the extras need that it names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = []
    for line in project["optional-dependencies"][extra]:
        need = Requirement(line)
        found += [each for name in need.extras for each in requirements(name)] if need.name == "loglens" else [need]
    return found + [Requirement(line) for line in project["dependencies"]]


def test_ci_tests_with_versions_that_are_written_down() -> None:
    """A line for every package that is needed, with a version that is allowed, and each way into CI uses them."""
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    fixed: dict[str, list[str]] = {}
    for line in map(Requirement, lines):
        (version,) = line.specifier
        assert version.operator == "==" and not line.url
        if line.marker is None or line.marker.evaluate():
            fixed.setdefault(canonicalize_name(line.name), []).append(version.version)
    for need in requirements("dev"):
        (chosen,) = fixed[canonicalize_name(need.name)]
        assert need.specifier.contains(chosen), need
    for place in (".ci/run", ".github/workflows/ci.yml"):
        text = (ROOT / place).read_text("utf-8")
        assert re.search(r"PIP_CONSTRAINT.*constraints\.txt", text) and re.search(
            r"UV_CONSTRAINT.*constraints\.txt", text
        )


def test_known_weaknesses_of_every_version_are_looked_up() -> None:
    """In a job that has the network: the index knows them, no package brings them."""
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    steps = [step.get("run", "") for step in ci["jobs"]["audit"]["steps"]]
    assert any("pip_audit" in step and "--requirement constraints.txt" in step for step in steps)
    assert "continue-on-error" not in ci["jobs"]["audit"]


def test_zizmor_finds_nothing() -> None:
    beside = Path(sys.executable).with_name("zizmor")
    command = str(beside) if beside.exists() else shutil.which("zizmor")
    assert command, "zizmor is part of the extra dev"
    audited = [str(ROOT / ".github"), str(ROOT / "action.yml")]
    done = subprocess.run([command, "--offline", "--pedantic", *audited], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
