"""`loglens compare`: where runs diverge, what differs, and the limits; pure first, then as a command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import loglens
from loglens.cli import main
from loglens.compare.curves import Comparison, Entry, compare
from loglens.compare.formats import with_formats
from loglens.compare.overlay import overlay
from loglens.compare.parameters import changes
from loglens.compare.regression import Limit, final, limit
from loglens.compare.text import text
from loglens.errors import ConfigError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.renderers.terminal.look import TextStyle
from loglens.roles.assign import assign_roles
from tests.curves import Floats, falling, growing, level, run, series
from tests.golden.example import HARMFUL, HOSTILE


def held(good: Run | list[Run], bad: Run, *limits: str) -> Comparison:
    goods = good if isinstance(good, list) else [good]
    return compare(
        [Entry(run, assign_roles(run)) for run in goods],
        Entry(bad, assign_roles(bad)),
        [limit(text) for text in limits],
    )


def sick(seed: int = 1) -> Run:
    """The learning rate is raised at step 200, the gradient follows at 210 and the loss at 230."""
    lr, norm, loss = np.full(400, 1e-3), level(400, 1.0, 0.1, seed), falling(400, seed=seed)
    lr[200:], norm[210:], loss[230:] = 1e-1, norm[210:] * 8, loss[230:] * 5
    return run({"train/loss": loss, "train/grad_norm": norm, "lr": lr}, params={"lr": 0.1, "seed": seed})


def well(seed: int = 0) -> Run:
    curves = {"train/loss": falling(400, seed=seed), "train/grad_norm": level(400, 1.0, 0.1, seed)}
    return run({**curves, "lr": np.full(400, 1e-3)}, params={"lr": 0.1, "seed": seed})


def test_the_cause_stands_first_and_each_curve_has_its_step() -> None:
    found = held(well(), sick())
    assert [pair.role for pair in found.parted] == ["lr", "grad_norm_global@train", "loss@train"]
    onsets = [pair.onset or 0 for pair in found.parted]
    assert onsets[0] == 200 and abs(onsets[1] - 210) <= 2 and abs(onsets[2] - 230) <= 2
    assert found.parted[0].same_until == 199
    assert found.as_dict()["first"] == {"step": 200, "role": "lr", "tag": "lr"}


def test_two_seeds_are_together() -> None:
    found = held(well(), well(7))
    assert not found.parted and {pair.role for pair in found.together} == {"loss@train", "grad_norm_global@train", "lr"}
    assert [change.name for change in found.params] == ["seed"]


def test_a_band_of_good_runs_knows_the_luck_of_the_seed() -> None:
    def lucky(seed: int, factor: float) -> Run:
        return run({"loss": factor * falling(400, seed=seed)})

    band = [lucky(seed, factor) for seed, factor in enumerate([0.7, 0.85, 1.0, 1.15, 1.3])]
    assert held(band[0], lucky(9, 1.2)).parted, "one good run cannot know"
    assert not held(band, lucky(9, 1.2)).parted
    assert held(band, lucky(9, 3.0)).parted


def test_a_nan_parts_where_it_begins() -> None:
    bad = falling(400, seed=1)
    bad[300:] = np.nan
    (pair,) = held(run({"loss": falling(400)}), run({"loss": bad})).parted
    assert (pair.onset, pair.nonfinite, pair.parts) == (300, 300, ())
    twice = held(run({"loss": bad}), run({"loss": bad}))
    assert not twice.parted and len(twice.together) == 1, "the good one has it as well"


def test_curves_are_paired_by_role_where_their_tags_differ() -> None:
    found = held(run({"train/loss": falling(300)}), run({"training_loss": 4 * falling(300)}))
    assert [(pair.tag, pair.good_tag) for pair in found.parted] == [("training_loss", "train/loss")]


def test_what_cannot_be_compared_says_why() -> None:
    good = run({"loss": falling(300), "val_loss": falling(300), "grad_norm": level(300, 1.0)})
    bad = run({"loss": falling(300), "lr": np.full(300, 0.1)})
    bad = replace(
        bad, columns=Columns.join([bad.columns, Columns.from_curves({"val_loss": ([0, 1, 2], [1.0, 2.0, 3.0])})])
    )
    found = held(good, bad)
    assert {pair.tag: pair.why for pair in found.uncompared} == {
        "lr": "no good run logged it",
        "val_loss": "3 common points, 6 are needed to tell a difference from noise",
    }
    assert found.missing == ("grad_norm_global@train",)
    epochs = replace(run({"loss": falling(300)}), axes={"loss": "epoch"})
    assert held(good, epochs).uncompared[0].why == "it counts in epoch, the good one in step"


def test_parameters_that_matter_come_first() -> None:
    good = {"lr": 0.1, "warm": 10, "x": float("nan"), "flag": True, "run_id": "a", "same": [1], "gone": 1}
    bad = {"lr": 0.2, "warm": 10.0, "x": float("nan"), "flag": 1, "run_id": "b", "same": [1], "new": 2}
    found = {change.name: change for change in changes([good], bad)}
    assert list(found) == ["lr", "flag", "gone", "new", "run_id"]
    assert (found["lr"].good, found["lr"].bad, found["run_id"].minor) == ((0.1,), 0.2, True)
    assert (found["gone"].absent, found["new"].absent) == ("bad", "good")
    assert not list(changes([{"seed": 1}, {"seed": 2}], {"seed": 2})), "one of the good runs had it"


def test_a_configuration_in_one_text_is_compared_line_by_line() -> None:
    good, bad = {"text/config": "lr: 0.1\n  cell: LSTM\n"}, {"text/config": "lr: 0.1\n  cell: RNN\n"}
    assert [(c.name, c.good, c.bad) for c in changes([good], bad)] == [("text/config/cell", ("LSTM",), "RNN")]
    assert [c.name for c in changes([{"note": "a\nb"}], {"note": "a\nc"})] == ["note"]


# Limits


@pytest.mark.parametrize(
    ("said", "metric", "max_worse", "relative"),
    [("val/loss 2%", "val/loss", 0.02, True), (" a b  .5 % ", "a b", 0.005, True), ("acc 0.01", "acc", 0.01, False)],
)
def test_a_limit_is_read(said: str, metric: str, max_worse: float, relative: bool) -> None:
    assert limit(said) == Limit(said, metric, max_worse, relative)


@pytest.mark.parametrize("said", ["", "loss", "2%", "loss two", "loss -2%"])
def test_a_limit_that_is_none(said: str) -> None:
    with pytest.raises(ConfigError, match=r"write .METRIC 2%"):
        limit(said)


@pytest.mark.parametrize(
    ("tag", "said", "factor", "failed"),
    [
        ("val/loss", "val/loss 2%", 1.01, False),
        ("val/loss", "val/loss 2%", 1.03, True),
        ("val/loss", "val/loss 2%", 0.5, False),
        ("val/loss", "loss@val 2%", 1.03, True),
        ("val/loss", "val_loss 2%", 1.03, True),
        ("val/loss", "val/* 2%", 1.03, True),
        ("val/accuracy", "val/accuracy 2%", 0.99, False),
        ("val/accuracy", "val/accuracy 2%", 0.9, True),
        ("val/accuracy", "val/accuracy 0.05", 0.9, True),
        ("val/accuracy", "val/accuracy 0.05", 1.1, False),
    ],
)
def test_a_limit_knows_which_way_is_better(tag: str, said: str, factor: float, failed: bool) -> None:
    good, bad = np.full(50, 0.8), np.full(50, 0.8 * factor)
    found = held(run({tag: good}), run({tag: bad}), said)
    assert found.failed is failed
    assert found.regressions[0].worse == pytest.approx(
        abs(factor - 1) * (1 if (factor > 1) == ("loss" in tag) else -1) * (0.8 if said.endswith("05") else 1)
    )


def test_a_run_that_ends_in_nan_breaks_every_limit() -> None:
    bad = falling(100)
    bad[-1] = np.nan
    assert held(run({"loss": falling(100)}), run({"loss": bad}), "loss 1000%").failed
    assert np.isnan(final(series(bad))) and np.isnan(final(series(bad[:0])))
    assert final(series(np.array([5.0, 1.0, 2.0, 3.0]))) == 2.0


def test_a_limit_on_what_is_not_there_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"the run has no curve 'val/los'; it has: val/loss"):
        held(run({"val/loss": falling(50)}), run({"val/loss": falling(50)}), "val/los 2%")
    with pytest.raises(ConfigError, match="the good run has no curve"):
        held(run({"other": falling(50)}), run({"val/loss": falling(50)}), "val/loss 2%")
    with pytest.raises(ConfigError, match=r"better low or high is not known .*--role 'zzq=metric_lower'"):
        held(run({"zzq": falling(50)}), run({"zzq": falling(50)}), "zzq 2%")


# The page


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("unicode", [False, True])
def test_the_page_is_harmless_and_fits(width: int, unicode: bool) -> None:
    curves: dict[str, Floats] = {f"{HOSTILE}{'z' * 5000}/loss": falling(300), "grad_norm": level(300, 1.0)}
    good = run(curves, params={HOSTILE: HOSTILE, "a": "x" * 5000})
    bad = run({tag: 3 * value for tag, value in curves.items()}, params={HOSTILE: HOSTILE + "!", "b": 1})
    bad = replace(bad, name=HOSTILE)
    page = text(held(good, bad, "loss 2%"), TextStyle(width, unicode=unicode))
    assert not set(HARMFUL) & set(page) and "::error" not in page
    assert max(map(len, page.splitlines())) <= width


def test_many_curves_and_parameters_are_summed_up() -> None:
    good = run({f"grad_norm/layer{i}.weight": level(100, 1.0, seed=i) for i in range(20)})
    bad = run({tag: 9 * curve.value for tag, curve in good.curves.items()}, params={f"p{i}": i for i in range(30)})
    found = held(good, bad)
    short, full = text(found, TextStyle()), text(found, TextStyle(verbose=True))
    assert "and 12 more curves; -v shows them" in short and "and 18 more; -v shows them" in short
    assert "layer19" in full and "p29" in full and "more" not in full


# The command


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield


def log(path: str, **curves: Floats) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    rows = [",".join([str(i), *map(str, row)]) for i, row in enumerate(zip(*curves.values(), strict=True))]
    Path(path).write_text("\n".join([",".join(["step", *curves]), *rows, ""]))
    return path


def call(*args: str) -> Result:
    return CliRunner().invoke(main, ["compare", *args])


def document(*args: str) -> Any:
    return json.loads(call(*args, "--format", "json").stdout)


def test_the_command_says_where_they_diverge() -> None:
    good, bad = log("good/a.csv", loss=falling(300)), log("bad/a.csv", loss=growing(300, 150, 0.05) + falling(300))
    done = call(good, bad)
    assert done.exit_code == 0 and done.stdout.startswith("! RUNS DIVERGE  first at step ")
    found = document(good, bad)
    assert found["schema_version"] == "1.0" and found["first"]["role"] == "loss@train"
    assert found["good"][0]["run"] == "a.csv" and found["gate"] == {"regressions": [], "failed": False}
    assert call(good, good).stdout.startswith("✓ NO DIFFERENCE  1 curve agrees within noise")
    assert call(good, log("x.csv", zzq=falling(20))).stdout.startswith("? NOT COMPARED")


def test_a_broken_limit_is_1() -> None:
    good, bad = log("good.csv", val_loss=falling(100)), log("bad.csv", val_loss=1.5 * falling(100))
    done = call(good, bad, "--max-regression", "val_loss 2%")
    assert done.exit_code == 1 and done.stdout.startswith("✗ REGRESSION  val_loss 2%; runs diverge first at step 0")
    assert "✗ val_loss 2%: worse by 50 %" in done.stdout
    assert call(good, bad, "--max-regression", "val_loss 60%").exit_code == 0
    assert document(good, bad, "--max-regression", "val_loss 2%")["gate"]["failed"] is True


def test_against_a_glob_leaves_the_run_itself_out() -> None:
    for seed in range(4):
        log(f"runs/good{seed}/log.csv", loss=falling(200, seed=seed))
    found = document("runs/good3", "--against", "runs/good*")
    assert [good["run"] for good in found["good"]] == [f"runs/good{seed}/log.csv" for seed in range(3)]
    assert found["first"] is None and len(found["together"]) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["good.csv"], "give GOOD and BAD, or BAD alone with --against"),
        (["good.csv", "bad.csv", "--against", "x"], "give GOOD and BAD"),
        (["good.csv", "missing"], "missing: no such file or folder"),
        (["good.csv", "many"], "many: holds 2 runs (a.csv, b.csv); name one of them"),
        (["good.csv", "--against", "good.csv"], "it names no run besides good.csv itself"),
        (["good.csv", "bad.csv", "--max-regression", "loss"], "write"),
        (["good.csv", "bad.csv", "--max-regression", "los 2%"], "no curve 'los'; it has: loss"),
    ],
)
def test_wrong_usage_is_2_and_one_line(args: list[str], said: str) -> None:
    for path in ("good.csv", "bad.csv", "many/a.csv", "many/b.csv"):
        log(path, loss=falling(50))
    done = call(*args)
    assert done.exit_code == 2 and said in done.stderr and done.stdout == ""


def test_a_good_run_that_failed_is_no_reference() -> None:
    nan = falling(300)
    nan[200:] = np.nan
    failed = [log(f"runs/nan{i}/log.csv", loss=nan * (1 + i / 100)) for i in range(3)]
    well = [log(f"runs/well{i}/log.csv", loss=falling(300, seed=i)) for i in range(3)]
    for args in ((failed[0], failed[1]), (failed[0], "--against", "runs/nan*")):
        done = call(*args)
        assert done.exit_code == 2 and done.stdout == "" and "failed itself" in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1
    done = call(well[0], "--against", "runs/*")
    assert done.exit_code == 0 and "3 runs of --against left out: failed" in done.stderr
    assert "left out" in done.stdout and "NaN loss" in done.stdout
    found = document(well[0], "--against", "runs/*")
    assert [run["run"] for run in found["left_out"]] == failed and len(found["good"]) == 2
    assert found["bad"]["verdict"] == "healthy" and found["verdict"] == "no-difference"


def test_a_failed_run_that_does_not_differ_is_no_success() -> None:
    """A reference that is suspect may have the trouble too: the headline says how the run itself was judged."""
    loss = growing(300, 150, 0.001, at=2.0)
    found = held(run({"loss": loss}), run({"loss": loss}))
    found = replace(found, bad=found.bad._replace(verdict="suspect"))
    assert text(found, TextStyle()).startswith(
        "✓ NO DIFFERENCE  1 curve agrees within noise; the run itself is judged suspect"
    )


def test_the_table_names_curve_step_values_and_noise() -> None:
    page = text(held(well(), sick()), TextStyle())
    lines = page.splitlines()
    (head,) = (line for line in lines if line.strip().startswith("Curve"))
    assert re.split(r"\s{2,}", head.strip()) == ["Curve", "First difference", "Good → bad", "Times the noise"]
    (rate,) = (line for line in lines if line.strip().startswith("lr  "))
    assert "step 200" in rate and "0.001 → 0.1 at step " in rate and rate.endswith("no noise")
    assert "identical up to step 199" in page


@pytest.mark.parametrize("name", ["c.html", "c.md", "c.json", "c.txt", "c.svg", "c.png", "c.pdf"])
def test_every_format_is_written_by_its_suffix(name: str) -> None:
    good, bad = log("good.csv", loss=falling(300)), log("bad.csv", loss=falling(300) + growing(300, 150, 0.05))
    done = call(good, bad, "-o", name)
    assert done.exit_code == 0 and done.stdout == "" and f"wrote {name}" in done.stderr
    content = Path(name).read_bytes()
    starts = {"html": b"<!doctype html>", "json": b"{", "png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    assert content.startswith(starts.get(name[2:], content[:1]))
    if name[2:] not in ("png", "pdf"):
        assert b"loss" in content
    assert call(good, bad, "-o", f"again.{name[2:]}").exit_code == 0
    assert Path(f"again.{name[2:]}").read_bytes() == content, "equal input gives equal files"


def test_a_format_on_standard_output_and_a_wrong_one() -> None:
    good, bad = log("good.csv", loss=falling(300)), log("bad.csv", loss=3 * falling(300))
    assert call(good, bad, "--format", "markdown").stdout.startswith("## ⚠️ Runs diverge: first at step 0")
    assert call(good, bad, "--format", "html").stdout.startswith("<!doctype html>")
    assert call(good, bad, "-o", "c.xyz").exit_code == 2


def test_the_html_page_and_markdown_quote_hostile_text_harmlessly() -> None:
    curves: dict[str, Floats] = {f"{HOSTILE}/loss": falling(300), "grad_norm": level(300, 1.0)}
    good = run(curves, params={HOSTILE: HOSTILE, "a": "<img src=x onerror=alert(1)>"})
    bad = run({tag: 3 * value for tag, value in curves.items()}, params={HOSTILE: HOSTILE + "!", "b": "<b>"})
    found = with_formats(held(good, replace(bad, name=HOSTILE), "loss 2%"))
    for name in ("html", "markdown"):
        page = found.render(name)
        assert not set(HARMFUL) & set(page) and "<img" not in page and "<script" not in page


def test_the_overlay_draws_every_run_the_onset_and_what_is_not_finite() -> None:
    bad = falling(300, seed=3)
    bad[200:] = np.nan
    band = [run({"loss": falling(300, seed=i)}) for i in range(3)]
    (pair,) = held(band, run({"loss": bad})).parted
    drawing = overlay(pair)
    assert drawing.count('class="good-run"') == 3 and drawing.count('class="bad-run"') == 1
    assert 'class="onset"' in drawing and drawing.split('class="nonfinite" d="')[1][:1] == "M"
    assert not re.search("NaN|nan|inf", re.sub('aria-label="[^"]*"', "", drawing))


@pytest.mark.parametrize(
    "value", [np.zeros(50), np.full(50, 1e300), 1e307 * np.linspace(-9, 9, 50), np.geomspace(1e-300, 1e300, 50)]
)
def test_the_overlay_has_an_axis_for_any_values(value: Floats) -> None:
    found = held(run({"loss": value}), run({"loss": value[::-1].copy()}))
    for pair in (*found.parted, *found.together):
        assert "<svg" in overlay(pair) and "nan" not in overlay(pair)


# Python


def test_compare_in_python() -> None:
    good, bad = {"loss": falling(300)}, {"loss": falling(300, seed=1) + growing(300, 150, 0.05)}
    found = loglens.compare(good, bad)
    assert found.verdict == "diverge" and found.as_dict()["first"]["role"] == "loss@train"
    assert repr(found) == "<Comparison of 'data' with 1 good run: diverge>"
    seeds = [run({"loss": falling(300, seed=seed)}) for seed in range(4)]
    band = loglens.compare(seeds[0], against=seeds)
    assert band.verdict == "no-difference" and len(band.good) == 3
    assert loglens.compare(good, {"loss": 2 * falling(300)}, max_regression="loss 2%").failed
    frame = found._repr_html_()
    assert frame is not None and frame.startswith("<iframe") and "RUNS DIVERGE" in frame
    nan = {"loss": np.r_[falling(200), np.full(100, np.nan)]}
    for first, second in ((nan, good), (good, "missing")):
        with pytest.raises(loglens.LoglensError, match=r"failed itself|missing"):
            loglens.compare(first, second)
    with pytest.raises(TypeError):
        loglens.compare(good)
    with pytest.raises(loglens.LoglensError, match="4 runs"):
        loglens.compare(seeds, good)
    with pytest.raises(loglens.LoglensError, match="no format 'htm'; did you mean html"):
        found.render("htm")
    with pytest.raises(loglens.LoglensError, match="a figure"):
        found.render("svg")
    assert found.save("c.md").read_text("utf-8") == found.render("markdown")
