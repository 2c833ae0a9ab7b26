"""Access remote storage over fsspec: list the files below a path, fetch ranges of bytes, explain errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from glob import has_magic
from importlib import import_module
from pathlib import Path
from typing import Any

#: Package that a scheme needs, and where its credentials come from.
DRIVERS = {"s3": "loglens[remote]", "gs": "gcsfs", "hf": "huggingface_hub", "ssh": "sshfs"}
CREDENTIALS = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a public bucket FSSPEC_S3_ANON=true",
    "gs": "run `gcloud auth application-default login`",
    "hf": "run `hf auth login`, or set HF_TOKEN",
    "ssh": "add the key to the ssh-agent",
}
#: Files of settings that readers look at beside a log, and what SQLite keeps beside its file.
SETTINGS, JOURNALS = (".json", ".yaml", ".yml"), ("-wal", "-journal")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_DENIED = re.compile(r"Credential|Profile|Token|Authentication|PermissionDenied|PermissionError|Forbidden|GatedRepo")

Sizes = dict[str, int]  # of files, by name


def is_remote(path: object) -> bool:
    """Whether a path has a scheme."""
    return isinstance(path, str) and bool(_SCHEME.match(path))


class Storage:
    """The storage behind one path that a user gave.

    shown: the path without user and password, as reports name it. stopped: nothing more is fetched.
    """

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        self._login, _, host = host.rpartition("@")
        self.scheme = scheme.lower()
        self._url = f"{self.scheme}://{rest}"
        self.shown = f"{self.scheme}://" + f"{host}{slash}{path}".rstrip("/")
        self._prefix = f"{self.scheme}://"
        self.stopped = False
        self._files: Any = None  # the file system of fsspec

    def trees(self) -> Iterator[tuple[str, Sizes]]:
        """Each path that matches the pattern, with the files below it, or for a file those beside it.

        Raises FileNotFoundError where nothing is there, and whatever the driver raises.
        """
        self._files, path = import_module("fsspec.core").url_to_fs(self._url)
        _hush(type(self._files).__module__.partition(".")[0])
        self._files.invalidate_cache()  # a run that is still being written grows
        if self.shown.endswith(path):
            self._prefix = self.shown.removesuffix(path)
        roots = [path]
        if has_magic(path) and not self._files.exists(path):
            roots = sorted(self._files.glob(path))
        for root in roots:
            found = self._files.find(root, detail=True)
            if not found and not self._files.exists(root):
                raise FileNotFoundError
            if root in found:
                found |= self._beside(root)
            yield root, {name: info["size"] for name, info in sorted(found.items()) if info["type"] == "file"}
        if not roots:
            raise FileNotFoundError

    def _beside(self, file: str) -> dict[str, dict[str, Any]]:
        infos = {info["name"]: info for info in self._files.ls(file.rpartition("/")[0], detail=True)}
        journals = {file + end for end in JOURNALS}
        return {name: info for name, info in infos.items() if name in journals or name.endswith(SETTINGS)}

    def address(self, name: str) -> str:
        """The address of a file, with scheme and host, as reports show it."""
        return self._prefix + name

    def local(self, name: str, folder: Path) -> Path:
        """The path of a file's copy below a folder. Raises ValueError where the name would lead outside of it."""
        parts = [part for part in self.address(name).partition("://")[2].split("/") if part]
        if not parts or any(part in (".", "..") or "\0" in part for part in parts):
            raise ValueError("not a valid file name here; write the path without '.' and '..'")
        return folder.joinpath(self.scheme, *parts)

    def fetch(self, name: str, start: int, stop: int) -> bytes:
        """Fetch the bytes [start, stop) of a file. Raises whatever the driver raises."""
        if self.stopped:
            raise InterruptedError("interrupted")
        try:
            data: bytes = self._files.cat_file(name, start=start, end=stop)
        except FileNotFoundError as error:
            raise OSError("it has disappeared since it was listed") from error
        return data

    @property
    def parallel(self) -> bool:
        """Whether several threads may fetch at the same time."""
        return bool(self._files.async_impl)

    def why(self, error: BaseException) -> str:
        """The message of an error for the user, in one line, without user and password."""
        kind, text = type(error).__name__, " ".join(str(error).split())
        for secret in (self._login, *self._login.split(":")):
            text = text.replace(secret, "***") if secret else text
        if isinstance(error, ImportError):
            wanted = "loglens[remote]" if error.name in ("fsspec", "fsspec.core") else DRIVERS.get(self.scheme)
            return f"{self.scheme}:// needs a driver: " + (f'pip install "{wanted}"' if wanted else text)
        if isinstance(error, ValueError) and "Protocol not known" in text:
            return f"unknown storage {self.scheme}://; there are s3://, gs://, hf://, ssh:// and others of fsspec"
        if isinstance(error, FileNotFoundError):
            return "no such bucket, folder or file; check the path"
        if _DENIED.search(kind):
            hint = CREDENTIALS.get(self.scheme, "check the credentials")
            return f"access denied, or no credentials ({text[:120] or kind}); {hint}"
        return f"cannot be fetched: {text[:200] or kind}"


def _hush(package: str) -> None:
    """Keep a driver from logging an error to standard error, unless logging is set up: loglens reports it."""
    import logging  # 15 ms, which a local path need not wait for

    logger = logging.getLogger(package)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
