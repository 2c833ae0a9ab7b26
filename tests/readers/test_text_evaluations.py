"""Lines of evaluations, counters of bars, epochs of unknown length: forms of many projects, with known numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.model.run import Run
from loglens.readers.text import reader as text
from loglens.roles.assign import assign_roles
from tests.readers.tables import read_one, rows, write

#: Losses of known truth; the numbers have a shape but no meaning.
LOSSES = [round(4.0 / (1 + 0.1 * i), 4) for i in range(30)]


def read(tmp_path: Path, lines: list[str], name: str = "train.log") -> Run:
    path = write(tmp_path / name, "".join(f"{line}\n" for line in lines).encode())
    assert text.sniff(path)
    return read_one(text.read, path)


def role(run: Run, tag: str) -> str:
    (curve,) = (curve for curve in assign_roles(run) if curve.tag == tag)
    return f"{curve.role}@{curve.split}"


@pytest.mark.parametrize(("length", "every"), [(1336, 100), (937, 50), (123, 7)])
def test_the_length_of_epochs_follows_from_where_a_counter_of_the_whole_run_stands(
    tmp_path: Path, length: int, every: int
) -> None:
    steps = range(every, 6 * length, every)
    lines = [f"Epoch: {(step - 1) // length + 1}, Iter: {(step - 1) % length + 1}, Loss: {1 / step}" for step in steps]
    run = read(tmp_path, lines)
    assert rows(run, "Loss") == [(step, 1 / step) for step in steps] and run.notes == ()


def test_a_bar_that_continues_over_the_epochs_counts_over_the_whole_run(tmp_path: Path) -> None:
    lines = [
        f"steps: {i}%|##   | {i}/100 [00:{i % 60:02d}<01:00, 1.21it/s, avr_loss={5 / i:.4f}]" for i in range(1, 101)
    ]
    run = read(tmp_path, ["epoch 1/2", *lines[:50], "epoch 2/2", *lines[50:]])
    assert [step for step, _ in rows(run, "avr_loss")] == list(range(1, 101))


@pytest.mark.parametrize("form", ["{step}", "[{step}]"])
def test_an_evaluation_at_the_step_of_the_training_has_that_step(tmp_path: Path, form: str) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        step = form.format(step=100 * i)
        lines.append(f"I0311 09:00:00.123456 140139 logging_writer.py:48] {step} train_loss={loss}, learning_rate=0.1")
        if i % 5 == 4:
            lines.append(
                f"I0311 09:00:01.123456 140139 logging_writer.py:48] {step} valid_loss={loss + 1}, valid_acc=0.5"
            )
    run = read(tmp_path, lines)
    assert rows(run, "train_loss") == [(100 * i, loss) for i, loss in enumerate(LOSSES)]
    assert [step for step, _ in rows(run, "valid_loss")] == [400, 900, 1400, 1900, 2400, 2900] and not run.axes


@pytest.mark.parametrize(("name", "better"), [("error", "lower"), ("error rate", "lower")])
def test_an_error_is_measured_where_a_line_counts(tmp_path: Path, name: str, better: str) -> None:
    run = read(tmp_path, [f"epoch {i}, minibatch 100/100, validation {name} {loss} %" for i, loss in enumerate(LOSSES)])
    assert rows(run, f"val/{name}") == [(100 * i + 100, loss) for i, loss in enumerate(LOSSES)]
    assert role(run, f"val/{name}") == f"metric_{better}@val"


@pytest.mark.parametrize("things", ["310 batches", "the last 10 episodes", "5000 images"])
def test_a_mean_over_so_many_things_is_no_counter(tmp_path: Path, things: str) -> None:
    lines = [line for i, loss in enumerate(LOSSES) for line in (f"Epoch {i}", f"Mean test loss over {things}: {loss}.")]
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, run.columns.tags[0])] == LOSSES
    assert role(run, run.columns.tags[0]) == "loss@test" and set(run.axes.values()) == {"epoch"}


def test_top_1_and_top_5_are_two_curves(tmp_path: Path) -> None:
    lines = [line for i in range(12) for line in (f"Eval epoch: {i}", f"Top 1: {i}.5%", f"Top 5: {2 * i}.5%")]
    run = read(tmp_path, lines)
    assert rows(run, "val/Top 1") == [(i, i + 0.5) for i in range(12)]
    assert rows(run, "val/Top 5") == [(i, 2 * i + 0.5) for i in range(12)]
    assert role(run, "val/Top 1") == "metric_higher@val"


def test_a_line_that_keeps_a_best_is_an_evaluation(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines += [f"Epoch [{i}/30] Iter:[{j}/10], Loss: {loss}, lr: 0.01" for j in range(0, 10, 5)]
        lines.append(f"Loss: {loss + 1:.4f}, MeanIU: {0.02 * i:.4f}, Best_mIoU: {0.02 * i:.4f}")
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "val/Loss")] == [round(loss + 1, 4) for loss in LOSSES]
    assert (role(run, "Loss"), role(run, "val/Loss")) == ("loss@train", "loss@val")


def test_a_score_behind_the_loss_of_held_out_data_is_of_held_out_data(tmp_path: Path) -> None:
    run = read(
        tmp_path, [f"Epoch: {i} Train loss: {x} Val loss: {x + 1} WER: {x} lr: 0.1" for i, x in enumerate(LOSSES)]
    )
    assert role(run, "val/WER") == "metric_lower@val" and role(run, "lr") == "lr@None"
    both = [f"Epoch {i}: train loss: {x}, val loss: {x}, acc: {x}, val acc: {x}" for i, x in enumerate(LOSSES)]
    assert role(read(tmp_path, both), "acc") == "metric_higher@train"


def test_current_and_best_are_of_held_out_data(tmp_path: Path) -> None:
    lines = [
        f"[{i}/99] Train loss: {x}, Valid loss: {x}\nCurrent_accuracy : {x}\nBest_accuracy    : {x}"
        for i, x in enumerate(LOSSES)
    ]
    assert role(read(tmp_path, lines), "Current_accuracy") == "metric_higher@val"


def test_two_evaluations_and_the_last_one_once_more(tmp_path: Path) -> None:
    lines = []
    for epoch in range(2):
        lines += [f"INFO:__main__:Epoch {epoch} | Step {i}/30 | Loss: {x}" for i, x in enumerate(LOSSES)]
        lines += ["INFO:__main__:📊 Evaluation Results:", f"INFO:__main__:   Loss: {0.5 - 0.1 * epoch}"]
    run = read(tmp_path, ["INFO:__main__:🔢 Training batches: 30", *lines, *lines[-2:]])
    assert [step for step, _ in rows(run, "Loss")] == list(range(60))
    assert [value for _, value in rows(run, "val/Loss")] == [0.5, 0.4, 0.4]


def test_lines_of_the_optimizer_count_their_rows_within_epochs_that_alone_are_counted(tmp_path: Path) -> None:
    lines = [f"Loss = {x}, GNorm = {x}, lr_0 = 1e-4" for x in LOSSES]
    run = read(tmp_path, [line for i in range(10) for line in (f"Epoch {i}", *lines[3 * i : 3 * i + 3])])
    assert rows(run, "Loss") == list(enumerate(LOSSES)) and run.axes["Loss"] == "row"


def test_rows_of_a_box_may_begin_with_a_percent_sign_and_hold_a_number(tmp_path: Path) -> None:
    rule, cells = "-" * 38, "| % time spent exploring  | {} |\n| mean 100 episode reward | {} |\n| steps | {} |"
    lines = [f"{rule}\n{cells.format(98 - i, x, 1000 * i)}\n{rule}" for i, x in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, "mean # episode reward") == [(1000 * i, x) for i, x in enumerate(LOSSES)]
    assert role(run, "% time spent exploring") == "rl_exploration@None"


@pytest.mark.parametrize("stamp", ["14 Mar 09:12", "14 Mar 2023 09:12:44", "[ Tue Mar 14 09:12:44 2023 ]"])
def test_a_heading_is_found_behind_a_date(tmp_path: Path, stamp: str) -> None:
    lines = [
        f"{stamp} INFO Epoch {i}: loss: {x}\n{stamp} INFO valid result:\nrecall@10 : {x}" for i, x in enumerate(LOSSES)
    ]
    assert role(read(tmp_path, lines), "val/recall@10") == "metric_higher@val"


def test_sub_epochs_are_the_steps_of_an_epoch(tmp_path: Path) -> None:
    lines = [f"Sub epoch {i % 6}: train loss: {x}" for i, x in enumerate(LOSSES)]
    run = read(tmp_path, [line for i in range(5) for line in (f"Meta epoch {i}", *lines[6 * i : 6 * i + 6])])
    assert rows(run, "train/loss") == list(enumerate(LOSSES))


def test_a_value_in_two_lines_of_one_step_is_one_point(tmp_path: Path) -> None:
    form = "Node[0] Epoch[0] Batch [{}]\tSpeed: 875.63 samples/sec\tTrain-{}={}"
    lines = [form.format(50 * i, name, x) for i, x in enumerate(LOSSES) for name in ("accuracy", "top_k_accuracy_2")]
    run = read(tmp_path, lines)
    assert rows(run, "Speed") == [(50 * i, 875.63) for i in range(len(LOSSES))]
    assert rows(run, "Train-accuracy") == [(50 * i, x) for i, x in enumerate(LOSSES)]


def test_ticks_of_a_generator_without_a_loss_are_read(tmp_path: Path) -> None:
    form = (
        "tick {}     kimg {}      time {}m 30s       sec/tick {}    sec/kimg 15.22   maintenance 1.2    augment 0.012"
    )
    run = read(tmp_path, [form.format(i, 4.0 * i, i, x) for i, x in enumerate(LOSSES)])
    assert rows(run, "sec/tick") == list(enumerate(LOSSES)) and rows(run, "kimg")[-1] == (29, 116.0)
    assert role(run, "sec/tick") == "step_time@None"


def test_an_evaluation_of_mmseg_is_of_held_out_data(tmp_path: Path) -> None:
    lines = []
    for i, x in enumerate(LOSSES):
        lines.append(f"2022-11-12 21:08:40,346 - mmseg - INFO - Iter [{50 * i + 50}/9000]\tlr: 9.8e-03, loss: {x}")
        if i % 5 == 4:
            lines.append(f"2022-11-12 21:08:41,403 - mmseg - INFO - Iter(val) [200]\taAcc: 0.9751, mDice: {x}")
    run = read(tmp_path, lines)
    assert [step for step, _ in rows(run, "val/mDice")] == [250, 500, 750, 1000, 1250, 1500]


def test_a_table_of_names_and_values_without_a_header(tmp_path: Path) -> None:
    rule = "-" * 24 + "  " + "-" * 10
    names = ("Evaluation/AverageReturn  {}", "Evaluation/Iteration      {}", "policy/Entropy            1.4")
    form = "\n".join((rule, *names, rule))
    run = read(tmp_path, [form.format(x, i) for i, x in enumerate(LOSSES)])
    assert rows(run, "Evaluation/AverageReturn") == list(enumerate(LOSSES))
    assert role(run, "policy/Entropy") == "rl_entropy@train"


def test_two_values_under_one_name(tmp_path: Path) -> None:
    run = read(tmp_path, [f"[Step {i}] Train / Test accuracy: {x} / {x + 1}." for i, x in enumerate(LOSSES)])
    assert rows(run, "train/accuracy") == list(enumerate(LOSSES))
    assert rows(run, "test/accuracy") == [(i, x + 1) for i, x in enumerate(LOSSES)]


def test_a_batch_beside_its_epoch_counts_over_the_run(tmp_path: Path) -> None:
    form = "DEBUG TRAIN Batch {}/{} loss {} loss_att 2.5 loss_ctc 3.5 lr 0.001 rank 0"
    run = read(tmp_path, [form.format(i // 10, 100 * (i % 10), x) for i, x in enumerate(LOSSES)])
    steps = [step for step, _ in rows(run, "train/loss")]
    assert steps == sorted(set(steps)) and [value for _, value in rows(run, "train/loss_ctc")] == [3.5] * 30


@pytest.mark.parametrize(
    "form", ["Total Steps: {} Reward: {}", "It: {}, Loss: {}, Time: 0.12", "{}/99 = 1.0%, loss: {}"]
)
def test_further_counters(tmp_path: Path, form: str) -> None:
    run = read(tmp_path, [form.format(i, x) for i, x in enumerate(LOSSES)])
    assert list(enumerate(LOSSES)) in [rows(run, tag) for tag in run.columns.tags] and not run.axes


@pytest.mark.parametrize(
    "form",
    [
        "Epoch {i} |   Training | Elapsed Time: 0:10:00 | Steps: 500 | Loss: {loss} ",
        "Epoch {i} | step 000 Loss: {loss} ",
    ],
)
def test_a_number_that_is_the_same_in_each_epoch_counts_nothing(tmp_path: Path, form: str) -> None:
    run = read(tmp_path, [form.format(i=i, loss=loss) for i, loss in enumerate(LOSSES)])
    assert rows(run, run.columns.tags[0]) == list(enumerate(LOSSES)) and set(run.axes.values()) == {"epoch"}


def test_a_heading_may_name_the_epoch_and_how_many_there_are(tmp_path: Path) -> None:
    lines = [
        f"2021-03-01 10:00:00,123 - Model - INFO - {text}"
        for i, loss in enumerate(LOSSES, 1)
        for text in (f"Epoch {i} ({i}/200):", f"Train Instance Accuracy: {1 - loss / 8}", "Save model...")
    ]
    run = read(tmp_path, lines)
    assert [step for step, _ in rows(run, "train/Instance Accuracy")] == list(range(1, 31))
    assert set(run.axes.values()) == {"epoch"}


def test_a_loss_glued_to_its_name(tmp_path: Path) -> None:
    run = read(tmp_path, [f"EPOCH[{i}/30] loss{loss:.3f}-|Sample:1.20|" for i, loss in enumerate(LOSSES, 1)])
    assert rows(run, "loss") == [(i, round(loss, 3)) for i, loss in enumerate(LOSSES, 1)]


def test_the_mean_score_of_episodes_is_a_reward(tmp_path: Path) -> None:
    run = read(tmp_path, [f"Episode {i}\tAverage Score: {-loss}" for i, loss in enumerate(LOSSES)])
    assert role(run, "Average Score") == "rl_reward@None"
    run = read(tmp_path, [f"Epoch {i} loss: {loss} mean score: {-loss}" for i, loss in enumerate(LOSSES)])
    assert not role(run, "mean score").startswith("rl_")


@pytest.mark.parametrize(
    ("form", "tag"),
    [
        ("loss in epoch 1 iteration {step}: {loss}", "loss"),
        ("[{step} | 25.50] loss={loss} avg=3.40", "loss"),
        ("[2021-03-01T10:00:00] T = {step} / 50000 | Avg. reward: {loss} | Avg. Q: 0.5", "Avg. reward"),
        ("INFO:pfrl.experiments.train_agent:outdir:results/a step:{step} episode:3 R:{loss}", "R"),
        ("  step {step} lr 1 step-time 0.31s wps 5.23K ppl 9.5 gN {loss} bleu 0.00, Mon Mar  1 10:10:00 2021", "gN"),
    ],
)
def test_counters_and_names_of_their_own(tmp_path: Path, form: str, tag: str) -> None:
    run = read(tmp_path, [form.format(step=10 * i, loss=loss) for i, loss in enumerate(LOSSES)])
    assert rows(run, tag) == [(10 * i, loss) for i, loss in enumerate(LOSSES)] and not run.axes


def test_half_a_day_stands_behind_the_time(tmp_path: Path) -> None:
    form = "05/01/2018 10:00:00 AM: [ dev valid official: Epoch = {i} | EM = 40.0 | F1 = {loss} | examples = 10570 ]"
    run = read(tmp_path, [form.format(i=i, loss=loss) for i, loss in enumerate(LOSSES)])
    assert rows(run, "val/F1") == list(enumerate(LOSSES))


def test_dots_before_a_report_are_no_part_of_it(tmp_path: Path) -> None:
    form = "Evaluating...........epoch:{i}, time: 25.7(s), valid (NDCG@10: {loss}, HR@10: 0.5), test (NDCG@10: 0.1)"
    run = read(tmp_path, [form.format(i=i, loss=loss) for i, loss in enumerate(LOSSES)])
    assert rows(run, "val/NDCG@10") == list(enumerate(LOSSES))


def test_the_epoch_of_the_best_is_not_that_of_the_line(tmp_path: Path) -> None:
    """EDSR's console."""
    lines = [
        line
        for i, loss in enumerate(LOSSES, 1)
        for line in (
            f"[Epoch {i}]\tLearning rate: 1.00e-04",
            f"[1600/1600]\t[L1: {loss}]\t8.2+0.9s",
            "Evaluation:",
            f"[DIV2K x2]\tPSNR: {30 - loss} (Best: 30.0 @epoch 1)",
        )
    ]
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "val/PSNR")] == [30 - loss for loss in LOSSES]
    assert len({step for step, _ in rows(run, "val/PSNR")}) == len(LOSSES)
    assert role(run, "L1") == "loss@train"


def test_averages_over_all_processes_go_before_the_last_report_of_a_pass(tmp_path: Path) -> None:
    lines = [
        line
        for i, loss in enumerate(LOSSES)
        for line in (
            f"Epoch: [{i}]  [ 90/100]  eta: 0:00:10  lr: 0.0001  loss: 1.5 (1.6)  time: 0.5  data: 0.01  max mem: 3000",
            f"Test:  [24/25]  eta: 0:00:00  loss: 0.9 ({loss + 1})  time: 0.3  data: 0.01  max mem: 3000",
            "Test: Total time: 0:00:07 (0.3081 s / it)",
            f"Averaged stats: loss: 0.9 ({loss})",
        )
    ]
    assert rows(read(tmp_path, lines), "val/loss") == list(enumerate(LOSSES))
