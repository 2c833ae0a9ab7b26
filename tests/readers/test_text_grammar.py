"""Console lines of further trainers and writers: their own print statements, filled with numbers of known truth."""

from __future__ import annotations

from pathlib import Path

import pytest

import loglens
from loglens.model.run import Run
from loglens.readers.jsonl import reader as jsonl
from loglens.readers.text import reader as text
from tests.readers.tables import read_one, rows, write

#: Losses of known truth; the numbers have a shape but no meaning.
LOSSES = [round(4.0 / (1 + 0.1 * i), 4) for i in range(30)]


def read(tmp_path: Path, lines: list[str], name: str = "train.log") -> Run:
    path = write(tmp_path / name, "".join(f"{line}\n" for line in lines).encode())
    assert text.sniff(path)
    return read_one(text.read, path)


def mlperf(seconds: float, key: str, value: str, prefix: str = "") -> str:
    return f"{prefix}:::MLPv0.5.0 resnet {1541720421 + seconds:.9f} (/home/user/space 2/main (v1).py:49) {key}: {value}"


@pytest.mark.parametrize("prefix", ["", "0: ", "[0] ", "worker-3 | "])
def test_mlperfs_first_rounds_give_an_accuracy_its_epoch_and_time(tmp_path: Path, prefix: str) -> None:
    lines = [mlperf(0, "model_hp_dense", "1000", prefix), mlperf(1, "eval_target", "0.749", prefix)]
    for epoch, loss in enumerate(LOSSES):
        lines.append(mlperf(10 * epoch, "train_epoch", str(epoch), prefix))
        lines.append(mlperf(10 * epoch + 9, "eval_size", "50000", prefix))
        lines.append(mlperf(10 * epoch + 9.5, "eval_accuracy", f'{{"value": {loss}, "epoch": {epoch}}}', prefix))
    run = read(tmp_path, [line.replace(" (v1)", "") for line in lines], "result.txt")
    assert rows(run, "eval_accuracy") == list(enumerate(LOSSES))
    assert run.axes == {"eval_accuracy": "epoch"} and run.columns.tags == ("eval_accuracy",)
    assert run.columns.time[0] == pytest.approx(1541720430.5) and run.notes == ()
    assert (run.params["model_hp_dense"], run.params["eval_target"]) == (1000, 0.749)


def test_an_accuracy_of_mlperf_without_an_epoch_belongs_to_the_one_that_began_last(tmp_path: Path) -> None:
    lines = [
        line
        for epoch, loss in enumerate(LOSSES)
        for line in (mlperf(epoch, "train_epoch", str(epoch)), mlperf(epoch, "eval_accuracy", str(loss)))
    ]
    run = read(tmp_path, [line.replace(" (v1)", "") for line in lines], "result.txt")
    assert rows(run, "eval_accuracy") == list(enumerate(LOSSES))


def test_a_file_of_mlperf_without_a_result_is_named_as_unread(tmp_path: Path) -> None:
    path = write(tmp_path / "result.txt", mlperf(0, "run_start", "0").replace(" (v1)", "").encode() + b"\n")
    assert text.sniff(path)


@pytest.mark.parametrize("norm", ["", " : gNorm 0.5"])
def test_marian(tmp_path: Path, norm: str) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        stamp, up = f"[2018-11-26 21:{i:02d}:36]", 1000 * (i + 1)
        speed = f"Time 445.00s : {4000 + i}.42 words/s{norm} : L.r. 1.8750e-05"
        lines.append(f"{stamp} Ep. {1 + i // 4} : Up. {up} : Sen. 70000 : Cost {loss} : {speed}")
        lines.append(f"{stamp} [valid] Ep. {1 + i // 4} : Up. {up} : cross-entropy : {loss + 1:.4f} : new best")
    run = read(tmp_path, lines)
    steps = range(1000, 31000, 1000)
    assert rows(run, "cost") == list(zip(steps, LOSSES, strict=True))
    assert rows(run, "val/cross-entropy") == [(s, round(v + 1, 4)) for s, v in zip(steps, LOSSES, strict=True)]
    assert {value for _, value in rows(run, "lr")} == {1.875e-05}
    assert ("grad_norm" in run.columns.tags) == bool(norm)


def test_dl4j(tmp_path: Path) -> None:
    head = "06:36:51.403 [main] INFO org.deeplearning4j.optimize.listeners.ScoreIterationListener - Score at iteration"
    run = read(tmp_path, [f"{head} {100 * i} is {loss}" for i, loss in enumerate(LOSSES)])
    assert rows(run, "loss") == [(100 * i, loss) for i, loss in enumerate(LOSSES)]


def test_darknet(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES, 1):
        lines.append("Region 82 Avg IOU: 0.1636, Class: 0.4815, Obj: 0.5096, No Obj: 0.5184, .5R: 0.0000,  count: 4")
        shown = "-nan" if i == 30 else f"{loss:.6f}"
        lines.append(f" {i}: {shown}, {loss + 1:.6f} avg loss, 0.001000 rate, 4.855397 seconds, {64 * i} images")
    run = read(tmp_path, lines)
    assert rows(run, "loss")[:-1] == list(enumerate(LOSSES[:-1], 1)) and rows(run, "loss")[-1][1] != 0
    assert rows(run, "avg_loss") == [(i, round(loss + 1, 6)) for i, loss in enumerate(LOSSES, 1)]


@pytest.mark.parametrize(
    ("form", "tag"),
    [("[{epoch},{step:6d}] loss: {loss}", "loss"), ("Loss [{epoch}, {step}](epoch, minibatch):  {loss}", "Loss")],
)
def test_a_bracketed_pair_is_an_epoch_and_a_batch(tmp_path: Path, form: str, tag: str) -> None:
    lines = [form.format(epoch=1 + i // 3, step=100 * (1 + i % 3), loss=loss) for i, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, tag) == [(100 * (i + 1), loss) for i, loss in enumerate(LOSSES)]


def test_olmo_prints_its_step_on_a_line_of_its_own(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES, 1):
        lines.append(f"2024-05-01 12:{i:02d}:01.001\thost\tolmo.train:967\tINFO\t[step={i}/739328,epoch=0]")
        lines.append(f"    train/CrossEntropyLoss={loss}")
        lines.append("    System/Peak GPU Memory (MB)=37,620")
    run = read(tmp_path, lines)
    assert rows(run, "train/CrossEntropyLoss") == list(enumerate(LOSSES, 1))
    assert rows(run, "System/Peak GPU Memory (MB)") == [(i, 37620) for i in range(1, 31)]


@pytest.mark.parametrize("edge", ["", "| "])
def test_a_table_in_markdown(tmp_path: Path, edge: str) -> None:
    lines = [f"{edge}Step | Training Loss | rewards / format", f"{edge}-- | :--: | --:"]
    lines += [f"{edge}{i} | {loss} | {-loss}" for i, loss in enumerate(LOSSES, 1)]
    run = read(tmp_path, lines, "table.md")
    assert rows(run, "train/Loss") == list(enumerate(LOSSES, 1))
    assert rows(run, "rewards/format") == [(i, -loss) for i, loss in enumerate(LOSSES, 1)]


def test_a_table_in_markdown_that_counts_nothing_is_no_log(tmp_path: Path) -> None:
    lines = ["model | accuracy | loss", "-- | -- | --", *[f"{i} | {loss} | {loss}" for i, loss in enumerate(LOSSES)]]
    assert not text.sniff(write(tmp_path / "results.md", "\n".join(lines).encode()))


def test_spacy(tmp_path: Path) -> None:
    lines = ["E    #       LOSS TOK2VEC  SCORE ", "---  ------  ------------  ------"]
    lines += [f"{0:3d}  {200 * i:6d}  {loss:12.4f}  {1 - loss / 9:6.2f}" for i, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, "LOSS TOK2VEC") == [(200 * i, loss) for i, loss in enumerate(LOSSES)]


def test_a_duration_a_batch_and_a_largest_epoch_count_nothing(tmp_path: Path) -> None:
    lines = ["batch size=98304, beta1=0.78, max epoch=20, learning rate=0.003"]
    lines += [f"| epoch 1 | iter {i} | ms/batch 181.56 | loss is {loss}" for i, loss in enumerate(LOSSES)]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == list(enumerate(LOSSES))
    assert "beta1" not in run.columns.tags and "batch size" not in run.columns.tags


@pytest.mark.parametrize("name", ["log", "log.txt", "history.json"])
def test_a_list_of_json_rows_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    body = ", ".join(f'{{"main/loss": {loss}, "iteration": {100 * i}}}' for i, loss in enumerate(LOSSES))
    path = write(tmp_path / name, f"[{body}]".encode())
    assert jsonl.sniff(path)
    assert rows(read_one(jsonl.read, path), "main/loss") == [(100 * i, loss) for i, loss in enumerate(LOSSES)]


def test_a_list_of_other_json_is_no_log(tmp_path: Path) -> None:
    assert not jsonl.sniff(write(tmp_path / "log", b'[{"question": "loss of what?", "answer": 3, "id": 1}]'))


@pytest.mark.parametrize(
    "line",
    [
        "slurmstepd: error: Detected 1 oom_kill event in StepId=88123.batch. Some of the steps have been OOM Killed.",
        "/var/spool/job88123/slurm_script: line 14: 30771 Killed                  python train.py --cfg base.yaml",
    ],
)
def test_a_kill_by_the_scheduler_ends_the_run(tmp_path: Path, line: str) -> None:
    lines = [f"step {step} loss {2 / (step + 1):.4f}" for step in range(30)]
    (tmp_path / "train.log").write_text("\n".join([*lines, line, ""]))
    (run,) = loglens.read(tmp_path)
    assert [note.kind for note in run.notes] == ["crash"]
