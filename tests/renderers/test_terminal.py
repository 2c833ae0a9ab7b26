"""The text report: verdict first, nothing untrusted obeyed, at home in every terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

import loglens
from loglens.model.finding import Severity
from loglens.model.outcome import RunOutcome
from loglens.model.report import RuleResult
from loglens.renderers.terminal.report import render
from tests.findings import changed
from tests.golden.example import HARMFUL, failed, healthy, report, suspect, unjudged

SAMPLES = Path(__file__).parents[2] / "sample_logs"
ANSI = re.compile(r"\x1b\[[\d;]*m")


def first(text: str) -> str:
    return text.split("\n", 1)[0]


def test_the_first_line_is_the_verdict() -> None:
    assert first(render(report(failed()))) == (
        "✗ FAILED  jump of train/lr at step 410 -> exploding gradient from step 412 -> NaN loss from step 431"
    )
    assert first(render(report(suspect()))).startswith("! SUSPECT  weight growth from epoch 120")
    assert first(render(report(healthy()))).startswith(
        "✓ HEALTHY  nothing wrong found; 1 of 2 rules had the data to judge"
    )
    assert first(render(report(unjudged()))).startswith("? NOT JUDGED  needs 20 losses, has 3")
    assert first(render(replace(report(), runs=()))).startswith("✗ NOT READ")


def test_several_runs_begin_with_their_number_and_come_worst_first() -> None:
    lines = render(report()).split("\n")
    assert lines[0] == "4 runs: 1 failed, 1 suspect, 1 not judged, 1 healthy"
    assert [line.split()[1] for line in lines[2:] if line[:1] in "✗!?✓" and line][:5] == [
        "failed",
        "suspect",
        "not",
        "healthy",
        "FAILED",
    ]


def test_healthy_runs_are_shown_in_full_on_request_only() -> None:
    assert "✓ HEALTHY" not in render(report())
    assert "✓ HEALTHY" in render(report(), verbose=True)


def test_a_crashed_rule_is_shown_even_where_the_run_is_healthy() -> None:
    broken = replace(healthy(), outcomes=(*healthy().outcomes, RuleResult("plateau", "crashed", "ValueError: no")))
    assert "✗ rule plateau crashed: ValueError: no" in render(report(broken, healthy()))


def test_no_ansi_without_colour_and_the_same_text_with_it() -> None:
    plain, colored = render(report()), render(report(), color=True)
    assert "\x1b" not in plain
    assert "\x1b[" in colored
    assert re.sub(r" +\n", "\n", ANSI.sub("", colored)) == plain


def test_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = render(report(), color=True)
    for name, value in {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "30", "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
        assert render(report(), color=True) == expected


def test_colours_can_be_read_on_black_and_on_white() -> None:
    codes = set(re.findall(r"\x1b\[([\d;]*)m", render(report(), color=True)))
    numbers = [re.fullmatch(r"(?:1;)?38;5;(\d+)|[01]", code) for code in codes]
    assert all(numbers), "a background, or a colour that themes repaint"
    for number in {int(found[1]) for found in numbers if found and found[1]}:
        assert min(contrast(luminance(number), ground) for ground in (0.0, 1.0)) > 3.8


def luminance(number: int) -> float:
    """Relative luminance (WCAG 2) of a colour of the 256."""
    if number >= 232:
        channels = [8 + 10 * (number - 232)] * 3
    else:
        levels = (0, 95, 135, 175, 215, 255)
        channels = [levels[(number - 16) // place % 6] for place in (36, 6, 1)]
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_but_code_is_wider_than_asked(width: int, verbose: bool) -> None:
    for line in render(report(), width=width, verbose=verbose).split("\n"):
        assert cell_len(line) <= width or re.match(r" {2,11}\S* │ ", line)


def test_code_is_not_folded_so_that_it_can_be_copied() -> None:
    assert "torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.9)\n" in render(report(failed()), width=60)


def test_hostile_names_are_shown_escaped() -> None:
    for text in (render(report()), render(report(), verbose=True), ANSI.sub("", render(report(), color=True))):
        assert not set(HARMFUL) & set(text)
        assert r"evil\x1b[31m" in text
        assert not re.search(r"^\s*::error", text, re.MULTILINE)
        assert r"runs/caf\xe9" in text


def test_markup_in_a_name_is_not_obeyed() -> None:
    assert "[bold red]" in render(report(), color=True)


def test_an_overlong_name_is_shortened_in_the_middle() -> None:
    assert "x" * 200 not in render(report(), verbose=True)


def test_ascii_where_nothing_else_can_be_shown() -> None:
    text = render(report(), unicode=False)
    assert text.isascii()
    assert first(text).startswith("4 runs") and "x FAILED" in text and "`-- x NaN loss" in text


def test_a_chain_is_a_tree_with_its_evidence() -> None:
    lines = render(report(failed())).split("\n")
    root = next(i for i, line in enumerate(lines) if line.startswith("✗ exploding gradient"))
    effect = next(i for i, line in enumerate(lines) if line.startswith("└── ✗ NaN loss"))
    between = "\n".join(lines[root:effect])
    assert "error, high confidence, from step 412 to 430" in lines[root]
    assert "growth per step 1.35" in between and "log scale" in between and "▲ step 412" in between
    assert "▲ step 431" in "\n".join(lines[effect:])


def test_an_effect_that_stands_before_its_cause_is_not_lost() -> None:
    run = failed()
    root, effect, _ = run.findings
    third = replace(changed(effect, "divergence", message="it diverges"), caused_by="nan-loss")
    text = render(report(replace(run, findings=(root, third, effect))))
    assert text.index("✗ exploding gradient") < text.index("✗ NaN loss") < text.index("it diverges")


def test_remedies_are_numbered_and_only_the_first_shows_its_code() -> None:
    text = render(report(failed()))
    assert " 1. Clip the gradient norm at 0.9: bounds every update" in text
    assert "PyTorch │ loss.backward()" in text and "Keras │ optimizer =" not in text
    assert "│ Keras: -v" in text and "Keras │ optimizer =" in render(report(failed()), verbose=True)
    assert " 2. Multiply the learning rate by 0.1: the growth feeds on large updates" in text
    assert "Adam(params, lr=1e-4)" not in text
    verbose = render(report(failed()), verbose=True)
    assert "Adam(params, lr=1e-4)" in verbose and "Train in bfloat16" in verbose


def test_what_was_not_checked_is_grouped_by_reason() -> None:
    text = render(report(failed()), verbose=True)
    assert re.search(r"Not checked +overfitting, underfitting: no validation loss was logged", text)
    assert "dead-relu: no activations were logged" in text
    assert re.search(r"Clean +divergence\n", text)
    assert "✗ rule plateau crashed: ValueError: zero-size array" in text


def test_rules_without_findings_are_one_line() -> None:
    text = render(report(failed()))
    assert "1 rule found nothing, 3 lacked data; -v lists them" in text
    assert "was logged" not in text.partition("Rules ")[2]


def test_rules_of_another_kind_of_training_are_not_counted_as_lacking_data() -> None:
    run = failed()
    foreign = RuleResult("reward-collapse", "skipped", "no curve of reinforcement learning was logged", foreign=True)
    text = render(report(replace(run, outcomes=(*run.outcomes, foreign))))
    assert "1 rule found nothing, 3 lacked data" in text


def test_a_healthy_run_names_its_notes_in_the_headline() -> None:
    run = failed()
    note = changed(run.findings[0], "missed-early-stop", severity=Severity.NOTE)
    learned = RunOutcome("learned", "train/loss goes from 2 to 1", gained=0.5, kept=1.0)
    text = render(report(replace(run, findings=(replace(note, caused_by=None, changes=()),), outcome=learned)))
    assert re.match(r"✓ HEALTHY +1 note: missed early stop from step 412", text)


def test_the_list_of_roles_sums_up_layers_and_names_every_other_curve() -> None:
    text = render(report(failed()))
    assert re.search(r"loss +[=] train/ce_loss \(500 points, 69 not finite\)", text)
    assert re.search(r"val_loss +[=] val/ce_loss \(20 points by epoch\)", text)
    assert re.search(r"grad_norm_layer +[=] 20 layers \(500 points each, 190 not finite\)", text)
    assert "grad/layer7" not in text and "grad/layer7" in render(report(failed()), verbose=True)


def test_notes_and_unread_paths_are_reported() -> None:
    text = render(report())
    assert "truncated: file ends inside record 1203" in text
    assert "photo.png: not a log that loglens reads: a PNG image" in text


def test_the_rule_is_named_for_who_is_in_doubt() -> None:
    assert "loglens rules exploding-gradient" in render(report(failed()))
    assert "loglens rules" not in render(report(healthy()))


def test_a_healthy_run_fits_into_15_lines() -> None:
    said = render(loglens.diagnose(SAMPLES / "healthy_lstm"), width=100)
    assert said.startswith("✓ HEALTHY") and len(said.splitlines()) <= 15
    assert re.search(r"\d\d lacked data", said) and 'writer.add_scalar("val/loss", value, step)' in said
