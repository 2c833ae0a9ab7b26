"""What is mutated: the committed logs, the shared ones where present, and a few that are built here."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from loglens.readers.files.run_params import FILES
from loglens.registry import load as registry
from tests.slow.fuzz.frames import BLOCKLOGS, pack_blocks, pack_events, unpack_blocks, unpack_events

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
FOLDERS = (ROOT / "sample_logs", ROOT / "tests" / "readers" / "data", SHARED / "written_by", SHARED / "real_logs")
#: Small inputs, so that many are tried; now and then a whole file of at most the second size.
SMALL, LARGE = 5000, 100_000
MAX_SEEDS = 60
ENDINGS = (".py", ".toml", ".png")

#: The files of one input by their place below its folder; the first is the one that is mutated most.
Case = dict[str, bytes]


def limit_size(small: int) -> None:
    """Make small inputs of at most so many bytes: the less of a log, the more inputs in an hour."""
    global SMALL
    SMALL = small
    seeds.cache_clear()


def name_of(reader: object) -> str:
    """The name of a reader in READERS: its module below loglens.readers."""
    return getattr(reader, "__name__", "").removeprefix("loglens.readers.")


@cache
def seeds(reader: str) -> tuple[tuple[Case, Case], ...]:
    """The cases of a reader: small, and as large as they are."""
    found = [*_built(reader), *(case for path, owner in _files() if owner == reader for case in _case(reader, path))]
    if len(found) > MAX_SEEDS:
        found = found[:: len(found) // MAX_SEEDS + 1]
    return tuple((shrunk(reader, case), case) for case in found)


@cache
def _files() -> tuple[tuple[Path, str], ...]:
    """Every file that a reader claims, and whose it is."""
    readers = registry.readers()
    files = sorted(path for folder in FOLDERS for path in folder.rglob("*") if path.is_file())
    found = []
    for path in files:
        if path.suffix in ENDINGS or path.stat().st_size > LARGE * 20:
            continue
        if path.suffix == ".parquet" and not find_spec("pyarrow"):
            continue
        owner = next((name_of(reader) for reader in readers if reader.sniff(path)), "")
        found.append((path, owner))
    return tuple(found)


def _case(reader: str, path: Path) -> Iterator[Case]:
    if reader == "mlflow.reader" and path.name != "meta.yaml":
        return
    if reader == "mlflow.reader":
        folder = path.parent
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()][:12]
        files.sort(key=lambda file: "metrics" not in file.parts)
        yield {file.relative_to(folder).as_posix(): file.read_bytes()[:LARGE] for file in files}
        return
    beside = {name: (path.parent / name) for name in (FILES if reader == "csv.reader" else ())}
    yield {path.name: path.read_bytes()[:LARGE]} | {
        name: file.read_bytes()[:SMALL] for name, file in beside.items() if file.is_file()
    }


def _built(reader: str) -> Iterator[Case]:
    """Formats of which no plain file is committed."""
    offline = ROOT / "tests" / "readers" / "data" / "offline"
    if reader in {"mlflow.reader", "trackio"}:
        name = f"{reader.partition('.')[0]}.db"
        yield {name: gzip.decompress((offline / f"{name}.gz").read_bytes())}
    if reader == "other_trackers":
        said = {"type": "training_stats_scalar", "metric": "train", "variant": "loss", "task": "a"}
        lines = [[said | {"iter": n, "value": 1 / (n + 1), "timestamp": 1_700_000_000_000 + n}] for n in range(20)]
        text = "".join(json.dumps(line) + "\n" for line in lines).encode()
        yield {"metrics.jsonl": text}
        for names in (("task.json", "metrics.jsonl"), ("experiment.json", "messages.json")):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in names:
                    archive.writestr(name, text)
            yield {"session.zip": buffer.getvalue()}
        yield {"vdlrecords.1.log": text}
    if reader in {"neptune", "trackio", "wandb.parquet_history"} and find_spec("pyarrow"):
        from tests.slow.fuzz.tables import cases

        yield from cases(reader)


def shrunk(reader: str, case: Case) -> Case:
    """The same with fewer records or lines."""
    return {name: _shrink(reader, name, data) for name, data in case.items()}


def _shrink(reader: str, name: str, data: bytes) -> bytes:
    if len(data) <= SMALL or data.startswith((b"SQLite", b"PAR1", b"PK")):
        return data
    if reader == "tensorboard.reader":
        return pack_events(_few(unpack_events(data)))
    if reader in BLOCKLOGS:
        return pack_blocks(_few(unpack_blocks(data)), data[:7])
    if name.endswith(".json") and reader == "huggingface":
        state = json.loads(data)
        return json.dumps(state | {"log_history": state["log_history"][:20]}).encode()
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:12] + lines[-20:])[: 4 * SMALL]


def _few(records: list[bytes]) -> list[bytes]:
    """Some from the beginning, then some from the middle, in bounds."""
    chosen, size = [], 0
    for record in [*records[:20], *records[20 :: max(1, len(records) // 40)]]:
        size += len(record)
        if size > SMALL:
            break
        chosen.append(record)
    return chosen
