"""The benchmarks run, and say what they measured; how fast is not asked here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import growth
from loglens.analysis.outcome.unexplained import RULE as UNSTABLE
from loglens.model.finding import Severity
from loglens.registry import load as registry

SPEED = Path(__file__).parents[2] / "benchmarks" / "speed.py"


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory and cores as Linux tells them")
def test_speed_makes_its_page(tmp_path: Path) -> None:
    only = ["files", "csv", "start"]
    flags = ["--scale", "0.001", "--repeat", "1", "-o", str(tmp_path / "speed.md"), "--only", *only]
    done = subprocess.run([sys.executable, SPEED, *flags], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    page = (tmp_path / "speed.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and line.count("|") == 8][1:]
    assert len(rows) == len(done.stdout.splitlines()) == 10
    assert "scaled by 0.001, so not the real figures" in page and "loglens 0" in page


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory as Linux tells it")
def test_sizes_puts_its_table_at_the_end_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "speed.md").write_text("# Speed\n\n## Over sizes\n\nfigures of before\n")
    flags = ["--most", "10000", "--only", "CSV", "all rules", "-o", str(tmp_path / "speed.md")]
    done = subprocess.run([sys.executable, SPEED.with_name("sizes.py"), *flags], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "speed.md").read_text()
    assert page.startswith("# Speed\n\n## Over sizes\n") and "figures of before" not in page
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 1 + 1 + 1 + len(registry.detectors()), "heads, CSV, all rules, each rule"


def test_growth_puts_its_plots_into_the_page(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text("# Speed\n\nfigures\n\n## Over sizes\n\nothers\n")
    for _ in range(2):  # the second time instead of the first
        growth.write(page, {"points": {10: 0.5, 1000: 2.0, 100_000: 200.0}}, 1.0)
    text = page.read_text()
    assert text.startswith("# Speed\n\nfigures\n\n## How cost grows\n") and text.endswith("## Over sizes\n\nothers\n")
    assert text.count("images/growth_points.svg") == 1 and "slope 1.00" in text
    corners = ElementTree.parse(tmp_path / "images" / "growth_points.svg").findall(".//{*}circle")  # noqa: S314 - ours
    assert len(corners) == 3 and len({corner.get("cx") for corner in corners}) == 3


def test_what_is_fetched_of_remote_files_is_counted() -> None:
    script = SPEED.with_name("remote.py")
    done = subprocess.run([sys.executable, script, "--bytes", "8400000"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shares = [float(line.split("|")[2].rstrip(" %")) for line in done.stdout.splitlines()[2:]]
    assert shares[0] < 3 and shares == sorted(shares) and shares[-1] == 100


def test_the_counts_of_false_alarms_are_of_the_rules_that_there_are() -> None:
    counts = json.loads((SPEED.parent / "false_alarms.json").read_text())
    assert set(counts) == {"corpus", "algoperf", "samples", "real"}
    for source, rows in counts.items():
        assert set(rows) <= {*registry.detectors(), UNSTABLE.name}, source
        assert all(warned + noted <= had for had, warned, noted in rows.values())
    assert not any(warned for rows in (counts["samples"], counts["corpus"]) for _, warned, _ in rows.values())


def test_the_bound_of_a_rate_is_near_the_rule_of_three() -> None:
    code = "import score; print(score.upper_bound(0, 100), score.upper_bound(1, 200))"
    path = SPEED.parent / "diagnosis"
    done = subprocess.run([sys.executable, "-c", code], cwd=path, capture_output=True, text=True, check=True)
    none, one = map(float, done.stdout.split())
    assert none == pytest.approx(1 - 0.05 ** (1 / 100)) and none == pytest.approx(3 / 100, rel=0.02)
    assert one == pytest.approx(4.74 / 200, rel=0.02)  # the 95 % bound of a Poisson mean after one event


DIAGNOSIS = SPEED.parent / "diagnosis"


def test_notes_count_as_claims_where_a_rule_gives_no_more() -> None:
    code = "import score, json; print(json.dumps(sorted(score.NOTES)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=DIAGNOSIS, capture_output=True, text=True, check=True)
    rules = registry.detectors().values()
    assert json.loads(done.stdout) == sorted(d.rule.name for d in rules if d.rule.severity is Severity.NOTE)


#: Rules on how a run went, which came after the benchmark was run; their pages say that they are not measured by it.
NOT_MEASURED = frozenset(
    """crashed metric-collapse metric-stuck non-finite-metric posterior-collapse reward-not-rising
    truncated-completions unbounded-loss value-loss-blow-up zero-loss""".split()
)


def test_every_rule_has_faults_and_healthy_runs_in_the_benchmark() -> None:
    runs = json.loads((DIAGNOSIS / "results.json").read_text())["runs"]
    sick = Counter(run["fault"] for run in runs if run["fault"])
    assert set(sick) == set(registry.detectors()) - NOT_MEASURED and min(sick.values()) >= 4
    judged = Counter(name for run in runs if not run["fault"] for name in run["loglens"]["judged"])
    assert not [name for name in sick if judged[name] < 8]


def test_the_corpus_is_scored_as_its_own_script_does(tmp_path: Path) -> None:
    corpus = Path(__file__).parents[3] / "shared" / "corpus"
    if not (corpus / "score.py").is_file():
        pytest.skip("the labelled corpus is not here")
    labels = json.loads((corpus / "dev" / "labels.json").read_text())[::4]
    some = tmp_path / "dev"
    some.mkdir()
    (some / "labels.json").write_text(json.dumps(labels))
    for label in labels:
        shutil.copytree(corpus / "dev" / label["id"], some / label["id"])
    theirs = subprocess.run(
        [sys.executable, str(corpus / "score.py"), str(some), "--batch"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ours = subprocess.run(
        [sys.executable, str(SPEED.with_name("corpus.py")), str(some)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    figures = dict(pair.split("=") for pair in theirs.split())
    assert f"{figures['cases']} runs, mean F1 of the conditions {figures['macro_f1']}" in ours
    assert f"({figures['primary']})" in ours  # of onsets, ours asks for 2 % of the run, and theirs for less
    assert f"of {figures['healthy']}\n" in ours


def test_the_error_curves_are_of_rules_that_there_are_and_have_a_number_in_every_cell() -> None:
    table = json.loads((SPEED.parent / "error_curves.json").read_text())
    assert set(table["rules"]) <= set(registry.detectors())
    for name, one in table["rules"].items():
        for what in ("missed", "skipped", "alarms"):
            shares = [share for row in one[what] for share in row]
            assert len(shares) == len(table["lengths"]) * len(table["noises"]) and 0 <= min(shares) <= max(shares) <= 1
        calm = [row[0] for row in one["alarms"]]
        assert max(calm) <= 0.02, name  # at a noise of 1 %, a look-alike is warned of in one run of 50 at the most


def test_error_curves_are_measured_again() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import error_curves as e; e.SEEDS = 4\n"
        "pair = e.PAIRS['divergence']\n"
        "for maker in (pair.faulty, pair.healthy): print(e.cell('divergence', maker, 300, 0.01)['said'])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SPEED.parent)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1.0", "0.0"]
