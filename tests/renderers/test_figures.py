"""Figures of the evidence: what is in the SVG, the pixels of the PNG, and names that mean harm."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner, Result

from loglens.analysis.judge import judge
from loglens.cli import main
from loglens.model.finding import Severity
from loglens.model.report import Diagnosis
from loglens.model.reported_finding import ReportedFinding
from loglens.pipeline.trim import point_budget, trim
from loglens.registry.load import detectors
from loglens.renderers.figures import plot
from tests.curves import Floats, falling, series
from tests.curves import run as one_run
from tests.findings import changed
from tests.golden.example import HARMFUL, exploding, failed, healthy, report, suspect, unjudged
from tests.renderers.edges import SAMPLES as NAMES
from tests.renderers.edges import nasty
from tests.renderers.test_html import long_curve, long_run

pytest.importorskip("matplotlib", reason="needs the extra plot")
Image = pytest.importorskip("PIL.Image", reason="needs the extra plot")

SAMPLES = Path(__file__).parents[2] / "sample_logs"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(*args: str) -> Result:
    return CliRunner().invoke(main, ["plot", *args])


def drawn(run: Diagnosis, file: str = "x.svg", **options: Any) -> Path:
    """The figure of one run's findings."""
    (job,) = plot.jobs(report(run), **options)
    path = Path(file)
    plot.draw(job, path, path.suffix[1:], width=5.5, version="0")
    return path


def tree(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()  # noqa: S314 - our own output


def words(path: Path) -> list[str]:
    """The texts of an SVG, which must be text and no outlines."""
    return [(node.text or "").strip() for node in tree(path).iter(f"{SVG}text")]


def part(path: Path, gid: str) -> list[ElementTree.Element]:
    return [node for node in tree(path).iter(f"{SVG}g") if node.get("id") == gid]


def points(node: ElementTree.Element) -> list[tuple[float, float]]:
    """The corners of the first path below a node."""
    path = next(node.iter(f"{SVG}path"), node)
    return [(float(x), float(y)) for x, y in re.findall(r"[ML] (\S+) (\S+)", path.get("d") or "")]


def picture(path: Path) -> Any:
    with Image.open(path) as image:
        image.load()
        return image


def tick(path: Path, text: str) -> float:
    """Where a label of the step axis stands."""
    for node in tree(path).iter(f"{SVG}g"):
        if (node.get("id") or "").startswith("xtick") and text in [said.text for said in node.iter(f"{SVG}text")]:
            return float(next(node.iter(f"{SVG}use")).get("x") or "")
    raise AssertionError(f"no label {text}")


def test_a_run_is_a_figure_with_a_panel_for_each_complaint() -> None:
    path = drawn(failed())
    said = words(path)
    assert "1  exploding gradient, from step 412" in said and "2  NaN loss, from step 431" in said
    assert "runs/lstm-7" in said and "train/grad_norm" in said and "train/ce_loss" in said
    assert "NaN (60 points)" in said and "NaN (69 points)" in said
    assert "step 412" in said and "gradient norm" in said
    assert sum(text == "train/ce_loss" for text in said) == 1, "the loss has a panel of its own already"


def test_onset_and_episode_are_where_they_are_in_the_data() -> None:
    path = drawn(replace(failed(), findings=(exploding(),)))
    (onset, *_), (episode, *_) = part(path, "onset"), part(path, "episode")
    left, right = tick(path, "0"), tick(path, "400")
    (x, _), *_ = points(onset)
    assert (x - left) / (right - left) * 400 == pytest.approx(412, abs=1)
    corners = [x for x, _ in points(episode)]
    assert (min(corners) - left) / (right - left) * 400 == pytest.approx(412, abs=1)
    assert (max(corners) - left) / (right - left) * 400 == pytest.approx(430, abs=1)
    assert part(path, "not-finite")


def test_equal_input_gives_equal_files_and_the_file_says_what_it_shows() -> None:
    once, again = drawn(failed(), "a.svg").read_bytes(), drawn(failed(), "b.svg").read_bytes()
    assert once == again
    assert b"the gradient norm grows 1.35-fold per step" in once and b"loglens 0" in once
    image = picture(drawn(failed(), "a.png"))
    assert image.info["Title"] == "runs/lstm-7" and "1.35-fold" in image.info["Description"]
    assert drawn(failed(), "a.pdf").read_bytes().startswith(b"%PDF")


def test_the_png_has_the_size_of_a_paper_and_the_colours_of_its_parts() -> None:
    image = picture(drawn(failed(), "a.png")).convert("RGB")
    assert image.width == 5.5 * 300 and image.height > 900
    pixels = np.asarray(image).reshape(-1, 3)
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):  # the curve; the onset and the crosses
        assert (pixels == colour).all(axis=1).sum() > 500
    assert (pixels == 255).all(axis=1).mean() > 0.5


@pytest.mark.parametrize("make", [nasty, suspect])
def test_hostile_names_harm_no_figure(make: Any) -> None:
    run = make()
    curves = tuple(replace(curve, tag=f"$\\frac{{{curve.tag}") for curve in run.findings[0].series)
    run = replace(run, findings=tuple(changed(finding, series=curves) for finding in run.findings))
    text = drawn(run).read_text("utf-8")
    assert not set(text) & (set(HARMFUL) - {"\n"})
    assert "<script" not in text and "<b>" not in text and len(text) < 200_000
    assert any(said.startswith("$\\frac{") or "$\\\\frac{" in said for said in words(Path("x.svg")))
    drawn(run, "x.png")
    drawn(run, "x.pdf")


@pytest.mark.parametrize(
    "value",
    [
        np.array([1.0]),
        np.array([np.nan]),
        np.full(5, np.inf),
        np.zeros(9),
        np.array([-1.7e308, 1.7e308, 0.0]),
        np.array([5e-324, 1e308]),
        np.array([0.0, 1.0, 1e6]),
        np.array([1.0, np.nan, 2.0, np.nan, 3.0]),
    ],
)
def test_odd_curves_are_drawn(value: Floats) -> None:
    curve = series(value, tag="_odd")
    finding = changed(exploding(), series=(curve, replace(curve, tag="b")), onset_step=0, end_step=None)
    path = drawn(replace(failed(), findings=(finding,), lead=curve, curves=()))
    assert any("odd" in said for said in words(path)), "a name that begins with an underscore is in the legend too"


def test_an_empty_curve_is_nothing_to_draw() -> None:
    finding = changed(exploding(), series=(series(np.array([])),))
    assert plot.jobs(report(replace(failed(), findings=(finding,), lead=None))) == []


def test_many_layers_share_a_panel_and_two_are_named() -> None:
    layers = tuple(
        replace(series(falling(50) * 10.0**-i, "grad_norm_layer", tag=f"grad/l{i}"), layer=f"l{i}") for i in range(30)
    )
    said = words(drawn(replace(failed(), findings=(changed(exploding(), series=layers),))))
    assert "grad/l0" in said and " ".join(said).count("grad/l") == 2 and "to the last of 30: grad/l29" in said


def test_a_million_points_make_a_small_file_that_keeps_the_spike() -> None:
    path = drawn(long_run(long_curve()))
    assert path.stat().st_size < 500_000
    drawings = [points(node) for node in tree(path).iter(f"{SVG}g") if "line2d" in (node.get("id") or "")]
    heights = [y for _, y in max(drawings, key=len)]
    assert len(heights) > 1000 and sum(y < min(heights) + 5 for y in heights) <= 4, "two spikes stand out of the noise"


def test_of_a_long_curve_all_values_that_are_not_finite_are_counted() -> None:
    value = falling(1_000_000)
    value[600_000:900_000] = np.nan
    run = judge(one_run({"train/loss": value}), detectors())
    kept = trim(run, point_budget(1))
    assert len(kept.findings[0].series[0]) < 600_000
    said = words(drawn(kept))
    assert "NaN (300,000 points)" in said and any(text.startswith("1  NaN loss") for text in said)


def test_what_is_drawn_and_into_which_files() -> None:
    note = changed(exploding(), "loss-spike", severity=Severity.NOTE)
    assert [[f.condition for _, f in findings] for _, findings in plot.jobs(report())] == [
        ["exploding-gradient", "nan-loss"],
        ["weight-growth"],
        [],
    ], "the note has no curve; a healthy run shows its loss; a run without a loss is left out"
    only = replace(healthy(), findings=(note,))
    assert [f.condition for _, f in plot.jobs(report(only))[0][1]] == ["loss-spike"]
    both: list[Sequence[tuple[int, ReportedFinding]]] = [
        found for _, found in plot.jobs(report(failed()), separate=True)
    ]
    assert [[n for n, _ in found] for found in both] == [[1], [2]]
    names = [path.name for path in plot.files(plot.jobs(report()), Path("f.svg"))]
    assert names[0] == "f-runs-lstm-7.svg" and names[2] == "f-runs-good.svg" and len(set(names)) == 3
    assert all(re.fullmatch(r"[\w.-]+", name) for name in names)
    apart = plot.jobs(report(failed()), separate=True)
    assert [path.name for path in plot.files(apart, Path("a/f.png"), separate=True)] == [
        "f-1-exploding-gradient.png",
        "f-2-nan-loss.png",
    ]
    twins = plot.jobs(report(failed(), replace(failed(), run="runs/lstm/7")))
    assert [path.name for path in plot.files(twins, Path("f.svg"))] == ["f-lstm-7.svg", "f-lstm-7-2.svg"]
    assert plot.jobs(report(unjudged())) == [] == plot.jobs(report(failed()), rules=["plateau"])


# ---- the command ------------------------------------------------------------------------------------


def test_the_command_writes_the_figure_of_a_run() -> None:
    done = call(str(SAMPLES / "nan_loss_rnn"), "-o", "f.svg")
    assert done.exit_code == 0 and done.stdout == "" and done.stderr.startswith("wrote f.svg: 3 findings of ")
    assert "3  NaN loss, from step 513" in words(Path("f.svg"))
    done = call(str(SAMPLES / "nan_loss_rnn"), "-q", "-o", "g.svg", "--separate", "--select", "nan-loss")
    assert done.exit_code == 0 and done.stderr == ""
    assert sorted(path.name for path in Path().iterdir()) == ["f.svg", "g-3-nan-loss.svg"]


def test_the_command_with_several_runs() -> None:
    done = call(
        str(SAMPLES / "nan_loss_rnn"), str(SAMPLES / "healthy_lstm"), "missing", "-o", "f.png", "--width", "3.4"
    )
    assert done.exit_code == 0 and "missing: no such file" in done.stderr
    assert len(list(Path().glob("f-*.png"))) == 2
    assert picture(Path("f-nan_loss_rnn.png")).width == 1020


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["-o", "f.jpg"], 2, "-o f.jpg: no figure has this suffix; there are .svg, .png, .pdf"),
        (["-o", "none/f.svg"], 2, "-o none/f.svg: no such folder: none"),
        (["-o", "f.svg", "--select", "nan-los"], 2, "--select: no rule 'nan-los'; did you mean nan-loss"),
        (["-o", "f.svg", "--select", "nan-loss"], 3, "nothing to draw: no finding of this rule"),
        (["-o", "f.svg", "--width", "0"], 2, "0.0 is not in the range"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(args: list[str], code: int, said: str) -> None:
    done = call(str(SAMPLES / "healthy_lstm"), *args)
    assert done.exit_code == code and said in done.stderr and "Traceback" not in done.stderr
    assert list(Path().iterdir()) == []


def test_nothing_readable_is_2() -> None:
    done = call("missing", "-o", "f.svg")
    assert done.exit_code == 2 and done.stderr.startswith("loglens: missing: no such file")


def test_without_the_extra_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\nfrom loglens.cli import main\n"
        f"sys.argv = ['loglens', 'plot', {str(SAMPLES / 'healthy_lstm')!r}, '-o', 'r.svg']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr == "loglens: plots need: pip install 'loglens[plot]'\n"
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_drawn(name: str) -> None:
    done = call(str(SAMPLES / name), "-q", "-o", "f.svg")
    assert done.exit_code == 0 and done.stderr == ""
    for path in Path().glob("f*.svg"):
        assert len(words(path)) > 5
