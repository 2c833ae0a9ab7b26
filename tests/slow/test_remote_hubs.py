"""Remote paths of Google Cloud Storage, on an emulator of it, and of the Hugging Face Hub, on a server that
answers the three questions that its client asks here (https://huggingface.co/docs/hub/api)."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from tests.slow.test_remote_servers import ROOT, loglens

WORDS = ("diagnose", "--format", "json", "--fail-on", "never")


def test_a_diagnosis_from_google_storage_is_the_local_one_but_for_the_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = pytest.importorskip("gcp_storage_emulator.server", reason="needs loglens[remote-test]")
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # asks by gRPC, which the emulator has not
    gcsfs = pytest.importorskip("gcsfs", reason="needs loglens[remote-test]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = emulator.create_server("127.0.0.1", port, in_memory=True, default_bucket="bucket")
    server.start()
    try:
        client = gcsfs.GCSFileSystem(token="anon", endpoint_url=address)  # noqa: S106 - nobody
        for file in (ROOT / "sample_logs").rglob("*"):
            if file.is_file():
                client.pipe_file(f"bucket/{file.relative_to(ROOT).as_posix()}", file.read_bytes())
        here = loglens(tmp_path, *WORDS, "sample_logs")
        anyone = {"STORAGE_EMULATOR_HOST": address, "FSSPEC_GS": '{"token": "anon"}'}
        there = loglens(tmp_path, *WORDS, "gs://bucket/sample_logs", **anyone)
    finally:
        server.stop()
    assert there.returncode == 0 and there.stderr == ""
    assert there.stdout.replace("gs://bucket/", "") == here.stdout


class _Hub(BaseHTTPRequestHandler):
    """The repository `datasets/user/name`, which holds what lies in the folder of the project."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        path = unquote(urlparse(self.path).path)
        self.asked.append(path)
        if path.startswith("/api/datasets/user/name/tree/main/"):
            files = [file for file in (ROOT / path.partition("/main/")[2]).rglob("*") if file.is_file()]
            rows = [
                {
                    "type": "file",
                    "oid": "0" * 40,
                    "size": file.stat().st_size,
                    "path": file.relative_to(ROOT).as_posix(),
                }
                for file in files
            ]
            self._send(200, json.dumps(rows).encode())
        elif path.startswith("/api/datasets/user/name"):
            self._send(200, json.dumps({"id": "user/name", "sha": "0" * 40, "siblings": []}).encode())
        elif path.startswith("/datasets/user/name/resolve/main/"):
            data = (ROOT / path.partition("/main/")[2]).read_bytes()
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            part = data[int(first) : int(last) + 1]
            self._send(206, part, f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        else:
            self._send(404, b"{}")

    def _send(self, code: int, data: bytes, span: str = "") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that were asked for."""
    pytest.importorskip("huggingface_hub", reason="needs loglens[remote-test]")
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Hub", (_Hub,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield asked
    server.shutdown()
    server.server_close()


def test_a_diagnosis_from_the_hub_is_the_local_one_but_for_the_paths(hub: list[str], tmp_path: Path) -> None:
    here = loglens(tmp_path, *WORDS, "sample_logs")
    there = loglens(tmp_path, *WORDS, "hf://datasets/user/name/sample_logs")
    assert there.returncode == 0 and there.stderr == ""
    assert there.stdout.replace("hf://datasets/user/name/", "") == here.stdout
    assert sum("/resolve/" in path for path in hub) > 50


def test_what_the_hub_has_not_is_one_clear_line(hub: list[str], tmp_path: Path) -> None:
    gone = loglens(tmp_path, *WORDS, "hf://datasets/user/other/runs")
    assert gone.returncode == 2 and "Traceback" not in gone.stderr and "hf://datasets/user/other/runs" in gone.stderr
    assert hub
