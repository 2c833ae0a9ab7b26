"""Assertions on metrics and the baseline: what fails the gate, and what does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result

from loglens.analysis.assertions import check
from loglens.analysis.baseline import accept, dump, load
from loglens.cli import main
from loglens.config.assertions import Assertion, Claim, parse
from loglens.config.load import Config
from loglens.errors import ConfigError
from loglens.model.columns import Columns
from loglens.model.finding import Severity
from loglens.model.report import Report, RuleResult
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.registry import load as registry
from loglens.registry.load import detectors
from loglens.roles.assign import assign_roles
from tests.curves import Floats, falling, level, run
from tests.findings import changed
from tests.judged import report_on

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in ("LOGLENS_CONFIG", "LOGLENS_FAIL_ON", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    yield


def log(path: str, **curves: Floats) -> str:
    tags = [tag.replace("__", "/") for tag in curves]
    rows = [",".join([str(i), *map(str, row)]) for i, row in enumerate(zip(*curves.values(), strict=True))]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("\n".join([",".join(["step", *tags]), *rows, ""]))
    return path


def bad(path: str = "bad.csv", at: int = 200) -> str:
    loss = falling(300)
    loss[at:] = np.nan
    return log(path, train__loss=loss)


def call(*args: str) -> Result:
    return CliRunner().invoke(main, ["diagnose", *args])


def document(*args: str) -> Any:
    found = json.loads(call(*args, "--format", "json").stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def said(run: Run, **table: Any) -> list[str]:
    """The messages of the assertion that a table states, with _ for - in its keys."""
    (one,) = parse([{key.replace("_", "-"): value for key, value in table.items()}], "x")
    return [finding.message for finding in check([one], assign_roles(run))[0]]


def trained() -> Run:
    accuracy = np.array([0.5, 0.7, 0.9, 0.95, 0.93, 0.91])
    return run({"val/accuracy": accuracy, "train/loss": falling(6), "step_time": np.full(6, 0.25)}, every=10)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"last": ">= 0.92"}, "val/accuracy ends at 0.91; asserted: last >= 0.92"),
        ({"last": ">= 0.91"}, ""),
        ({"last": "> 0.91"}, "val/accuracy ends at 0.91; asserted: last > 0.91"),
        ({"last": "<= 91%"}, ""),
        ({"best": ">= 0.95"}, ""),
        ({"best": ">= 0.96"}, "the best of val/accuracy is 0.95 at step 30; asserted: best >= 0.96"),
        ({"best": "< 0.5"}, "the best of val/accuracy is 0.5 at step 0; asserted: best < 0.5"),
        ({"mean_last_2": ">= 0.92"}, ""),
        (
            {"mean_last_3": ">= 0.94"},
            "the mean of the last 3 points of val/accuracy is 0.93; asserted: mean-last-3 >= 0.94",
        ),
        ({"mean_last_99": ">= 0.9"}, "the mean of the last 6 points of val/accuracy is 0.815"),
        ({"max": "< 0.96"}, ""),
        ({"max": "< 0.95"}, "the largest value of val/accuracy is 0.95; asserted: max < 0.95"),
        ({"min": "> 0.5"}, "the lowest value of val/accuracy is 0.5; asserted: min > 0.5"),
        ({"finite": ">= 100%"}, ""),
        ({"kept": ">= 90%"}, ""),
        ({"end_over_start": ">= 1.3"}, ""),
        ({"end_over_start": ">= 2"}, "val/accuracy ends at 1.329 times its start"),
        ({"must_reach_step": 50}, ""),
        ({"must_reach_step": 51}, "val/accuracy ends at step 50; asserted: step 51"),
    ],
)
def test_an_assertion_on_a_metric(table: dict[str, Any], message: str) -> None:
    for metric in ("val/accuracy", "metric_higher@val", "val_metric_higher", "val/acc*"):
        found = said(trained(), metric=metric, **table)
        assert len(found) == bool(message) and all(text.startswith(message) for text in found), metric


def test_what_is_not_a_number_holds_nothing() -> None:
    sick = run({"loss": np.array([3.0, 2.0, 1.0, np.nan]), "acc": np.full(4, np.nan)})
    assert said(sick, metric="loss", last="<= 9") == ["loss ends at NaN; asserted: last <= 9"]
    assert said(sick, metric="loss", mean_last_2="<= 9") and said(sick, metric="acc", best=">= 0")
    assert not said(sick, metric="loss", best="<= 1")


@pytest.mark.parametrize("length", [30, 300, 3000])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_what_a_curve_kept_does_not_depend_on_its_scale(length: int, scale: float) -> None:
    back = scale * np.concatenate([falling(length, noise=0.01), np.linspace(0.5, 2.0, length)])
    assert said(run({"loss": back}), metric="loss", kept=">= 90%")
    assert not said(run({"loss": scale * falling(length, noise=0.01)}), metric="loss", kept=">= 90%")
    assert not said(run({"reward": scale * falling(length, noise=0.01)[::-1]}), metric="reward", kept=">= 90%")


def test_a_curve_that_never_gained_or_breaks_off_kept_nothing() -> None:
    assert said(run({"loss": np.linspace(1.0, 9.0, 90)}), metric="loss", kept=">= 0")
    broken = falling(90)
    broken[80:] = np.nan
    assert said(run({"loss": broken}), metric="loss", kept=">= 0")
    assert said(run({"loss": broken}), metric="loss", finite=">= 100%")[0].startswith("88.9% of the points")


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ("clean", ""),
        ("found", "nan-loss finds something, but the assertion says that it is clean"),
        ("skipped", "nan-loss was skipped (no loss), but the assertion says that it is clean"),
        ("crashed", "nan-loss was crashed (no loss), but the assertion says that it is clean"),
    ],
)
def test_a_rule_is_asserted_to_be_clean(outcome: str, message: str) -> None:
    (one,) = parse([{"clean": "nan-loss"}], "x")
    findings, result = check([one], [], [RuleResult("nan-loss", outcome, "" if outcome == "clean" else "no loss")])
    assert [finding.message for finding in findings] == [message] * bool(message)
    assert result.outcome == ("found" if message else "clean")
    (lenient,) = parse([{"clean": "nan-loss", "if-missing": "skip"}], "x")
    results = [RuleResult("nan-loss", outcome, "" if outcome == "clean" else "no loss")]
    assert bool(check([lenient], [], results)[0]) == (outcome in ("found", "crashed"))
    assert check([one], [])[0][0].message == "nan-loss was not applied, but the assertion says that it is clean"


def test_a_metric_that_was_not_logged_violates_unless_it_may_be_missing() -> None:
    (message,) = said(trained(), metric="val/acuracy", last="> 0")
    assert message.startswith("no curve is named val/acuracy, so last > 0 cannot hold; the curves are: val/accuracy")
    assert not said(trained(), metric="bleu", last="> 0", if_missing="skip")
    optional = Assertion("bleu", (Claim("last", ">", 0.0),), optional=True)
    assert check([optional], assign_roles(trained()))[1].outcome == "skipped"
    assert (
        check([optional, Assertion("", (Claim("must-reach-step", ">=", 5),))], assign_roles(trained()))[1].outcome
        == "clean"
    )


def test_assertions_on_the_whole_run() -> None:
    assert not said(trained(), must_reach_step=50) and not said(trained(), max_step_time=0.25)
    assert said(trained(), must_reach_step=60) == ["the run ends at step 50; asserted: step 60"]
    slow = "a step takes 0.25 s (the median of step_time); asserted: at most 0.2 s"
    assert said(trained(), max_step_time=0.2) == [slow]
    assert "holds no time stamps" in said(run({"loss": falling(9)}), max_step_time=1)[0]
    assert said(Run("x", Path("x"), "test"), must_reach_step=1) == ["the run has no step; asserted: step 1"]
    columns = run({"loss": falling(100)}, every=5).columns
    clocked = Columns(columns.tags, columns.tag, columns.step, np.linspace(0, 990, 100), columns.value, columns.session)
    (message,) = said(Run("x", Path("x"), "test", clocked), max_step_time=1.5)
    assert message.startswith("a step takes 2 s (the median time between points of loss)")


def judged(*runs: Run, demands: tuple[Assertion, ...] = (), **options: Any) -> Report:
    return report_on(runs, detectors(), config=Config(assertions=demands, **options))


DEMAND = (Assertion("val/accuracy", (Claim("last", ">=", 0.99), Claim("best", ">=", 0.99))),)


def test_the_reason_stands_before_what_it_cost() -> None:
    loss = falling(300)
    loss[200:] = np.nan
    report = judged(run({"loss": loss, "val/accuracy": level(300, 0.5)}), demands=DEMAND)
    assert [finding.condition for finding in report.findings][:3] == ["nan-loss", "assertion", "assertion"]
    assert report.primary == "nan-loss" and len({finding.fingerprint for finding in report.findings}) == 3
    alone = judged(trained(), demands=DEMAND)
    assert alone.primary == "assertion" and alone.exit_code == 1 and alone.runs[0].verdict == "failed"
    assert judged(trained(), demands=DEMAND, fail_on=None).exit_code == 0


def test_a_run_of_which_only_an_assertion_can_be_judged_is_judged() -> None:
    short = run({"val/accuracy": np.array([0.5, 0.999])})
    assert judged(short).exit_code == 3 and judged(short, demands=DEMAND).exit_code == 0
    ignored = judged(short, demands=DEMAND, ignore={"assertion": "not yet"})
    assert ignored.exit_code == 3
    (result,) = (result for result in ignored.runs[0].outcomes if result.condition == "assertion")
    assert result.why == "left out by the configuration: not yet"


@pytest.mark.parametrize("name", list(registry.renderers()))
def test_every_format_shows_a_violated_assertion(name: str) -> None:
    text = registry.renderers()[name].render(judged(trained(), demands=DEMAND))
    assert "assertion" in text and "0.91" in text


CONFIG = """
ignore = [{rule = "plateau", reason = "a short demo"}]
[[assert]]
metric = "val/accuracy"
last = ">= 0.9"
"""


def test_the_configuration_asserts() -> None:
    Path("loglens.toml").write_text(CONFIG)
    path = log("a.csv", train__loss=falling(300), val__accuracy=np.linspace(0.1, 0.8, 300))
    done = call(path, "-v")
    assert done.exit_code == 1 and "val/accuracy ends at 0.8; asserted: last >= 0.9" in done.stdout
    assert "plateau: left out by the configuration: a short demo" in " ".join(done.stdout.split())
    finding = document(path)["runs"][0]["findings"][0]
    assert (finding["condition"], finding["family"], finding["severity"]) == ("assertion", "gate", "error")
    assert finding["evidence"] == {"assertion": "val/accuracy: last >= 0.9", "value": 0.8, "bound": 0.9}
    assert finding["onset_step"] == 299 and finding["tags"] == ["val/accuracy"]
    assert call(path, "--isolated").exit_code == 0
    assert call(path, "--ignore", "assertion").exit_code == 0
    assert call(path, "--select", "nan-loss").exit_code == 0, "only this rule"
    assert call(path, "--select", "assertion").exit_code == 1
    Path("loglens.toml").write_text('select = ["nan-loss"]' + CONFIG)
    assert call(path).exit_code == 1, "a selection of rules in the file leaves its assertions"


def test_the_rule_can_be_explained() -> None:
    done = CliRunner().invoke(main, ["rules", "assertion"])
    assert done.exit_code == 0 and "[[tool.loglens.assert]]" in done.stdout and "Curves it looks" not in done.stdout


# Baseline


def test_what_is_accepted_today_fails_no_more_and_what_is_new_does() -> None:
    done = call(bad("runs/a/log.csv"), "--write-baseline", "base.json")
    assert done.exit_code == 0 and "wrote base.json: 1 finding accepted" in done.stderr
    entry = json.loads(Path("base.json").read_text())["findings"][0]
    assert entry["run"] == "runs/a/log.csv" and entry["condition"] == "nan-loss" and "NaN" in entry["message"]
    again = call("runs/a/log.csv", "--baseline", "base.json")
    assert again.exit_code == 0 and again.stdout.startswith("✗ FAILED")
    assert "NaN loss  known, error" in again.stdout
    assert "Known  1 of 1 finding accepted; the gate passes" in again.stdout
    found = document("runs", "--baseline", "base.json")
    assert found["gate"] == {"fail_on": "error", "failed": False} and found["counts"]["error"] == 1
    bad("runs/b/log.csv")
    new = call("runs", "--baseline", "base.json")
    assert new.exit_code == 1 and "1 of 2 findings accepted; the gate fails on the others" in new.stdout
    assert call("runs", "--baseline", "base.json", "--write-baseline", "base.json").exit_code == 0
    assert call("runs", "--baseline", "base.json").exit_code == 0


def test_the_same_trouble_at_another_step_is_known() -> None:
    call(bad(), "--write-baseline", "base.json")
    bad(at=150)
    done = call("bad.csv", "--baseline", "base.json")
    assert done.exit_code == 0 and "NaN loss  known, error" in done.stdout and "from step 150" in done.stdout


def test_another_curve_rule_or_severity_is_new() -> None:
    loss = falling(300)
    loss[200:] = np.nan
    before = judged(run({"train/loss": loss}))
    file = Path("base.json")
    file.write_text(dump(before, file))
    assert not accept(before, load(file), file).failed
    (found,) = before.runs[0].findings
    mild = changed(found, severity=Severity.WARNING)

    def held(*findings: ReportedFinding) -> list[bool]:
        runs = (replace(before.runs[0], findings=findings),)
        return [finding.known for finding in accept(replace(before, runs=runs), load(file), file).findings]

    other = replace(found.series[0], tag="val/loss")
    assert held(changed(found, "divergence")) == [False]
    assert held(changed(found, series=(other,))) == [False]
    assert held(changed(found, key="last >= 3")) == [False]
    assert held(mild) == [True] and held(mild, found) == [True, False], "an entry accepts one finding"
    file.write_text(dump(replace(before, runs=(replace(before.runs[0], findings=(mild,)),)), file))
    assert held(found) == [False] and held(mild) == [True], "worse than was accepted"


def test_the_baseline_holds_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    call(bad("ci/runs/a.csv"), "--write-baseline", "ci/base.json")
    monkeypatch.chdir("ci/runs")
    assert call("a.csv", "--baseline", "../base.json").exit_code == 0
    monkeypatch.chdir("../..")
    Path("ci").rename("moved")
    assert call(str(Path("moved/runs").resolve()), "--baseline", "moved/base.json").exit_code == 0


def test_a_baseline_written_beside_a_stream_accepts_the_same() -> None:
    done = call(bad(), "-o", "report.jsonl", "--write-baseline", "base.json")
    assert done.exit_code == 0 and json.loads(Path("base.json").read_text())["findings"][0]["curves"]
    assert call("bad.csv", "--baseline", "base.json").exit_code == 0


def test_one_entry_accepts_one_finding() -> None:
    loss = falling(300)
    loss[200:] = np.nan
    twice = judged(run({"loss": loss}), run({"loss": loss}))
    file = Path("base.json")
    file.write_text(dump(judged(run({"loss": loss})), file))
    found = accept(twice, load(file), file)
    assert [finding.known for finding in found.findings] == [True, False] and found.failed
    file.write_text(dump(twice, file))
    assert not accept(twice, load(file), file).failed
    assert max(finding.severity for finding in found.findings) is Severity.ERROR


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "no baseline of this version"),
        ('{"loglens_baseline": "1.0", "findings": []}', "no baseline of this version"),
        ('{"loglens_baseline": "2.0"}', "lacks run, condition"),
        ('{"loglens_baseline": "2.0", "findings": [3]}', "lacks run, condition"),
        ('{"loglens_baseline": "2.0", "findings": [{"run": "x"}]}', "lacks run, condition"),
        (
            '{"loglens_baseline": "2.0", "findings": [{"run": "x", "condition": "y", "curves": [], "severity": 1}]}',
            "lacks run, condition",
        ),
    ],
)
def test_a_baseline_that_is_none_is_2(text: str, message: str) -> None:
    Path("base.json").write_text(text)
    done = call(bad(), "--baseline", "base.json")
    assert done.exit_code == 2 and message in done.stderr and done.stderr.count("\n") == 1
    with pytest.raises(ConfigError):
        load(Path("base.json"))


def test_a_baseline_that_is_not_there_or_cannot_be_written_is_2() -> None:
    done = call(bad(), "--baseline", "none.json")
    assert done.exit_code == 2 and "--write-baseline none.json makes one" in done.stderr
    done = call("bad.csv", "--write-baseline", "none/base.json")
    assert done.exit_code == 2 and "--write-baseline none/base.json: cannot be written" in done.stderr
    assert call("missing", "--write-baseline", "base.json").exit_code == 2
    assert not Path("base.json").exists(), "nothing was read, so there is nothing to accept"
