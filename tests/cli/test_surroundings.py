"""The exit code is as promised wherever the command runs: 1 where something was found, 4 for our own faults alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # it starts programs

GOOD = "step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(20))
BAD = "step,loss\n" + "".join(f"{n},{'nan' if n > 10 else 1 / (n + 1)}\n" for n in range(20))
ROOT = Path(__file__).parents[2]
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("good.csv").write_text(GOOD)
    Path("bad.csv").write_text(BAD)


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `loglens` is the command."""
    line = line.replace("loglens", f"{sys.executable} -m loglens")
    env = os.environ | environment
    return subprocess.run(line, shell=True, capture_output=True, text=True, timeout=100, env=env)  # noqa: S602


CASES = [("good.csv", 0), ("bad.csv", 1), ("missing", 2)]


@pytest.mark.parametrize(("path", "code"), CASES)
def test_optimised_python_changes_nothing(path: str, code: int) -> None:
    plain = shell(f"loglens diagnose {path} --no-cache --format json")
    done = shell(f"loglens diagnose {path} --no-cache --format json", PYTHONOPTIMIZE="2")
    assert (done.returncode, done.stdout, done.stderr) == (code, plain.stdout, plain.stderr)


@pytest.mark.parametrize("form", ["text", "jsonl"])
@pytest.mark.parametrize(("path", "code"), CASES)
def test_a_report_that_nobody_gets_is_2(path: str, code: int, form: str) -> None:
    done = shell(f"loglens diagnose {path} --no-cache --format {form} -q >&-")
    assert (done.returncode == 2 and "standard output is closed" in done.stderr) or code == 2
    assert shell(f"loglens diagnose {path} --no-cache -o r.json --format {form} -o - >&-").returncode == 2
    if form != "jsonl":  # which is written while runs are judged, and ends the command
        assert Path("r.json").stat().st_size > 100, "what can be written is written"
    assert shell(f"loglens diagnose {path} --no-cache -o r.{form}.json >&- 2>&-").returncode == code


@full
@pytest.mark.parametrize("words", ["rules", "--help", "--version", "diagnose --help", "inspect good.csv", "config"])
def test_a_full_disk_under_any_output_is_2(words: str) -> None:
    done = shell(f"loglens {words} > /dev/full")
    assert done.returncode == 2 and "standard output: cannot be written" in done.stderr


@full
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("diagnose good.csv missing", 0),
        ("diagnose bad.csv missing", 1),
        ("diagnose missing", 2),
        ("diagnose --bogus", 2),
        ("nonsense", 2),
        ("diagnose good.csv --select nonsense", 2),
    ],
)
def test_a_full_disk_under_standard_error_changes_no_code(words: str, code: int) -> None:
    assert shell(f"loglens {words} 2> /dev/full").returncode == code


@pytest.mark.parametrize("words", ["--help", "rules", "diagnose good.csv -v"])
def test_a_reader_that_is_gone_before_is_no_fault(words: str) -> None:
    done = shell(f"(loglens {words}; echo $? > code) | true")
    assert done.stderr == "" and Path("code").read_text() == "0\n"


@pytest.mark.parametrize("words", ["diagnose good.csv", "diagnose .", "diagnose", "inspect .", "config", "init"])
@pytest.mark.parametrize("more", ["", "--isolated"])
def test_a_working_folder_that_is_gone_is_2(words: str, more: str) -> None:
    if more and words == "init":
        more = ""
    done = shell(f"mkdir gone && cd gone && rmdir ../gone && loglens {words} {more}")
    assert done.returncode == 2 or (words, more) == ("config", "--isolated")
    assert "Traceback" not in done.stderr and "itself failed" not in done.stderr


def test_modules_of_the_working_folder_are_not_run() -> None:
    for name in ("click", "numpy", "rich", "platformdirs"):
        Path(f"{name}.py").write_text(f"raise SystemExit('{name}.py was run')\n")
    done = shell("loglens diagnose good.csv --no-cache")
    assert done.returncode == 0 and done.stderr == ""


@pytest.mark.parametrize("module", ["click", "numpy", "loglens.detectors.nan_loss"])
def test_two_interrupts_while_modules_load_are_an_interruption(module: str) -> None:
    code = f"""
import os, signal, sys
class Interrupts:
    def find_spec(self, name, *_):
        if name == {module!r}:
            try:
                os.kill(os.getpid(), signal.SIGINT)
            finally:
                os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupts())
from loglens.__main__ import run
run()
"""
    words = [sys.executable, "-c", code, "diagnose", "good.csv", "--no-cache"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert done.returncode == 130 and "Traceback" not in done.stderr
