"""How to verify on the log of a rerun that a remedy helped: in words, and as assertions that loglens can check.

Each rule has a sentence, and the bounds of the gate's assertions that say the same of the curve that showed the fault
(docs/gate.md). In a bound, `{level}` lies halfway, in the logarithm, between the curve's median before the onset
and its largest value, at most a hundred times that median and at least twice the largest value before the onset,
`{end}` nine tenths of its median over its last tenth, `{next}` the first step that it did not reach, and `{gone}` the
last step of the curves that outlived it. Every rule can be asserted to be clean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from loglens.model.finding import Finding
from loglens.model.series import Series
from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: A curve that rises by more than this above its usual level is not near it any more.
MAX_RISE = 100.0

#: A table of `[[assert]]`: the name of a curve or role, and bounds.
Check = Mapping[str, str | int]

_PLACE = re.compile(r"\{(\w+)\}")

#: What the log of a rerun shows where the fault is gone, by rule.
SAID: Mapping[str, str] = {
    "nan-loss": "the loss is finite to the end",
    "exploding-gradient": "the gradient norm stays near the level it had before the onset",
    "vanishing-gradient": "the gradient norm of the first layer is over a hundredth of that of the last, all run long",
    "weight-growth": "the weight norm levels off",
    "divergence": "the loss ends close to its lowest value",
    "loss-not-decreasing": "the loss ends at least a tenth below its start",
    "loss-spike": "the loss passes the same steps without a jump",
    "overfitting": "the validation loss ends close to its lowest value",
    "plateau": "the loss ends at least a tenth below where this run stalled",
    "oscillation": "the swings of the loss are smaller than what it gains",
    "underfitting": "training and validation loss end at least a tenth below this run's",
    "clipping-always-active": "at most half of the steps are clipped, and the loss falls no slower",
    "unchanged-weights": "every layer's weights differ from one logged step to the next",
    "dead-relu": "under half of the units of every layer are dead at the end",
    "saturated-activations": "under half of the units of every layer are saturated at the end",
    "lr-too-high": "the loss falls from the first steps on and ends below its start",
    "lr-too-low": "the loss falls at least twice as fast, and never rises for good",
    "no-warmup": "the gradient norm does not burst in the first 5% of the run",
    "loss-scale-collapse": "the loss scale stays at 1 or above, or none is logged any more",
    "throughput-degradation": "the last steps are as fast as the first",
    "gan-collapse": "neither loss goes to zero, and real and generated samples score alike",
    "entropy-collapse": "the entropy stays above a tenth of its start until the reward has risen",
    "low-explained-variance": "the explained variance rises well above 0",
    "high-clip-fraction": "under a third of the samples are clipped",
    "kl-blow-up": "the KL divergence stays near the level it had before the onset",
    "reward-collapse": "the reward ends close to its highest level",
    "zero-reward-spread": "rewards differ within more than half of the groups",
    "reward-not-rising": "the reward rises and keeps what it gains",
    "value-loss-blow-up": "the value loss stays near the level it had before the onset",
    "truncated-completions": "under half of the completions are cut off",
    "metric-collapse": "the metric ends close to its best",
    "metric-stuck": "the metric moves, and keeps what it gains",
    "non-finite-metric": "every evaluation gives a finite number",
    "zero-loss": "the loss is above zero",
    "unbounded-loss": "the loss stays at zero or above",
    "posterior-collapse": "the KL term ends above 0.1 nats, and the reconstruction is better",
    "crashed": "the log continues past the step where this run ended",
    "missed-early-stop": "the validation loss ends close to its lowest value",
    "validation-below-training": "the validation loss is not far below the training loss",
    "poor-initial-loss": "the first loss is near the level of guessing",
    "lr-schedule": "the learning rate continues after the resume where it was before",
    "update-ratio": "an update is about a thousandth of the size of the weights",
    "logit-growth": "the largest logit levels off",
    "skipped-updates": "fewer than 1 update in 100 is skipped",
    "gpu-memory-growth": "the memory in use is the same after the first tenth of the run as at its end",
    "data-loader-bound": "less than a fifth of the time is spent waiting for data",
    "step-time-outliers": "no step takes more than twice the usual time",
    "unstable-training": "the swings at the end are smaller than what was gained",
}

#: What else the rerun shows where it was this action that helped.
BESIDES: Mapping[str, str] = {
    "clip_grad_norm": "at most half of the steps are clipped",
    "set_clip": "the loss falls no slower",
    "skip_nonfinite_batches": "fewer than 1 step in 1,000 is skipped",
    "train_longer": "in its last quarter the run gains under 1%",
    "check_labels": "repeating one batch drives its loss to about 0",
    "check_optimizer_step": "the weights differ after a single step",
    "resume_from": "the log continues from there at the level it had",
    "early_stop": "the kept checkpoint is the best one",
    "add_warmup": "nothing bursts in the first 5% of the run",
}

#: Rules whose sentence says all of an action, or for which the action is another one than its name says.
SAID_ENOUGH = frozenset(
    {
        ("no-warmup", "add_warmup"),
        ("clipping-always-active", "set_clip"),
        ("non-finite-metric", "skip_nonfinite_batches"),
        ("crashed", "resume_from"),
    }
    | {
        (rule, "check_labels")
        for rule in (
            "reward-not-rising",
            "zero-loss",
            "metric-stuck",
            "crashed",
            "unbounded-loss",
            "truncated-completions",
        )
    }
)

_FINITE = {"finite": ">= 100%"}
_KEPT = {"kept": ">= 75%"}
_BOUNDED = {"max": "< {level}"}
_RARE = {"mean-last-10": "< 0.5"}
_LOWER = {"mean-last-10": "< {end}"}

#: Bounds on the curve that showed the fault, by rule.
BOUNDS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "nan-loss": (_FINITE, {"must-reach-step": "{gone}"}),
    "non-finite-metric": (_FINITE,),
    "exploding-gradient": (_BOUNDED,),
    "kl-blow-up": (_BOUNDED,),
    "value-loss-blow-up": (_BOUNDED,),
    "weight-growth": ({"end-over-start": "< 5"},),
    "logit-growth": ({"end-over-start": "< 10"},),
    "gpu-memory-growth": ({"end-over-start": "< 1.1"},),
    "divergence": (_KEPT,),
    "overfitting": (_KEPT,),
    "missed-early-stop": (_KEPT,),
    "reward-collapse": (_KEPT,),
    "metric-collapse": (_KEPT,),
    "reward-not-rising": ({"kept": ">= 50%"},),
    "metric-stuck": ({"kept": ">= 50%"},),
    "loss-not-decreasing": ({"end-over-start": "< 0.9"},),
    "lr-too-high": ({"end-over-start": "< 0.9"},),
    "lr-too-low": ({"end-over-start": "< 0.7"},),
    "plateau": (_LOWER,),
    "underfitting": (_LOWER,),
    "loss-scale-collapse": ({"min": ">= 1"},),
    "low-explained-variance": ({"mean-last-10": "> 0.1"},),
    "high-clip-fraction": ({"mean-last-10": "< 0.33"},),
    "truncated-completions": (_RARE,),
    "zero-loss": ({"min": "> 0"},),
    "unbounded-loss": ({"min": ">= 0"},),
    "posterior-collapse": ({"last": "> 0.1"},),
    "crashed": ({"must-reach-step": "{next}"},),
}

#: Bounds that depend on what the curve measures, by rule and role.
BY_ROLE: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("throughput-degradation", "step_time"): {"end-over-start": "< 1.1"},
    ("throughput-degradation", "throughput"): {"end-over-start": "> 0.9"},
    ("entropy-collapse", "rl_entropy"): {"end-over-start": "> 0.1"},
}

#: Rules that have data only where there is a fault, and actions after which what shows the fault is logged no more.
WITHOUT_DATA = frozenset({"crashed"})
ENDS_LOGGING = frozenset({"use_bf16", "disable_fp16", "remove_clip"})


def in_words(rule: str, action: str, otherwise: str) -> str:
    """What the log of a rerun shows if the action removed the fault. otherwise: for a rule that is not known here."""
    if rule not in SAID:
        return otherwise
    beside = "" if (rule, action) in SAID_ENOUGH else BESIDES.get(action, "")
    return SAID[rule] + (f"; {beside}" if beside else "")


def checks(rule: str, action: str, finding: Finding) -> Iterator[Check]:
    """Assertions on a rerun that this run should not meet: bounds on the curve of the finding, and the rule clean."""
    gone: Check = {"if-missing": "skip"} if rule in WITHOUT_DATA or action in ENDS_LOGGING else {}
    curve = finding.series[0] if finding.series else None
    if curve is not None and len(curve) and curve.layer is None:
        bounds = [*BOUNDS.get(rule, ()), BY_ROLE.get((rule, curve.role or ""), {})]
        numbers = _numbers(curve, finding)
        for bound in filter(None, bounds):
            (key, text), *_ = bound.items()
            if all(numbers.get(name, "") for name in _PLACE.findall(text)):
                said = text.format_map(numbers)
                yield {"metric": _named(curve), key: int(said) if key == "must-reach-step" else said, **gone}
    yield {"clean": rule, **gone}


def as_toml(tables: Iterable[Check]) -> str:
    """Checks as they stand in loglens.toml."""
    return "\n\n".join(
        "\n".join(["[[assert]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]) for table in tables
    )


def _named(curve: Series) -> str:
    """The curve as an assertion calls it: by its role, since a rerun may log under another tag, or by its tag."""
    if curve.role is None:
        return curve.tag
    return curve.role if curve.split in (None, "train") else f"{curve.role}@{curve.split}"


def _numbers(curve: Series, finding: Finding) -> dict[str, str]:
    """The numbers that follow from this run, empty where it has none."""
    before = curve.before(finding.onset_step).finite.value if finding.onset_step is not None else np.zeros(0)
    tail = curve.finite.tail()
    outlived = finding.end_step is not None and finding.end_step > curve.last_step
    level = _between(before, curve.finite.value) if len(before) else 0.0
    end = 0.9 * float(median(tail)) if len(tail) else 0.0
    return {
        "level": f"{float(f'{level:.2g}'):g}" if level > 0 else "",
        "end": f"{float(f'{end:.3g}'):g}" if end > 0 else "",
        "next": str(curve.last_step + 1),
        "gone": str(finding.end_step) if outlived else "",
    }


def _between(before: Floats, values: Floats) -> float:
    """A level that what came before an onset keeps and what came after it does not; 0 where there is none."""
    usual = float(median(before))
    if usual <= 0:
        return 0.0
    return max(usual * min(MAX_RISE, float(np.sqrt(values.max() / usual))), 2 * float(before.max()))
