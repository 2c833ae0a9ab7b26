"""diagnose NEW --after OLD on sample logs, at the command line and in Python."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

import loglens
from loglens.cli import main

SAMPLES = Path(__file__).parents[2] / "sample_logs"
HIGH, LOW = SAMPLES / "lr_too_high", SAMPLES / "lr_too_low"


def test_the_note_and_the_next_rate_are_in_the_report() -> None:
    said = CliRunner().invoke(
        main, ["diagnose", str(LOW), "--after", str(HIGH), "--isolated", "--format", "json", "--fail-on", "never"]
    )
    assert said.exit_code == 0, said.output
    (run,) = json.loads(said.stdout)["runs"]
    assert run["notes"][0]["kind"] == "after"
    first = run["findings"][0]["remedies"][0]
    (alone,) = loglens.diagnose(LOW).as_dict()["runs"]
    assert first["action"] == "scale_lr"
    assert first["params"]["factor"] > 1
    assert first["params"] != alone["findings"][0]["remedies"][0]["params"]


def test_python_takes_one_earlier_run_or_several() -> None:
    one = loglens.diagnose(LOW, after=HIGH).as_dict()["runs"][0]
    several = loglens.diagnose(LOW, after=[HIGH, HIGH]).as_dict()["runs"][0]
    assert one["notes"] == several["notes"]
    assert one["notes"][0]["kind"] == "after"


def test_an_earlier_run_that_is_not_there_is_said() -> None:
    said = CliRunner().invoke(main, ["diagnose", str(LOW), "--after", "nowhere", "--isolated"])
    assert said.exit_code == 2
    assert "nowhere" in said.output
