"""Many runs at once: side by side, streamed, and with one bad run costing itself alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loglens.pipeline.workers import Died, each
from tests.cli.test_cli import bad, good

#: What a test puts before the command: a reader that ends its process on logs of a certain name.
KILLER = """
import os, signal, sys, time
from loglens.readers.csv import reader as csv
honest = csv.read
def read(source):
    name = source.path.name
    if name == "exit.csv": os._exit(7)
    if name == "kill.csv": os.kill(os.getpid(), signal.SIGKILL)
    if name == "bug.csv": raise ZeroDivisionError("a fault of our own")
    if name == "eats.csv": bytearray(1 << 45)
    if name.startswith("slow"): time.sleep(60)
    if name.startswith("nap"): time.sleep(4)
    yield from honest(source)
csv.read = read
from loglens.cli import main
main()
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield


def many(count: int = 12) -> Path:
    """A folder of runs, each in a folder of its own; every third is a failed one."""
    for i in range(count):
        (bad if i % 3 == 0 else good)(f"runs/{i:02d}/metrics.csv")
    return Path("runs")


def diagnose(*args: str | Path, code: str = "from loglens.cli import main; main()") -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", code, "diagnose", *map(str, args)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120)


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_processes_change_nothing_but_the_time() -> None:
    many()
    one, two = (diagnose("runs", "--jobs", n, "--format", "json", "--no-cache") for n in ("1", "2"))
    assert one.returncode == two.returncode == 1
    assert one.stdout == two.stdout and len(json.loads(one.stdout)["runs"]) == 12


def test_the_pages_are_the_same_too() -> None:
    many(9)
    for name in ("text", "html", "markdown"):
        one, two = (diagnose("runs", "--jobs", n, "--format", name, "--no-cache") for n in ("1", "3"))
        assert one.stdout == two.stdout and one.stdout


def test_json_lines_hold_what_the_report_holds() -> None:
    many()
    good("broken/empty.csv")
    Path("broken/empty.csv").write_text("")
    lines = documents(diagnose("runs", "broken", "--format", "jsonl").stdout)
    whole = json.loads(diagnose("runs", "broken", "--format", "json").stdout)
    runs = [line for line in lines if "verdict" in line]
    assert sorted(runs, key=lambda run: run["path"]) == sorted(whole["runs"], key=lambda run: run["path"])
    assert [line for line in lines if "why" in line] == whole["unread"] != []
    assert lines[-1] == {key: whole[key] for key in ("schema_version", "tool", "counts", "gate")}


def test_json_lines_come_while_runs_are_judged() -> None:
    many(8)
    good("runs/slow.csv")
    words = [sys.executable, "-c", KILLER, "diagnose", "runs", "--jobs", "2", "--format", "jsonl"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        early = [json.loads(process.stdout.readline()) for _ in range(8)]
        assert process.poll() is None and all("verdict" in line for line in early)
        process.send_signal(signal.SIGINT)
        rest = documents(process.stdout.read())
        assert process.wait(30) == 130
    assert rest[0]["why"] == "interrupted: 1 of 9 sources were not judged" and rest[-1]["counts"]["runs"] == 8


def test_a_baseline_holds_for_json_lines_alone() -> None:
    many(9)
    assert diagnose("runs", "--write-baseline", "known.json", "-o", "a.jsonl").returncode == 0
    assert diagnose("runs", "--baseline", "known.json", "--format", "jsonl").returncode == 0
    assert diagnose("runs", "--baseline", "known.json", "--format", "json").returncode == 0
    bad("runs/01/metrics.csv")
    assert diagnose("runs", "--baseline", "known.json", "--format", "jsonl").returncode == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("exit.csv", "the process that read it ended with exit code 7"),
        ("kill.csv", "the process that read it was killed, most often because memory ran out"),
        ("bug.csv", "loglens itself failed on it: ZeroDivisionError: a fault of our own; please report"),
        ("eats.csv", "loglens itself failed on it: not enough memory; please report"),
    ],
)
def test_one_bad_run_costs_itself_alone(name: str, why: str) -> None:
    many()
    good(f"runs/{name}")
    done = diagnose("runs", "--jobs", "2", "--format", "json", "--select", "restart", code=KILLER)
    report = json.loads(done.stdout)
    assert len(report["runs"]) == 12
    assert report["unread"] == [{"path": f"runs/{name}", "why": why}]
    assert f"runs/{name}: {why}\n" in done.stderr
    assert done.returncode == (4 if "itself" in why else 3)


def test_a_fault_of_our_own_can_be_looked_at() -> None:
    good("runs/bug.csv")
    assert "Traceback" not in diagnose("runs", code=KILLER).stderr
    shown = diagnose("runs", "--traceback", code=KILLER)
    assert shown.returncode == 4 and "Traceback (most recent call last)" in shown.stderr


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_leaves_a_whole_report_of_what_was_judged(sign: signal.Signals, code: int) -> None:
    many(8)
    good("runs/slow.csv")
    words = [sys.executable, "-c", KILLER, "diagnose", "runs", "--jobs", "2", "-o", "r.json", "-o", "r.jsonl"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if Path("r.jsonl").exists() and Path("r.jsonl").read_text().count("\n") == 8:
            break
        time.sleep(0.05)
    process.send_signal(sign)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    report = json.loads(Path("r.json").read_text())
    assert len(report["runs"]) == 8 and report["unread"][0]["why"].startswith("interrupted: 1 of 9")
    assert stderr.splitlines()[-1] == {130: "interrupted", 143: "terminated"}[code]
    assert not list(Path().glob(".loglens-*"))


@pytest.mark.parametrize(("sign", "log"), [(signal.SIGTERM, "slow"), (signal.SIGINT, "slow"), (signal.SIGKILL, "nap")])
def test_no_worker_outlives_the_command(sign: signal.Signals, log: str) -> None:
    """Nor does one that is killed leave any behind once they are done with what they do."""
    for i in range(3):
        good(f"runs/{log}{i}.csv")
    words = [sys.executable, "-c", KILLER, "diagnose", "runs", "--jobs", "3", "-o", "r.jsonl"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        assert soon(lambda: len(listed.read_text().split()) == 3)
        children = listed.read_text().split()
        process.send_signal(sign)
        process.wait(10)
    assert soon(lambda: not any(map(alive, children)))


def alive(process: str) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def square(x: int) -> int:
    if x == 3:
        os._exit(9)
    return x * x


def test_every_task_has_one_result() -> None:
    found = dict(each(square, list(range(40)), 3))
    assert found == {i: i * i if i != 3 else Died(9) for i in range(40)}
    assert list(each(square, [], 3)) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_ends_no_workers_of_its_parent() -> None:
    code = (
        "import os, time\nfrom loglens.pipeline.workers import each\n"
        "def nap(x): time.sleep(0.2); return x\n"
        "results = each(nap, list(range(6)), 2)\n"
        "first = next(results)\n"
        "child = os.fork()\n"
        "if not child: results.close(); os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "assert sorted([first, *results]) == [(i, i) for i in range(6)]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="nothing is forked here")
@pytest.mark.parametrize(
    ("where", "sign", "comes"),
    [("parent", "SIGINT", "KeyboardInterrupt"), ("child", "SIGTERM", "[(0, Died(code=-15)), (1, Died(code=-15))]")],
)
def test_a_signal_in_the_midst_of_a_start_is_not_lost(where: str, sign: str, comes: str) -> None:
    """It comes while Python runs its hooks after the fork, which swallow what a handler raises."""
    code = (
        "import os, signal\nfrom loglens.pipeline.interrupts import raise_on_signals\n"
        "from loglens.pipeline.workers import each\n"
        f"raise_on_signals()\nos.register_at_fork(after_in_{where}=lambda: os.kill(os.getpid(), signal.{sign}))\n"
        "def same(x): return x\n"
        "try: print(sorted(each(same, [1, 2], 2)))\n"
        "except KeyboardInterrupt as stop: print(type(stop).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == (comes, "")


def test_memory_is_bounded_by_the_jobs() -> None:
    """Eight times the runs cost little more: what is kept of one is small beside its log."""
    code = (
        "import resource, sys\nfrom loglens.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for count in (4, 32):
        for i in range(count):
            good(f"{count}/{i}/metrics.csv", 20_000)
        done = diagnose(str(count), "-o", f"{count}.jsonl", "-q", "--no-cache", "--jobs", "2", code=code)
        peaks.append(int(done.stderr.split()[-1]) << 10)
    # a run of 20,000 points is 1.1 MB in memory (3 columns of 8 bytes, twice for its curves)
    assert peaks[1] - peaks[0] < 8 << 20
