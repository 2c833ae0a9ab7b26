"""The whole of loglens as Python sees it: what can be diagnosed, what is refused, and what comes back."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import loglens
from loglens.errors import ConfigError
from tests.curves import falling

SAMPLES = Path(__file__).parents[1] / "sample_logs"
SICK, WELL = SAMPLES / "exploding_gradient_rnn", SAMPLES / "healthy_lstm"


def nan_loss() -> dict[str, Any]:
    loss = falling(400)
    loss[300:] = np.nan
    return {"step": np.arange(400), "loss": loss}


def test_the_public_names_are_there_whatever_was_imported_before() -> None:
    import loglens.compare.curves
    import loglens.roles.assign

    assert loglens.roles()[0]["name"] and loglens.rules()[0]["name"] and callable(loglens.compare)
    assert {"diagnose", "Run", "Finding"} <= set(dir(loglens))
    with pytest.raises(AttributeError, match="has no attribute 'diagnos'"):
        loglens.diagnos  # noqa: B018
    report = loglens.diagnose(SICK)
    assert isinstance(report, loglens.Report) and isinstance(report.findings[0], loglens.Finding)
    assert isinstance(loglens.read(SICK)[0], loglens.Run)


@pytest.mark.parametrize("path", ["missing", "missing/*", ["missing"], Path("missing")])
def test_a_path_that_does_not_exist_is_an_error(path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(loglens.UnreadableError, match=r"^missing"):
        loglens.diagnose(path)
    with pytest.raises(loglens.UnreadableError, match=r"^missing"):
        loglens.diagnose([WELL, "missing"])


def test_a_file_that_is_no_log_is_listed(tmp_path: Path) -> None:
    (tmp_path / "notes.bin").write_bytes(b"\0" * 100)
    assert [unread.path for unread in loglens.diagnose([WELL, tmp_path / "notes.bin"]).unread]


def test_every_form_of_data_is_diagnosed_alike() -> None:
    curves = nan_loss()
    frame = pd.DataFrame(curves)
    for data in (curves, frame, frame.set_index("step"), frame.to_dict("records"), frame.melt("step", var_name="tag")):
        (finding,) = loglens.diagnose(data).findings[:1]
        assert (finding.condition, finding.onset_step) == ("nan-loss", 300)


def test_runs_that_were_read_are_judged_like_their_path() -> None:
    runs = loglens.read(SICK)
    here, there = loglens.diagnose(runs).as_dict(), loglens.diagnose(SICK).as_dict()
    assert here == there
    assert loglens.diagnose(runs[0]).as_dict()["runs"] == there["runs"][:1]
    with pytest.raises(loglens.LoglensError, match="runs only, paths only"):
        loglens.diagnose([runs[0], "path"])


def test_roles_rules_and_thresholds_are_arguments(tmp_path: Path) -> None:
    curves = {"zzq": nan_loss()["loss"]}
    assert "nan-loss" not in [finding.condition for finding in loglens.diagnose(curves).findings]
    assert loglens.diagnose(curves, roles={"zz*": "loss"}).primary == "nan-loss"
    report = loglens.diagnose(nan_loss(), ignore="nan-loss")
    assert "nan-loss" not in [finding.condition for finding in report.findings]
    assert {f.condition for f in loglens.diagnose(SICK, select=["exploding-gradient"]).findings} <= {
        "exploding-gradient",
        "unstable-training",
    }
    settings = tmp_path / "loglens.toml"
    settings.write_text('[roles]\n"zz*" = "metric_higher"\n')
    assert loglens.diagnose(curves, config=settings, roles={"zzq": "loss"}).primary == "nan-loss"
    few = {"exploding-gradient": {"min_points": 10_000}}
    (skipped,) = (r for r in loglens.diagnose(SICK, thresholds=few).runs[0].outcomes if r.condition in few)
    assert skipped.outcome == "skipped" and "10000" in skipped.why.replace(",", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"select": "nan-los"}, "select: no rule 'nan-los'; did you mean nan-loss"),
        ({"ignore": ["nan-los"]}, "ignore: no rule 'nan-los'"),
        ({"roles": {"a": "los"}}, "'a' = 'los': there is no 'los'"),
        ({"thresholds": {"plateau": {"sharp": 1}}}, "rule plateau has no threshold 'sharp'"),
        ({"thresholds": {"plateau": {"share": "x"}}}, "must be a number"),
        ({"fail_on": "fatal"}, "fail_on is 'fatal'"),
        ({"baseline": "missing.json"}, "missing.json"),
    ],
)
def test_an_argument_that_does_not_exist_is_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        loglens.diagnose(nan_loss(), **arguments)


def test_a_baseline_accepts_what_it_names(tmp_path: Path) -> None:
    from loglens.analysis import baseline

    report, file = loglens.diagnose(SICK), tmp_path / "accepted.json"
    assert report.failed
    file.write_text(baseline.dump(report, file))
    assert not loglens.diagnose(SICK, baseline=file).failed


def test_a_report_is_saved_in_the_format_of_its_suffix(tmp_path: Path) -> None:
    report = loglens.diagnose(SICK)
    assert json.loads(report.save(tmp_path / "report.json").read_text()) == report.as_dict()
    for name, kind in (("r.md", "markdown"), ("r.sarif", "sarif"), ("r.html", "html")):
        assert report.save(str(tmp_path / name)).read_text("utf-8") == report.render(kind)
    assert report.save(tmp_path / "report", "text").read_text("utf-8") == report.render()
    with pytest.raises(loglens.LoglensError, match=r"no format has this suffix \(.*\.html"):
        report.save(tmp_path / "report.xyz")
    with pytest.raises(loglens.LoglensError, match="cannot be written"):
        report.save(tmp_path / "no folder" / "r.json")
    with pytest.raises(loglens.LoglensError, match="no format 'htm'; did you mean html"):
        report.render("htm")


def test_a_curve_is_found_by_its_role() -> None:
    (run,) = loglens.read(WELL)
    curve = run.series(role="loss")
    assert curve.role == "loss" and curve.split == "train" and (curve.value == run.series(curve.tag).value).all()
    (other,) = loglens.read(SAMPLES / "overfitting_small_data")
    assert other.series(role="val_loss").tag == other.series(role="loss@val").tag == "val_loss"
    with pytest.raises(loglens.LoglensError, match="no curve of run 'healthy_lstm' has the role 'lozz'"):
        run.series(role="lozz")
    with pytest.raises(TypeError):
        run.series()
    (named,) = loglens.read(WELL, roles={"train/grad_norm": "loss"})
    assert named.series(role="loss").tag == "train/grad_norm"


def test_each_repr_is_one_short_line() -> None:
    report = loglens.diagnose(SICK)
    run = loglens.read(SICK)[0]
    shown = [repr(each) for each in (report, report.runs[0], report.findings[0], run, run.series(role="loss"))]
    assert all(text.startswith("<") and "\n" not in text and len(text) < 300 for text in shown)
    assert shown[0] == "<Report on 1 run: 1 failed>" and "exploding-gradient from step" in shown[2]
    hostile = loglens.diagnose({"a\x1b[31m\n/loss": falling(50)})
    assert "\x1b" not in repr(hostile.runs[0].curves) and "\n" not in repr(hostile.runs[0].curves)


def test_plot_writes_a_figure_of_a_report_or_of_data(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    (file,) = loglens.plot(loglens.diagnose(SICK), tmp_path / "a.svg")
    assert file == tmp_path / "a.svg" and "exploding gradient" in file.read_text()
    assert loglens.plot(nan_loss(), tmp_path / "b.png")[0].read_bytes().startswith(b"\x89PNG")
    with pytest.raises(loglens.LoglensError, match="no figure has this suffix"):
        loglens.plot(SICK, tmp_path / "a.html")


def test_rules_and_roles_are_plain_data() -> None:
    rules = {rule["name"]: rule for rule in loglens.rules()}
    assert json.loads(json.dumps(list(rules.values()))) == list(rules.values())
    assert rules["nan-loss"]["severity"] == "error" and set(rules["plateau"]["thresholds"]) >= {"share"}
    assert "loss" in rules["nan-loss"]["curves"] and "How it is found" in rules["nan-loss"]["text"]
    better = {role["name"]: role["better"] for role in loglens.roles()}
    assert (better["loss"], better["metric_higher"], better["lr"]) == ("lower", "higher", None)


def test_the_page_on_python_word_for_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    (tmp_path / "sample_logs").symlink_to(SAMPLES)
    monkeypatch.chdir(tmp_path)
    page = (SAMPLES.parent / "docs" / "python.md").read_text("utf-8")
    test = doctest.DocTestParser().get_doctest(page, {}, "python.md", "docs/python.md", 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    failed, tried = runner.run(test, out=said.append)
    assert tried > 30 and not failed, "".join(said)


#: Their curves over epochs and over iterations have no common step, so that one frame cannot hold them.
TWO_AXES = frozenset({"healthy_keras_tf2"})


@pytest.mark.parametrize(
    "folder", sorted({path.name for path in SAMPLES.glob("healthy_*")} - TWO_AXES), ids=lambda name: name[8:]
)
def test_a_healthy_run_is_healthy_as_a_wide_frame(folder: str) -> None:
    """Each row holds what was logged at one step, and NaN elsewhere: no such NaN is taken for a value."""
    run = loglens.read(SAMPLES / folder)[0]
    if run.rewinds or len(set(run.axes.values())) > 1:
        pytest.skip("steps that go back, or of several kinds, fit no index")
    frame = run.scalars.pivot_table(index="step", columns="tag", values="value", aggfunc="last", observed=True)
    here, there = loglens.diagnose(run).runs[0], loglens.diagnose(frame).runs[0]
    assert [f.condition for f in there.findings if f.severity > 0] == []
    assert there.verdict == here.verdict
