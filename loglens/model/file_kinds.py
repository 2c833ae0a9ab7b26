"""Recognise files that are no logs by their first bytes: images, archives, checkpoints, pickles."""

from __future__ import annotations

import codecs
import re

#: Bytes of a file that are needed.
HEAD = 4096
#: First bytes of a file -> what it is, and what to do about it.
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive; unpack it first"),
    (b"\x04\x22\x4d\x18", "an LZ4 archive; unpack it first"),
    (b"\x1f\x9d", "a compress archive; unpack it first"),
    (b"LZIP", "an lzip archive; unpack it first"),
    (b"\x5d\0\0\x80\0", "an LZMA archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    # the number that torch.save wrote before PyTorch 1.6
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", "a PyTorch checkpoint"),
    *((bytes((0x80, protocol)), "a Python pickle; loglens never loads one") for protocol in range(2, 6)),
    *((begin, "a Python pickle; loglens never loads one") for begin in (b"}q\0", b"]q\0")),  # protocol 1
    (b"\x89HDF", "an HDF5 file"),
    (b"GGUF", "a GGUF model"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"fLaC", "a FLAC recording"),
    (b"\x7fELF", "a compiled program"),
    (b"MZ\x90\0", "a compiled program"),
)
#: Signatures at another offset than the start.
_INSIDE: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "a video"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (8, b"WEBP", "a WebP image"),
    (8, b"WAVE", "a WAV recording"),
    (8, b"AVI ", "a video"),
    (257, b"ustar", "a tar archive; unpack it first"),
)
#: Kind of a zip archive by its first name: torch.save writes data.pkl first, Keras metadata.json.
_ZIPPED: tuple[tuple[str, str], ...] = (
    (r"(^|.*/)(data\.pkl|\.format_version|byteorder)", "a PyTorch checkpoint"),
    (r"metadata\.json|config\.json|model\.weights\.h5", "a Keras model"),
    (r".*\.npy", "a NumPy archive"),
    (r"\[Content_Types\]\.xml|_rels/.*", "an office document, such as a spreadsheet; save it as CSV"),
)
#: Weights, arrays, media, programs: never a log, and often large.
NEVER = tuple(
    """
    .pt .pth .ckpt .safetensors .bin .h5 .hdf5 .keras .onnx .pb .tflite .gguf .msgpack .npy .npz .pkl .pickle .joblib
    .arrow .tfrecord .tfrecords .mdb .tar .tar.gz .tgz .bz2 .xz .7z .zst .whl .so .png .jpg .jpeg .gif .bmp .webp .svg
    .pdf .mp4 .avi .mov .mkv .webm .mp3 .wav .flac .ogg .py .ipynb .pyc
    """.split()
)
#: Bytes that text never has, but for the zeros that a crash of the machine leaves in its place.
ODD = bytes(set(range(1, 32)) - set(b"\t\n\v\f\r\x1b\b"))


def file_kind(start: bytes) -> str | None:
    """What a file is that begins so ("a PyTorch checkpoint"), None where it may be text.

    start: its first HEAD bytes, or all where it has less. What follows a semicolon says what to do about it.
    """
    if start.startswith(b"PK\x03\x04"):
        name = start[30 : 30 + int.from_bytes(start[26:28], "little")].decode("utf-8", "replace")
        return next((what for form, what in _ZIPPED if re.fullmatch(form, name)), "a zip archive; unpack it first")
    for begin, what in _STARTS:
        if start.startswith(begin):
            return what
    for place, mark, what in _INSIDE:
        if start.startswith(mark, place):
            return what
    if re.match(rb'.{3}\0{5}\{"', start, re.DOTALL):  # the length of the header, then the header
        return "a safetensors checkpoint"
    return "a binary file" if is_binary(start) else _text_kind(start)


def has_known_start(start: bytes) -> bool:
    """Whether bytes begin as a binary format does, whatever follows."""
    return start.startswith((b"PK\x03\x04", *(begin for begin, _ in _STARTS)))


def not_a_log(start: bytes) -> str | None:
    """Why a file that begins so is not read, in one line; None where it may be text."""
    what, _, hint = (file_kind(start) or "").partition("; ")
    return f"{what}, not a log{f'; {hint}' if hint else ''}" if what else None


def is_binary(start: bytes) -> bool:
    """Whether bytes are no text in any superset of ASCII or UTF-16: zeros among them, or many control characters."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    return b"\0" in start or len(start.translate(None, ODD)) * 20 < len(start) * 19


def _text_kind(start: bytes) -> str | None:
    if re.match(rb"\([dl]p\d+\n", start):
        return "a Python pickle; loglens never loads one"
    if re.match(rb"\s*<(!doctype html|html)", start, re.IGNORECASE):
        return "a web page"
    if re.match(rb'\s*\{\s*"(cells|metadata|nbformat)"', start) and re.search(rb'"(cell_type|nbformat)"', start):
        return "a Jupyter notebook"
    return None
