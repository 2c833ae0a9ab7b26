"""Lines of consoles whose grammar is that of many: ranges, headings in brackets, other scripts, lines printed twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loglens.model.run import Run
from loglens.readers.text import reader as text
from tests.readers.tables import read_one, rows, write

#: Losses of known truth; the numbers have a shape but no meaning.
LOSSES = [round(4.0 / (1 + 0.1 * i), 4) for i in range(40)]


def read(tmp_path: Path, lines: list[str], name: str = "train.log") -> Run:
    path = write(tmp_path / name, "".join(f"{line}\n" for line in lines).encode())
    assert text.sniff(path)
    return read_one(text.read, path)


@pytest.mark.parametrize(
    "form",
    [
        "INFO:root:Epoch[{e}] Batch [{a}-{b}]\tSpeed: 902.88 samples/sec\tloss={loss}",
        "03/14/2023 09:12:45:  Epoch[ {e} of 12]-Minibatch[{a:4d}-{b:4d}, 6.39%]: loss = {loss} * 3200; time = 0.2384s",
    ],
)
def test_a_line_of_a_range_of_batches_was_printed_at_its_end(tmp_path: Path, form: str) -> None:
    """As in MXNet's Speedometer and CNTK's trainer."""
    places = [(epoch, 20 * i) for epoch in range(1, 5) for i in range(10)]
    lines = [
        form.format(e=epoch, a=at + 1, b=at + 20, loss=loss) for (epoch, at), loss in zip(places, LOSSES, strict=True)
    ]
    assert rows(read(tmp_path, lines), "loss") == [(20 * (i + 1), loss) for i, loss in enumerate(LOSSES)]


def test_a_word_in_brackets_heads_all_values_behind_it(tmp_path: Path) -> None:
    """As in ESPnet's results of an epoch."""
    logger = "[gpu-node07] 2023-03-14 09:29:04,255 (trainer:321) INFO: "
    lines = [
        f"{logger}{epoch}epoch results: [train] loss_ctc=136.682, loss={LOSSES[epoch]}, total_count=2000, "
        f"[valid] loss_ctc=106.161, cer=0.396, loss={LOSSES[epoch] + 1:.4f}, time=30.17 seconds, "
        "[att_plot] time=7.75 seconds"
        for epoch in range(1, 15)
    ]
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "train/loss")] == LOSSES[1:15]
    assert [value for _, value in rows(run, "val/loss")] == [round(loss + 1, 4) for loss in LOSSES[1:15]]
    assert {value for _, value in rows(run, "val/cer")} == {0.396} and {value for _, value in rows(run, "time")} == {
        7.75
    }


def test_a_name_in_brackets_behind_the_counter_is_of_its_line_alone(tmp_path: Path) -> None:
    lines = []
    for epoch in range(1, 11):
        lines += [f"Finished Epoch[{epoch:2d} of 10]: [Training] ce = {LOSSES[epoch]} * 50000; errs = 60.0% * 50000"]
        lines += [
            f"Finished Epoch[{epoch:2d} of 10]: [Validate] ce = {LOSSES[epoch] + 1:.4f} * 10000; errs = 70.5% * 10000"
        ]
    run = read(tmp_path, lines)
    assert rows(run, "train/ce") == [(epoch, LOSSES[epoch]) for epoch in range(1, 11)]
    assert {value for _, value in rows(run, "val/errs")} == {70.5}
    assert {value for _, value in rows(run, "train/errs")} == {60.0}


@pytest.mark.parametrize(
    ("counter", "train", "val", "accuracy"),
    [
        ("第{}轮", "训练loss：{}，准确率：44.76%", "验证loss：{}，准确率：47.42%", "准确率"),
        ("第 {} 轮", "训练集loss: {}, 准确率: 44.76%", "验证集loss: {}, 准确率: 47.42%", "准确率"),
        ("エポック {}", "学習loss：{}　正解率：44.76％", "検証loss：{}　正解率：47.42％", "正解率"),
        ("에폭 {}", "훈련 loss: {}, 정확도: 44.76", "검증 loss: {}, 정확도: 47.42", "정확도"),
        ("Epoch {}", "train loss: {}, acc: 44.76", "val loss: {}, acc: 47.42", "acc"),
    ],
)
def test_names_in_other_scripts_are_read_like_latin_ones(
    tmp_path: Path, counter: str, train: str, val: str, accuracy: str
) -> None:
    lines = ["使用设备：cuda:0"]
    for epoch in range(1, 13):
        lines += [counter.format(epoch), train.format(LOSSES[epoch]), val.format(LOSSES[epoch + 1])]
    run = read(tmp_path, lines, "训练日志.txt")
    assert rows(run, "train/loss") == [(epoch, LOSSES[epoch]) for epoch in range(1, 13)]
    assert rows(run, "val/loss") == [(epoch, LOSSES[epoch + 1]) for epoch in range(1, 13)]
    assert {value for _, value in rows(run, f"train/{accuracy}")} == {44.76}
    assert {value for _, value in rows(run, f"val/{accuracy}")} == {47.42}
    assert set(run.axes.values()) == {"epoch"}


def test_a_russian_log(tmp_path: Path) -> None:
    lines = [f"Эпоха {epoch}/40: потери = {loss}, точность: 0.75" for epoch, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, "потери") == list(enumerate(LOSSES)) and run.axes["точность"] == "epoch"


def twice(block: list[str]) -> list[str]:
    """Lines as TensorFlow's handler and absl's print them."""
    first, *rest = block
    return [
        f"INFO:tensorflow:{first}",
        *rest,
        f"I0314 09:13:36.933716 139871102416704 model_lib_v2.py:705] {first}",
        *rest,
    ]


@pytest.mark.parametrize("printed", [twice, list])
def test_a_block_behind_a_line_that_tells_its_time_is_at_the_step_of_that_line(
    tmp_path: Path, printed: Callable[[list[str]], list[str]]
) -> None:
    """As in TensorFlow's object detection; two handlers of one logger print each line twice."""
    lines = []
    for i, loss in enumerate(LOSSES, 1):
        lines += printed([f"Step {100 * i} per-step time 1.402s"])
        lines += printed([f"{{'Loss/box_loss': {loss},", " 'Loss/total_loss': 1.2502601,", " 'learning_rate': 0.004}"])
    run = read(tmp_path, lines, "stderr.log")
    assert rows(run, "Loss/box_loss") == [(100 * i, loss) for i, loss in enumerate(LOSSES, 1)]
    assert len(rows(run, "learning_rate")) == len(rows(run, "per-step time")) == len(LOSSES)
    assert run.notes == ()


def test_a_constant_loss_of_many_lines_an_epoch_keeps_every_line(tmp_path: Path) -> None:
    run = read(tmp_path, [f"Epoch {epoch} loss 0.5" for epoch in range(8) for _ in range(4)])
    assert len(rows(run, "loss")) == 32


def test_a_loss_beside_the_epochs_and_the_batch_size_is_no_setting(tmp_path: Path) -> None:
    lines = [f"epochs: {epoch} batch_size: 32 loss: {loss}" for epoch, loss in enumerate(LOSSES)]
    assert rows(read(tmp_path, lines), "loss") == list(enumerate(LOSSES))


def test_equal_values_at_other_steps_are_not_taken_for_lines_printed_twice(tmp_path: Path) -> None:
    run = read(tmp_path, [f"step {i}: loss 0.5" for i in range(20)])
    assert len(rows(run, "loss")) == 20


def test_the_time_zone_ends_the_date_before_a_message(tmp_path: Path) -> None:
    """As `kubectl logs --prefix --timestamps` prints a trainer's lines."""
    prefix = "[pod/llama-mt-job-0-0-w8x2k/jax-tpu] 2023-03-14T09:13:32.795849293Z "
    lines = []
    for step, loss in enumerate(LOSSES):
        lines.append(f"{prefix}completed step: {step}, seconds: 3.436, total_weights: 5242557, loss: {loss}")
        if step % 10 == 9:
            lines.append(f"{prefix}eval metrics after step: {step}, loss={loss + 1:.4f}, total_weights=655360.0")
    run = read(tmp_path, lines)
    assert rows(run, "loss") == list(enumerate(LOSSES))
    assert rows(run, "val/loss") == [(step, round(LOSSES[step] + 1, 4)) for step in range(9, 40, 10)]


@pytest.mark.parametrize("date", ["Tue 14 Mar 2023 09:12:46", "Tue Mar 14 09:12:46 2023"])
def test_a_date_with_names_stands_before_a_heading(tmp_path: Path, date: str) -> None:
    """As in RecBole."""
    lines = []
    for epoch, loss in enumerate(LOSSES):
        lines += [f"{date} INFO  epoch {epoch} training [time: 0.53s, train loss: {loss}]"]
        lines += [f"{date} INFO  epoch {epoch} evaluating [time: 0.28s, valid_score: 0.053318]"]
        lines += [f"{date} INFO  valid result: ", f"recall@10 : {loss}    mrr@10 : 0.0533    hit@10 : 0.1013"]
    lines += [f"{date} INFO  best valid : {{'recall@10': 0.2083, 'mrr@10': 0.3787, 'hit@10': 0.7196}}"]
    lines += [f"{date} INFO  test result: {{'recall@10': 0.2291, 'mrr@10': 0.4166, 'hit@10': 0.7915}}"]
    run = read(tmp_path, lines)
    assert rows(run, "val/recall@10") == rows(run, "train/loss") == list(enumerate(LOSSES))


def test_the_best_so_far_is_no_part_of_the_curve(tmp_path: Path) -> None:
    """As in PaddleOCR."""
    logger = "[2023/03/14 09:16:32] ppocr INFO: "
    lines = []
    for i, loss in enumerate(LOSSES, 1):
        lines.append(f"{logger}epoch: [{1 + i // 10}/40], global_step: {10 * i}, acc: 0.01, loss: {loss}, eta: 0:16:52")
        if i % 5 == 0:
            lines.append(f"{logger}cur metric, acc: 0.{i}, norm_edit_dis: 0.7423, fps: 1073.47")
            lines.append(f"{logger}best metric, acc: 0.9{i}, is_float16: False, norm_edit_dis: 0.7, best_epoch: 9")
    run = read(tmp_path, lines)
    assert rows(run, "val/cur metric/acc") == [(10 * i, float(f"0.{i}")) for i in range(5, 41, 5)]
    assert rows(run, "val/best metric/acc") == [(10 * i, float(f"0.9{i}")) for i in range(5, 41, 5)]
    assert {value for _, value in rows(run, "acc")} == {0.01}


@pytest.mark.parametrize("form", ["(:epoch, {}, :trn, {}, :tst, {})", "(:epoch,{},:trn,{},:tst,{})"])
def test_names_and_values_may_be_the_members_of_one_tuple(tmp_path: Path, form: str) -> None:
    """As in Knet's reports; the number of epochs that is set in the first line counts nothing."""
    lines = ['opts=(:seed,-1)(:epochs,60)(:lr,0.5)(:atype,"KnetArray{Float32}")(:batchsize,100)']
    lines += [form.format(epoch, loss, loss + 1) for epoch, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines, "knet.log")
    assert rows(run, "trn") == list(enumerate(LOSSES))
    assert run.columns.tags == ("trn", "tst") and run.axes == {"trn": "epoch", "tst": "epoch"} and run.notes == ()


def test_pairs_of_a_list(tmp_path: Path) -> None:
    lines = [f"epoch {epoch} [('loss', {loss}), ('val acc', 0.75)]" for epoch, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == list(enumerate(LOSSES)) and {value for _, value in rows(run, "val/acc")} == {0.75}


def test_a_step_between_a_name_and_its_value(tmp_path: Path) -> None:
    """As in NVIDIA's Tacotron 2."""
    lines = []
    for step, loss in enumerate(LOSSES):
        lines.append(f"Train loss {step} {loss:.6f} Grad Norm 9.238260 2.03s/it")
        if step % 10 == 0:
            lines.append(f"Validation loss {step}:  {loss + 1:.6f}  ")
    run = read(tmp_path, lines, "nohup.out")
    assert rows(run, "train/loss") == list(enumerate(LOSSES))
    assert rows(run, "val/loss") == [(step, round(LOSSES[step] + 1, 4)) for step in range(0, 40, 10)]
    assert run.axes == {}


def test_two_values_behind_a_name_are_no_step(tmp_path: Path) -> None:
    run = read(tmp_path, [f"Train loss {loss} 0.75 Grad Norm 9.238260" for loss in LOSSES])
    assert [value for _, value in rows(run, "train/loss")] == LOSSES


LIST = "2023-03-14 09:14:34,984\tljs_base\tINFO\t"


def test_a_list_of_numbers_with_a_step_in_it(tmp_path: Path) -> None:
    """As in VITS: the losses, the global step and the learning rate, without a name."""
    settings = (
        "{'train': {'log_interval': 200, 'epochs': 20000, 'learning_rate': 0.0002, 'batch_size': 64, 'c_kl': 1.0}}"
    )
    lines = [LIST + settings]
    for i, loss in enumerate(LOSSES):
        lines += [
            f"{LIST}Train Epoch: {i + 1} [0%]",
            f"{LIST}[{loss}, 1.25, {200 * i}, 0.0002]",
            f"{LIST}====> Epoch: {i + 1}",
        ]
    run = read(tmp_path, lines)
    assert rows(run, "[0]") == [(200 * i, loss) for i, loss in enumerate(LOSSES)]
    assert run.columns.tags == ("[0]", "[1]", "[3]") and run.axes == {} and not run.columns.session.any()


@pytest.mark.parametrize("last", ["7", "0.5"])
def test_a_list_of_numbers_that_does_not_count_is_left_out(tmp_path: Path, last: str) -> None:
    lines = []
    for step, loss in enumerate(LOSSES):
        lines += [f"step {step} loss {loss}", f"[{loss}, 0.5, {last}]"]
    assert read(tmp_path, lines).columns.tags == ("loss",)


@pytest.mark.parametrize("mark", ["", " h"])
def test_names_of_columns_over_two_lines(tmp_path: Path, mark: str) -> None:
    """As in Vowpal Wabbit, which marks the rows of held-out data."""
    lines = [
        "Num weight bits = 24",
        "learning rate = 0.5",
        "average    since         example     example  current  current  current",
        "loss       last          counter      weight    label  predict features",
    ]
    for i, loss in enumerate(LOSSES, 1):
        lines.append(f"{loss:.6f}   0.582310  {5000 * i:10d}  {5000.0 * i:10.1f}  -1.0000  -2.0630       99{mark}")
    lines += ["", "finished run", "passes used = 3", "average loss = 0.382698 h"]
    run = read(tmp_path, lines, "vw.stderr.txt")
    assert rows(run, "average loss") == [(5000 * i, loss) for i, loss in enumerate(LOSSES, 1)]
    assert {value for _, value in rows(run, "current label")} == {-1.0}


@pytest.mark.parametrize("lower", ["one two three four five", "this line has five words"])
def test_two_lines_of_prose_above_numbers_are_no_heading(tmp_path: Path, lower: str) -> None:
    lines = ["here are some words first", lower, *(f"{i} 2 3 4 5.5" for i in range(30))]
    lines += [f"step {step} loss {loss}" for step, loss in enumerate(LOSSES)]
    assert read(tmp_path, lines).columns.tags == ("loss",)
