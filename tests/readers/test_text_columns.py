"""Tables that are printed in columns under a line of names, with and without rules."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import loglens
from loglens.model.run import Run

#: Two epochs of YOLOv5's console: the bar is redrawn, the next header comes before the row of the validation.
HEAD = "     Epoch   gpu_mem       box       obj       cls     total    labels  img_size\n"
CLASS = "               Class      Images      Labels           P           R      mAP@.5  mAP@.5:.95"
YOLO = (
    HEAD
    + "Plotting labels... \n\n"
    + "\r  0%|          | 0/54 [00:00<?, ?it/s]\r      0/99     0.38G   0.01187  0.005397         0   0.01727        31"
    + "       640:   2%|▏         | 1/54 [00:39<35:04, 39.70s/it]\r      0/99     0.51G   0.01143  0.003271         0"
    + "    0.0147        10       640: 100%|██████████| 54/54 [02:25<00:00,  2.69s/it]\n"
    + f"\r{CLASS}:   4%|▎         | 1/27 [00:01<00:40]\r{CLASS}: 100%|██████████| 27/27 [00:49<00:00,  1.84s/it]\n\n"
    + HEAD
    + "                 all         857         857       0.999       0.982       0.996       0.909\n"
    + "\r      1/99     3.01G   0.01177  0.003169         0   0.01494        12       640: 100%|██████████| 54/54\n"
    + f"\r{CLASS}: 100%|██████████| 27/27 [00:39<00:00,  1.46s/it]\n\n"
    + HEAD
    + "                 all         857         857           1       0.982       0.996       0.916\n"
    + "\r      2/99     2.92G    0.0111   0.00296         0   0.01406        12       640: 100%|██████████| 54/54\n"
)

ULTRALYTICS = """
      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size
\r        1/3      2.24G      1.152      2.701      1.221        209        640: 100%|██████████| 8/8 [00:01<00:00]
\r                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|██████████| 4/4
                   all        128        929      0.655      0.545      0.611      0.452
\r        2/3      2.53G      1.161      1.486      1.231        231        640: 100%|██████████| 8/8 [00:01<00:00]
\r                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): 100%|██████████| 4/4
                   all        128        929      0.671      0.538      0.617      0.457
\r        3/3      2.53G      1.101      1.386      1.201        231        640: 100%|██████████| 8/8 [00:01<00:00]
"""

FASTAI = """epoch     train_loss  valid_loss  accuracy  time
0         0.912345    0.512345    0.812000  00:31
1         0.512345    0.412345    0.852000  00:30
2         0.412345    nan         0.872000  1:00:30
"""

BOX = """+-------+------------+----------+
| Epoch | train_loss | val_loss |
+-------+------------+----------+
|   1   |   0.9123   |  0.8123  |
|   2   |   0.5123   |  0.6123  |
+-------+------------+----------+
|   3   |   0.4123   |  0.5123  |
+-------+------------+----------+
"""


def read(tmp_path: Path, content: str) -> Run:
    path = tmp_path / "train.log"
    path.write_bytes(content.encode())
    (run,) = loglens.read(path)
    return run


def points(run: Run, tag: str) -> list[tuple[int, float]]:
    curve = run.curves[tag]
    return list(zip(curve.step.tolist(), curve.value.tolist(), strict=True))


def test_yolov5(tmp_path: Path) -> None:
    run = read(tmp_path, YOLO)
    assert points(run, "total_loss") == [(0, 0.0147), (1, 0.01494), (2, 0.01406)]  # the last state of each bar
    assert points(run, "box_loss") == [(0, 0.01143), (1, 0.01177), (2, 0.0111)]
    assert points(run, "mAP@.5-.95") == [(0, 0.909), (1, 0.916)]
    assert set(run.axes.values()) == {"epoch"} and not run.rewinds


def test_ultralytics(tmp_path: Path) -> None:
    run = read(tmp_path, ULTRALYTICS)
    assert points(run, "box_loss") == [(1, 1.152), (2, 1.161), (3, 1.101)]
    assert points(run, "mAP50_95") == [(1, 0.452), (2, 0.457)]


def test_fastai(tmp_path: Path) -> None:
    run = read(tmp_path, FASTAI)
    assert points(run, "train_loss") == [(0, 0.912345), (1, 0.512345), (2, 0.412345)]
    assert run.curves["valid_loss"].nonfinite == 1 and len(run.curves["valid_loss"]) == 3
    assert "time" not in run.tags


def test_a_box(tmp_path: Path) -> None:
    run = read(tmp_path, BOX)
    assert points(run, "train_loss") == [(1, 0.9123), (2, 0.5123), (3, 0.4123)]
    assert points(run, "val_loss") == [(1, 0.8123), (2, 0.6123), (3, 0.5123)]


@pytest.mark.parametrize(
    "content",
    [
        "Layer   type   params\n1   conv   3520\n2   conv   18560\n" * 4,  # names no counter
        "+-----+------+\n| step | 100 |\n| loss | 0.5 |\n+-----+------+\n" * 4,  # a box of names and values
    ],
)
def test_other_tables_are_left_alone(content: str) -> None:
    from loglens.readers.text.ruled_tables import RuledTables

    assert RuledTables().rewrite(content.encode()) == content.encode()


@pytest.mark.parametrize("junk", [b" " * 300_000, b"1" + b" " * 300_000, b"--|--" + b" " * 300_000, b"\r 1 2" * 60_000])
def test_a_line_of_junk_costs_no_more_than_its_length(junk: bytes) -> None:
    from loglens.readers.text.ruled_tables import RuledTables

    begin = time.process_time()
    assert RuledTables().rewrite(HEAD.encode() + junk + b"\n").count(b"\n") == 2
    assert time.process_time() - begin < 5  # quadratic, it takes minutes
