"""The fast parser and Python's own give the same values, and the same curves of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import loglens
from loglens.readers.files import json_file

HOSTILE = [
    *(b"NaN", b"[NaN, -Infinity]", b"1e400", b"-1e400", b"1e-400", b"-0", b"-0.0", b"0e5", b"01", b"1.", b".5", b"+1"),
    *(b"18446744073709551615", b"18446744073709551616", b"-9223372036854775808", b"-9223372036854775809"),
    *(b'{"a":123456789012345678901234567890}', b"[1,-123456789012345678901]", b"1" * 400, b"-" + b"1" * 400),
    *(b"1" * 5000, b"0.00012345678901234567", b"12345678901234567890.5", b"12345678901234567890e3", b"[1,]"),
    *(b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\xed\xa0\x80"', b'"\xff"', b'"\x7f"', b'"a\x00"', b'"\\u0000"', b'"\t"'),
    *(b'{"a":1,"b":2,"a":3}', b'{"":1}', b'{"a":1}\x00', b"{} {}", b"", b" ", b"\xef\xbb\xbf1", b"'a'", b"{a:1}"),
    *(b"[" * depth + b"]" * depth for depth in (400, 600, 1010, 1023, 3000)),
    *(b'{"a":' * depth + b"1" + b"}" * depth for depth in (400, 600, 1010, 3000)),
    *(
        b'["' + b"[{" * 600 + b'"]',
        b"[" + b"[]," * 900 + b"[]]",
        b"{\x00}\x00",
        b"\x00{",
        b"tru",
        b"nul",
        b"true",
        b"null",
    ),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def outcome(read: Any, text: bytes) -> str:
    """The value in a form that tells 1 from 1.0, 0.0 from -0.0 and equals itself where it holds NaN."""
    try:
        return repr(read(text))
    except (ValueError, RecursionError):
        return "none"


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:24]))
def test_a_hostile_value_is_what_python_reads(text: bytes) -> None:
    assert outcome(json_file.parse, text) == outcome(json.loads, text)


@given(VALUES, st.booleans())
def test_any_value_is_what_python_reads(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert outcome(json_file.parse, text) == outcome(json.loads, text)


@given(VALUES, st.data())
def test_a_damaged_value_is_what_python_reads(value: Any, data: st.DataObject) -> None:
    text = bytearray(json.dumps(value).encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    assert outcome(json_file.parse, bytes(text)) == outcome(json.loads, bytes(text))


@given(st.text("0123456789", min_size=1, max_size=40), st.text("0123456789", max_size=40), st.integers(-340, 340))
@example("9007199254740993", "", 0)
@example("2", "2250738585072011", -308)
def test_every_digit_counts(whole: str, part: str, exponent: int) -> None:
    text = f"{int(whole)}.{part or 0}e{exponent}"
    assert outcome(json_file.parse, text.encode()) == repr(float(text))
    curve = json_file.flatten(json_file._fast(f'{{"x": {int(whole)}}}'.encode()), "/")
    assert curve == ({"x": float(int(whole))}, {})


def test_a_file_gives_the_same_curves_whoever_parses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Any] = [{"step": step, "loss": 1 / (step + 1), "nested": {"lr": 1e-4 * step}} for step in range(40)]
    rows[3] |= {"loss": float("nan")}
    rows[5] |= {"note": "restarted", "config/seed": 7}
    rows[7] |= {"loss": 10**30, "more": [0.5], "flag": True}
    rows[9] |= {"loss": 10**400}
    lines = [json.dumps(row).encode() for row in rows]
    lines[11:11] = [b"", b"  \t", b"no json", b"[1]", b'{"step": 11, "loss": 0.5, "loss": 0.25}', b'{"a": "\\ud800"}']
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines) + b'\n{"step": 41, "lo')

    def read() -> tuple[Any, ...]:
        (run,) = loglens.read(path)
        columns = run.columns
        arrays = (columns.tag, columns.step, columns.value, columns.session)
        return columns.tags, [array.tobytes() for array in arrays], run.params, run.notes

    fast = read()
    monkeypatch.setattr(json_file, "fast_loads", lambda text: json.loads(text.decode()))
    assert read() == fast
    assert len(fast[3]) == 2 and fast[2]["seed"] == 7
