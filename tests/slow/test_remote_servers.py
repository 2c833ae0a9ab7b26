"""Remote paths on real servers of this machine: S3 (moto's server) and SSH (asyncssh's)."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.readers.tensorboard_writer import VERSION, record, scalar

ROOT = Path(__file__).parents[2]
LOG = "events.out.tfevents.1.host"
KEYS = {"AWS_ACCESS_KEY_ID": "anyone", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_DEFAULT_REGION": "us-east-1"}


class Bucket:
    """An S3 server with one bucket. It counts what it sends, and can be told to break off or to be slow."""

    def __init__(self) -> None:
        import boto3
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            def log(self, kind: str, message: str, *args: Any) -> None: ...

        self.sent: dict[str, int] = {}
        self.broken, self.slow = "", 0.0
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Quiet)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.port}"
        self._client = boto3.client("s3", endpoint_url=self.address)
        self._client.create_bucket(Bucket="bucket")

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path, reading = environ["PATH_INFO"], environ["REQUEST_METHOD"] == "GET"
        if reading and path != "/bucket":
            time.sleep(self.slow)
        for part in self._moto(environ, start):
            if reading:
                self.sent[path] = self.sent.get(path, 0) + len(part)
            if reading and self.broken and self.broken in path:
                yield part[: len(part) // 2]
                raise ConnectionResetError
            yield part

    def put(self, name: str, data: bytes, access: str = "private") -> None:
        self._client.put_object(Bucket="bucket", Key=name, Body=data, ACL=access)

    def put_tree(self, folder: Path, under: Path, access: str = "private") -> None:
        for file in folder.rglob("*"):
            if file.is_file():
                self.put(file.relative_to(under).as_posix(), file.read_bytes(), access)

    def close(self) -> None:
        for each in self._client.list_objects_v2(Bucket="bucket").get("Contents", []):
            self._client.delete_object(Bucket="bucket", Key=each["Key"])
        self._client.delete_bucket(Bucket="bucket")
        self._client.close()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    pytest.importorskip("moto.server", reason="needs loglens[remote-test]")
    pytest.importorskip("s3fs", reason="needs loglens[remote]")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    made = Bucket()
    yield made
    made.close()


def loglens(
    place: Path, *words: str, address: str = "", drop: Iterable[str] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, whose temporary folder is empty again when it has ended."""
    with started(place, *words, address=address, drop=drop, **more) as process:
        out, errors = process.communicate(timeout=100)
    assert list((place / "temporary").iterdir()) == []
    return subprocess.CompletedProcess(words, process.returncode, out, errors)


def started(
    place: Path, *words: str, address: str = "", drop: Iterable[str] = (), **more: str
) -> subprocess.Popen[str]:
    temporary = place / "temporary"
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, **more, "TMPDIR": str(temporary), "HOME": str(place), "COLUMNS": "200"}
    environment |= {"AWS_ENDPOINT_URL": address, "AWS_EC2_METADATA_DISABLED": "true"}
    for name in drop:
        environment.pop(name)
    return subprocess.Popen(
        [sys.executable, "-m", "loglens", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_diagnosis_from_s3_is_the_local_one_but_for_the_paths(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put_tree(ROOT / "sample_logs", ROOT)
    words = ("diagnose", "--format", "json", "--fail-on", "never")
    here = loglens(tmp_path, *words, "sample_logs")
    there = loglens(tmp_path, *words, "s3://bucket/sample_logs", address=bucket.address)
    assert there.returncode == 0 and there.stderr == ""
    assert there.stdout.replace("s3://bucket/", "") == here.stdout


def test_the_other_commands_read_from_s3(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put_tree(ROOT / "sample_logs" / "healthy_lstm", ROOT)
    bucket.put_tree(ROOT / "sample_logs" / "nan_loss_rnn", ROOT)
    at = {"address": bucket.address}
    good, bad = "s3://bucket/sample_logs/healthy_lstm", "s3://bucket/sample_logs/nan_loss_rnn"
    shown = json.loads(loglens(tmp_path, "inspect", good, "--format", "json", **at).stdout)
    assert shown["runs"][0]["path"] == good
    assert json.loads(loglens(tmp_path, "compare", good, bad, "--format", "json", **at).stdout)["bad"]["path"] == bad
    table = tmp_path / "points.csv"
    assert loglens(tmp_path, "export", good, "-o", str(table), **at).returncode == 0
    local = tmp_path / "local.csv"
    loglens(tmp_path, "export", "sample_logs/healthy_lstm", "-o", str(local))
    assert table.read_text() == local.read_text()


def test_images_between_scalars_are_not_fetched(bucket: Bucket, tmp_path: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event

    pixels = os.urandom(2 << 20)
    events = [record(VERSION.SerializeToString())]
    for step in range(52):
        events += [
            record(scalar("train/loss", 1 / (step * 20 + k + 1), step * 20 + k).SerializeToString()) for k in range(20)
        ]
        image = Event(wall_time=2.0, step=step * 20)
        image.summary.value.add(tag="image").image.encoded_image_string = pixels
        events.append(record(image.SerializeToString()))
    data = b"".join(events)
    local = tmp_path / "run"
    local.mkdir()
    (local / LOG).write_bytes(data)
    bucket.put(f"run/{LOG}", data)
    bucket.put("run/last.pt", bytes(1 << 20))
    words = ("inspect", "--format", "json")
    there = loglens(tmp_path, *words, "s3://bucket/run", address=bucket.address).stdout
    assert there.replace("s3://bucket", str(tmp_path)) == loglens(tmp_path, *words, str(local)).stdout
    assert json.loads(there)["runs"][0]["series"][0]["points"] == 1040
    assert len(data) > 104 << 20
    assert bucket.sent[f"/bucket/run/{LOG}"] < 0.03 * len(data)
    assert "/bucket/run/last.pt" not in bucket.sent


def test_a_connection_that_breaks_costs_one_file(bucket: Bucket, tmp_path: Path) -> None:
    for name in ("healthy_lstm", "nan_loss_rnn", "healthy_gan"):
        bucket.put_tree(ROOT / "sample_logs" / name, ROOT)
    bucket.broken = "nan_loss_rnn/events"
    done = loglens(tmp_path, "inspect", "s3://bucket/sample_logs", "--format", "json", address=bucket.address)
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert {run["run"].partition("/")[0] for run in found["runs"]} >= {"healthy_lstm", "healthy_gan"}
    (unread,) = found["unread"]
    assert unread["path"].startswith("s3://bucket/sample_logs/nan_loss_rnn/events.out.tfevents")
    assert unread["why"].startswith("cannot be fetched: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("path", "drop", "why"),
    [
        ("s3://nobucket/runs", (), "no such bucket, folder or file; check the path"),
        ("s3://bucket/nothing", (), "no such bucket, folder or file; check the path"),
        ("s3://", (), "cannot be fetched: Cannot traverse all of S3"),
        ("s3://me:hunter2@bucket/runs", (), ""),
        (
            "s3://bucket/runs",
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            "access denied, or no credentials (Unable to locate credentials); set AWS_PROFILE, or AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY; for a public bucket FSSPEC_S3_ANON=true",
        ),
    ],
)
def test_what_s3_refuses_is_one_clear_line(
    bucket: Bucket, tmp_path: Path, path: str, drop: tuple[str, ...], why: str
) -> None:
    done = loglens(tmp_path, "diagnose", path, address=bucket.address, drop=drop)
    assert done.returncode == 2
    start = re.escape(f"loglens: {path.replace('me:hunter2@', '')}: {why}")
    assert re.fullmatch(start + ("\n" if why else ".*\n"), done.stderr)
    assert "hunter2" not in done.stdout + done.stderr


def test_a_server_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    pytest.importorskip("s3fs", reason="needs loglens[remote]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = loglens(tmp_path, "diagnose", "s3://bucket/runs", address=address, AWS_MAX_ATTEMPTS="1", **KEYS)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("loglens: s3://bucket/runs: cannot be fetched: Could not connect to the endpoint")


def test_a_public_bucket_needs_no_credentials(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put_tree(ROOT / "sample_logs" / "healthy_lstm", ROOT, "public-read")
    bucket.put("sample_logs/private.csv", b"step,loss\n0,1\n")
    drop = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    done = loglens(tmp_path, "diagnose", "s3://bucket", address=bucket.address, drop=drop, FSSPEC_S3_ANON="true")
    assert done.returncode == 0
    assert done.stderr.startswith(
        "loglens: s3://bucket/sample_logs/private.csv: access denied, or no credentials (Forbidden); "
    )


@pytest.mark.parametrize(("end", "code", "said"), [("SIGINT", 130, "interrupted\n"), ("SIGTERM", 143, "terminated\n")])
def test_a_signal_leaves_no_file_behind(bucket: Bucket, tmp_path: Path, end: str, code: int, said: str) -> None:
    bucket.put_tree(ROOT / "sample_logs", ROOT)
    bucket.slow = 0.5
    with started(tmp_path, "diagnose", "s3://bucket/sample_logs", address=bucket.address) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "temporary").rglob("*.csv")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.Signals[end])
        errors = process.communicate(timeout=60)[1]
    assert (process.returncode, errors) == (code, said)
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[int]:
    """The port of an SSH server that serves this machine's files to me:hunter2."""
    asyncssh = pytest.importorskip("asyncssh", reason="needs loglens[remote-test]")
    pytest.importorskip("sshfs", reason="needs loglens[remote-test]")
    import asyncio

    class Login:
        def begin_auth(self, username: str) -> bool:
            return bool(username)

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("me", "hunter2")

    factory = type("Server", (Login, asyncssh.SSHServer), {})
    loop, key = asyncio.new_event_loop(), asyncssh.generate_private_key("ssh-ed25519")
    server = loop.run_until_complete(
        asyncssh.listen("127.0.0.1", 0, server_factory=factory, server_host_keys=[key], sftp_factory=True)
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.get_port()
    loop.call_soon_threadsafe(server.close)
    asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_diagnosis_over_ssh_is_the_local_one_but_for_the_paths(ssh: int, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for name in ("healthy_lstm", "nan_loss_rnn"):
        shutil.copytree(ROOT / "sample_logs" / name, runs / name)
    words = ("diagnose", "--format", "json", "--fail-on", "never")
    there = loglens(tmp_path, *words, f"ssh://me:hunter2@127.0.0.1:{ssh}{runs}")
    assert there.returncode == 0, there.stderr
    assert "hunter2" not in there.stdout
    assert there.stdout.replace(f"ssh://127.0.0.1:{ssh}", "") == loglens(tmp_path, *words, str(runs)).stdout
    refused = loglens(tmp_path, "diagnose", f"ssh://me:hunter3@127.0.0.1:{ssh}{runs}")
    assert refused.returncode == 2 and "access denied, or no credentials" in refused.stderr
    assert "hunter" not in refused.stderr
    (tmp_path / "known_hosts").touch()
    strict = {"FSSPEC_SSH": json.dumps({"known_hosts": str(tmp_path / "known_hosts")})}
    unknown = loglens(tmp_path, "diagnose", f"ssh://me:hunter2@127.0.0.1:{ssh}{runs}", **strict)
    assert unknown.returncode == 2 and len(unknown.stderr.splitlines()) == 1
    assert "Host key is not trusted" in unknown.stderr
