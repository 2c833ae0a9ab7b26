"""Words and numbers, and text from a log made harmless."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.model.finding import Remedy
from loglens.model.numbers import number
from loglens.model.plain_text import safe, shorten, statements
from loglens.remedies.phrases import ACTIONS, phrase
from loglens.renderers.shared.wording import condition
from tests.golden.example import HARMFUL, HOSTILE

#: The remedy actions that the contract names.
PROMISED = """clip_grad_norm scale_lr add_warmup replace_cell change_init change_activation add_normalization
weight_decay l1 dropout early_stop increase_capacity disable_fp16 use_bf16 skip_nonfinite_batches clean_data
add_eps train_longer unfreeze set_clip remove_clip fix_schedule fix_weight_decay
set_entropy_coef set_kl_coef
scale_reward more_generations set_temperature scale_target eval_in_fp32 kl_annealing restore_optimizer resume_from
check_labels check_optimizer_step fix_input_pipeline""".split()


def test_every_promised_action_has_words() -> None:
    assert set(ACTIONS) <= set(PROMISED)


def test_an_action_is_said_with_its_numbers() -> None:
    assert phrase(Remedy("clip_grad_norm", {"max_norm": 0.9}, "")) == "Clip the gradient norm at 0.9"
    assert phrase(Remedy("add_warmup", {"steps": 12_000}, "")) == "Warm the learning rate up over 12,000 steps"


def test_an_unknown_action_is_said_by_its_name_and_parameters() -> None:
    assert phrase(Remedy("turn_it_off", {"wait_s": 10}, "")) == "Turn it off (wait s 10)"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (1.31, "1.31"),
        (2 / 3, "0.6667"),
        (12_345, "12,345"),
        (123_456.7, "123,457"),
        (1.44e19, "1.44e19"),
        (2e-7, "2e-7"),
        (-3.5e-9, "-3.5e-9"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Inf"),
        (True, "yes"),
        ("LSTM", "LSTM"),
    ],
)
def test_numbers_are_short(value: object, said: str) -> None:
    assert number(value) == said


def test_conditions_read_as_words() -> None:
    assert [condition(c) for c in ("nan-loss", "lr-too-high", "dead-relu")] == ["NaN loss", "LR too high", "dead ReLU"]


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    shown = safe(HOSTILE)
    assert not set(HARMFUL + "\n") & set(shown)
    assert shown.startswith(r"evil\x1b[31m\x9b2J\u202egpj\n")
    assert "[bold red]" in shown, "what is harmless is left alone"


def test_what_is_harmless_is_left_alone() -> None:
    for text in ("train/loss", "потери/обучение", "損失", "std::vector::size", "grad_norm ‖g‖", "# steps"):
        assert safe(text) == text


@pytest.mark.parametrize("text", ["::error::x", "a ::set-output name=x::y", "##[error]x", "##vso[task]", "::GROUP::"])
def test_commands_of_ci_servers_are_defused(text: str) -> None:
    shown = safe(text)
    assert not re.search(r"::(error|set-output|group)|##(\[|vso)", shown, re.IGNORECASE)


def test_bytes_that_are_no_utf8_are_shown() -> None:
    assert safe(b"caf\xe9".decode("utf-8", "surrogateescape")) == r"caf\xe9"


@given(st.text())
def test_safe_text_is_printable_and_encodable(text: str) -> None:
    shown = safe(text)
    shown.encode("utf-8")
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(), st.integers(5, 40))
def test_shortening_keeps_both_ends(text: str, max_length: int) -> None:
    short = shorten(text, max_length)
    assert len(short) <= max_length
    if len(text) > max_length:
        head, tail = short.split("…", 1) if text.count("…") == 0 else (text[:1], text[-1:])
        assert text.startswith(head) and text.endswith(tail) and head and tail
    else:
        assert short == text


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("It rises. It is a note.", ["It rises.", "It is a note."]),
        ("It rises by 5 %. That is little. A fall counts.", ["It rises by 5 %. That is little.", "A fall counts."]),
        (
            "Above 0.5. 0.1 is usual (Li et al. 2020). Else not.",
            ["Above 0.5. 0.1 is usual (Li et al. 2020).", "Else not."],
        ),
        (
            "Two signs. (1) It rises. So it is. (2) It falls.",
            ["Two signs.", "(1) It rises. So it is.", "(2) It falls."],
        ),
        ("One sentence", ["One sentence"]),
    ],
)
def test_a_paragraph_is_a_list_of_what_can_be_understood_alone(text: str, items: list[str]) -> None:
    assert statements(text) == items
