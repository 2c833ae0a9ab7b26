"""A text log in blocks of whole lines, whatever its size, encoding and line ends."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from loglens.readers.files.text_file import HEAD, encoding_of, open_text

#: How much is read at a time, and how long a line may be; a longer one is passed over.
BLOCK, MAX_LENGTH = 1 << 20, 4 << 20
_ENDS = (b"\n", b"\r", b"\x08")


class Blocks:
    """Iterates over blocks that end with a line; what follows the last line end is left in `rest`.

    skipped: how many lines were too long. zeros: how many zero bytes there were. Raises
    UnreadableError for what is no text.
    """

    def __init__(self, path: Path) -> None:
        open_text(path)  # says what a file is that is no text
        self._path = path
        self.rest = b""
        self.skipped = 0
        self.zeros = 0

    def __iter__(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        held, skipping = 0, False
        for data in self._chunks():
            cut = max(data.rfind(end) for end in _ENDS) + 1
            if skipping and cut:
                start = min(at for end in _ENDS if (at := data.find(end)) >= 0)
                data, cut, skipping = data[start:], cut - start, False
            if skipping:
                continue
            if cut:
                yield b"".join([*parts, data[:cut]])
                parts, held = [data[cut:]], len(data) - cut
            else:
                parts.append(data)
                held += len(data)
            if held > MAX_LENGTH:
                parts, held, skipping = [], 0, True
                self.skipped += 1
        self.rest = b"".join(parts)

    def _chunks(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            encoding = encoding_of(file.read(HEAD)) or "utf-8"
            file.seek(0)
            decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
            while data := file.read(BLOCK):
                if decoder:
                    data = decoder.decode(data).encode("utf-8", "replace")
                self.zeros += data.count(0)
                yield data
