"""Consoles whose lines count in several ways: streams, labels, environments, dictionaries over several lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readers.tables import rows
from tests.readers.test_text_forms import LOSSES, each, read

#: The losses at the steps that `each` prints.
LOSS_BY_STEP = [(100 * (i + 1), loss) for i, loss in enumerate(LOSSES)]


def test_an_actor_and_a_learner_count_their_own_steps(tmp_path: Path) -> None:
    """DreamerV2's logger: the two counters together go up and down."""
    run = read(
        tmp_path, each("[{step}50] train_return {score} / train_length 800\n[{step}00] kl_loss {loss} / fps 22\n")
    )
    assert rows(run, "kl_loss") == [(100 * step, loss) for step, loss in LOSS_BY_STEP]


def test_steps_of_the_environment_go_before_updates(tmp_path: Path) -> None:
    run = read(tmp_path, each("Updates {n}, num timesteps {step}, FPS 1497\n mean reward {loss}\n"))
    assert rows(run, "mean reward") == LOSS_BY_STEP


@pytest.mark.parametrize(
    "form",
    [
        "{{'loss': {loss},\n 'step': {step}}}\n\n",
        '{{\n  "loss": {loss},\n  "step": {step}\n}}\n',
        "i = {step} / 5000, epoch 0.1, loss = {loss}\n",
    ],
)
def test_a_counter_at_the_end_of_a_dictionary_or_called_i(tmp_path: Path, form: str) -> None:
    assert rows(read(tmp_path, each(form)), "loss") == LOSS_BY_STEP


def test_data_sets_named_in_brackets_are_told_apart(tmp_path: Path) -> None:
    form = "Epoch: {n} loss {loss} lr 0.1\n[lfw][{n}]Accuracy: {score}+-0.01\n[cfp][{n}]Accuracy: {loss}+-0.01\n"
    run = read(tmp_path, each(form))
    assert [value for _, value in rows(run, "cfp/Accuracy")] == LOSSES


def test_an_epoch_and_its_batch_in_one_bracket(tmp_path: Path) -> None:
    run = read(tmp_path, each("[{i}: 1/4] loss: {loss}\n[{i}: 2/4] loss: {loss}\n"))
    assert [step for step, _ in rows(run, "loss")] == [4 * i + at for i in range(12) for at in (1, 2)]


def test_a_table_under_a_rule_without_joints(tmp_path: Path) -> None:
    head = f"{'-' * 30}\n|  epoch  |  loss  |  ema_acc  |\n{'-' * 30}\n"
    run = read(tmp_path, head + each("|  {i}  |  {loss}  |           |\n"))
    assert rows(run, "loss") == list(enumerate(LOSSES))
