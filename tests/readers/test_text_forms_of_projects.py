"""Lines as projects of many fields print them, with numbers of known truth: what counts, what measures what data."""

from __future__ import annotations

from pathlib import Path

import pytest

import loglens
from loglens.model.run import Run
from loglens.readers.text import reader as text
from loglens.roles.assign import assign_roles
from tests.readers.tables import read_one, rows, write

N = 30
LOSSES = [round(4.0 / (1 + 0.1 * i), 4) for i in range(N)]
SHARES = [round(0.3 + 0.02 * i, 4) for i in range(N)]


def read(tmp_path: Path, lines: list[str]) -> Run:
    path = write(tmp_path / "train.log", "".join(f"{line}\n" for line in lines).encode())
    assert text.sniff(path)
    return read_one(text.read, path)


def cast(run: Run) -> dict[str, str]:
    return {curve.tag: f"{curve.role}@{curve.split}" for curve in assign_roles(run)}


def test_a_bracket_that_a_stamp_opened_belongs_to_the_logger(tmp_path: Path) -> None:
    """Its "train.py" says nothing of the data, nor are its numbers any; a value before its average counts nothing."""
    lines = []
    for i, loss in enumerate(LOSSES):
        logger = f"[2020-03-11 10:02:{i:02d},344 INFO train.py line {293 + i % 2} 31833] "
        for batch, more in ((20, 0), (40, 1)):
            at = f"Epoch: [{i + 1}/30][{batch}/91]"
            lines.append(f"{logger}{at} Data 0.004 (0.021) Batch 0.690 (0.712) Loss {loss + more:.4f}.")
        lines.append(f"{logger}Train result at epoch [{i + 1}/30]: mIoU/mAcc/allAcc {SHARES[i]}/0.5760/0.7474.")
        lines.append(f"{logger}>>>>>>>>>>>>>>>> Start Evaluation >>>>>>>>>>>>>>>>")
        lines.append(f"{logger}Val result: mIoU/mAcc/allAcc 0.4303/0.5355/{SHARES[i]}.")
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "Loss")][::2] == LOSSES
    assert [step for step, _ in rows(run, "Loss")] == [91 * i + batch for i in range(N) for batch in (20, 40)]
    assert rows(run, "train/mIoU") == [(i + 1, share) for i, share in enumerate(SHARES)]
    assert [value for _, value in rows(run, "val/allAcc")] == SHARES
    assert {cast(run)[tag] for tag in ("val/mIoU", "val/mAcc", "val/allAcc")} == {"metric_higher@val"}


def test_an_iteration_may_stand_before_its_epoch(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines.append(f"Finished training it {2048 * (i + 1)}/306969 of epoch 0, 5.77 ms/it, loss {loss}")
        lines.append(f"Testing at - {2048 * (i + 1)}/306969 of epoch 0, loss {loss + 1:.4f}, accuracy 78.4 %")
    run = read(tmp_path, lines)
    assert rows(run, "loss") == [(2048 * (i + 1), loss) for i, loss in enumerate(LOSSES)]
    assert [step for step, _ in rows(run, "test/loss")] == [2048 * (i + 1) for i in range(N)]


def test_a_number_before_a_speed_counts(tmp_path: Path) -> None:
    lines = [
        f"INFO - 08/12/19 08:{i:02d}:02 - 0:{i:02d}:22 -    {235 * i} -   65.33 sent/s - 16539.19 words/s - "
        f"MLM-en:  {loss} -  - model LR: 1.4100e-05"
        for i, loss in enumerate(LOSSES)
    ]
    run = read(tmp_path, lines)
    assert rows(run, "MLM-en") == [(235 * i, loss) for i, loss in enumerate(LOSSES)]
    assert cast(run)["MLM-en"] == "loss@train" and cast(run)["model LR"] == "lr@None"


def test_an_agent_says_what_it_did_in_letters(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines.append(f"| train | E: {i} | S: {1000 * i} | R: {100 - loss} | D: 01.3 s | ALOSS: -1.0 | CLOSS: {loss}")
        lines.append(f"| eval  | E: {i} | S: {1000 * i} | R: {99 - loss}")
    run = read(tmp_path, lines)
    assert rows(run, "train/R") == [(1000 * i, 100 - loss) for i, loss in enumerate(LOSSES)]
    assert cast(run)["val/R"] == "rl_reward@val" and cast(run)["train/R"] == "rl_reward@train"


def test_right_answers_of_all_and_the_rate_that_is_set(tmp_path: Path) -> None:
    lines = []
    for i, share in enumerate(SHARES):
        lines.append(f"Epoch: {i}/30")
        lines.append(f" Learning rate is set as: {0.01 / (1 + i)}")
        lines.append(f"     Instance: 500; Time: 5.78s; loss: {LOSSES[i]}; acc: {int(8764 * share)}/8764={share}")
        lines.append(f"Dev: time: 2.08s, speed: 487.68st/s; acc: 0.9262, p: 0.3399, r: 0.0865, f: {share}")
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "acc")] == SHARES
    assert [value for _, value in rows(run, "Learning rate")] == [0.01 / (1 + i) for i in range(N)]
    assert {cast(run)[f"val/{tag}"] for tag in "prf"} == {"metric_higher@val"}


@pytest.mark.parametrize("heading", ["[Validation] ", "[Val] ", "[VALIDATION] ", "[validation]: "])
def test_a_part_of_the_data_in_brackets_is_no_logger(tmp_path: Path, heading: str) -> None:
    lines = []
    for i, share in enumerate(SHARES):
        lines += [f"Epoch [{i + 1}/30], Loss: {LOSSES[i]},", f"[Training] Acc: {share}, SE: 0.7, SP: 0.8, JS: 0.6"]
        lines.append(f"{heading}Acc: {share / 2}, SE: 0.6, SP: 0.7, JS: {share}")
    run = read(tmp_path, lines)
    assert rows(run, "train/Acc") == [(i + 1, share) for i, share in enumerate(SHARES)]
    assert [value for _, value in rows(run, "val/JS")] == SHARES and cast(run)["val/JS"] == "metric_higher@val"


def test_one_name_for_two_parts_of_the_data(tmp_path: Path) -> None:
    lines = [
        f"epoch: {i} loss {loss} | accuracy train: {share} test: {share / 2}"
        for i, (loss, share) in enumerate(zip(LOSSES, SHARES, strict=True))
    ]
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "test/accuracy")] == [share / 2 for share in SHARES]


def test_names_that_a_line_says_twice_are_held_out_the_second_time(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        line = f"2021-01-01-10-{i:02d}: epoch: {i + 1} |loss {loss} | hm_loss {loss / 2:.5f} | time 13.38 | "
        lines.append(line + (f"loss {loss + 1:.4f} | hm_loss {loss / 3:.5f} | time 3.1 | " if i % 5 == 4 else ""))
    run = read(tmp_path, lines)
    assert rows(run, "loss") == [(i + 1, loss) for i, loss in enumerate(LOSSES)]
    assert rows(run, "val/loss") == [(i + 1, round(LOSSES[i] + 1, 4)) for i in range(4, N, 5)]


def test_parts_of_the_data_in_a_dictionary_of_dictionaries(tmp_path: Path) -> None:
    lines = []
    for i, share in enumerate(SHARES):
        lines += [f"=====Epoch {i + 1}", "Training...", "Evaluating..."]
        lines.append(
            f"{{'Train': {{'rocauc': {share}}}, 'Validation': {{'rocauc': {share / 2}}}, 'Test': {{'rocauc': 0.5}}}}"
        )
    run = read(tmp_path, lines)
    assert rows(run, "val/rocauc") == [(i + 1, share / 2) for i, share in enumerate(SHARES)]
    assert cast(run)["test/rocauc"] == "metric_higher@test"


def test_ranks_of_a_search_are_no_ranks_of_processes(tmp_path: Path) -> None:
    lines = []
    for i, share in enumerate(SHARES):
        lines += [f"epoch: [{i + 1}/30][20/20] loss {LOSSES[i]}", "##### Evaluating market1501 (source) #####"]
        lines += [f"mAP: {100 * share:.1f}%", "CMC curve", f"Rank-1  : {100 * share:.1f}%", "Rank-5  : 93.0%"]
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "Rank-1")] == [round(100 * share, 1) for share in SHARES]
    assert cast(run)["Rank-1"] == "metric_higher@val"


def test_a_metric_that_is_measured_rarely_is_of_held_out_data(tmp_path: Path) -> None:
    """Unless nothing but a summary of the epoch stands beside it, with the loss that was trained on."""
    lines = []
    for i in range(10 * N):
        lines.append(f"<epoch: {i // 10}, iter: {10 * i + 10}, lr:2.000e-04> G_loss: {LOSSES[i // 10]}")
        if i % 10 == 9:
            lines.append(f"<epoch: {i // 10}, iter: {10 * i + 10}, Average PSNR : {30 + SHARES[i // 10]}dB")
    run = read(tmp_path, lines)
    assert cast(run)["Average PSNR"] == "metric_higher@val" and cast(run)["G_loss"] == "loss@train"
    told = {"Average PSNR": "metric_higher@train", "G_loss": "gan_g_loss"}
    assert {f"{curve.role}@{curve.split}" for curve in assign_roles(run, told) if curve.tag in told} == {
        "metric_higher@train",
        "gan_g_loss@train",
    }
    summary = [
        line.replace("lr:2.000e-04", f"psnr : {30 + i / 1000}") for i, line in enumerate(lines) if "PSNR" not in line
    ]
    run = read(tmp_path, summary)
    assert cast(run)["psnr"] == "metric_higher@train"


def test_what_stands_beside_its_best_is_an_evaluation(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines.append(f"epoch: {i + 1}, train loss: {loss}")
        lines.append(f"Epoch: {i + 1} bce: {loss / 2}, bce_best: {loss / 2}")
    run = read(tmp_path, lines)
    assert rows(run, "val/bce") == [(i + 1, loss / 2) for i, loss in enumerate(LOSSES)]
    assert cast(run)["val/bce"] == "loss@val"


def test_scores_behind_a_validation_loss_are_of_it_whatever_the_rate(tmp_path: Path) -> None:
    lines = [
        f"Epoch {i + 1}, lr: 0.0000300, train loss: {loss}, valid loss: {loss + 1}, acc: 85.3485, auc: {SHARES[i]}"
        for i, loss in enumerate(LOSSES)
    ]
    run = read(tmp_path, lines)
    assert rows(run, "val/auc") == [(i + 1, share) for i, share in enumerate(SHARES)]
    assert cast(run)["val/acc"] == "metric_higher@val"


@pytest.mark.parametrize(
    ("form", "axis"),
    [
        ("Epoch: [{epoch}][{step}]\tTime 0.577 (1.311)\tLoss {loss} (6.1626)\tLr: 0.48", "step"),
        ("[epoch][s/s_per_e/gs]: [{epoch}][{step}/40/{overall}], lr: 0.0000735, loss: {loss}", "step"),
        ("train: epoch {epoch:02d}: {step:3d}/ 40: 1725.3 Hz loss: {loss} top1err: 0.494", "step"),
        ("Train {overall}, loss: {loss}, train acc: 0.936280, train avg acc: 0.905064", "epoch"),
        ("11/15 08:36:21 AM train {overall} {loss}", "step"),
    ],
)
def test_counters_of_other_forms(tmp_path: Path, form: str, axis: str) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        counters = {"epoch": i // 4 + 1, "step": 10 * (i % 4) + 10, "overall": 10 * i + 10}
        lines.append(form.format(loss=loss, **counters))
    run = read(tmp_path, lines)
    (curve,) = (curve for curve in assign_roles(run) if curve.role == "loss" and not curve.tag.endswith("_running"))
    assert curve.value.tolist() == LOSSES and curve.axis == axis
    assert curve.step.tolist() == [10 * i + 10 for i in range(N)]


def test_counters_in_quotes_and_what_the_line_is_of(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        stamp = f"[05/20 03:{i:02d}:54][INFO] logging.py:  99: json_stats: "
        for at in (50, 100):
            counters = f'"epoch": "{i + 1}/30", "eta": "0:48:57", "iter": "{at}/100"'
            lines.append(f'{stamp}{{"_type": "train_iter", "dt": 0.49, {counters}, "loss": {loss}, "lr": 0.08}}')
        lines.append(
            f'{stamp}{{"RAM": "58.1/251.5G", "_type": "val_epoch", "epoch": "{i + 1}/30", "top1_err": {SHARES[i]}}}'
        )
    run = read(tmp_path, lines)
    (curve,) = (curve for curve in assign_roles(run) if curve.role == "loss")
    assert curve.step.tolist() == [100 * i + at for i in range(N) for at in (50, 100)]
    assert rows(run, "val/top1_err") == [(i + 1, share) for i, share in enumerate(SHARES)]


def test_a_counter_of_its_own_line_counts_steps_where_it_names_them(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines += [f"Epoch [{i // 5 + 1}/1000], Step [{100 * i + 100}/816000]:"]
        lines += [f"Total Loss: {loss}, Mel Loss: 0.2570, Duration Loss: 0.1007;", "Time Used: 20.8s.", ""]
    run = read(tmp_path, lines)
    assert rows(run, "Total Loss") == [(100 * i + 100, loss) for i, loss in enumerate(LOSSES)]


def test_a_counter_behind_a_heading_leaves_the_part_of_the_data(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines += [f"=>Epoches {i}, learning rate = 0.0049,                 previous best = 0.6890"]
        lines += [f"[Epoch: {i}, numImages:  1464]", f"Loss: {loss}", "Validation:"]
        lines += [f"[Epoch: {i}, numImages:  1449]", f"Acc:{SHARES[i]}, mIoU:0.6928", f"Loss: {loss + 1:.4f}", ""]
    run = read(tmp_path, lines)
    assert rows(run, "Loss") == list(enumerate(LOSSES))
    assert rows(run, "val/Acc") == list(enumerate(SHARES))
    assert rows(run, "val/Loss") == [(i, round(loss + 1, 4)) for i, loss in enumerate(LOSSES)]


def test_a_metric_alone_on_its_line_is_of_other_data_than_those_that_are_counted(tmp_path: Path) -> None:
    lines = []
    for i in range(10 * N):
        lines.append(
            f"  {100 * i}/30000: loss={LOSSES[i // 10]}, psnr={20 + i / 100}, lr=4.26e-04 | data=0.004, 41092 r/s"
        )
        if i % 10 == 9:
            lines.append(f"psnr = {30 + SHARES[i // 10]}")
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "psnr")] == [20 + i / 100 for i in range(10 * N)]
    assert [value for _, value in rows(run, "val/psnr")] == [30 + share for share in SHARES]


def test_a_name_before_a_dictionary_may_say_of_what_data_it_is(tmp_path: Path) -> None:
    lines = []
    for i, loss in enumerate(LOSSES):
        lines += [f"Epoch {i}/30, Iter {j}/2, train loss = {loss}, time = 1.3" for j in range(2)]
        lines.append(f"avg_test_scalars: {{'loss': {loss + 1:.4f}, 'abs_depth_error': {loss / 2}}}")
    run = read(tmp_path, lines)
    found = {curve.tag: curve for curve in assign_roles(run) if curve.split == "test"}
    assert {str(curve.role) for curve in found.values()} == {"loss", "metric_lower"}
    assert all(len(curve) == N for curve in found.values())


@pytest.mark.parametrize("epochs", [True, False])
def test_a_counter_that_goes_back_under_a_heading_is_of_held_out_data(tmp_path: Path, epochs: bool) -> None:
    """Lines of one form: those of an evaluation repeat a step, or the batches of the epoch from the first one on."""
    lines, wanted, others = [], [], []
    for i, loss in enumerate(LOSSES):
        stamp = f"2026-02-25T10:19:19.{i:02d}"
        for batch in range(1, 6):
            counter = f"Epoch {i} | Iter {batch}" if epochs else f"{stamp}{batch}498: step {5 * i + batch}"
            lines.append(f"{counter}, loss {loss + batch / 100:.4f}, acc 0.5")
            wanted.append(round(loss + batch / 100, 4))
        lines.append("Cross validation..." if epochs else "Evaluation:")
        for batch in (1, 2) if epochs else (5,):
            counter = f"Epoch {i} | Iter {batch}" if epochs else f"{stamp}9498: step {5 * i + batch}"
            lines.append(f"{counter}, loss {loss + 1:.4f}, acc 0.4")
            others.append(round(loss + 1, 4))
        lines.append("")
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "loss")] == wanted
    assert [value for _, value in rows(run, "val/loss")] == others


def test_counters_behind_dashes_and_steps_of_environments(tmp_path: Path) -> None:
    run = read(tmp_path, [f"Epoch-{i + 1} lr: {loss / 100}" for i, loss in enumerate(LOSSES)])
    assert rows(run, "lr") == [(i + 1, loss / 100) for i, loss in enumerate(LOSSES)]
    form = "Time 00h {0:02d}m 31s, num steps {1}, FPS 610, episode reward {2}, episode length 1042"
    run = read(tmp_path, [form.format(i, 40_000 * i + 389, -loss) for i, loss in enumerate(LOSSES)])
    assert rows(run, "episode reward") == [(40_000 * i + 389, -loss) for i, loss in enumerate(LOSSES)]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_score_is_better_the_way_its_best_goes(tmp_path: Path, sign: int) -> None:
    lines: list[str] = []
    best: list[float] = []
    for i, share in enumerate(SHARES):
        noisy = sign * (share - 0.05 * (i % 3))
        lines.append(f"Epoch {i + 1} - avg_train_loss: {LOSSES[i]}  avg_val_loss: {LOSSES[i]}  time: 406s")
        lines.append(f"Epoch {i + 1} - Score: {noisy:.4f}")
        if not best or sign * noisy > max(sign * value for value in best):
            best.append(noisy)
            lines.append(f"Epoch {i + 1} - Save Best Score: {noisy:.4f} Model")
    role = "metric_higher@val" if sign > 0 else "metric_lower@val"
    assert cast(read(tmp_path, lines))["Score"] == role


def test_a_table_of_several_measures_needs_no_counter(tmp_path: Path) -> None:
    """As a class of loggers writes it that many projects have copied: a tab behind every cell."""
    lines = ["Learning Rate\tTrain Loss\tValid Loss\tTrain Acc.\tValid Acc.\t"]
    lines += [f"0.1\t{loss}\t{loss + 1}\t{share}\t{share}\t" for loss, share in zip(LOSSES, SHARES, strict=True)]
    write(tmp_path / "log.txt", "".join(f"{line}\n" for line in lines).encode())
    (run,) = loglens.read(tmp_path)
    assert [value for _, value in rows(run, "Train Loss")] == LOSSES
    assert cast(run)["Valid Acc."] == "metric_higher@val" and cast(run)["Learning Rate"] == "lr@None"
    write(tmp_path / "log.txt", b"Loss and accuracy\tof this year\nsee 1\tand 2\nand 3\tand 4\n")
    with pytest.raises(loglens.UnreadableError):
        loglens.read(tmp_path)
