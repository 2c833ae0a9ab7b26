"""Which of several curves of a role is looked at first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loglens.model.series import Series
from loglens.roles.from_tags import main_curve, roles_of_tags
from tests.curves import series


def _series(tag: str, points: int) -> Series:
    return Series(tag, np.arange(points), np.ones(points), np.full(points, np.nan))


@pytest.mark.parametrize(
    ("tags", "total"),
    [
        ("loss loss_cls loss_bbox", "loss"),
        ("loss total_loss regularization_loss", "total_loss"),  # the task's alone, and with what is added to it
        ("train/loss_simple train/loss_vlb train/loss", "train/loss"),
        ("tot_loss current_loss current_ctc_loss", "current_loss"),  # the average over steps hides an onset
        ("ce ce_q1 ce_q2", "ce"),
        ("loss/0 loss/1 loss", "loss"),
        ("3.Loss/Value_loss 3.Loss/Policy_loss 3.Loss/Total_weighted_loss", "3.Loss/Total_weighted_loss"),
        ("lm_loss aux_loss z_loss", "lm_loss"),
        ("rmse_e_trn rmse_f_trn rmse_trn", "rmse_trn"),
        ("train/box_loss train/dist_focalloss train/cls_loss metrics/mAP_0.5", None),
        ("train_tr_loss train_rot_loss train_tor_loss", None),
        ("loss/0 loss/1", None),
        ("G_loss D_loss ce_loss mel_loss", None),  # no minimum of one player's loss is sought
        ("actor/pg_loss critic/vf_loss actor/entropy_loss", None),
    ],
)
def test_the_main_loss(tags: str, total: str | None) -> None:
    roles = roles_of_tags(tags.split())
    losses = [_series(tag, 50) for tag, role in roles.items() if role.name == "loss"]
    assert (main_curve(losses).tag if losses else None) == total


@pytest.mark.parametrize(
    ("candidates", "main"),
    [
        ([("grad_norm_clipped", 900), ("grad_norm", 90)], "grad_norm"),
        ([("clipped", 90), ("unclipped_grad_norm", 9)], "unclipped_grad_norm"),
        ([("train_loss_epoch", 5), ("train_loss_step", 500)], "train_loss_step"),
        ([("loss_1", 500), ("loss", 500)], "loss"),
        ([("ep_rew_max", 50), ("ep_rew_mean", 50)], "ep_rew_mean"),
        ([("lr/pg1", 50), ("lr/pg0", 50)], "lr/pg1"),
    ],
)
def test_the_main_curve(candidates: list[tuple[str, int]], main: str) -> None:
    assert main_curve([_series(*candidate) for candidate in candidates]).tag == main


@pytest.mark.parametrize("evaluations", [3, 8, 20])
def test_a_curve_of_the_first_steps_alone_does_not_stand_for_the_run(evaluations: int) -> None:
    """Losses of the first hundred steps, and evaluations from then on; too few of those decide nothing."""
    start = _series("loss", 100)
    whole = series(np.ones(evaluations), tag="train/loss", every=2_000)
    assert main_curve([start, whole]).tag == ("train/loss" if evaluations >= 8 else "loss")
    assert main_curve([start, series(np.ones(20), tag="train/loss", every=20)]).tag == "loss"


def test_a_curve_by_epochs_is_no_beginning_of_one_by_steps() -> None:
    """Both were logged at the same times."""
    times = np.arange(100.0) * 60 + 1.8e9
    epochs = replace(series(np.ones(100), tag="val/epoch_loss"), time=times)
    steps = replace(series(np.ones(100), tag="val/loss_vs_iterations", every=16), time=times)
    assert main_curve([epochs, steps]).tag == "val/epoch_loss"
    first = replace(epochs, time=times[0] + np.arange(100.0))
    assert main_curve([first, steps]).tag == "val/loss_vs_iterations"
