"""What a walk leaves out is said with its reason: in the report of every format, and in the exit code."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import loglens
from loglens.discovery.find import Found, find
from loglens.discovery.left_out import NAMED
from loglens.registry import load as registry

GOOD = "step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(20))
BAD = "step,loss\n" + "".join(f"{n},{'nan' if n > 10 else 1 / (n + 1)}\n" for n in range(20))
FORMATS = ("text", "json", "jsonl", "markdown", "html", "sarif", "junit", "github")


def log(path: Path, text: str = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def reasons(found: Found) -> dict[str, str]:
    return {failure.path: str(failure) for failure in found.failures}


def found_below(folder: Path, follow: bool = False, **limits: int) -> Found:
    return find([folder], registry.readers(), follow=follow, limits=limits)


def test_folders_too_deep(tmp_path: Path) -> None:
    log(tmp_path / "ok" / "log.csv")
    log(tmp_path.joinpath(*["d"] * 42, "log.csv"), BAD)
    (place,) = {place: why for place, why in reasons(found_below(tmp_path)).items() if "--limit depth" in why}
    assert place == str(tmp_path.joinpath(*["d"] * 41))
    assert len(found_below(tmp_path, depth=100).sources) == 2


def test_more_files_than_are_looked_at(tmp_path: Path) -> None:
    for n in range(30):
        log(tmp_path / f"{n:02}" / "log.csv")
    found = found_below(tmp_path, files=20)
    assert len(found.sources) == 20
    assert "--limit files" in reasons(found)[str(tmp_path)]
    assert len(found_below(tmp_path, files=30).sources) == 30 and not found_below(tmp_path, files=30).failures


@pytest.mark.parametrize("name", ["artifacts", "media"])
def test_logs_among_the_products_of_a_run(tmp_path: Path, name: str) -> None:
    log(tmp_path / "run" / "log.csv")
    log(tmp_path / "run" / name / "deep" / "log.csv", BAD)
    assert "log.csv" in reasons(found_below(tmp_path))[str(tmp_path / "run" / name)]
    assert len(found_below(tmp_path / "run" / name).sources) == 1, "given itself, it is read"


def test_pictures_and_models_are_no_reason(tmp_path: Path) -> None:
    log(tmp_path / "run" / "log.csv")
    for n in range(600):
        log(tmp_path / "run" / "media" / "images" / f"{n}.png", "x")
    log(tmp_path / "run" / "artifacts" / "model" / "MLmodel", "flavors:\n  pytorch: 1\n")
    assert not found_below(tmp_path).failures


def test_what_may_not_be_opened() -> None:
    base = Path(os.path.realpath("/tmp")) / f"loglens-closed-{os.getpid()}"  # noqa: S108 - pytest's folder is closed to others
    base.mkdir(mode=0o755)
    try:
        log(base / "good" / "log.csv")
        closed = [log(base / "folder" / "log.csv", BAD).parent, log(base / "train.log", BAD)]
        for place in closed:
            place.chmod(0)
        root = os.geteuid() == 0
        list(registry.readers()[0:100])  # loads what another user may not
        if root:
            os.seteuid(65534)
        try:
            found = found_below(base)
        finally:
            if root:
                os.seteuid(0)
        told = reasons(found)
        assert {str(place) for place in closed} <= set(told)
        assert all("ermission denied" in told[str(place)] for place in closed)
    finally:
        for place in (base / "folder", base / "train.log"):
            place.chmod(0o755)
        subprocess.run(["rm", "-r", str(base)], check=True)


def test_links_out_of_the_folder(tmp_path: Path) -> None:
    log(tmp_path / "outside" / "log.csv", BAD)
    log(tmp_path / "tree" / "own.csv")
    (tmp_path / "tree" / "linked").symlink_to(tmp_path / "outside")
    (tmp_path / "tree" / "again.csv").symlink_to(tmp_path / "outside" / "log.csv")
    (tmp_path / "tree" / "latest.csv").symlink_to("own.csv")
    found = found_below(tmp_path / "tree")
    assert len(found.sources) == 1
    assert set(reasons(found)) == {str(tmp_path / "tree" / name) for name in ("linked", "again.csv")}
    assert all("--follow" in why for why in reasons(found).values())
    followed = found_below(tmp_path / "tree", follow=True)
    assert len(followed.sources) == 2 and not followed.failures


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="no /proc here")
@pytest.mark.parametrize("target", ["/proc/kmsg", "/proc", "/sys", "/dev/zero", "/dev"])
def test_files_that_the_kernel_makes_up_are_not_opened(tmp_path: Path, target: str) -> None:
    log(tmp_path / "log.csv")
    (tmp_path / "train.log").symlink_to(target)
    code = "import sys, loglens; r = loglens.diagnose(sys.argv[1], follow=True); print(len(r.runs), r.unread[0].why)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == f"1 a link to {target}, which holds no logs\n", done.stderr
    (failure,) = find([target], registry.readers()).failures
    assert len(str(failure).splitlines()) == 1


def packed_zip(data: bytes, name: str = "log.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"a/{name}", data)
        archive.writestr(f"b/{name}", data)
    return buffer.getvalue()


def packed_tar(data: bytes, mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("runs/a/log.csv")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("log.csv.gz", gzip.compress),
        ("log.csv.bz2", bz2.compress),
        ("log.csv.xz", lzma.compress),
        ("log.csv.zst", lambda data: b"\x28\xb5\x2f\xfd" + data),
        ("runs.zip", packed_zip),
        ("runs.tar", packed_tar),
        ("runs.tar.gz", lambda data: packed_tar(data, "w:gz")),
        ("runs.tgz", lambda data: packed_tar(data, "w:gz")),
        ("runs.tar.xz", lambda data: packed_tar(data, "w:xz")),
        ("train.log", gzip.compress),  # named as if it were not packed
        ("metrics.jsonl", bz2.compress),
        ("train_log.txt.gz", gzip.compress),
        ("slurm-12.out.xz", lzma.compress),
        ("mlflow.db.gz", gzip.compress),
        ("log.csv.lzma", lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
        ("log.csv.lz4", lambda data: b"\x04\x22\x4d\x18" + data),
        ("log.csv.Z", lambda data: b"\x1f\x9d" + data),
        ("runs.tar.zst", lambda data: b"\x28\xb5\x2f\xfd" + data),
        ("runs.7z", lambda data: b"7z\xbc\xaf\x27\x1c" + data),
        ("runs.rar", lambda data: b"Rar!\x1a\x07" + data),
        ("runs.zip", lambda data: packed_zip(packed_zip(data), "inner.zip")),
        ("runs.zip", lambda data: packed_zip(packed_tar(data, "w:gz"), "runs.tar.gz")),
    ],
)
def test_archives_with_logs_in_them(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    log(tmp_path / "log.csv")
    (tmp_path / name).write_bytes(pack(BAD.encode()))
    assert "unpack it first" in reasons(found_below(tmp_path))[str(tmp_path / name)]


def test_archives_of_models_are_no_reason(tmp_path: Path) -> None:
    log(tmp_path / "log.csv")
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:  # as stable-baselines3 saves one
        for name in ("data", "policy.pth", "pytorch_variables.pth", "_stable_baselines3_version", "system_info.txt"):
            archive.writestr(name, "x")
    (tmp_path / "weights.tar.gz").write_bytes(gzip.compress(b"\0" * 10_000))
    (tmp_path / "weights.bin.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100))
    assert not found_below(tmp_path).failures


BINARY = bytes(range(256)) * 4
PARQUET = b"PAR1" + BINARY + (200).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("mlflow.db", BINARY),
        ("mlflow.db", b"SQLite format 3\0" + b"\xff" * 1000),
        ("train.log", bytes(5000)),  # as a crash of the machine leaves it
        ("log.jsonl", bytes(300) + b'{"step": 1, "loss": 2}\n'),
        ("0_1.parquet", PARQUET[:-20]),
        ("0_1.parquet", bytes(20) + PARQUET[20:]),
        ("0_1.parquet", PARQUET[:-8] + b"\xff\xff\xff\xffPAR1"),
    ],
)
def test_damaged_files_with_the_name_of_a_log(tmp_path: Path, name: str, data: bytes) -> None:
    log(tmp_path / "log.csv")
    (tmp_path / name).write_bytes(data)
    assert "not read; fetch it again" in reasons(found_below(tmp_path))[str(tmp_path / name)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("train.parquet", PARQUET),  # data that somebody trained on
        ("weights.log.bin", BINARY),
        ("mlflow.db-wal", BINARY),
        ("events.out.tfevents.1.h.profile-empty", BINARY),
        ("000003.log", BINARY),  # of a key-value store
        ("empty.log", b""),
        ("pip.log", b"Collecting numpy\n" * 20),
        ("a.out", b"\x7fELF" + BINARY),
    ],
)
def test_files_that_are_no_logs_are_no_reason(tmp_path: Path, name: str, data: bytes) -> None:
    log(tmp_path / "log.csv")
    (tmp_path / name).write_bytes(data)
    assert not found_below(tmp_path).failures


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_are_not_opened(tmp_path: Path) -> None:
    log(tmp_path / "log.csv")
    os.mkfifo(tmp_path / "train.log")
    assert "not opened" in reasons(found_below(tmp_path))[str(tmp_path / "train.log")]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_so(tmp_path: Path, form: str) -> None:
    log(tmp_path / "ok" / "log.csv")
    log(tmp_path / "ok" / "artifacts" / "log.csv", BAD)
    words = [sys.executable, "-m", "loglens", "diagnose", str(tmp_path), "--no-cache", "--format", form]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "artifacts" in "".join(done.stdout.split())
    assert "artifacts" in done.stderr
    strict = subprocess.run([*words, "--require-healthy"], capture_output=True, text=True, timeout=60)
    assert strict.returncode == 3, "not every run is known to be healthy"


def test_nothing_but_what_is_left_out_is_nothing_read(tmp_path: Path) -> None:
    log(tmp_path / "media" / "log.csv", BAD)
    words = [sys.executable, "-m", "loglens", "diagnose", str(tmp_path), "--no-cache", "--format", "json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and len(json.loads(done.stdout)["unread"]) == 2


def test_many_of_one_reason_are_counted(tmp_path: Path) -> None:
    log(tmp_path / "log.csv")
    for n in range(NAMED + 30):
        log(tmp_path / f"{n:02}" / "artifacts" / "log.csv")
    report = loglens.diagnose(tmp_path)
    assert len(report.unread) == NAMED + 1
    assert report.unread[-1].why.endswith("and 29 more like it")
