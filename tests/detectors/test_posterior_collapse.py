"""posterior-collapse: a KL term that dies, and terms that are small or scheduled by right."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import Floats, falling, level
from tests.detectors.judging import judged, only, skip_reason

RULE = "posterior-collapse"


def decaying(n: int, start: float, end: float) -> Floats:
    return end + (start - end) * np.exp(-20 * np.arange(n) / n)


@pytest.mark.parametrize("n", [10, 60, 3000])
@pytest.mark.parametrize(("start", "end"), [(0.002, 4e-7), (0.5, 1e-4), (20.0, 1e-3)])
@pytest.mark.parametrize("tag", ["kl_loss", "train/kld", "vae_kl_loss"])
def test_a_kl_term_that_falls_to_zero(n: int, start: float, end: float, tag: str) -> None:
    rest = np.full(n, 0.14) + np.append(0.02, np.zeros(n - 1))
    kl = decaying(n, start, end)
    found = only(RULE, {"loss": rest + kl, "reconstruction_loss": rest, tag: kl})
    assert found.remedies[0].action == "kl_annealing" and (found.onset_step or n) < n / 2


@pytest.mark.parametrize(
    "kl",
    [
        falling(60, start=30.0, floor=12.0),
        np.linspace(0.0, 3.0, 60),  # annealed: from nothing up
        np.full(60, 0.008),  # free bits, averaged over the code
        decaying(60, 1.0, 0.2),
    ],
    ids=["sound", "annealed", "floor", "small"],
)
def test_kl_terms_that_carry_something(kl: Floats) -> None:
    assert not judged(RULE, {"loss": 5 + kl, "reconstruction_loss": np.full(60, 5.0), "kl_loss": kl})[0]


def test_a_reconstruction_that_still_gains() -> None:
    kl, rest = decaying(60, 1.0, 1e-4), falling(60, start=3.0, floor=0.3, noise=0.01)
    assert not judged(RULE, {"loss": rest + kl, "reconstruction_loss": rest, "kl_loss": kl})[0]


def test_what_is_not_judged() -> None:
    assert "KL" in skip_reason(RULE, {"loss": falling(60), "box_loss": falling(60)})


def test_a_term_that_was_always_small_is_not_judged() -> None:
    """It may be collapsed from the start, have a small weight, or be averaged over thousands of numbers."""
    rest = level(60, 160.0, 0.01)
    small = {"train/loss": rest, "train/recon_loss": rest, "train/kl_loss": level(60, 1e-3, 0.2)}
    assert "averaged" in skip_reason(RULE, small)
