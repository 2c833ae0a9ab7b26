"""Split a block of text into the numbers in it and the templates of its lines, at the speed of `re`.

A log repeats a few kinds of lines with other numbers. With every number replaced by a mark, equal kinds
become equal strings, so that what a line means is worked out once a kind and not once a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Floats, Ints

#: What stands for a number in a template.
MARK = "\0"

_DIGITS = r"""
    [0-9]*+ (?!,[0-9]{3}) (?:\.[0-9]*+)? (?:[eE][-+]?[0-9]++)?
  | [0-9]{0,2} (?<!:[0-9]{2}:[0-9]) (?<!:[0-9]{2}:[0-9]{2}) (?:,[0-9]{3})++ (?![0-9]) (?:\.[0-9]++)?
  | [0-9]*+
"""
#: A number that is no part of a word ("conv2", "Acc@1", "top-5", "Top 5", "v1.2"). The thousands of "1,272,000"
#: belong to it, the milliseconds of "12:03:06,410" do not.
_WORDLESS = r"(?<![\w.@].) (?<![A-Za-z_]-.) (?<![Tt]op\ .)"
#: A counter that is glued to its name: "Epoch12/300|Iter40", "step100: loss".
_GLUED = (
    r"(?<=[A-Za-z][0-9]) (?:"
    + "|".join(
        rf"(?<={before}(?i:{word}).)"
        for word in ("epoch", "iteration", "iter", "itr", "step", "batch", "episode", "ep")
        for before in (r"\A", r"[^\w/.@-]")
    )
    + r") (?=[0-9]*+(?:[\s/|:,\])=(]|\Z))"
)
#: The same behind a dash: "Epoch-3 lr: 5e-05".
_DASHED = (
    r"(?<=-[0-9]) (?:"
    + "|".join(
        rf"(?<={before}(?i:{word})-.)"
        for word in ("epoch", "iteration", "iter", "step", "batch", "episode")
        for before in (r"\A", r"[^\w/.@-]")
    )
    + r") (?=[0-9]*+(?:[\s/|:,\])=(]|\Z))"
)
#: A loss that is glued to its name, as LightGCN prints it: "EPOCH[3/100] loss0.693-|".
_GLUED_LOSS = r"(?<=[\ ](?i:loss)[0-9]) [0-9]*+ \.[0-9]++ (?:[eE][-+]?[0-9]++)?"
_PLAIN = re.compile(
    rf"""( [-+0-9] (?: {_WORDLESS} (?: (?<=[0-9]) (?:{_DIGITS}) | (?<=[-+]) [0-9] (?:{_DIGITS}) )
       | {_GLUED} [0-9]*+ | {_DASHED} [0-9]*+ | {_GLUED_LOSS} ) )""".encode(),
    re.X,
)
_WITH_WORDS = re.compile(
    rf"""( [-+0-9NIni] (?: {_WORDLESS} (?:
        (?<=[0-9]) (?:{_DIGITS})
      | (?<=[-+]) (?: [0-9] (?:{_DIGITS}) | (?:nan|inf(?:inity)?) (?!\w) )
      | (?<=[n]) an (?!\w) (?<!\ of\ nan)
      | (?<=[i]) nf(?:inity)? (?!\w)
    ) | {_GLUED} [0-9]*+ | {_DASHED} [0-9]*+ | {_GLUED_LOSS} ) )""".encode(),
    re.X | re.I,
)
_WORDS = (b"nan", b"NaN", b"NAN", b"inf", b"Inf", b"INF")

ANSI = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\n]{0,200}\x07|[@-Z\\^_])")
_BACK = re.compile(rb"[\x08]+")
#: How far a bar has come, which is written into its middle when its line is done.
_CENTRED = re.compile(rb"(?<!\x08)[\x08]++ ([0-9]++/[0-9]++) (?=[\r\n])")
#: Dots that were printed one by one until there was something to say: "Evaluating........epoch:20, loss 0.5".
_DOTS = re.compile(rb"\.{8,}+(?=[A-Za-z])")
#: The bars of tqdm and Keras, in blocks and in ASCII.
_GLYPHS = re.compile(rb"(?:\xe2[\x94-\x96\xa0][\x80-\xbf])+")
_BARS = re.compile(rb"\[=*>?\.*\]|(?<=\|)#*[0-9]? *(?=\|)")
#: A number as the types of libraries print it: "tensor(0.5, device='cuda:0')", "np.float64(0.5)",
#: "Array(0.5, dtype=float32)", "<tf.Tensor: shape=(), dtype=float32, numpy=0.5>"; Paddle breaks the line before it.
_SCALAR = re.compile(
    rb"""(?:tf\.)?(?:[tT]ensor|Device[aA]rray|[aA]rray) \( \[{0,3} ([-+.\w]{1,40}) \]{0,3}
            (?:,\ ?[a-z_]{1,20}=(?:\([^()\n]{0,20}\)|<[^<>\n]{1,60}>|[^\s,()]{1,60}))* \)
       | <tf\.Tensor[^<>\n]{0,80}?numpy=([-+.\w]{1,40})>
       | \b(?:np|numpy|jnp|cp)\.[a-z]{3,10}\d{0,3}\(([-+.\w]{1,40})\)
       | \bTensor\(shape=\[[\d,\ ]{0,20}\],[^\n]{0,120}?stop_gradient=\w{4,5},(\n?)[ ]*\[{0,3}([-+.\w]{1,40})\]{0,3}\)
    """,
    re.X,
)
#: Fortran's exponents: "1.23456D-03".
_FORTRAN = re.compile(rb"(?<=[0-9])D(?=[-+][0-9]{2,3}(?![0-9]))")
#: The punctuation of Chinese and Japanese, which stands where others write ASCII.
_WIDE = {
    wide.encode(): plain.encode()
    for wide, plain in zip("：，（）［］【】｜＝％／　、。", ":,()[][]|=%/ ,.", strict=True)
}
_WIDE_MARK = re.compile(rb"\xef(?:\xbc[\x85\x88\x89\x8c\x8f\x9a\x9d\xbb\xbd]|\xbd\x9c)|\xe3\x80[\x80\x81\x82\x90\x91]")
_ISO = re.compile(rb"T(?<=[0-9]{2}-[0-9]{2}T)(?=[0-9]{2}:)")
#: Where a line was printed behind tqdm's bar, which goes to another stream and ends in no line end.
_GLUED_LINE = re.compile(rb"((?:it/s|s/it)(?:, [^\[\]\r\n\x08]{1,300})?\])(?=[^\s\x08\x1b,:;)\]|-])")
_BLANKS = bytes.maketrans(b"\t\v\f", b"   ")
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f")


class SplitLines(NamedTuple):
    """The lines of a block: as printed, without colours and the like, their templates, all numbers as written."""

    raw: bytes
    block: bytes
    templates: list[bytes]
    numbers: list[bytes]

    def numbered(self, number: Callable[[bytes], int]) -> NDArray[np.int32]:
        """The number of the template of each line."""
        return np.fromiter(map(number, self.templates), np.int32, len(self.templates))

    @property
    def size(self) -> int:
        """How many numbers the lines hold."""
        return len(self.numbers)

    def floats(self, chosen: Ints) -> Floats:
        """The chosen ones of the numbers."""
        return np.array(floats([self.numbers[i] for i in chosen.tolist()]), np.float64)


def split_lines(raw: bytes) -> SplitLines:
    """Split a block of lines as they were printed."""
    if b"it/s" in raw or b"s/it" in raw:
        raw = _GLUED_LINE.sub(rb"\1\r", raw)
    block = normalise_spaces(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw)
    return SplitLines(raw, block, *to_template(block))


def normalise_spaces(block: bytes) -> bytes:
    """Remove colours, progress bars, control bytes and wide gaps from a block of UTF-8; the lines stay the same.

    A run of backspaces begins a line of its own: what it would wipe out has been said before.
    """
    if b"\x1b" in block:
        block = ANSI.sub(b"", block)
    if b"\x08" in block:
        block = _BACK.sub(b"\n", _CENTRED.sub(rb"[\1]", block))
    block = block.translate(_BLANKS, _CONTROL)
    if b"\xe2" in block:
        block = _GLYPHS.sub(b"", block)
    if b"[=" in block or b"[>" in block or b"|#" in block or b"[.." in block:
        block = _BARS.sub(b"", block)
    if b"........" in block:
        block = _DOTS.sub(b" ", block)
    if b"ensor" in block or b"rray(" in block or b"np." in block or b"numpy." in block:
        block = _SCALAR.sub(rb"\1\2\3\5\4", block)
    if b"D+0" in block or b"D-0" in block:
        block = _FORTRAN.sub(b"E", block)
    if b"\xef" in block or b"\xe3\x80" in block:
        block = _WIDE_MARK.sub(_plain_mark, block)
    if b"T" in block:
        block = _ISO.sub(b" ", block)
    while b"  " in block:
        block = block.replace(b"  ", b" ")
    return block


def _plain_mark(found: re.Match[bytes]) -> bytes:
    plain = _WIDE[found[0]]
    return plain + b" " if plain in b",:" else plain


def to_template(block: bytes) -> tuple[list[bytes], list[bytes]]:
    """The templates of all lines of a polished block, and all numbers in it as written."""
    parts = (_WITH_WORDS if any(word in block for word in _WORDS) else _PLAIN).split(block)
    return b"\0".join(parts[::2]).split(b"\n"), parts[1::2]


def floats(words: list[bytes]) -> list[float]:
    """Numbers as written as floats."""
    try:
        return [float(word) for word in words]
    except ValueError:
        return [float(word.replace(b",", b"")) for word in words]
