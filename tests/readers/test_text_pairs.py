"""Lines whose names stand before their numbers without a sign between, and lines of several parts of a run."""

from __future__ import annotations

from pathlib import Path

from loglens.readers.text.bare_pairs import bare_pairs
from tests.readers.tables import rows
from tests.readers.test_text_grammar import LOSSES, read


def test_names_between_commas(tmp_path: Path) -> None:
    lines = ["Iter 1: Val loss 5.1, Val took 27.12s"]
    for i, loss in enumerate(LOSSES, 1):
        lines.append(
            f"Iter {10 * i}: Train loss {loss:.3f}, Learning Rate 1.000e-05, It/sec 0.5, Tokens/sec 374.1, "
            f"Trained Tokens {371 * i}, Peak mem 12.85 GB"
        )
    run = read(tmp_path, lines)
    assert rows(run, "train/loss") == [(10 * i, round(loss, 3)) for i, loss in enumerate(LOSSES, 1)]
    assert {rows(run, tag)[0] for tag in ("Learning Rate", "It/sec", "Peak mem")} == {
        (10, 1e-5),
        (10, 0.5),
        (10, 12.85),
    }


def test_a_line_of_nothing_but_pairs(tmp_path: Path) -> None:
    lines = [
        f"tick {i:<5d} kimg {12.8 * i:<9.1f} loss {loss:<9.5f} time {'1h 02m 03s':<12s} sec/tick {20.5:<7.1f} "
        f"gpumem {20.1:<6.2f}"
        for i, loss in enumerate(LOSSES)
    ]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == list(enumerate(LOSSES)) and rows(run, "kimg")[2] == (2, 25.6)


def test_batches_of_two_parts_of_the_data_beside_the_step_of_the_whole_run(tmp_path: Path) -> None:
    lines = []
    for epoch in (1, 2, 3):
        lines.append(
            f"start epoch {epoch} global train step {30 * (epoch - 1)} with effective learning rate 0.00{epoch} ..."
        )
        lines += [
            f"ep {epoch} train, step {i}, ctc_4 {loss:.3f}, ce {loss + epoch:.3f}, num_seqs 12, max_size:time 245432, "
            f"mem_usage:cuda 21.3GB, 0.512 sec/step, elapsed 0:00:12, exp. remaining 0:12:01, complete {i:.2f}%"
            for i, loss in enumerate(LOSSES)
        ]
        lines += [
            f"ep {epoch} dev eval, step {i}, ctc_4 {loss:.3f}, ce {loss:.3f}" for i, loss in enumerate(LOSSES[:5])
        ]
    run = read(tmp_path, lines)
    assert rows(run, "ce") == [
        (30 * (epoch - 1) + i, round(loss + epoch, 3)) for epoch in (1, 2, 3) for i, loss in enumerate(LOSSES)
    ]
    assert [value for _, value in rows(run, "val/ce")] == [round(loss, 3) for loss in LOSSES[:5] * 3]
    assert rows(run, "learning rate") == [(0, 0.001), (30, 0.002), (60, 0.003)]


def test_a_validation_is_named_behind_the_epoch(tmp_path: Path) -> None:
    lines = []
    for epoch in range(1, 6):
        lines += [f"Epoch {epoch}, batch {50 * i}, loss[loss={loss}, ctc_loss={loss}]" for i, loss in enumerate(LOSSES)]
        lines.append(f"Epoch {epoch}, validation: loss={LOSSES[epoch]}, ctc_loss=0.2, over 944034.00 frames.")
    run = read(tmp_path, lines)
    assert rows(run, "val/loss") == [(epoch, LOSSES[epoch]) for epoch in range(1, 6)]
    assert len(rows(run, "val/ctc_loss")) == 5 and len(rows(run, "ctc_loss")) == 150


def test_prose_names_nothing() -> None:
    assert not bare_pairs("Found \0 images, using \0 workers for \0 of \0 classes")
    assert not bare_pairs("Epoch \0 of \0")
    assert bare_pairs("loss is \0, lr is \0") == {}


def test_of_three_counters_the_regular_one_is_the_step(tmp_path: Path) -> None:
    lines = [
        f"At iteration {7 * i * i + 3}/{100 * i}/{101 * i + i % 3}, mean rms={loss}%, delta=19.0%, BCER train=83.4%, "
        f"skip ratio=0.0%, {'New best BCER = 3.2 ' if i % 5 == 0 else ''} wrote checkpoint."
        for i, loss in enumerate(LOSSES)
    ]
    run = read(tmp_path, lines)
    assert rows(run, "mean rms") == [(100 * i, loss) for i, loss in enumerate(LOSSES)]


def test_lines_of_two_agents_at_the_same_steps_are_told_apart(tmp_path: Path) -> None:
    lines = [
        f"[INFO] {name}. Step: {1000 * i}. Time Elapsed: {i}.5 s. Mean Reward: {loss + k}. Std of Reward: 0.3. "
        "Training."
        for i, loss in enumerate(LOSSES)
        for k, name in enumerate(("Striker", "Goalie"))
    ]
    run = read(tmp_path, lines)
    assert rows(run, "Striker/Mean Reward") == [(1000 * i, loss) for i, loss in enumerate(LOSSES)]
    assert rows(run, "Goalie/Mean Reward") == [(1000 * i, loss + 1) for i, loss in enumerate(LOSSES)]
    alone = read(tmp_path, [line for line in lines if "Goalie" not in line])
    assert "Mean Reward" in alone.columns.tags


def test_all_measures_of_a_line_are_of_the_part_that_it_begins_with(tmp_path: Path) -> None:
    lines = []
    for epoch, loss in enumerate(LOSSES, 1):
        lines.append(f"2022-07-20 12:06:00,966 - INFO: ===> Epoch {epoch} Complete: Avg. Loss: {loss} time: 666.83")
        lines.append(
            f"2022-07-20 12:06:01,923 - INFO: ===> Epoch {epoch}: testing psnr = {loss + 30}, ssim = 0.937, time: 0.02"
        )
    run = read(tmp_path, lines)
    assert rows(run, "test/psnr") == [(epoch, loss + 30) for epoch, loss in enumerate(LOSSES, 1)]
    assert len(rows(run, "test/ssim")) == len(LOSSES) == len(rows(run, "Avg. Loss"))


def test_the_part_of_the_data_may_stand_behind_the_name(tmp_path: Path) -> None:
    lines = []
    for epoch in range(8):
        lines.append(f"Starting epoch {epoch}...")
        lines += [f"{50 * i}, cost average: {LOSSES[i] - epoch / 100:f}" for i in range(1, 17)]
        lines += [f"Score on dev: {80 + epoch}.25000", f"Score on test: {70 + epoch}.25000", "New best score on dev."]
        lines.append(f"Epoch {epoch} done. Average cost: {LOSSES[epoch]:f}")
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "val/Score")] == [80.25 + epoch for epoch in range(8)]
    assert rows(run, "Average cost") == list(enumerate(LOSSES[:8])) and len(rows(run, "cost average")) == 128


def test_how_long_a_turn_took_stands_behind_its_number(tmp_path: Path) -> None:
    lines = [
        line
        for i, loss in enumerate(LOSSES, 1)
        for line in ("", f"ITERATION {i} (165.{i:02d}s)", f"\t- Objective:   {loss}%", "\t- Val. accuracy:   20.5%")
    ]
    assert rows(read(tmp_path, lines), "Objective") == list(enumerate(LOSSES, 1))


def test_pairs_behind_a_counter_with_a_sign(tmp_path: Path) -> None:
    lines = [
        f" | Epoch: [1][{i}/40]    Time 0.345  Data 0.001  Err {loss:1.4f}  top1  99.609"
        for i, loss in enumerate(LOSSES)
    ]
    assert rows(read(tmp_path, lines), "Err") == list(enumerate(LOSSES))


def test_julia_reports_over_several_lines(tmp_path: Path) -> None:
    lines = ["[ Info: Training on GPU"]
    for epoch, loss in enumerate(LOSSES, 1):
        lines += [f"┌ Info: epoch {epoch}", f"│   train_loss = {loss}", f"└   test_acc = {90 + epoch / 10}"]
    run = read(tmp_path, lines)
    assert rows(run, "train_loss") == list(enumerate(LOSSES, 1)) and rows(run, "test_acc")[0] == (1, 90.1)


def test_a_name_that_comes_again_is_of_the_group_that_it_stands_in(tmp_path: Path) -> None:
    lines = [
        f"Epoch 1, batch {50 * i}, loss[loss={loss}, ctc={loss}, over 12.00 frames. ], "
        f"tot_loss[loss={loss + 1}, ctc={loss + 1}, over 99.00 frames. ], lr: 4.50e-02"
        for i, loss in enumerate(LOSSES)
    ]
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "loss")] == LOSSES
    assert [value for _, value in rows(run, "tot_loss/ctc")] == [loss + 1 for loss in LOSSES]


def test_the_last_number_of_a_sentence(tmp_path: Path) -> None:
    lines = [
        f"[INFO] Goalie. Step: {1000 * i}. Mean Reward: {loss}. Training. ELO: 12{i:02d}.5."
        for i, loss in enumerate(LOSSES)
    ]
    assert rows(read(tmp_path, lines), "ELO")[3] == (3000, 1203.5)


def test_what_a_bar_shows_is_no_part_of_what_lines_print(tmp_path: Path) -> None:
    lines = []
    for epoch, loss in enumerate(LOSSES, 1):
        bars = [
            f"Epoch {epoch}/30: {k * 10}%|#  | {k * 100}/1000 [00:01<00:09, 99.5it/s, critic_loss=9.{k}]"
            for k in range(4)
        ]
        lines.append("\r".join(bars))
        lines.append(
            f"2023-03-14 09:12.44 [info     ] CQL: epoch={epoch} step={1000 * epoch} metrics={{'critic_loss': {loss}}}"
        )
    assert rows(read(tmp_path, lines), "critic_loss") == [(1000 * epoch, loss) for epoch, loss in enumerate(LOSSES, 1)]


def test_a_table_of_settings_gives_no_curves(tmp_path: Path) -> None:
    lines = [
        "+-----------------------+-------+",
        "| Parameter             | Value |",
        "+-----------------------+-------+",
    ]
    lines += [
        "| val_loss_every        | 250   |",
        "| final LR fraction     | 0.0   |",
        "+-----------------------+-------+",
    ]
    lines += [
        f"step {i:4d}/30 | loss {loss} (+nanz)| norm 3.1 | lr 6.00e-04 | 27.1 ms | 190000 tok/s"
        for i, loss in enumerate(LOSSES)
    ]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == list(enumerate(LOSSES)) and not {"val_loss_every", "final LR fraction"} & set(
        run.columns.tags
    )


def test_the_rate_that_is_set_after_each_epoch(tmp_path: Path) -> None:
    lines = []
    for epoch, loss in enumerate(LOSSES, 1):
        lines += [f"Epoch: {epoch}, Steps: 266 | Train Loss: {loss} Vali Loss: {loss + 1} Test Loss: {loss + 2}"]
        lines += [f"Updating learning rate to {10**-epoch:.1e}"]
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "learning rate")] == [float(f"{10**-epoch:.1e}") for epoch in range(1, 31)]
    assert [value for _, value in rows(run, "val/Loss")] == [loss + 1 for loss in LOSSES]


def test_counters_beside_what_only_looks_like_one(tmp_path: Path) -> None:
    """The iteration before the epoch, a time per batch, the steps of an episode."""
    lines = [
        f"{i}/21150 (epoch {i / 423:.3f}), train_loss = {loss}, grad/param norm = 5.1e-01, time/batch = 0.61s"
        for i, loss in enumerate(LOSSES, 1)
    ]
    assert rows(read(tmp_path, lines), "train_loss") == list(enumerate(LOSSES, 1))
    lines = [
        f" {21 * i:5d}/50000: episode: {i}, duration: 0.5s, episode steps: 21, episode reward: {loss}, loss: {loss}"
        for i, loss in enumerate(LOSSES, 1)
    ]
    run = read(tmp_path, lines)
    assert [step for step, _ in rows(run, "episode reward")] == list(
        range(1, 31)
    ) and "episode steps" in run.columns.tags


def test_a_name_of_a_logger_with_a_dash_is_no_part_of_the_data(tmp_path: Path) -> None:
    lines = []
    for epoch, loss in enumerate(LOSSES, 1):
        lines += [f"INFO:mi-test:Train Epoch: {epoch} [0%]", f"INFO:mi-test:[{200 * epoch}, 0.0001]"]
        lines += [f"INFO:mi-test:loss_disc={loss}, loss_gen=2.5, loss_fm=9.1,loss_mel=18.5"]
    run = read(tmp_path, lines)
    assert [value for _, value in rows(run, "loss_disc")] == LOSSES


def test_batches_under_a_heading_of_held_out_data(tmp_path: Path) -> None:
    """As AllenNLP prints them: the lines differ in how many batches there are."""
    logger = "2017-10-14 16:48:27,962 - INFO - allennlp.training.trainer - "
    lines = []
    for epoch in range(3):
        lines += [f"{logger}Epoch {epoch}/2", f"{logger}Training"]
        lines += [f"{logger}Batch {i}/30: accuracy: 0.5, loss: {loss - epoch} ||" for i, loss in enumerate(LOSSES, 1)]
        lines += [f"{logger}Validating"]
        lines += [f"{logger}Batch {i}/7: accuracy: 0.4, loss: {9 - epoch - i / 10} ||" for i in range(1, 8)]
    run = read(tmp_path, lines)
    assert rows(run, "loss") == [
        (30 * epoch + i, loss - epoch) for epoch in range(3) for i, loss in enumerate(LOSSES, 1)
    ]
    assert [value for _, value in rows(run, "val/loss")] == [
        9 - epoch - i / 10 for epoch in range(3) for i in range(1, 8)
    ]
