"""A rule in a package of its own: installed for real, found by its entry point, run like ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # it installs and starts programs

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that sees the example plugin."""
    target, source = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("source")
    for path in (HERE / "plugin").rglob("*.[pt]*"):  # .py and .toml: a build leaves other files behind
        copy = source / path.relative_to(HERE / "plugin")
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text("utf-8"), "utf-8")
    command = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", target, source]
    subprocess.run([sys.executable, *map(str, command)], check=True, capture_output=True)
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(target), str(HERE.parent)])}


def loglens(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loglens", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_the_plugin_is_listed_and_explained(installed: dict[str, str]) -> None:
    assert "negative-loss" in loglens(installed, "rules").stdout
    assert "densities" in loglens(installed, "rules", "negative-loss").stdout


def test_the_plugin_finds_what_it_looks_for(installed: dict[str, str], tmp_path: Path) -> None:
    rows = [f"{step},{1 - step / 50}" for step in range(100)]
    (tmp_path / "metrics.csv").write_text("\n".join(["step,train_loss", *rows]))
    (tmp_path / "hparams.yaml").write_text("criterion: cross_entropy\n")
    done = loglens(installed, "diagnose", str(tmp_path), "--format", "json")
    (run,) = json.loads(done.stdout)["runs"]
    (found,) = [found for found in run["findings"] if found["condition"] == "negative-loss"]
    assert found["onset_step"] == 51 and found["severity"] == "warning"


def test_plugins_can_be_turned_off(installed: dict[str, str]) -> None:
    for environment, words in ((installed, ["--no-plugins"]), (installed | {"LOGLENS_NO_PLUGINS": "1"}, [])):
        done = loglens(environment, *words, "rules", "negative-loss")
        assert done.returncode == 2 and "no rule" in done.stderr
        assert "negative-loss" not in loglens(environment, *words, "rules").stdout


def test_without_it_the_rule_does_not_exist() -> None:
    assert loglens(dict(os.environ), "rules", "negative-loss").returncode == 2
