"""The rule missed-early-stop: a best checkpoint that was passed, and noise around the best one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import falling, level
from tests.detectors.judging import findings


def test_a_best_checkpoint_before_the_end() -> None:
    rising = falling(100, floor=1.0, noise=0.003)
    rising[60:] *= np.linspace(1, 1.12, 40)
    (found,) = findings("missed-early-stop", {"val_loss": rising})
    assert found.onset_step == pytest.approx(60, abs=8) and found.remedies[0].action == "early_stop"
    assert not findings("missed-early-stop", {"val_loss": falling(100, floor=1.0, noise=0.05)})
    steep = np.append(
        np.geomspace(2.0, 0.5, 8), [0.31, 0.33, 0.36, 0.35, 0.36, 0.36, 0.35, 0.36, 0.37, 0.37, 0.38, 0.38]
    )
    assert findings("missed-early-stop", {"val_loss": steep})  # the bend of its descent is no noise
    stopped = level(100, 1.0, 0.05)
    stopped[30:] = 1.03  # the weights move no more, and the loss repeats
    assert not findings("missed-early-stop", {"val_loss": stopped})
    rising[60:] *= np.linspace(1, 1.5, 40)  # for the rule of overfitting to name
    assert not findings("missed-early-stop", {"val_loss": rising})
