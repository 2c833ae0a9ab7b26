"""Kinds of lines by their grammar, whoever prints them: counters, prefixes, units, bars, evaluations."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from loglens.model.run import Run
from loglens.readers.text import reader as text
from tests.readers.tables import read_one, rows, write

#: Losses of known truth; the numbers have a shape but no meaning.
LOSSES = [round(4.0 / (1 + 0.1 * i), 4) for i in range(40)]
RULE = "-" * 40
EPOCHS = 8


def read(tmp_path: Path, lines: list[str], name: str = "train.log") -> Run:
    path = write(tmp_path / name, "".join(f"{line}\n" for line in lines).encode())
    assert text.sniff(path)
    return read_one(text.read, path)


def numbered(values: list[float], start: int = 0, by: int = 1) -> list[tuple[int, float]]:
    return [(start + by * i, value) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    "counter", ["Epoch {}/7", "=== Epoch {} ===", "Epoch: {}", "Meta epoch {}...", "Starting epoch {}"]
)
def test_values_belong_to_the_epoch_that_was_announced(tmp_path: Path, counter: str) -> None:
    """As in PyTorch's tutorial on transfer learning."""
    lines = ["python main.py", "device: cuda"]
    for epoch in range(EPOCHS):
        lines += [counter.format(epoch), "-" * 10, f"train Loss: {LOSSES[epoch]} Acc: 0.7{epoch}"]
        lines += [f"val Loss: {LOSSES[epoch] + 1:.4f} Acc: 0.6{epoch}", ""]
    run = read(tmp_path, lines)
    assert rows(run, "train/Loss") == numbered(LOSSES[:EPOCHS])
    assert rows(run, "val/Loss") == numbered([round(loss + 1, 4) for loss in LOSSES[:EPOCHS]])
    assert set(run.axes.values()) == {"epoch"} and run.notes == ()


def test_lines_after_a_heading_of_the_validation_are_of_it(tmp_path: Path) -> None:
    """As in PyTorch's quick start: a counter at the end of the line, and results under "Test Error"."""
    lines = []
    for epoch in range(1, 6):
        lines += [f"Epoch {epoch}", RULE]
        lines += [f"loss: {LOSSES[epoch * 5 + i]:.6f}  [{6400 * i + 64:>5d}/60000]" for i in range(5)]
        lines += ["Test Error: ", f" Accuracy: 5{epoch}.9%, Avg loss: {LOSSES[epoch]:.6f} ", ""]
    run = read(tmp_path, lines)
    steps = [60000 * epoch + 6400 * i + 64 for epoch in range(5) for i in range(5)]
    assert rows(run, "loss") == list(zip(steps, LOSSES[5:30], strict=True))
    assert [value for _, value in rows(run, "test/Avg loss")] == LOSSES[1:6]
    assert [step for step, _ in rows(run, "test/Accuracy")] == steps[4::5]


def test_a_summary_of_an_epoch_does_not_mix_with_the_loss_of_its_steps(tmp_path: Path) -> None:
    lines = []
    for epoch in range(4):
        lines += [f"Epoch: [{epoch}/9] Iter:[{10 * i}/100], lr: 0.1, Loss: {LOSSES[epoch * 10 + i]}" for i in range(10)]
        lines.append(f"Loss: {LOSSES[epoch] + 5:.4f}, MeanIU:  0.0{epoch}49")
    run = read(tmp_path, lines)
    assert rows(run, "Loss") == numbered(LOSSES, by=10)
    assert rows(run, "epoch/Loss") == numbered([round(loss + 5, 4) for loss in LOSSES[:4]])
    assert len(rows(run, "MeanIU")) == 4


def test_a_form_without_any_counter_takes_its_row(tmp_path: Path) -> None:
    stamp = "2020-04-25 23:{:02d}:46,940 - "
    lines = [f"{stamp.format(i)}precision: 0.7{i:02d}, recall: {loss} ||" for i, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, "recall") == numbered(LOSSES) and set(run.axes.values()) == {"row"}
    assert [note.kind for note in run.notes] == ["axis"] and run.columns.time[0] % 60 == pytest.approx(46.94)


def test_settings_that_are_printed_at_the_begin_are_no_curves(tmp_path: Path) -> None:
    head = ["learning rate: 0.1", "max grad norm: 1.0", "dropout: 0.5", "target accuracy: 0.9"]
    lines = [line for session in range(5) for line in [*head, *(f"step {i}: loss {LOSSES[i]}" for i in range(30))]]
    assert read(tmp_path, lines).tags == ("loss",)


def test_a_text_with_few_values_is_no_log(tmp_path: Path) -> None:
    path = write(tmp_path / "results.txt", b"accuracy: 0.9\nloss: 0.3\nlearning rate: 0.1\nf1: 0.8\n")
    assert not text.sniff(path)


#: Forms of a line with a counter: the form, and its steps for 30 lines.
COUNTED = {
    "[{}] train-rmse:{}": range(30),
    "{}: loss={}": range(30),
    "{} [D loss: {}, acc.: 50.00%]": range(30),
    "{} loss {}": range(30),
    "[{}/400] loss: {}": range(30),
    "{}/400: loss {}": range(30),
    "({}/400) loss {}": range(30),
    "| {:5d}/ 400 batches | lr 20.00 | ms/batch 181.56 | loss {}": range(30),
    "{}/400 steps, loss {}": range(30),
    "batch_id: {} loss: {}": range(30),
    "iter_idx={}, loss={}": range(30),
    "Episode {}\tLast loss: {}": range(30),
    "Round {:3d}, Average loss {}": range(30),
}


@pytest.mark.parametrize("form", COUNTED)
def test_counters(tmp_path: Path, form: str) -> None:
    run = read(tmp_path, ["using 8 GPUs", *(form.format(i, loss) for i, loss in enumerate(LOSSES[:30]))])
    (tag,) = [tag for tag in run.tags if rows(run, tag)[0][1] == LOSSES[0]]
    assert rows(run, tag) == list(zip(COUNTED[form], LOSSES[:30], strict=True))
    assert run.axes == {}


def test_pytorchs_word_language_model(tmp_path: Path) -> None:
    lines = []
    for epoch in range(1, 4):
        for i in range(10):
            loss = LOSSES[10 * (epoch - 1) + i]
            lines.append(
                f"| epoch {epoch:3d} | {200 * (i + 1):5d}/ 2983 batches | lr 20.00 | ms/batch  9.41 "
                f"| loss {loss:7.4f} | ppl {math.exp(loss):8.2f}"
            )
        lines += [
            RULE,
            f"| end of epoch {epoch:3d} | time: 33.21s | valid loss {LOSSES[epoch]} | valid ppl  9.31",
            RULE,
        ]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == [(2983 * (i // 10) + 200 * (i % 10 + 1), loss) for i, loss in enumerate(LOSSES[:30])]
    assert rows(run, "val/loss") == numbered(LOSSES[1:4], start=1)


def test_a_number_that_is_not_whole_or_does_not_rise_counts_nothing(tmp_path: Path) -> None:
    """The length of an episode is called its step; a rank stands where a counter might."""
    lengths = [7 + (5 * i) % 11 for i in range(30)]
    lines = [f"episode: {i}, step: {n}, reward: {LOSSES[i]}" for i, n in enumerate(lengths, 1)]
    assert rows(read(tmp_path, lines), "reward") == numbered(LOSSES[1:31], start=1)
    lines = [f"[3] loss: {loss}" for loss in LOSSES]
    assert rows(read(tmp_path, lines, "rank.log"), "loss") == numbered(LOSSES)
    lines = [f"epoch {i}: step 0.{i:02d}, loss: {loss}" for i, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines, "times.log")
    assert rows(run, "loss") == numbered(LOSSES) and run.axes == {"loss": "epoch"}


PREFIXES = {
    "a rank": "[Rank 0] ",
    "torchrun": "[rank0]: ",
    "a stamp": "2026-01-01 00:00:{:02d}.123: ",
    "loguru": "2026-01-01 00:00:{:02d}.123 | INFO     | __main__:train:33 - ",
    "docker": "trainer-1  | ",
    "kubectl": "2026-01-01T00:00:{:02d}.123456789Z stdout F ",
    "ray": "(RayTrainWorker pid=123, ip=10.0.0.1) ",
    "ray in colour": "\x1b[36m(train_fn pid=4242)\x1b[0m ",
    "mpirun": "[1,0]<stdout>:",
    "absl": "I0101 00:00:{:02d}.123456 140000 train.py:300] ",
    "syslog": "Jan 01 00:00:{:02d} gpu-box python[1234]: ",
    "logging": "2026-01-01 00:00:{:02d},123 - INFO - my.package.trainer - ",
    "brackets": "[2026-01-01 00:00:{:02d}] [INFO] [trainer.py:33] [engine] ",
}


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
@pytest.mark.parametrize("message", ["[{}/400] loss: {}", "(epoch: 1, iters: {}, time: 0.3, data: 0.1) loss: {}"])
def test_prefixes_are_set_aside(tmp_path: Path, prefix: str, message: str) -> None:
    lines = [prefix.format(i % 60) + message.format(i, loss) for i, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == numbered(LOSSES)
    assert set(run.tags) <= {"loss", "time", "data"}


@pytest.mark.parametrize("prefix", ["0: ", "[0] ", "[0]: "])
def test_the_rank_of_srun_stands_before_any_known_line(tmp_path: Path, prefix: str) -> None:
    lines = [f"{prefix}Epoch: [0][{10 * i}/1000]\tTime  0.4 ( 0.4)\tLoss {loss} (1.0)" for i, loss in enumerate(LOSSES)]
    assert rows(read(tmp_path, lines), "Loss") == numbered(LOSSES, by=10)


def test_units_end_a_value(tmp_path: Path) -> None:
    """As MXNet prints it, and others."""
    lines = [
        f"2016-09-08 23:35:{i:02d},581 Node[0] Epoch[0] Batch [{i}]\tSpeed: 875.63 samples/sec\tTrain-accuracy={loss}"
        for i, loss in enumerate(LOSSES)
    ]
    run = read(tmp_path, lines)
    assert rows(run, "Train-accuracy") == numbered(LOSSES) and {value for _, value in rows(run, "Speed")} == {875.63}
    lines = [f"step {i} took 0.5 seconds, train loss: {loss}" for i, loss in enumerate(LOSSES)]
    assert rows(read(tmp_path, lines, "took.log"), "train/loss") == numbered(LOSSES)


def test_what_follows_a_bar_is_a_line_of_its_own(tmp_path: Path) -> None:
    """DeepSpeed's overflow behind tqdm's bar."""
    lines = []
    for i, loss in enumerate(LOSSES):
        bar = f"\r  {i}%|▏         | {i}/100 [00:{i:02d}<01:00,  1.20s/it]"
        overflow = (
            "[2024-01-01 00:00:00,123] [INFO] [loss_scaler.py:190:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping"
        )
        lines.append(f"{bar}{overflow} step. Attempted loss scale: {2 ** (41 - i)}, reducing to {2 ** (40 - i)}")
        lines.append(f"{bar}{{'loss': {loss}, 'learning_rate': 1e-05, 'epoch': {(i + 1) / 100}}}")
    run = read(tmp_path, lines)
    assert rows(run, "loss_scale") == [(i, 2.0 ** (40 - i)) for i in range(40)]
    assert [value for _, value in rows(run, "loss")] == LOSSES


@pytest.mark.parametrize(
    "form",
    [
        "Eval loss at step {}: {}",
        "Validation loss after iteration {} is {}",
        "Evaluating: step {} | loss: {}",
        "Validating: iter {}, loss {}",
    ],
)
def test_losses_of_an_evaluation(tmp_path: Path, form: str) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines.append(f"Step {10 * i}: loss={loss}")
        if i % 4 == 0:
            lines.append(form.format(10 * i, loss + 1))
    run = read(tmp_path, lines)
    assert rows(run, "loss") == numbered(LOSSES, by=10)
    assert rows(run, "val/loss") == numbered([loss + 1 for loss in LOSSES[::4]], by=40)


def test_the_bar_of_a_validation_is_of_it(tmp_path: Path) -> None:
    lines = []
    for epoch, loss in enumerate(LOSSES[:EPOCHS], 1):
        lines += [f"Epoch {epoch}/8", f"Training: 100%|██████████| 50/50 [00:10<00:00, 5.0it/s, loss={loss}]"]
        lines.append(f"Validating: 100%|██████████| 10/10 [00:01<00:00, 9.0it/s, loss={loss + 1}]")
    run = read(tmp_path, lines)
    assert rows(run, "loss") == numbered(LOSSES[:EPOCHS], start=50, by=50)
    assert rows(run, "val/loss") == numbered([loss + 1 for loss in LOSSES[:EPOCHS]], start=1)
    assert set(run.tags) == {"loss", "val/loss"}


def test_flair(tmp_path: Path) -> None:
    lines = []
    for epoch in range(1, 5):
        stamp = f"2021-05-10 10:0{epoch}"
        lines += [f"{stamp}:{i:02d},123 epoch {epoch} - iter {i + 1}/10 - loss {LOSSES[i]}" for i in range(10)]
        for split, more in (("DEV", 1), ("TEST", 2)):
            lines.append(f"2021-05-10 10:0{epoch}:55,123 {split} : loss {LOSSES[epoch] + more} - score 0.7{epoch}")
    run = read(tmp_path, lines)
    assert rows(run, "val/loss") == numbered([loss + 1 for loss in LOSSES[1:5]], start=10, by=10)
    assert rows(run, "test/score") == numbered([0.71, 0.72, 0.73, 0.74], start=10, by=10)


def test_what_a_value_is_of_is_a_part_of_its_name(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines += ["evaluate:dev", f"accuracy: {loss}%; FB1: 0.{i}1", f"  PARK: precision: {loss + 1}%; FB1: 1.0"]
        lines += ["evaluate:test", f"accuracy: {loss + 2}%; FB1: 0.{i}1"]
    run = read(tmp_path, lines)
    assert rows(run, "val/accuracy") == numbered(LOSSES)
    assert rows(run, "val/PARK/precision") == numbered([loss + 1 for loss in LOSSES])
    assert rows(run, "test/accuracy") == numbered([loss + 2 for loss in LOSSES])


def test_rows_of_one_rounded_epoch_come_one_after_the_other(tmp_path: Path) -> None:
    lines = [f"{{'loss': {loss}, 'epoch': {round(i / 400, 2)}}}" for i, loss in enumerate(LOSSES)]
    lines[20:20] = ["{'eval_loss': 2.0, 'epoch': 0.05}"]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == numbered(LOSSES) and len(rows(run, "eval_loss")) == 1


def test_keras_callbacks_between_two_drawings_of_the_last_bar(tmp_path: Path) -> None:
    """The first epoch is not announced, as in a part of a log."""
    bar = "2125/2125 [==============================]"
    lines = []
    for epoch, loss in enumerate(LOSSES[:6], 1):
        lines += [f"Epoch {epoch}/6"] if epoch > 1 else []
        lines += [f"{bar} - ETA: 0s - loss: {loss}", f"Epoch {epoch}: val_f1 did not improve from 0.83611"]
        lines.append(f"{bar} - 931s 414ms/step - loss: {loss} - val_loss: {loss + 1}")
    run = read(tmp_path, lines)
    assert rows(run, "loss") == numbered(LOSSES[:6], start=1)
    assert rows(run, "val_loss") == numbered([loss + 1 for loss in LOSSES[:6]], start=1)


def test_lines_that_could_not_be_read_are_counted(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines += [
            f"2026-01-01 00:00:{i:02d},123 INFO step {i} loss {loss}",
            f"2026-01-01 00:00:{i:02d} heap: {i} of 9 MB",
        ]
    (note,) = read(tmp_path, lines).notes
    assert note.kind == "unread-lines" and note.message.startswith("40 lines") and '"heap: # of # MB"' in note.message


def test_an_unknown_log_is_named_and_a_document_is_not(tmp_path: Path) -> None:
    log = "".join(f"12:00:{i:02d} quux {i} of widget at 0.{i:03d}\n" for i in range(40))
    assert text.sniff(write(tmp_path / "job.log", log.encode()))
    packages = "".join(f"package{chr(97 + i)}=={i}.1.{i}\n" for i in range(26))
    prose = "A model of 1.5 B parameters.\n\nIt was trained on 8 GPUs for 2.5 days.\n" * 3
    files = "".join(f"images/{i:05d}.jpg {i % 10}\n" for i in range(400))
    for name, content in {"frozen.txt": packages, "about.txt": prose, "files.txt": files, "README.txt": log}.items():
        assert not text.sniff(write(tmp_path / name, content.encode())), name


def test_a_crash_behind_lines_that_follow_no_counter_is_the_end(tmp_path: Path) -> None:
    lines = [f"step {i}: loss {loss}" for i, loss in enumerate(LOSSES)]
    lines += ["RuntimeError: CUDA out of memory", "wandb: loss 0.3"]
    (note,) = read(tmp_path, lines).notes
    assert note.kind == "crash" and note.message.endswith("memory")


@pytest.mark.parametrize(
    ("name", "tag"), [("val.log", "val/loss"), ("loss_validation.txt", "val/loss"), ("train_val.log", "loss")]
)
def test_the_name_of_the_file_says_of_what_its_curves_are(tmp_path: Path, name: str, tag: str) -> None:
    lines = [f"step {i}: loss {loss}" for i, loss in enumerate(LOSSES)]
    assert rows(read(tmp_path, lines, name), tag) == numbered(LOSSES)
    named = [f"step {i}: train loss {loss}" for i, loss in enumerate(LOSSES)]
    assert rows(read(tmp_path, named, name), "train/loss") == numbered(LOSSES)


def test_a_row_that_a_callback_logs_as_well_counts_once(tmp_path: Path) -> None:
    """As LLaMA-Factory does, rounded, under a time stamp of its own."""
    lines = []
    for i, loss in enumerate(LOSSES):
        stamp = f"03/12/2024 11:24:{i:02d} - INFO - llmtuner.extras.callbacks - "
        lines.append(f"{stamp}{{'loss': {loss:.1f}, 'learning_rate': 1.0e-04, 'epoch': {i / 100:.2f}}}")
        lines.append(f"{{'loss': {loss}, 'grad_norm': 1.5, 'learning_rate': 1e-04, 'epoch': {i / 100:.2f}}}")
    run = read(tmp_path, lines)
    assert rows(run, "loss") == numbered(LOSSES) and len(rows(run, "learning_rate")) == len(LOSSES)
