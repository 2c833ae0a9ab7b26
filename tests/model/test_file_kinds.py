"""What a file is that is no log: files as their real writers leave them, and bytes of any kind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.model.file_kinds import HEAD, file_kind, not_a_log

#: The number with which torch.save began before PyTorch 1.6 (torch/serialization.py).
OLD_TORCH = 0x1950A86A20F9469CFC6C


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return stream.getvalue()


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def tar(stream: io.BytesIO) -> None:
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))


HEADER = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (zipped("archive/data.pkl", "archive/version", "archive/data/0"), "a PyTorch checkpoint"),
        (zipped("model/data.pkl"), "a PyTorch checkpoint"),
        (pickle.dumps(OLD_TORCH, 2) + pickle.dumps(1001, 2), "a PyTorch checkpoint"),
        (zipped("metadata.json", "config.json", "model.weights.h5"), "a Keras model"),
        (zipped("[Content_Types].xml"), "an office document, such as a spreadsheet"),
        (zipped("logs/a.csv"), "a zip archive"),
        (written(lambda stream: np.savez(stream, a=np.arange(3))), "a NumPy archive"),
        (written(lambda stream: np.save(stream, np.arange(3))), "a NumPy array"),
        *((pickle.dumps({"loss": [1.0]}, protocol), "a Python pickle") for protocol in range(6)),
        (struct.pack("<Q", len(HEADER)) + HEADER + bytes(4), "a safetensors checkpoint"),
        (gzip.compress(b"step,loss\n1,2\n"), "a gzip archive"),
        (bz2.compress(b"x"), "a bzip2 archive"),
        (lzma.compress(b"x"), "an xz archive"),
        (written(tar), "a tar archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "a PNG image"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP image"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b'{"cells": [{"cell_type": "code"}]}', "a Jupyter notebook"),
        (b"<!DOCTYPE html>\n<html>", "a web page"),
        (np.random.default_rng(0).bytes(HEAD), "a binary file"),
        (b"\x01\x00\x02", "a binary file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_is_named(start: bytes, what: str) -> None:
    assert (file_kind(start[:HEAD]) or "").partition("; ")[0] == what
    assert (not_a_log(start[:HEAD]) or "").startswith(f"{what}, not a log")


def test_a_database(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "x.db")
    base.execute("create table t (a)")
    base.commit()
    base.close()
    assert file_kind((tmp_path / "x.db").read_bytes()[:HEAD]) == "an SQLite database"


@pytest.mark.parametrize(
    "text",
    [
        b"step,loss\n1,0.5\n",
        b'{"step": 1, "loss": 0.5}\n',
        b"\x1b[32mINFO\x1b[0m epoch 1 loss 0.5\r\n",
        "Époque 1 : perte 0,5 → 0,4\n".encode(),
        "step loss\n1 0.5\n".encode("utf-16"),
        "Verlust größer\n".encode("latin-1"),
        b"BatchNorm\n",
        b"",
    ],
)
def test_text_is_left_to_the_readers(text: bytes) -> None:
    assert file_kind(text) is None and not_a_log(text) is None


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_no_printable_text_is_a_binary_file(text: str) -> None:
    assert file_kind(text.encode()[:HEAD]) != "a binary file"


@given(st.binary(max_size=400))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    said = not_a_log(data)
    assert said is None or ("\n" not in said and ", not a log" in said)
