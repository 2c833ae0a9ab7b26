"""The same work on a Dask cluster: a real one, of which a worker is killed midway."""

from __future__ import annotations

import importlib
import importlib.util
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.test_cli import call
from tests.slow.test_many import documents, many

needs_dask = pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="distributed is not installed")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of the scheduler and the processes of the workers, the scheduler's behind them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    words = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    processes = [subprocess.Popen([*words, "--no-dashboard"], stderr=subprocess.DEVNULL)]
    try:
        words = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
        words.append("--no-dashboard")
        processes += [subprocess.Popen(words, cwd="/", stderr=subprocess.DEVNULL) for _ in range(workers)]
        yield address, [*processes[1:], processes[0]]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


@needs_dask
def test_a_lost_worker_changes_nothing() -> None:
    many(60)
    expected = call("diagnose", "runs", "--format", "json", "--no-cache").stdout
    with cluster(2) as (address, workers):
        words = [sys.executable, "-m", "loglens", "diagnose", "runs", "--engine", "dask", "--scheduler", address]
        words += ["--no-cache", "-o", "r.json", "-o", "r.jsonl"]
        process = subprocess.Popen(words, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if Path("r.jsonl").exists() and Path("r.jsonl").read_text().count("\n") >= 5:
                break
            time.sleep(0.02)
        workers[0].kill()
        assert process.poll() is None, "still at work when a worker was lost"
        process.communicate(timeout=120)
    assert process.returncode == 1
    assert Path("r.json").read_text() == expected
    assert sum("verdict" in line for line in documents(Path("r.jsonl").read_text())) == 60
    assert json.loads(expected)["counts"]["runs"] == 60


@needs_dask
@pytest.mark.parametrize(
    ("lost", "said"), [("workers", "every Dask worker was lost"), ("scheduler", "scheduler was lost")]
)
def test_a_lost_cluster_ends_as_an_interruption(lost: str, said: str) -> None:
    """With what was judged till then, within seconds."""
    many(200)
    with cluster(2) as (address, (*workers, scheduler)):
        words = [sys.executable, "-m", "loglens", "diagnose", "runs", "--engine", "dask", "--scheduler", address]
        process = subprocess.Popen([*words, "--no-cache", "-o", "r.json", "-o", "r.jsonl"], stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if Path("r.jsonl").exists() and Path("r.jsonl").read_text().count("\n") >= 3:
                break
            time.sleep(0.02)
        for each in workers if lost == "workers" else [scheduler]:
            each.kill()
        assert process.poll() is None, "still at work"
        _, stderr = process.communicate(timeout=45)
    assert process.returncode == 130, stderr.decode()
    assert b"please report" not in stderr and b"Traceback" not in stderr
    report = json.loads(Path("r.json").read_text())
    assert 3 <= report["counts"]["runs"] < 200
    (unread,) = report["unread"]
    assert unread["why"].startswith("interrupted: ") and said in unread["why"]


@needs_dask
@pytest.mark.parametrize(
    ("workers", "said"), [(1, "every Dask worker was lost"), (0, "the Dask scheduler has no worker")]
)
def test_a_cluster_without_workers_is_no_silence(workers: int, said: str) -> None:
    """Workers that were lost before this command came end it within seconds; what never had one is waited for."""
    many(2)
    dask = importlib.import_module("distributed")
    with cluster(workers) as (address, processes):
        if workers:
            with dask.Client(address) as client:
                client.wait_for_workers(workers, timeout=30)
                processes[0].kill()
                while client.scheduler_info()["workers"]:
                    time.sleep(0.02)
        waits = "dask_cluster.PATIENCE, dask_cluster.BEGINNING = 0.5, 600 if sys.argv.pop() == 'lost' else 1.5"
        code = f"import sys\nfrom loglens.pipeline import dask_cluster\n{waits}\nfrom loglens.cli import main\nmain()"
        words = [sys.executable, "-c", code, "diagnose", "runs", "--engine", "dask", "--scheduler", address]
        done = subprocess.run([*words, "lost" if workers else "never"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130 and done.stderr.endswith(f"interrupted: {said}\n")
    assert workers or done.stderr.startswith("loglens: the Dask scheduler has no worker; waiting")


def test_engine_and_scheduler_go_together() -> None:
    many(2)
    assert call("diagnose", "runs", "--engine", "dask").exit_code == 2
    assert call("diagnose", "runs", "--scheduler", "tcp://127.0.0.1:1").exit_code == 2


def test_without_the_extra_it_says_what_to_install() -> None:
    many(2)
    code = "import sys; sys.modules['distributed'] = None\nfrom loglens.cli import main; main()"
    words = [sys.executable, "-c", code, "diagnose", "runs", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr == "loglens: --engine dask needs: pip install 'loglens[dask]'\n"


@needs_dask
def test_no_scheduler_is_one_line() -> None:
    many(2)
    code = "import dask\ndask.config.set({'distributed.comm.timeouts.connect': '1s'})\n"
    code += "from loglens.cli import main; main()"
    words = [sys.executable, "-c", code, "diagnose", "runs", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "loglens: --scheduler tcp://127.0.0.1:1: no Dask scheduler answers; check the address\n"


def test_remote_paths_are_refused() -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    fsspec.filesystem("memory").pipe("/cluster/a.csv", b"step,loss\n" + b"".join(b"%d,1.0\n" % i for i in range(50)))
    done = call("diagnose", "memory://cluster", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert done.exit_code == 2 and done.stderr.startswith("loglens: --engine dask reads no remote paths")
