"""Runs of every night: a drift by small steps is found, noise and a change for the better are none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from loglens.cli import main
from tests.curves import falling

NIGHTS = 30


def nights(folder: Path, level: Callable[[int], float], tag: str = "val_loss") -> None:
    """A run a night, whose curve ends at a level with 0.5 % of noise."""
    noise = np.random.default_rng(1).normal(1, 0.005, NIGHTS)
    for night in range(NIGHTS):
        file = folder / f"night{night:02d}" / "log.csv"
        file.parent.mkdir(parents=True)
        curve = (falling(40, floor=0.5, noise=0.0) - 0.5) * 0.1 + level(night) * noise[night]
        file.write_text(f"step,{tag}\n" + "".join(f"{i},{v}\n" for i, v in enumerate(curve)))
        os.utime(file, (1e9 + night, 1e9 + night))


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["history", *args, "--isolated"])


def test_four_percent_twice_is_a_drift_that_fails_the_gate(tmp_path: Path) -> None:
    nights(tmp_path, lambda night: 1.04 ** (night // 10))
    done = run(str(tmp_path), "--format", "json", "--fail-on-drift")
    (metric,) = json.loads(done.stdout)["metrics"]
    assert done.exit_code == 1 and metric["drifted"]
    assert [int(change["run"][5:7]) for change in metric["changes"]] == pytest.approx([10, 20], abs=1)
    assert metric["worse"] == pytest.approx(0.0816, abs=0.01)
    text = run(str(tmp_path))
    assert text.exit_code == 0 and "1 drifted for the worse" in text.stdout and "from night" in text.stdout
    assert run(str(tmp_path), "--last", "9", "--fail-on-drift").exit_code == 0, "of the last nine none differs"


def test_noise_is_no_drift(tmp_path: Path) -> None:
    nights(tmp_path, lambda _: 1.0)
    done = run(str(tmp_path), "--fail-on-drift")
    assert done.exit_code == 0 and "0 drifted" in done.stdout


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("tag", ["val_loss", "val_acc"])
def test_only_a_change_for_the_worse_fails(tmp_path: Path, tag: str, sign: int) -> None:
    nights(tmp_path, lambda night: 0.5 * (1 + sign * 0.1 * (night >= 15)), tag)
    worse = (tag == "val_loss") == (sign > 0)
    assert run(str(tmp_path), "--fail-on-drift", "--metric", tag).exit_code == int(worse)


def test_what_has_been_made_good_again_is_no_drift(tmp_path: Path) -> None:
    nights(tmp_path, lambda night: 1.1 if 10 <= night < 20 else 1.0)
    done = run(str(tmp_path), "--fail-on-drift", "--format", "json")
    assert done.exit_code == 0 and len(json.loads(done.stdout)["metrics"][0]["changes"]) == 2


def test_too_few_runs_are_not_judged_and_none_is_bad_input(tmp_path: Path) -> None:
    assert run(str(tmp_path)).exit_code == 2
    for night in range(3):
        (tmp_path / f"{night}.csv").write_text("step,val_loss\n1,1\n2,1\n3,1\n")
    assert run(str(tmp_path)).exit_code == 3
