"""The table of `loglens inspect` fits, sums up and escapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglens.model.columns import Columns
from loglens.model.report import CurveRole, Unread
from loglens.model.run import Run
from loglens.model.source import Note
from loglens.renderers.terminal.inspection import document, text
from loglens.renderers.terminal.look import TextStyle
from tests.golden.example import HARMFUL, HOSTILE


def inspected() -> tuple[Run, list[CurveRole]]:
    columns = Columns.from_curves({"train/loss": (range(5), [1.0, 2.0, 3.0, 4.0, 5.0])})
    run = Run(HOSTILE, Path("runs/x"), "csv", columns, params={HOSTILE: HOSTILE, "lr": np.float64("nan"), "n": [1, 2]})
    run = Run(run.name, run.source, run.format, columns, (), run.params, (Note("corrupt", HOSTILE, HOSTILE),))
    layers = [CurveRole(f"grad/{i}", "grad_norm_layer", "train", str(i), "step", 5, i, 0, 4) for i in range(30)]
    return run, [
        CurveRole("train/loss", "loss", "train", None, "step", 5, 0, 0, 4),
        CurveRole(HOSTILE + "y" * 10_000, "loss", "val", None, "epoch", 5, 0, 0, 4),
        *layers,
        CurveRole("void", None, None, None, "step", 0, 0),
    ]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("unicode", [False, True])
def test_the_table_fits_and_nothing_is_cut_off(width: int, unicode: bool) -> None:
    page = text([inspected()], [], TextStyle(width, unicode=unicode))
    lines = page.splitlines()
    assert max(map(len, lines)) <= width
    assert not set(HARMFUL) & set(page)
    rows = [line.split() for line in lines]
    assert ["role", "tag", "points", "steps", "not", "finite"] in rows
    assert ["grad_norm_layer@train", "30", "layers,", "grad/0", "5", "0", "to", "4", "435"] in rows
    assert any(row[:1] == ["loss@val"] and row[-5:] == ["5", "0", "to", "4", "epoch"] for row in rows)
    assert ["-", "void", "0"] in rows


def test_every_layer_on_request() -> None:
    assert "grad/17" not in text([inspected()], [], TextStyle())
    assert "grad/17" in text([inspected()], [], TextStyle(verbose=True))


def test_the_document_holds_parameters_as_strict_json() -> None:
    found = document([inspected()], [Unread("x", "y")])
    assert found["runs"][0]["params"] == {HOSTILE: HOSTILE, "lr": "NaN", "n": [1, 2]}
    assert len(found["runs"][0]["series"]) == 33 and found["unread"] == [{"path": "x", "why": "y"}]
