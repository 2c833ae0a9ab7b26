"""The latent variables carry nothing: their KL term falls to zero.

Why it matters. Where the posterior equals the prior, the decoder gets noise and makes the same mean output for every
input: the autoencoder has learned to ignore its code (Bowman et al. 2016; Lucas et al. 2019).

How it is found. A component of the loss that is named after the KL divergence (kl, kld) falls to a hundredth of its
highest level or less and below 0.01 for good, and what is left of the loss gains no more than 5 % after that. A KL
term below 0.01 nats carries no information whatever the size of the code; a term that is averaged over the code
or weighted is smaller by that factor, which is why its own fall is required as well.

When it is wrong. A weight that is lowered on purpose (a schedule from 1 to 0) looks the same. In reinforcement
learning and distillation a KL divergence is something else: not judged where rewards are logged, nor where no other
loss component or total is logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.remedies.further_actions import kl_annealing
from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

RULE = Rule("posterior-collapse", "outcome", Severity.ERROR, leads_to=("underfitting", "plateau"), supervised=True)

#: Words of a tag that names the KL term of a variational autoencoder.
KL = re.compile(r"(?<![a-z])(?:kl|kld|kl_?div(?:ergence)?|kl_?loss|loss_?kl|kl_?term)(?![a-z])", re.I)


def detect(
    loss: Series,
    loss_component: tuple[Series, ...],
    *,
    min_points: int = 8,
    share: float = 0.01,
    nats: float = 0.01,
    gains: float = 0.05,
) -> Iterator[Finding]:
    terms = [curve.finite for curve in loss_component if KL.search(curve.tag.replace("_", " ")) or KL.search(curve.tag)]
    terms = [curve for curve in terms if len(curve) >= min_points]
    if not terms:
        raise Skip(f"no KL term of {min_points} points was logged")
    whole = loss.finite
    for term in terms:
        start = _dead_from(term, share, nats)
        if start is None:
            continue
        onset = int(term.step[start])
        rest = whole.value[np.searchsorted(whole.step, onset) :]
        gain = _gain(rest, float(np.abs(term.value[start])))
        if len(rest) < 3 or gain > gains:
            continue
        yield _finding(term, whole, start, gain)
        return
    highest = max(float(np.abs(term.value).max()) for term in terms)
    if highest <= nats:
        raise Skip(f"{terms[0].tag} is {number(highest)} at most: it may be collapsed, weighted or averaged")


def _dead_from(term: Series, share: float, nats: float) -> int | None:
    """The index from which on the term stays at a share of its highest level; None where it does not."""
    size = np.abs(term.value)
    high = np.flatnonzero(size > min(nats, share * float(size.max())))
    start = int(high[-1]) + 1 if len(high) else len(size)
    return start if len(size) - start >= max(3, len(size) // 3) else None


def _gain(value: Floats, own: float) -> float:
    """By how much the loss falls beyond the term's own last fall, as a share of its level at the start."""
    if not len(value) or not value[0]:
        return 0.0
    first, last = float(value[0]), float(median(value[-3:]))
    return (first - last - own) / abs(first)


def _finding(term: Series, whole: Series, start: int, gain: float) -> Finding:
    onset, highest, end = int(term.step[start]), float(np.abs(term.value).max()), float(median(term.value[-3:]))
    return Finding(
        f"{term.tag} falls from {number(highest)} to {number(end)} and is near zero from {term.axis} {number(onset)} "
        "on, and "
        f"{whole.tag} gains {max(gain, 0.0):.1%} after it: the code carries nothing",
        Severity.ERROR,
        Confidence.MEDIUM,
        onset_step=onset,
        end_step=term.last_step,
        evidence={"kl_highest": highest, "kl_end": end, "gain_after": gain},
        remedies=[kl_annealing()],
        series=(term, whole),
    )
