"""A remedy said for the rule that asks for it, for the run, and for the framework that the run was trained with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from loglens.model.finding import Finding, Remedy
from loglens.model.numbers import number
from loglens.remedies import rule_snippets, verification, wording
from loglens.remedies.phrases import in_words
from loglens.remedies.recipe import OPTIMIZERS, Recipe
from loglens.remedies.settings import STANDS_ON, setting

#: A factor within a tenth of a half or of two is called so.
_NEARLY = 0.1
#: What the title of a new learning rate says already.
_SAID_IN_TITLE = re.compile(r"; this run peaked at \S+, so use \S+$")
#: Constructors of optimizers in code for PyTorch, Keras and optax, and what stands for the rate in them.
_MADE = (
    re.compile(r"(?<=torch\.optim\.)AdamW?(?=\()"),
    re.compile(r"(?<=keras\.optimizers\.)AdamW?(?=\()"),
    re.compile(r"(?<=optax\.)adamw?(?=\()"),
)
_OWN_RATE = re.compile(
    r"\blr=(?:self\.)?lr\b|(?<=Adam\()lr\b|(?<=AdamW\()lr\b|(?<=adamw\()lr\b|(?<=SGD\()lr\b|(?<=sgd\()lr\b"
)


def in_context(remedy: Remedy, rule: str, finding: Finding, recipe: Recipe) -> Remedy:
    """The remedy with title, reason, verification and code for a finding of a rule in a run.

    Its checks are candidates: whoever has the curves leaves out those that this very run meets.
    """
    return replace(
        remedy,
        title=_on_axis(_title(remedy, rule), finding),
        why=_placed(wording.REASONS.get((rule, remedy.action), _SAID_IN_TITLE.sub("", remedy.why)), finding),
        verify=_placed(verification.in_words(rule, remedy.action, remedy.verify), finding),
        checks=tuple(verification.checks(rule, remedy.action, finding)),
        snippets=_snippets(remedy, rule, recipe),
    )


def _title(remedy: Remedy, rule: str) -> str:
    if remedy.action == "scale_lr":
        return _rate_title(remedy)
    by_kind = wording.SCHEDULES.get(str(remedy.params.get("kind", ""))) if remedy.action == "fix_schedule" else None
    return in_words(remedy, wording.TITLES.get((rule, remedy.action)) or by_kind)


def _rate_title(remedy: Remedy) -> str:
    """ "Halve the learning rate: 0.001 -> 0.0005"; "the generator's", where the reason says it is for one side only."""
    factor = float(remedy.params["factor"])
    if abs(factor - 0.5) <= 0.5 * _NEARLY or abs(factor - 2) <= 2 * _NEARLY:
        verb, fold = ("Halve" if factor < 1 else "Double"), ""
    else:
        verb, fold = (
            ("Lower", f" {number(_round(1 / factor))}-fold") if factor < 1 else ("Raise", f" {number(factor)}-fold")
        )
    only = re.search(r"for the (\w+) only", remedy.why)
    whose = f"the {only[1]}'s" if only else "the"
    rates = f": {number(_round(remedy.rate / factor))} -> {number(remedy.rate)}" if remedy.rate and factor > 0 else ""
    return f"{verb} {whose} learning rate{fold}{rates}"


def _placed(text: str, finding: Finding) -> str:
    """The text without a mention of the onset, where the finding has none."""
    if finding.onset_step is not None:
        return text
    return text.replace("near the level it had before the onset", "at its usual level").replace(" before the onset", "")


def _round(value: float) -> float:
    return float(f"{value:.1e}")


def _on_axis(title: str, finding: Finding) -> str:
    """The title with the unit in which the curve of the finding counts: "stop at epoch 33"."""
    axis = finding.series[0].axis if finding.series else "step"
    return re.sub(r"\bstep (?=\d)", f"{axis} ", title)


def _snippets(remedy: Remedy, rule: str, recipe: Recipe) -> Mapping[str, str]:
    """The code by framework: the trainer's own setting first, then that of the framework it stands on."""
    of_rule = rule_snippets.codes(rule, remedy.action, **remedy.params)
    codes = {name: _with_recipe(code, recipe) for name, code in (of_rule or remedy.snippets).items()}
    if not codes:
        return codes
    own = "" if of_rule else setting(recipe.trainer, remedy.action, **{"lr": _rate_in_code(remedy), **remedy.params})
    ahead = {recipe.trainer: own} if own else {}
    base = STANDS_ON.get(recipe.trainer, "pytorch")
    return ahead | ({base: codes[base]} if base in codes else {}) | codes


def _rate_in_code(remedy: Remedy) -> str:
    return f"{remedy.rate:g}" if remedy.rate else f"{remedy.params.get('factor', 1)} * lr"


def _with_recipe(code: str, recipe: Recipe) -> str:
    """The run's own optimizer and learning rate instead of the example's, where the log says them."""
    if recipe.rate is not None:
        rate = f"{_round(recipe.rate):g}"
        code = _OWN_RATE.sub(lambda found: f"lr={rate}" if "=" in found[0] else rate, code)
    if recipe.optimizer and "weight_decay" not in code:  # which is decoupled from the gradient in AdamW only
        for pattern, name in zip(_MADE, OPTIMIZERS[recipe.optimizer], strict=True):
            code = pattern.sub(name, code)
    return code
