"""Remedies: the contract's actions, numbers that follow from the run, code that the libraries take."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.report import Report
from loglens.model.reported_finding import ReportedFinding
from loglens.remedies import actions as remedies
from loglens.remedies import further_actions as further
from loglens.remedies import schedule_and_decay as setup
from loglens.remedies.phrases import ACTIONS, phrase
from loglens.remedies.snippets import FRAMEWORKS, SNIPPETS, snippets
from loglens.renderers.terminal import report as terminal
from tests.curves import falling, level, run, series
from tests.golden.example import report

#: The contract's list, with the parameters of each.
CONTRACT = {
    "clip_grad_norm": {"max_norm"},
    "scale_lr": {"factor"},
    "add_warmup": {"steps"},
    "replace_cell": {"to"},
    "change_init": {"to"},
    "change_activation": {"to"},
    "add_normalization": {"to"},
    "weight_decay": {"value"},
    "l1": {"value"},
    "dropout": {"p"},
    "early_stop": {"step"},
    "increase_capacity": {"factor"},
    "disable_fp16": set(),
    "use_bf16": set(),
    "skip_nonfinite_batches": set(),
    "clean_data": set(),
    "add_eps": {"value"},
    "train_longer": {"factor"},
    "unfreeze": set(),
    "fix_schedule": {"kind"},
    "fix_weight_decay": set(),
    "remove_clip": set(),
    "set_clip": {"max_norm"},
    "check_labels": set(),
    "check_optimizer_step": set(),
    "fix_input_pipeline": set(),
    "resume_from": {"step"},
    "eval_in_fp32": set(),
    "kl_annealing": set(),
    "set_entropy_coef": {"value"},
    "set_kl_coef": {"value"},
    "scale_reward": {"factor"},
    "more_generations": {"factor"},
    "set_temperature": {"value"},
    "restore_optimizer": set(),
}
#: Parameters that say more than the contract asks for.
BEYOND = {"unfreeze": {"layer"}, "fix_input_pipeline": {"shuffle"}}

NORMS = series(np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, np.nan]), role="grad_norm_global")
RATES = series(np.array([1e-4, 3e-4, 2e-4]), role="lr")

#: Where a name in the code comes from. A library that is not installed is not checked.
ORIGINS = {
    "torch": "torch",
    "nn": "torch.nn",
    "DataLoader": "torch.utils.data.DataLoader",
    "keras": "keras",
    "layers": "keras.layers",
    "L": "lightning",
    "TrainingArguments": "transformers.TrainingArguments",
    "Trainer": "transformers.Trainer",
    "EarlyStoppingCallback": "transformers.EarlyStoppingCallback",
    "optax": "optax",
    "jax": "jax",
    "jnp": "jax.numpy",
    "nnx": "flax.nnx",
    "grain": "grain",
}


def examples() -> Iterator[Remedy]:
    """Every action, in every variant, with numbers of a run."""
    yield from (remedies.clip_grad_norm(NORMS), remedies.clip_grad_norm(None))
    yield from (remedies.set_clip(NORMS.value), remedies.set_clip(np.zeros(0)))
    yield from (
        remedies.scale_lr(0.5, RATES, "steps too large for this valley"),
        remedies.scale_lr(10.0, None, "steps too small to get anywhere"),
    )
    yield from (remedies.add_warmup(2000), remedies.add_warmup(100_000, 412))
    cell = remedies.replace_cell(run({"loss": falling(9), "grad_norm/rnn.weight_hh": falling(9)}))
    assert cell is not None
    yield cell
    yield from (remedies.change_init(to) for to in ("orthogonal", "he", "xavier"))
    yield from (remedies.change_activation(), remedies.change_activation("leaky_relu"))
    yield from (remedies.add_normalization(), remedies.add_normalization("spectral_norm"))
    yield from (remedies.weight_decay(), remedies.l1(), remedies.dropout(), remedies.early_stop(1200, "epoch"))
    yield from (remedies.increase_capacity(), remedies.train_longer(4.0), remedies.disable_fp16())
    yield from (remedies.use_bf16(), remedies.skip_nonfinite_batches(), remedies.clean_data(), remedies.add_eps())
    yield from (remedies.unfreeze("fc'\"\x1b[1m"), remedies.check_optimizer_step(), remedies.check_labels())
    yield from (remedies.fix_input_pipeline(), remedies.shuffle_data(), remedies.release_memory())
    yield from (remedies.resume_from(412), remedies.eval_in_fp32(), further.kl_annealing())
    yield from (remedies.set_entropy_coef(0.01), remedies.set_kl_coef(0.1), remedies.scale_reward(0.001))
    yield from (further.more_generations(2.0), further.set_temperature(1.2), further.restore_optimizer())
    yield from (setup.fix_schedule(kind) for kind in ("hold", "no_jump", "longer_warmup", "later_decay"))
    yield from (setup.fix_weight_decay(), setup.remove_clip())
    yield from (remedies.keep_best(80), remedies.slower_policy(RATES, 40), remedies.slower_policy(None))


REMEDIES = list(examples())
CODES = [
    pytest.param(code, id=f"{index}-{remedy.action}-{framework}")
    for index, remedy in enumerate(REMEDIES)
    for framework, code in remedy.snippets.items()
]


def test_the_actions_are_the_contracts() -> None:
    assert {key.split()[0] for key in SNIPPETS} == set(CONTRACT) == set(ACTIONS)
    assert {remedy.action for remedy in REMEDIES} == set(CONTRACT)


def test_every_entry_of_the_table_is_used() -> None:
    used = {" ".join([remedy.action, *_variant(remedy)]) for remedy in REMEDIES}
    assert used == set(SNIPPETS)
    assert all(set(row) <= set(FRAMEWORKS) and {"pytorch", "keras", "jax"} <= set(row) for row in SNIPPETS.values())


def _variant(remedy: Remedy) -> list[str]:
    if "shuffle" in remedy.params:
        return ["shuffle"]
    return [str(remedy.params[name]) for name in ("to", "kind") if name in remedy.params]


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: remedy.action)
def test_a_remedy_says_all_there_is_to_say(remedy: Remedy) -> None:
    wanted = CONTRACT[remedy.action]
    assert wanted <= set(remedy.params) <= wanted | BEYOND.get(remedy.action, set())
    assert tuple(remedy.snippets) == FRAMEWORKS
    assert set(remedy.as_dict()) == {"action", "params", "why", "snippets"}
    assert "{" not in phrase(remedy)
    for sentence in (remedy.why, remedy.verify):
        assert len(sentence) > 20 and not sentence.endswith(".") and "nan" not in sentence
        assert "  " not in sentence


@pytest.mark.parametrize("code", CODES)
def test_code_is_short_and_python(code: str) -> None:
    ast.parse(code)
    lines = code.split("\n")
    assert 1 <= len(lines) <= 4
    assert max(map(len, lines)) <= 66, "a terminal of 80 columns would fold it"
    assert not re.search(r"[{](?!\")|\x1b", code), "a number is missing"


@pytest.mark.parametrize("name", ["max_norm", "factor", "steps", "value", "p"])
def test_the_numbers_stand_in_the_code(name: str) -> None:
    for remedy in REMEDIES:
        if name in remedy.params and remedy.action != "scale_lr":
            value = format(remedy.params[name], "g")
            assert all(value in code for code in remedy.snippets.values()), remedy.action


@pytest.mark.parametrize("library", sorted({origin.split(".")[0] for origin in ORIGINS.values()}))
def test_the_library_takes_these_arguments(library: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(library, exc_type=ImportError)
        calls = [call for code in CODES for call in _calls(str(code.values[0])) if call[0].split(".")[0] == library]
        assert calls
        for name, call in calls:
            if (signature := _signature(name)) is not None:
                signature.bind_partial(*call.args, **{word.arg: 0 for word in call.keywords if word.arg})


def _calls(code: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            root, _, rest = ast.unparse(node.func).partition(".")
            if root in ORIGINS and "(" not in rest:
                yield ".".join(filter(None, [ORIGINS[root], rest])), node


def _signature(name: str) -> inspect.Signature | None:
    """What a function of a library takes; None for one written in C that does not say. It must exist, though."""
    parts = name.split(".")
    thing: Any = importlib.import_module(parts[0])
    for index, part in enumerate(parts[1:], 2):
        if not hasattr(thing, part):
            importlib.import_module(".".join(parts[:index]))
        thing = getattr(thing, part)
    if inspect.isbuiltin(thing):
        return None
    if not isinstance(thing, type):
        return inspect.signature(thing)
    whole = inspect.signature(inspect.getattr_static(thing, "__init__"))
    return whole.replace(parameters=list(whole.parameters.values())[1:])


def test_a_misspelt_variant_is_an_error() -> None:
    with pytest.raises(KeyError):
        snippets("change_init", variant="hee")
    with pytest.raises(KeyError):
        snippets("weight_decay")


def test_clipping_follows_the_healthy_norms() -> None:
    clip = remedies.clip_grad_norm(NORMS)
    assert clip.params == {"max_norm": 4.1}  # the 90th percentile of 0.5 ... 4.5
    assert "9 gradient norms" in clip.why and "under 25" in clip.verify
    assert remedies.set_clip(NORMS.value).params == clip.params


@pytest.mark.parametrize("value", [np.zeros(0), np.ones(4), np.zeros(50), np.full(50, np.nan)])
def test_clipping_without_healthy_norms_is_at_1(value: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    for remedy in (remedies.clip_grad_norm(series(value)), remedies.set_clip(value)):
        assert remedy.params == {"max_norm": 1.0} and "percentile of this run" not in remedy.why


def test_norms_with_a_long_tail_are_bounded_by_their_largest() -> None:
    tailed = series(np.append(level(80, 1.0), np.full(20, 300.0)))
    assert "at or under 300" in remedies.clip_grad_norm(tailed).verify


def test_the_new_learning_rate_is_a_share_of_the_peak() -> None:
    lower = remedies.scale_lr(0.1, RATES, "why")
    assert "peaked at 0.0003, so use 3e-5" in lower.why and "lr=3e-05" in lower.snippets["pytorch"]
    unknown = remedies.scale_lr(0.1, None, "why")
    assert unknown.why == "why" and "0.1 * lr" in unknown.snippets["jax"]


@pytest.mark.parametrize(
    ("length", "trouble", "steps"),
    [(2000, None, 100), (2000, 20, 100), (2000, 80, 160), (2000, 900, 200), (20, None, 10), (0, None, 10)],
)
def test_a_warmup_outlasts_the_trouble_but_not_a_tenth_of_the_run(length: int, trouble: int | None, steps: int) -> None:
    assert remedies.add_warmup(length, trouble).params == {"steps": steps}


def test_a_cell_is_replaced_where_a_plain_one_shows() -> None:
    plain = run({"loss": falling(9)}, params={"cell": "SimpleRNN"})
    assert remedies.replace_cell(plain) is not None
    for kind in ("LSTM", "GRU", "transformer"):
        assert remedies.replace_cell(run({"loss": falling(9)}, params={"cell": kind})) is None


def test_the_first_remedy_says_what_to_check() -> None:
    said = "the gradient norm stays under 9"
    advice = [Remedy("use_bf16", {}, "", snippets("use_bf16"), said), remedies.disable_fp16()]
    text = terminal.render(_with(advice), width=80)
    assert text.count("Then check:") == 1 and said in text
    verbose = terminal.render(_with(advice), width=80, verbose=True)
    assert verbose.count("Then check:") == 2
    assert " HF Trainer │ args = TrainingArguments(out_dir, bf16=True)" in verbose
    assert "HF Trainer │" not in text and "Keras, Lightning, HF Trainer, JAX: -v" in text


def test_code_that_two_frameworks_share_is_shown_once() -> None:
    text = terminal.render(_with([remedies.change_init("he")]), width=80, verbose=True)
    assert text.count("kaiming_normal_") == 1 and "HF Trainer" not in text


def _with(advice: list[Remedy]) -> Report:
    finding = Finding("x", Severity.ERROR, Confidence.HIGH, remedies=advice)
    one = replace(report().runs[0], findings=(ReportedFinding(Rule("nan-loss", "loss", Severity.ERROR), finding),))
    return replace(report(), runs=(one,), unread=())


def test_a_lower_rate_says_which_rate_was_in_force_at_the_onset() -> None:
    rate = series(np.r_[np.full(100, 1e-3), np.full(100, 1e-5)], "lr")
    fallen = remedies.scale_lr(0.5, rate, "why", 150)
    assert "was 1e-5 at the onset; this run peaked at 0.001, so use 0.0005" in fallen.why
    assert "this run peaked at 0.001, so use 0.0005" in remedies.scale_lr(0.5, rate, "why", 50).why
