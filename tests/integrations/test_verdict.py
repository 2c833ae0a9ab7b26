"""The end of a training is diagnosed, said and written down, and never fails for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from loglens.integrations import verdict as module
from loglens.integrations.verdict import REPORT, verdict
from tests.curves import falling

SAMPLES = Path(__file__).parents[2] / "sample_logs"


def test_the_verdict_is_printed_and_the_report_lies_beside_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SAMPLES / "exploding_gradient_rnn", tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    report = verdict(tmp_path / "run", tmp_path / "run")
    assert report is not None and report.primary == "exploding-gradient"
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("loglens: run: failed: exploding gradient from step")
    assert said[-1] == f"loglens: report: {tmp_path / 'run' / REPORT}"
    assert "<html" in (tmp_path / "run" / REPORT).read_text("utf-8")
    assert {path: path.read_bytes() for path in before} == before
    assert verdict(tmp_path / "run", tmp_path / "run", ignore="nan-loss") is not None, "the report is no log"


def test_curves_in_memory_and_options_are_passed_on(tmp_path: Path) -> None:
    loss = falling(100)
    loss[50:] = np.nan
    report = verdict({"zzq": loss}, tmp_path, roles={"zzq": "loss"})
    assert report is not None and report.primary == "nan-loss"


@pytest.mark.parametrize("data", ["missing", {}, 3])
def test_what_cannot_be_diagnosed_is_said(data: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(data, tmp_path) is None
    assert capsys.readouterr().err.startswith("loglens: not diagnosed: ") and not list(tmp_path.iterdir())


def test_a_fault_of_loglens_is_none_of_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(module, "diagnose", fail)
    assert verdict(SAMPLES, tmp_path) is None
    assert "loglens itself failed: ZeroDivisionError" in capsys.readouterr().err


class Texts:
    """A logger that takes texts: by `add_text` as TensorBoard's, or by `log_text` as MLflow's."""

    def __init__(self, method: str) -> None:
        self.run_id, self.said = "r1", list[tuple[object, ...]]()
        setattr(self, method, lambda *said: self.said.append(said))


class WandbRun:
    def __init__(self) -> None:
        self.summary = dict[str, str]()


def test_the_report_goes_to_the_loggers_that_take_texts(tmp_path: Path) -> None:
    board, mlflow, wandb, other = Texts("add_text"), Texts("log_text"), WandbRun(), object()
    rows = [{"step": step, "loss": float("nan") if step > 50 else 1 / (step + 1)} for step in range(100)]
    assert verdict(rows, tmp_path, [board, mlflow, wandb, other]) is not None
    ((tag, text),) = board.said
    assert tag == "loglens" and "NaN loss" in str(text)
    assert mlflow.said == [("r1", text, "loglens-report.md")]
    assert wandb.summary == {"loglens": text, "loglens_verdict": "failed"}
