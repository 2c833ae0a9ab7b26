"""Rewrite the tables that evaluations print: COCO's summary, scikit-learn's report, columns of training and validation.

Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.412     becomes  AP@0.50_0.95: 0.412
  macro avg     0.85    0.80    0.82    3285                                       becomes  macro avg/f1-score: 0.82 ...
accuracy  |     0.912  |     0.873         under  Training |  Validation           becomes  Training accuracy: 0.912 ...
"""

from __future__ import annotations

import re

from loglens.readers.text.cell_names import split_word

_NUMBER = rb"[-+]?(?:\d++\.?\d*+(?:e[-+]?\d++)?|nan)"
_COCO = re.compile(
    rb"Average (?:Precision|Recall)\s+\((?P<what>A[PR])\)\s+@\[ ?IoU=(?P<iou>[\d.:]{1,12})\s*\|\s*"
    rb"area=\s*(?P<area>\w+)\s*\|\s*maxDets=\s*(?P<most>\d+) ?\] = (?=[-\d])"
)
_AVERAGE = re.compile(
    rb"(?m)^[ \t]*((?:micro|macro|weighted|samples)[ ]avg|avg / total)((?:[ \t]+\d\.\d+){3})[ \t]+\d+[ \t]*(?=\r?$)"
)
_ACCURACY = re.compile(rb"(?m)^[ \t]+accuracy[ \t]{2,}(\d\.\d+)[ \t]+\d+[ \t]*(?=\r?$)")
_AVERAGES = (b"precision", b"recall", b"f1-score")
_HEADING = re.compile(rb"(?m)(?:^|[ \t])([A-Za-z]{3,10})[ \t]*\|[ \t]*([A-Za-z]{3,10})[ \t]*(?=\r?$)")
#: A quick test for a whole block.
_HELD_OUT_CELL = re.compile(rb"\|[ \t]*+(?:[Vv]al|[Dd]ev|[Tt]est|VAL|DEV|TEST)")
_ROW = re.compile(
    rb"(?m)([A-Za-z_][\w/.@-]*)[ \t]*\|[ \t]*(%s|N/A)[ \t]*\|[ \t]*(%s|N/A)[ \t]*(?=\r?$)" % (_NUMBER, _NUMBER)
)


class EvaluationTables:
    """Rewrites blocks of whole lines, line for line."""

    def __init__(self) -> None:
        self._parts: tuple[bytes, bytes] | None = None

    def rewrite(self, block: bytes) -> bytes:
        """A block with the rows of such tables as named values."""
        if b"maxDets=" in block:
            block = _COCO.sub(_coco_name, block)
        if b" avg " in block or b"avg / total" in block:
            block = _ACCURACY.sub(rb"accuracy: \1", _AVERAGE.sub(_averages, block))
        if b"|" in block and _HELD_OUT_CELL.search(block):
            for heading in _HEADING.finditer(block):
                if len({split_word(word.decode()) for word in heading.groups()} - {""}) > 1:
                    self._parts = heading[1], heading[2]
        if self._parts and b"|" in block:
            block = _ROW.sub(self._row, block)
        return block

    def concerns(self, block: bytes) -> bool:
        """Whether a block may be rewritten, or names parts of the data."""
        marked = b"maxDets=" in block or b" avg " in block or b"avg / total" in block
        return marked or (b"|" in block and bool(self._parts or _HELD_OUT_CELL.search(block)))

    def _row(self, row: re.Match[bytes]) -> bytes:
        parts = zip(self._parts or (), row.groups()[1:], strict=True)
        return b" ".join(b"%s %s: %s" % (part, row[1], value) for part, value in parts if value != b"N/A")


def _coco_name(found: re.Match[bytes]) -> bytes:
    """The name of a line of COCO's summary, whose parts must be no numbers of their own."""
    area = b"" if found["area"] == b"all" else b"_" + found["area"]
    most = b"_" + found["most"] if found["what"] == b"AR" else b""
    return b"%s@%s%s%s: " % (found["what"], found["iou"].replace(b":", b"_"), area, most)


def _averages(row: re.Match[bytes]) -> bytes:
    of = row[1].replace(b" / total", b"")
    return b" ".join(b"%s/%s: %s" % (of, *each) for each in zip(_AVERAGES, row[2].split(), strict=True))
