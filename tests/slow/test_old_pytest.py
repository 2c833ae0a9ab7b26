"""The pytest plugin with the oldest pytest that runs on this Python, which has an old pluggy, and with the newest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest
LOG = "step,loss\\n" + "".join(f"{n},{1 / (n + 1)}\\n" for n in range(20))

@pytest.mark.loglens("{tmp_path}")
def test_bad(tmp_path):
    (tmp_path / "log.csv").write_text(LOG.replace(",0.05", ",nan"))

@pytest.mark.loglens("{tmp_path}")
def test_good(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)

@pytest.mark.loglens()
def test_without_a_path():
    pass

@pytest.mark.loglens("x", fail="error")
def test_with_a_word_too_many():
    pass

def test_plain():
    pass
"""


@pytest.mark.parametrize("versions", [["pytest==7.0.1", "pluggy==1.0.0"], ["pytest"]])
def test_the_plugin_takes_any_pytest(tmp_path: Path, versions: list[str]) -> None:
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--target", str(target), *versions]
    free = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}  # the newest is meant
    if subprocess.run(install, capture_output=True, env=free).returncode:
        pytest.skip("pip finds no such pytest")
    (tmp_path / "test_it.py").write_text(TESTS)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", "--tb=short"]
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(target), str(ROOT)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # those beside us are too new for it
    }
    for name in [name for name in env if name.startswith(("PYTEST_XDIST", "PYTEST_CURRENT", "COV_"))]:
        del env[name]
    done = subprocess.run(
        [*words, "-p", "loglens.pytest_plugin", "test_it.py"], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert "3 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "nan-loss" in done.stdout and done.stdout.count("@pytest.mark.loglens: ") >= 2
