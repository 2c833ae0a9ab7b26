"""loglens watch as a user calls it: a script writes while it follows, and it ends as it was told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loglens.cli import main
from loglens.cli.live import table
from loglens.config.load import Config
from loglens.renderers.terminal.look import TextStyle
from loglens.watch.follow import Watch

ROOT = Path(__file__).parents[2]
GOOD = "step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(200))
BAD = "step,loss\n" + "".join(f"{n},{'nan' if n > 100 else 1 / (n + 1)}\n" for n in range(200))
#: A script that trains: it writes a row at a time, and from a row on the loss is NaN.
SCRIPT = """
import sys, time
path, rows, bad = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(path, "a", buffering=1) as log:
    log.write("step,loss\\n")
    for n in range(rows):
        log.write(f"{n},{'nan' if n >= bad else 2 / (1 + n / 20)}\\n")
        time.sleep(0.004)
"""


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["watch", *args, "--isolated"])


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """A program that appends what it gets on standard input to a file."""
    script = tmp_path / "hear.py"
    script.write_text(f"import sys\nopen({str(tmp_path / 'heard')!r}, 'a').write(sys.stdin.read())\n")
    return script


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (BAD, 1)])
def test_once_is_a_diagnosis(tmp_path: Path, text: str, code: int) -> None:
    (tmp_path / "log.csv").write_text(text)
    done = run(str(tmp_path), "--once", "-o", str(tmp_path / "report.json"))
    assert done.exit_code == code, done.output
    assert json.loads((tmp_path / "report.json").read_text())["gate"]["failed"] == bool(code)
    assert " run: log.csv step 199: followed; 200 points so far" in done.stdout.splitlines()[0]


def test_json_lines_are_events_then_runs_then_the_gate(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(BAD)
    os.utime(log, (time.time() + 100,) * 2)  # the writer's clock is ahead: not over before
    done = run(str(tmp_path), "--format", "jsonl", "--until", "end", "--interval", "0.05", "--stall", "1")
    *events, judged, gate = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["run", "found", "still"]
    assert events[1]["finding"]["onset_step"] == 101 and events[1]["time"] > 1.7e9
    assert judged["verdict"] == "failed" and gate["gate"]["failed"] and done.exit_code == 1


def test_a_finding_goes_to_the_command_without_a_shell(tmp_path: Path, command: Path) -> None:
    log = tmp_path / "$(touch owned).csv"
    log.write_text(BAD)
    os.utime(log, (time.time() + 100,) * 2)
    line = f"{sys.executable} {command}"
    done = run(str(tmp_path), "--until", "error", "--interval", "0.05", "--stall", "1", "--exec", line)
    assert done.exit_code == 1, done.output
    (event,) = map(json.loads, (tmp_path / "heard").read_text().splitlines())
    assert (event["event"], event["condition"]) == ("found", "nan-loss")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--exec", "no-such-command"], "no such command"),
        (["--exec", "'"], "No closing quotation"),
        (["--notify", "secret"], "--notify takes a URL"),
        (["--notify-as", "slack"], "goes with --notify"),
        (["--interval", "0"], "interval"),
    ],
)
def test_a_call_that_cannot_work_is_refused(tmp_path: Path, args: list[str], why: str) -> None:
    done = run(str(tmp_path), *args)
    assert done.exit_code == 2 and why in done.stderr and "secret" not in done.output


def test_nothing_there_is_2_and_a_terminal_gets_no_escape_of_a_log(tmp_path: Path) -> None:
    assert run(str(tmp_path / "none"), "--once").exit_code == 2
    folder = tmp_path / "evil\x1b[31m"
    folder.mkdir()
    (folder / "log.csv").write_text(BAD)
    assert "\x1b" not in run(str(tmp_path), "--once").output


def test_a_terminal_shows_a_line_per_run_worst_first(tmp_path: Path) -> None:
    look = TextStyle(120)
    watch = Watch([str(tmp_path)], Config())
    assert "waiting for a log" in look.print([table(watch, look)])
    for name, text in (("a\x1b[31m", GOOD), ("b", BAD)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log.csv").write_text(text)
    assert len(list(watch.look())) == 2
    bad, good = look.print([table(watch, look)]).splitlines()
    assert bad.startswith("✗ failed") and "b/log.csv" in bad and "loss NaN" in bad and "×" in bad
    assert good.startswith("✓ healthy") and "step 199" in good and "▁" in good and "\x1b" not in good


def test_it_follows_a_run_that_is_written_and_ends_at_its_error(tmp_path: Path) -> None:
    log, stop = tmp_path / "new" / "log.csv", threading.Event()

    def train() -> None:
        log.parent.mkdir()
        with log.open("a", buffering=1) as file:
            for n, row in enumerate(BAD.splitlines(keepends=True)):
                file.write(row)
                if n % 10 == 0:
                    stop.wait(0.01)

    thread = threading.Thread(target=train)
    thread.start()
    done = run(str(tmp_path), "--until", "error", "--interval", "0.02", "--stall", "1")
    stop.set()
    thread.join()
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert any(" error: new/log.csv step " in line and "nan-loss" in line for line in lines)
    assert "✗ FAILED" in done.stdout, "the last report"


# ---- programs of their own ----------------------------------------------------------------------------


def start(*args: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "loglens", "watch", *args, "--interval", "0.05", "--isolated"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.fixture
def trained(tmp_path: Path) -> Iterator[Path]:
    """A log to which another program writes."""
    (tmp_path / "train.py").write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "train.py"), str(tmp_path / "log.csv"), "100000", "250"]
    ) as script:
        yield tmp_path / "log.csv"
        script.kill()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_a_report(trained: Path, number: int, code: int) -> None:
    with start(str(trained.parent)) as watch:
        assert watch.stdout
        assert " run: log.csv" in watch.stdout.readline(), "a line arrives in a pipe when it is said"
        watch.send_signal(number)
        rest, errors = watch.communicate(timeout=30)
    assert watch.returncode == code, errors
    assert "Run          log.csv: csv, 1 file" in rest


@pytest.mark.slow
def test_a_program_that_trains_is_followed_to_its_error(trained: Path) -> None:
    with start(str(trained), "--until", "error") as watch:
        out, _ = watch.communicate(timeout=30)
    assert watch.returncode == 1 and "nan-loss" in out


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_it(trained: Path) -> None:
    with start(str(trained.parent)) as watch:
        assert watch.stdout
        watch.stdout.readline()
        watch.stdout.close()
        deadline = time.monotonic() + 30
        while watch.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert watch.poll() is not None
        watch.kill()
