"""What the command line says of roles: how to name a loss, a --role that names nothing, roles that were guessed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_cli import call, log
from tests.curves import falling, level


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield


@pytest.mark.parametrize("tag", ["foo", "my badness", "foo's", "q[0]"])
def test_a_run_that_is_not_judged_names_the_curve_and_the_flag_works(tag: str) -> None:
    path = log("run.csv", **{tag: falling(200), "constant": np.ones(200), "rising": falling(200)[::-1]})
    done = call("diagnose", path, "--format", "json", "--no-cache")
    (run,) = json.loads(done.stdout)["runs"]
    assert done.exit_code == 3 and run["verdict"] == "not-judged"
    _, _, hint = run["summary"].partition("name it: ")
    flag = shlex.split(hint.partition(" (or ")[0])
    assert flag == ["--role", f"{tag}=loss"] and "rising" in hint and "constant" not in hint
    named = call("diagnose", path, *flag, "--format", "json", "--no-cache")
    (run,) = json.loads(named.stdout)["runs"]
    assert run["verdict"] == "healthy" and named.stderr == ""


def test_a_run_with_a_loss_needs_no_hint() -> None:
    path = log("run.csv", train__loss=falling(200), foo=level(200, 3.0))
    assert "--role" not in json.loads(call("diagnose", path, "--format", "json").stdout)["runs"][0]["summary"]


@pytest.mark.parametrize("command", [["diagnose"], ["inspect"], ["history"], ["watch", "--once"]], ids=" ".join)
def test_a_role_that_matches_no_curve_is_said(command: list[str]) -> None:
    path = log("run.csv", train__loss=falling(200), val__quality=level(200, 3.0))
    said = call(*command, path, "--role", "val/qality=metric_higher").stderr
    assert "val/qality" in said and "matches no curve; did you mean val/quality?" in said
    assert "matches no curve" not in call(*command, path, "--role", "*quality=metric_higher").stderr


def test_a_guessed_role_is_marked_for_people_and_the_documents_keep_their_form() -> None:
    path = log("run.csv", val_ppl=np.exp(falling(200)), train__mse=falling(200))
    other = log("ppl.csv", val_ppl=np.exp(falling(200)))
    assert "loss@val (guessed)" in call("inspect", other).stdout
    assert "guessed" in call("diagnose", other).stdout
    for arguments in (("inspect", other), ("diagnose", path)):
        text = call(*arguments, "--format", "json").stdout
        assert "guessed" not in text
    (series,) = json.loads(call("inspect", other, "--format", "json").stdout)["runs"][0]["series"]
    assert (series["role"], series["split"]) == ("loss", "val")


def test_a_misspelt_path_gets_the_nearest_one() -> None:
    log("runs/first/metrics.csv", train__loss=falling(50))
    for wrong, right in (
        ("runs/first/metric.csv", "runs/first/metrics.csv"),
        ("runs/frist/metrics.csv", "runs/first/metrics.csv"),
        ("run/first", "runs/first"),
    ):
        done = call("diagnose", wrong)
        assert done.exit_code == 2 and f"did you mean {right}?" in done.stderr + done.stdout, wrong
    absolute = str(Path("runs/first/metric.csv").resolve())
    assert f"{absolute[:-4]}s.csv?" in call("inspect", absolute).stderr.replace("\n", "")
    assert "did you mean" not in call("inspect", "quite/another/place").stderr
