"""The discriminator wins, and the generator gets nothing to learn from.

Why it matters. A discriminator that is always right has flat outputs, so the generator's gradient
vanishes; what it makes stays bad or collapses to a few samples.

How it is found. Over the second half the discriminator's scores for real and generated samples stay
apart by more than 0.6 at the median, where balanced players meet at 0.5 each (Goodfellow et al.
2014), or its loss stays below 0.7, half of the 2 ln 2 = 1.386 of a discriminator that can only guess,
and does not rise over that half. Or a logged count of the modes that the generator covers
(whole numbers under a tag with the word "modes") has a median of one or less in the second half.

When it is wrong. Wasserstein and hinge losses have other levels: only scores between 0 and 1 and losses
of the original kind (positive, starting near 1.386) are judged. A collapse that keeps the players in
balance (a generator that makes one good sample) is seen only where the modes are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.trend import trend

RULE = Rule("gan-collapse", "adversarial", Severity.ERROR)


def detect(
    gan_score_real: Series | None,
    gan_score_fake: Series | None,
    gan_d_loss: Series | None,
    lr: Series | None,
    run: Run,
    *,
    min_points: int = 20,
    apart: float = 0.6,
    low_loss: float = 0.7,
) -> Iterator[Finding]:
    if gan_d_loss is None and (gan_score_real is None or gan_score_fake is None):
        raise Skip("no discriminator loss and no discriminator scores were logged")
    if modes := _one_mode(run):
        yield _dropped(modes)
    elif gan_score_real is not None and gan_score_fake is not None:
        yield from _by_scores(gan_score_real.finite, gan_score_fake.finite, lr, min_points, apart)
    elif gan_d_loss is not None:
        yield from _by_loss(gan_d_loss.finite, lr, min_points, low_loss)


def _one_mode(run: Run) -> Series | None:
    """A count of covered modes that is one or less for most of the second half."""
    for tag in run.tags:
        value = run.series(tag).finite.value if "modes" in re.split(r"[^a-z]+", tag.lower()) else np.zeros(0)
        if len(value) >= 10 and (value == np.round(value)).all() and np.median(value[len(value) // 2 :]) <= 1:
            return run.series(tag).finite
    return None


def _dropped(modes: Series) -> Finding:
    late = modes.value[len(modes) // 2 :]
    return Finding(
        f"{modes.tag} has a median of {np.median(late):g} in the second half (at most {modes.value.max():g} ever): "
        "the generator makes one kind of sample, whatever its input",
        Severity.ERROR,
        Confidence.HIGH,
        end_step=int(modes.step[-1]),
        evidence={"modes": float(np.median(late)), "most": float(modes.value.max())},
        remedies=[
            remedies.scale_lr(0.25, None, "for the generator only: one that moves too fast jumps from mode to mode"),
            remedies.add_normalization("spectral_norm"),
        ],
        series=(modes,),
    )


def _by_scores(real: Series, fake: Series, lr: Series | None, min_points: int, apart: float) -> Iterator[Finding]:
    n = min(len(real), len(fake))
    if n < min_points:
        raise Skip(f"needs {min_points} discriminator scores, has {n}")
    both = np.concatenate([real.value, fake.value])
    if both.min() < 0 or both.max() > 1:
        raise Skip("the discriminator's scores are no probabilities")
    gap = real.value[:n] - fake.value[:n]
    late = float(np.median(gap[n // 2 :]))
    if late <= apart:
        return
    yield Finding(
        f"the discriminator tells real from generated throughout the second half: {real.tag} "
        f"{np.median(real.value[n // 2 :]):.2f}, {fake.tag} {np.median(fake.value[n // 2 :]):.2f} "
        "(balance is 0.5 each)",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=int(real.step[-1]),
        evidence={"score_gap": late, "score_gap_start": float(np.median(gap[: max(3, n // 20)]))},
        remedies=_advice(lr),
        series=(real, fake),
    )


def _by_loss(loss: Series, lr: Series | None, min_points: int, low_loss: float) -> Iterator[Finding]:
    if len(loss) < min_points:
        raise Skip(f"needs {min_points} discriminator losses, has {len(loss)}")
    start = float(np.median(loss.value[:3]))
    if loss.value.min() < 0 or not 0.3 < start < 3:
        raise Skip("the discriminator's loss is not of the kind whose balance is known")
    late = loss.value[len(loss) // 2 :]
    step = np.linspace(0, len(late) - 1, min(len(late), 40)).astype(int)
    rises = trend(step.astype(float), late[step]).low > 0
    if float(np.median(late)) >= low_loss or rises:
        return
    yield Finding(
        f"{loss.tag} stays at {np.median(late):.3g} in the second half, below half of the 1.386 of a balanced "
        "discriminator: it wins",
        Severity.ERROR,
        Confidence.MEDIUM,
        end_step=int(loss.step[-1]),
        evidence={"late_loss": float(np.median(late)), "start": start},
        remedies=_advice(lr),
        series=(loss,),
    )


def _advice(lr: Series | None) -> list[Remedy]:
    return [
        remedies.scale_lr(0.25, lr, "for the discriminator only: two time scales let the generator keep up"),
        remedies.add_normalization("spectral_norm"),
    ]
