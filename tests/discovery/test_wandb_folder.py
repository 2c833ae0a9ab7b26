"""The folder of W&B: one run an id, whatever lies beside its transaction log."""

from __future__ import annotations

from pathlib import Path

import pytest

import loglens
from loglens.errors import UnreadableError
from tests.readers.wandb_writer import HEADER, log

LOSS = [2.0 - 0.01 * (at % 7) - 0.02 * at for at in range(40)]
CONSOLE = "".join(f"step {at}: loss {value:.3f}, grad_norm {1 + at % 3}.25\n" for at, value in enumerate(LOSS))
DEBUG = "2024-01-01 00:00:00,123 INFO MainThread:7 [x.py:f():1] step 1: loss 1.5\n" * 40


def whole(folder: Path) -> Path:
    (folder / "files").mkdir(parents=True)
    (folder / "logs").mkdir()
    (folder / "run-abc123.wandb").write_bytes(log({"train/loss": value} for value in LOSS))
    (folder / "files" / "output.log").write_text(CONSOLE)
    for name in ("debug.log", "debug-internal.log"):
        (folder / "logs" / name).write_text(DEBUG)
    return folder


def test_the_console_adds_only_what_the_history_lacks(tmp_path: Path) -> None:
    whole(tmp_path / "wandb" / "run-20240101_000000-abc123")
    (tmp_path / "wandb" / "debug.log").write_text(DEBUG)
    (run,) = loglens.read(tmp_path)
    assert run.name == "wandb/run-20240101_000000-abc123" and run.format == "wandb"
    assert run.curves["train/loss"].value.tolist() == LOSS  # not the three digits that were printed
    assert "loss" not in run.tags and len(run.curves["grad_norm"]) == len(LOSS)
    assert [note.kind for note in run.notes if note.kind == "merged"] == ["merged"]


@pytest.mark.parametrize("how", ["link", "copy", "earlier copy"])
def test_the_latest_run_is_no_second_run(tmp_path: Path, how: str) -> None:
    run = whole(tmp_path / "wandb" / "run-20240101_000000-abc123")
    latest = tmp_path / "wandb" / "latest-run"
    if how == "link":
        latest.symlink_to(run.name)
    else:
        copy = whole(latest) / "run-abc123.wandb"
        copy.write_bytes(copy.read_bytes()[: None if how == "copy" else -500])
    (found,) = loglens.read(tmp_path)
    assert found.name == "wandb/run-20240101_000000-abc123"  # the folder's own name, not the link's
    assert len(found.columns) == 2 * len(LOSS) and not found.rewinds


def test_a_latest_run_alone_is_read(tmp_path: Path) -> None:
    whole(tmp_path / "wandb" / "latest-run")
    (run,) = loglens.read(tmp_path)
    assert len(run.curves["train/loss"]) == len(LOSS)


def test_a_log_that_was_never_flushed_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run-abc123.wandb"
    path.write_bytes(HEADER)
    with pytest.raises(UnreadableError, match="nothing was flushed"):
        loglens.read(path)


def test_a_log_of_ones_own_called_debug_is_read(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "debug.log").write_text(CONSOLE)
    (run,) = loglens.read(tmp_path)
    assert len(run.curves["loss"]) == len(LOSS)


def test_a_link_before_its_target_gives_way_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "z_real"
    folder.mkdir()
    (folder / "log.csv").write_text("step,loss\n" + "".join(f"{at},{at}.5\n" for at in range(5)))
    (tmp_path / "a_link").symlink_to("z_real")
    (run,) = loglens.read(tmp_path)
    assert run.name == "z_real/log.csv"
