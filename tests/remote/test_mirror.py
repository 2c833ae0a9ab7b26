"""Remote paths read as local ones do, on fsspec's file system in memory."""

from __future__ import annotations

import contextlib
import json
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import loglens
from loglens.cli import main
from loglens.errors import UnreadableError
from loglens.remote import sparse_file as sparse
from loglens.remote.mirror import SMALL, Url

fsspec = pytest.importorskip("fsspec", reason="needs fsspec")
from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

pytestmark = pytest.mark.slow  # it starts programs

SAMPLES = Path(__file__).parents[2] / "sample_logs"
CSV = b"step,loss\n" + b"".join(b"%d,%f\n" % (step, 1 / (step + 1)) for step in range(200))


class Counted(MemoryFileSystem):  # type: ignore[misc]
    """fsspec's file system in memory, which says what was fetched of it and fails where it is told to."""

    protocol = "counted"
    store: dict[str, Any] = {}  # noqa: RUF012 - as its parent has it
    pseudo_dirs = [""]  # noqa: RUF012
    fetched: dict[str, int] = {}  # noqa: RUF012
    broken: dict[str, Callable[[], OSError]] = {}  # noqa: RUF012

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        found: str = super()._strip_protocol(path.replace("counted://", "memory://"))
        return found

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        data: bytes = super().cat_file(path, start, end, **options)
        for part, error in self.broken.items():
            if part in path:
                raise error()
        self.fetched[path] = self.fetched.get(path, 0) + len(data)
        return data


@pytest.fixture
def storage() -> Iterator[type[Counted]]:
    fsspec.register_implementation("counted", Counted, clobber=True)
    yield Counted
    for kept in (Counted.store, Counted.fetched, Counted.broken):
        kept.clear()
    Counted.pseudo_dirs[1:] = []


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test ends without a temporary file."""
    own = tmp_path / "temporary"
    own.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(own))
    yield
    assert list(own.iterdir()) == []


def put(files: dict[str, bytes]) -> None:
    system = Counted()
    for name, data in files.items():
        system.pipe_file(f"/{name}", data)


def put_samples(folder: Path = SAMPLES) -> None:
    put({f"b/{file.relative_to(SAMPLES.parent)}": file.read_bytes() for file in folder.rglob("*") if file.is_file()})


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, words)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.usefixtures("storage")
def test_a_remote_diagnosis_is_the_local_one_but_for_the_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES.parent)
    put_samples()
    for path in ("sample_logs", "sample_logs/healthy_gan", "sample_logs/healthy_finetune/trainer_state.json"):
        here = json.dumps(loglens.diagnose(path).as_dict())
        there = json.dumps(loglens.diagnose(f"counted://b/{path}").as_dict())
        assert "counted://b/sample_logs" in there
        assert there.replace("counted://b/", "") == here


@pytest.mark.usefixtures("storage")
def test_workers_judge_remote_runs_and_a_cache_keeps_nothing_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGLENS_CACHE_DIR", str(tmp_path / "cache"))
    put({f"b/runs/{number}/log.csv": CSV for number in range(100)})
    words = ("diagnose", "counted://b/runs", "--format", "json", "--fail-on", "never")
    _, alone, _ = run(*words, "--jobs", "1", "--no-cache")
    assert len(json.loads(alone)["runs"]) == 100
    assert not (tmp_path / "cache").exists()
    assert run(*words, "--jobs", "2")[1] == alone == run(*words, "--jobs", "2")[1]
    with contextlib.closing(sqlite3.connect(tmp_path / "cache" / "judged.sqlite")) as base:
        assert base.execute("SELECT count(*) FROM results").fetchone() == (0,)


@pytest.mark.usefixtures("storage")
def test_several_paths_and_globs_have_remote_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES.parent)
    put_samples()
    here = loglens.read("sample_logs/healthy_k*")
    there = loglens.read("counted://b/sample_logs/healthy_k*/")
    assert [run.name for run in there] == [f"counted://b/{run.name}" for run in here]
    both = loglens.read(["counted://b/sample_logs/healthy_gan", "sample_logs/healthy_lstm"])
    assert [run.name for run in both] == ["counted://b/sample_logs/healthy_gan", "sample_logs/healthy_lstm"]
    assert str(both[0].files[0]).startswith("counted://b/sample_logs/healthy_gan/events.out")


@pytest.mark.usefixtures("storage")
def test_every_command_takes_a_remote_path(tmp_path: Path) -> None:
    put({"b/runs/one/log.csv": CSV, "b/runs/two/log.csv": CSV.replace(b"99,", b"99,7")})
    code, text, _ = run("inspect", "counted://b/runs", "--format", "json")
    assert code == 0 and [each["path"] for each in json.loads(text)["runs"]] == [
        "counted://b/runs/one/log.csv",
        "counted://b/runs/two/log.csv",
    ]
    code, text, _ = run("compare", "counted://b/runs/one", "counted://b/runs/two", "--format", "json")
    assert code == 0 and json.loads(text)["bad"]["path"] == "counted://b/runs/two/log.csv"
    assert run("compare", "counted://b/runs/two", "--against", "counted://b/runs/*")[0] == 0
    table = tmp_path / "points.csv"
    assert run("export", "counted://b/runs", "-o", str(table))[0] == 0
    assert len(table.read_text().splitlines()) == 401
    for name in ("sarif", "github", "junit", "html", "markdown", "text"):
        code, text, _ = run("diagnose", "counted://b/runs", "--format", name, "--fail-on", "never")
        assert code in (0, 3) and str(tmp_path) not in text
    uri = json.loads(run("diagnose", "counted://b/runs/x", "--format", "sarif")[1])
    assert '"counted://b/runs/x"' in json.dumps(uri)


@pytest.mark.usefixtures("storage")
def test_a_baseline_knows_a_remote_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_samples(SAMPLES / "nan_loss_rnn")
    accepted = str(tmp_path / "accepted.json")
    assert run("diagnose", "counted://b/sample_logs", "--write-baseline", accepted)[0] == 0
    monkeypatch.chdir(tmp_path)
    assert run("diagnose", "counted://b/sample_logs", "--baseline", accepted)[0] == 0
    assert run("diagnose", "counted://b/sample_logs")[0] == 1


def test_only_what_readers_look_at_is_fetched(storage: type[Counted], monkeypatch: pytest.MonkeyPatch) -> None:
    large = bytes(8 << 20)
    prose = b"the quick brown fox jumps over the lazy dog\n" * 200_000
    put(
        {
            "b/run/log.csv": CSV,
            "b/run/model.pt": large,
            "b/run/best.CKPT": large,
            "b/run/state": large,
            "b/run/corpus.txt": prose,
            "b/run/table.parquet": b"PAR1" + bytes(400_000),
            "b/run/media/images/0.png": large,
            "b/run/artifacts/1/log.csv": CSV,
        }
    )
    report = loglens.diagnose("counted://b/run")
    assert [run.files for run in report.runs] == [("counted://b/run/log.csv",)]
    assert [failure.path for failure in report.unread] == ["counted://b/run/table.parquet"], "it has no end"
    assert storage.fetched.pop("/b/run/log.csv") == len(CSV)
    assert storage.fetched.pop("/b/run/table.parquet") == 400_004
    assert set(storage.fetched) == {"/b/run/state", "/b/run/corpus.txt"}
    assert sum(storage.fetched.values()) < SMALL


@pytest.mark.usefixtures("storage")
def test_a_large_log_of_text_is_fetched_whole(storage: type[Counted]) -> None:
    rows = b"step,loss\n" + b"".join(b"%d,0.5\n" % step for step in range(200_000))
    put({"b/run/log.csv": rows})
    (found,) = loglens.read("counted://b/run")
    assert len(found.columns) == 200_000 and storage.fetched["/b/run/log.csv"] == len(rows)


@pytest.mark.usefixtures("storage")
def test_settings_beside_a_single_file_are_read() -> None:
    put({"b/run/metrics.csv": CSV, "b/run/hparams.yaml": b"lr: 0.25\n", "b/run/other.csv": CSV})
    (found,) = loglens.read("counted://b/run/metrics.csv")
    assert found.params == {"lr": 0.25} and len(found.files) == 1


def test_what_cannot_be_fetched_is_named_and_the_rest_is_read(storage: type[Counted]) -> None:
    put({f"b/runs/{name}/log.csv": CSV for name in ("one", "two", "three", "four")})
    storage.broken["two"] = lambda: ConnectionResetError(104, "Connection reset by peer")
    storage.broken["three"] = FileNotFoundError
    report = loglens.diagnose("counted://b/runs")
    assert [each.path for each in report.runs] == ["counted://b/runs/four/log.csv", "counted://b/runs/one/log.csv"]
    assert {each.path: each.why for each in report.unread} == {
        "counted://b/runs/two/log.csv": "cannot be fetched: [Errno 104] Connection reset by peer",
        "counted://b/runs/three/log.csv": "cannot be fetched: it has disappeared since it was listed",
    }
    storage.broken["runs"] = ConnectionResetError
    code, _, errors = run("diagnose", "counted://b/runs")
    assert code == 2 and len(errors.splitlines()) == 4 and "Traceback" not in errors


def test_a_file_past_the_limit_is_named(storage: type[Counted], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "MAX_BYTES", 1 << 20)
    put({"b/run/log.csv": CSV * 1000, "b/run/other.csv": CSV})
    report = loglens.diagnose("counted://b/run")
    assert len(report.runs) == 1 and "copy it to a local disk" in report.unread[0].why
    assert storage.fetched["/b/run/log.csv"] <= SMALL


@pytest.mark.usefixtures("storage")
def test_hostile_names_lead_nowhere(tmp_path: Path) -> None:
    files = {"/b/run/../../evil.csv": CSV, "/b/run/log.csv": CSV, "/b/run/log.csv/inner.csv": CSV}
    for name, data in files.items():
        Counted().pipe_file("/b/run/seed", b"")
        Counted.store[name] = type(Counted.store["/b/run/seed"])(Counted(), name, data)
    report = loglens.diagnose("counted://b/run")
    assert len(report.runs) == 1
    assert {each.path for each in report.unread} == {
        "counted://b/run/../../evil.csv",
        "counted://b/run/log.csv/inner.csv",
    }
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("counted://b/nothing", "no such bucket, folder or file; check the path"),
        ("counted://b/no*", "no such bucket, folder or file; check the path"),
        ("counted://b/run/only", "no training log in this folder, only model.pt (a binary file)"),
        (
            "nosuch://b/runs",
            "unknown storage nosuch://; there are s3://, gs://, hf://, ssh:// and others of fsspec",
        ),
    ],
)
def test_nothing_to_read_is_one_clear_line(path: str, why: str) -> None:
    put({"b/run/only/model.pt": b"x"})
    with pytest.raises(UnreadableError) as error:
        loglens.read(path)
    assert str(error.value) == f"{path}: {why}"
    code, _, errors = run("diagnose", path)
    assert code == 2 and errors == f"loglens: {path}: {why}\n"


def test_user_and_password_are_not_shown() -> None:
    report = loglens.diagnose("nosuch://me:hunter2@host/runs")
    text = json.dumps(report.as_dict()) + report.render("text")
    assert "nosuch://host/runs" in text and "hunter2" not in text


@pytest.mark.parametrize(
    ("missing", "path", "why"),
    [
        ("fsspec", "s3://b/runs", 's3:// needs a driver: pip install "loglens[remote]"'),
        ("s3fs", "s3://b/runs", 's3:// needs a driver: pip install "loglens[remote]"'),
        ("gcsfs", "gs://b/runs", 'gs:// needs a driver: pip install "gcsfs"'),
        ("huggingface_hub", "hf://datasets/b/runs", 'hf:// needs a driver: pip install "huggingface_hub"'),
    ],
)
def test_a_missing_driver_is_one_clear_line(missing: str, path: str, why: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from loglens.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "diagnose", path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, f"loglens: {path}: {why}\n")


def test_a_local_path_loads_no_driver() -> None:
    code = f"import sys, loglens; loglens.read({str(SAMPLES / 'healthy_lstm')!r}); print('fsspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_addresses_keep_their_form() -> None:
    url = Url("s3://bucket/runs/a.csv")
    assert str(url) == str(pickle.loads(pickle.dumps(url))) == "s3://bucket/runs/a.csv"  # noqa: S301 - our own
    assert (url.name, str(url.parent), str(url / "b")) == ("a.csv", "s3://bucket/runs", "s3://bucket/runs/a.csv/b")
