"""Forms of console lines: print statements of public projects, filled with numbers of known truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.model.run import Run
from loglens.readers.text import reader as text
from loglens.roles.assign import assign_roles
from tests.readers.tables import read_one, rows, write

#: Losses and scores of known truth; the numbers have a shape but no meaning.
LOSSES = [round(4.0 / (1 + 0.1 * i), 4) for i in range(12)]
SCORES = [round(0.9 - 0.8 / (1 + i), 4) for i in range(12)]


def read(tmp_path: Path, lines: str) -> Run:
    path = write(tmp_path / "train.log", lines.encode())
    assert text.sniff(path)
    return read_one(text.read, path)


def each(form: str) -> str:
    """The form for each epoch i, which begins at 0 and is n from 1 on."""
    pairs = enumerate(zip(LOSSES, SCORES, strict=True))
    return "".join(form.format(i=i, n=i + 1, step=100 * (i + 1), loss=loss, score=score) for i, (loss, score) in pairs)


LOSS_BY_EPOCH = list(enumerate(LOSSES))
SCORE_BY_EPOCH = list(enumerate(SCORES))


@pytest.mark.parametrize(
    "form",
    [
        "np.float64({})",
        "np.float32({})",
        "tensor({}, device='cuda:0', grad_fn=<NllLossBackward0>)",
        "tensor([[{}]])",
        "Array({}, dtype=float32, weak_type=True)",
        "tf.Tensor({}, shape=(), dtype=float32)",
        "<tf.Tensor: shape=(), dtype=float32, numpy={}>",
        "Tensor(shape=[1], dtype=float32, place=Place(gpu:0), stop_gradient=False,\n       [{}])",
    ],
)
def test_scalars_as_libraries_print_them(tmp_path: Path, form: str) -> None:
    run = read(tmp_path, each(f"Epoch {{i}}, loss: {form.format('{loss}')}\n"))
    assert rows(run, "loss") == LOSS_BY_EPOCH and run.axes["loss"] == "epoch"


@pytest.mark.parametrize(
    "form",
    [
        "Epoch{i}: loss {loss}\n",
        "[NanoDet][03-11 09:00:00]INFO:Train|Epoch{i}/300| mem:1.2G| loss: {loss}| \n",
        "epoch {i}: {loss} loss, {score} accuracy, 12.3 s\n",
        "[NeMo I 2024-03-11 09:00:00 wer:319] epoch {i}, loss: {loss}\n",
    ],
)
def test_counters_and_names_where_they_stand(tmp_path: Path, form: str) -> None:
    run = read(tmp_path, each(form))
    (loss,) = (tag for tag in run.tags if tag.removeprefix("train/") == "loss")
    assert rows(run, loss) == LOSS_BY_EPOCH
    assert "wer" not in run.tags


@pytest.mark.parametrize("form", ["{i}:\t{loss:.9f}\n", "{i:7d}/     12: {loss}\n", "[{i}] {loss}\n"])
def test_a_step_and_a_value_without_names(tmp_path: Path, form: str) -> None:
    run = read(tmp_path, each(form))
    assert rows(run, "value") == LOSS_BY_EPOCH and run.tags == ("value",)
    assert [(curve.role, curve.guessed) for curve in assign_roles(run)] == [("loss", True)]


def test_two_counters_without_names(tmp_path: Path) -> None:
    run = read(tmp_path, each("({n}/12) 5/10: train loss = {loss}\n({n}/12) 10/10: train loss = {loss}\n"))
    assert [step for step, _ in rows(run, "train/loss")] == list(range(5, 125, 5))


def test_an_epoch_that_is_named_at_its_end(tmp_path: Path) -> None:
    """CNTK's progress printer."""
    batches = " Minibatch[    1- 100]: loss = {loss} * 6400;\n Minibatch[  101- 200]: loss = {loss} * 6400;\n"
    run = read(tmp_path, each(batches + "Finished Epoch[{n} of 12]: loss = {loss} * 50000 1.3s;\n"))
    assert [step for step, _ in rows(run, "loss")] == list(range(100, 2500, 100))
    assert rows(run, "epoch/loss") == [(n, loss) for n, loss in enumerate(LOSSES, 1)]


def test_new_learning_rates(tmp_path: Path) -> None:
    lines = each("Epoch {i}: adjusting learning rate of group 0 to {loss}e-4.\nepoch {i}, loss: {loss}\n")
    assert [value for _, value in rows(read(tmp_path, lines), "learning rate")] == [
        float(f"{loss}e-4") for loss in LOSSES
    ]


# --- tables


def test_boxes_in_unicode(tmp_path: Path) -> None:
    head = "┏━━━━━━━┳━━━━━━━━━━━━┓\n┃ Epoch ┃ train_loss ┃\n┡━━━━━━━╇━━━━━━━━━━━━┩\n"
    run = read(tmp_path, head + each("│ {i:<5} │ {loss:<10} │\n") + "└───────┴────────────┘\n")
    assert rows(run, "train_loss") == LOSS_BY_EPOCH


def test_a_box_of_names_and_values_a_report(tmp_path: Path) -> None:
    rule = "+-----------+----------+\n"
    run = read(tmp_path, each(f"{rule}| epoch     | {{i:<8}} |\n| loss      | {{loss:<8}} |\n{rule}"))
    assert rows(run, "loss") == LOSS_BY_EPOCH and run.axes["loss"] == "epoch"


def test_a_table_that_counts_in_its_heading(tmp_path: Path) -> None:
    """OpenAI's baselines, TRPO and PPO1."""
    form = "********** Iteration {i} ************\n| EpRewMean | {score} |\n| loss_vf | {loss} |\n" + "-" * 24 + "\n"
    run = read(tmp_path, each(form))
    assert rows(run, "loss_vf") == LOSS_BY_EPOCH and "axis" not in {note.kind for note in run.notes}


def test_names_above_columns(tmp_path: Path) -> None:
    """NequIP's metrics."""
    head = "# Epoch\n# wall\n# LR\n# training_loss\n# validation_loss\n"
    run = read(tmp_path, head + each("   {i}   8.435   0.01   {loss}   {score}\n"))
    assert rows(run, "training_loss") == LOSS_BY_EPOCH and rows(run, "validation_loss") == SCORE_BY_EPOCH


def test_a_column_of_durations(tmp_path: Path) -> None:
    """nolearn's table."""
    head = "  epoch    trn loss    val loss  dur\n-------  ----------  ----------  -----\n"
    run = read(tmp_path, head + each("{i:7d}     \x1b[36m{loss:.5f}\x1b[0m     \x1b[32m{score:.5f}\x1b[0m  1.23s\n"))
    assert rows(run, "train/loss") == LOSS_BY_EPOCH and rows(run, "val/loss") == SCORE_BY_EPOCH


# --- evaluations


def test_cocos_summary(tmp_path: Path) -> None:
    form = """Epoch {i}: loss {loss}
 Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = {score}
 Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = {loss}
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = {score}
"""
    run = read(tmp_path, each(form))
    assert rows(run, "AP@0.50_0.95") == rows(run, "AR@0.50_0.95_medium_100") == SCORE_BY_EPOCH
    assert rows(run, "AP@0.75") == LOSS_BY_EPOCH and len(run.tags) == 4
    assert {curve.split for curve in assign_roles(run) if "@" in curve.tag} == {"val"}


def test_scikit_learns_report(tmp_path: Path) -> None:
    form = """epoch {i} loss: {loss}
              precision    recall  f1-score   support

         LOC     0.8000    0.7000    0.7467      1668

    accuracy                         {score:.4f}      3285
   macro avg     0.8500    0.8050    {score:.4f}      3285
"""
    run = read(tmp_path, each(form))
    assert rows(run, "macro avg/f1-score") == rows(run, "accuracy") == SCORE_BY_EPOCH


def test_columns_of_training_and_validation(tmp_path: Path) -> None:
    """AllenNLP's summary."""
    at = "2024-03-11 09:00:00,123 - INFO - allennlp.training.writer - "
    form = f"{at}Epoch {{i}}/11\n{at}          Training |  Validation\n{at}loss     |   {{loss}}  |   {{score}}\n"
    run = read(tmp_path, each(form + f"{at}gpu_memory_MB |  1234.000  |       N/A\n"))
    assert rows(run, "train/loss") == LOSS_BY_EPOCH and rows(run, "val/loss") == SCORE_BY_EPOCH
    assert "val/gpu_memory_MB" not in run.tags


def test_what_is_said_twice_at_one_step_is_measured_on_other_data(tmp_path: Path) -> None:
    """Leela's trainer; the losses of the evaluation are the scores here."""
    training = "step {n}00, lr=0.02 policy={loss} total={loss} (3059.63 pos/s)\nstep {n}50, lr=0.02 policy={loss} "
    form = training + "total={loss} (3059.63 pos/s)\nstep {n}50, policy={score} total={score} policy accuracy=20.8%\n"
    run = read(tmp_path, each(form))
    assert [value for _, value in rows(run, "val/policy")] == SCORES
    assert len(rows(run, "policy")) == 2 * len(LOSSES)


def test_the_shorter_of_two_passes_is_over_held_out_data(tmp_path: Path) -> None:
    """pytorch-cifar's bars, where the count is written into the middle of a line that is done."""

    def bar(at: int, of: int, value: str) -> str:
        return (
            f" [==>..]  Step: 83ms | Tot: 1s598ms | Loss: {value} | Acc: 10.220% (511/5000)  {chr(8) * 20} {at}/{of} "
        )

    train = "\r".join(bar(at, 4, "{loss}") for at in range(1, 5))
    held = "\r".join(bar(at, 2, "{score}") for at in range(1, 3))
    run = read(tmp_path, each(f"\nEpoch: {{i}}\n{train}\n{held}\n"))
    assert [step for step, _ in rows(run, "Loss")] == list(range(1, 49))
    assert [value for _, value in rows(run, "val/Loss")] == [score for score in SCORES for _ in range(2)]


def test_a_pass_whose_end_is_not_printed_ends_with_its_last_line(tmp_path: Path) -> None:
    training, test = "Epoch: [{i}][0/50]\tLoss {loss} ({loss})\n", "Test: [0/7]\tLoss {score} ({score})\n"
    assert rows(read(tmp_path, each(training + test)), "val/Loss") == SCORE_BY_EPOCH


def test_a_part_of_the_data_holds_what_stands_in_its_brackets(tmp_path: Path) -> None:
    form = "Epoch: {i}   Train: (loss = {loss}, acc = {score})   Test: (loss = {score}, acc = {loss})\n"
    run = read(tmp_path, each(form))
    assert rows(run, "train/loss") == rows(run, "test/acc") == LOSS_BY_EPOCH
    assert rows(run, "train/acc") == rows(run, "test/loss") == SCORE_BY_EPOCH


def test_the_values_of_a_list_are_curves(tmp_path: Path) -> None:
    run = read(tmp_path, each("Epoch {i} [50s]: train==[{loss}=0.1 + 0.2], recall=[{score}, {loss}], lr=[0.1, 0.2]\n"))
    assert rows(run, "recall") == SCORE_BY_EPOCH and rows(run, "recall[1]") == LOSS_BY_EPOCH
    assert rows(run, "train") == LOSS_BY_EPOCH and "lr[1]" not in run.tags


def test_losses_in_a_dictionary(tmp_path: Path) -> None:
    assert rows(read(tmp_path, each("Losses {{'ner': {loss}}}\n")), "ner loss") == LOSS_BY_EPOCH


def test_a_mean_over_episodes_is_one_of_rewards(tmp_path: Path) -> None:
    """TD3's console."""
    form = "Total T: {step} Episode Num: {n} Episode T: 1000 Reward: {loss}\nEvaluation over 10 episodes: {score}\n"
    run = read(tmp_path, each(form))
    assert rows(run, "val/reward") == [(n, score) for n, score in enumerate(SCORES, 1)]


def test_a_log_with_one_form_of_unread_lines_keeps_its_numbers(tmp_path: Path) -> None:
    run = read(tmp_path, "".join(f"shape {i} {i}\n[{loss}, {i}, 0.0002]\n" for i, loss in enumerate(LOSSES)))
    assert rows(run, "[0]") == LOSS_BY_EPOCH
