"""Whether a run computes in half precision, and what follows for a loss that is not finite.

float16 ends at 65504 (IEEE 754), and overflow in mixed precision is the first cause to look at wherever it may be in
use (Micikevicius et al. 2018); bfloat16 and float32 reach 3.4e38.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from loglens.model.finding import Remedy
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions
from loglens.remedies.nonfinite import against_nonfinite
from loglens.remedies.settings import SETTINGS
from loglens.remedies.trainer import trainer

#: Trainers that compute in float16 unless told otherwise: ultralytics (amp=True in cfg/default.yaml).
HALF_BY_DEFAULT = frozenset({"ultralytics"})
#: A run that breaks later than this share of it has something worth going on from.
LATE = 0.1
#: Norms before the onset that show that none grew.
ENOUGH = 10

_KEY = re.compile(r"(?:^|[/._])(precision|dtype|torch_dtype|mixed_precision|amp|fp16|bf16|amp_dtype)$", re.I)
_ON, _OFF = re.compile(r"true|1|yes", re.I), re.compile(r"false|0|no|none", re.I)
_NAMED = (
    ("bfloat16", re.compile(r"bf16|bfloat16", re.I)),
    ("float16", re.compile(r"fp16|float16|half|^16(-mixed|-true)?$", re.I)),
    ("float32", re.compile(r"fp32|float32|^32(-true)?$", re.I)),
)


def precision(run: Run, loss_scale: Series | None) -> str:
    """ "float16", "bfloat16" or "float32", as far as parameters or a loss scale tell; empty where nothing does."""
    if loss_scale is not None and len(loss_scale.finite) and loss_scale.finite.value.max() > 1:
        return "float16"
    said = {}
    for key, value in run.params.items():
        if found := _KEY.search(key):
            said[found[1].lower()] = str(value).strip()
    for name in ("bf16", "fp16"):
        if _ON.fullmatch(said.get(name, "")):
            return "bfloat16" if name == "bf16" else "float16"
    for text in said.values():
        for name, pattern in _NAMED:
            if pattern.search(text):
                return name
    if _OFF.fullmatch(said.get("fp16", said.get("amp", ""))):
        return "float32"
    return "float16" if _ON.fullmatch(said.get("amp", "")) or trainer(run) in HALF_BY_DEFAULT else ""


def considering_precision(
    advice: Sequence[Remedy], run: Run, loss_scale: Series | None, *, calm: bool = False
) -> list[Remedy]:
    """Advice against numbers that are not finite, with precision first where it is half, second where nothing tells.

    Where bfloat16 or float32 is known, precision is not the cause. calm: whether gradient norms were logged and did not
    grow before: what overflows grows first, so that precision then comes third.
    """
    if any(remedy.action in ("use_bf16", "disable_fp16") for remedy in advice):
        return list(advice)
    known = precision(run, loss_scale)
    if known == "float16":
        own = SETTINGS.get(trainer(run), {})
        full = "disable_fp16" in own and "use_bf16" not in own  # a trainer that offers float16 or float32 only
        return [actions.disable_fp16() if full else actions.use_bf16(), *advice]
    place = 2 if calm else 1
    return list(advice) if known else [*advice[:place], actions.disable_fp16(), *advice[place:]]


def advice_for(suspect: str, loss: Series, drivers: Sequence[Series], onset: int | None, run: Run) -> list[Remedy]:
    """What to do about a loss that is not finite to the end: the likely causes, then where to continue from.

    suspect: the role of what moved before, empty where nothing did. onset: the first step that is not finite.
    """
    scale = next((curve for curve in drivers if curve.role == "loss_scale"), None)
    grad = next((curve for curve in drivers if curve.role == "grad_norm_global"), None)
    calm = not suspect and grad is not None and onset is not None and len(grad.before(onset).finite) >= ENOUGH
    causes = considering_precision(against_nonfinite(suspect, loss, drivers, onset), run, scale, calm=calm)
    return [*causes, *from_checkpoint(loss, onset)]


def from_checkpoint(curve: Series, onset: int | None) -> list[Remedy]:
    """Continuing from the last sound step, where the run was sound for long enough. onset: a step."""
    first, length = int(curve.step[0]), curve.last_step - int(curve.step[0])
    sound = curve.before(onset).finite if onset is not None else curve.finite
    if onset is None or onset - first <= LATE * length or not len(sound):
        return []
    reason = "once the cause is removed there is no need to start over: everything before this step was finite"
    return [actions.resume_from(sound.last_step, curve.axis, reason)]
