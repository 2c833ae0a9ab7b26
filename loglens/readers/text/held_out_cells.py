"""Which of the values of a line are of held-out data, where the line says so of others or by its form alone."""

from __future__ import annotations

import re

from loglens.readers.text.cell_names import MEASURES, Cell

RATE = re.compile(r"(?:^|_)lr$|learning.?rate", re.I)
#: A measure of quality.
_SCORE = re.compile(
    r"(?:^|[^a-z])(?:acc|accuracy|[wc]er|bleu|f1|iou|map|auc|precision|recall|psnr|ssim|dice|error rate)(?![a-z])", re.I
)
_BEST_WORD = re.compile(r"^best[ _-]|[ _-]best$")
_BEST = re.compile(r"best(?=[ _A-Z]|$)|\w+[ _]best$", re.I)
#: So many measures that a line names twice are said of two parts of the data.
_TWICE = 2


def with_held_out(listed: list[Cell]) -> list[Cell]:
    """The cells of a line that begins with no part of the data, with their splits as far as the line shows them."""
    return _beside_best(_said_twice(_behind_held_out(_of_one_part(listed))))


def _of_one_part(listed: list[Cell]) -> list[Cell]:
    """The cells of a line whose first name is of held-out data, and no other of another part: so are its measures.

    "Epoch 3: testing psnr = 34.28, ssim = 0.937, time: 0.02".
    """
    first = listed[0].split
    if first not in ("val", "test") or any(cell.split not in ("", first) for cell in listed):
        return listed
    return [
        cell._replace(split=first) if MEASURES.search(cell.key) and not RATE.search(cell.key) else cell
        for cell in listed
    ]


def _behind_held_out(listed: list[Cell]) -> list[Cell]:
    """The cells of a line with the measures that stand behind its last one of held-out data as such.

    "Train loss: 212.2 Val loss: 102.9 WER: 96.9": a word error rate is counted on held-out data; losses, norms and
    what the line measures of a part of the data say themselves what they are of.
    """
    last = max((at for at, cell in enumerate(listed) if cell.split in ("val", "test")), default=-1)
    measured = [cell for cell in listed[: last + 1] if MEASURES.search(cell.key) and not RATE.search(cell.key)]
    if last < 0 or not all(cell.split for cell in measured):
        return listed
    said = {cell.key.lower() for cell in listed if cell.split}
    return [
        cell._replace(split=listed[last].split)
        if at > last and not cell.split and cell.key.lower() not in said and _SCORE.search(cell.key)
        else cell
        for at, cell in enumerate(listed)
    ]


def _said_twice(listed: list[Cell]) -> list[Cell]:
    """The cells of a line that names the same two measures or more once more, in the same order, with these held out.

    CenterNet writes "epoch: 5 |loss 2.2 | hm_loss 1.6 | time 13.4 |" and where it validates all names behind it again.
    """
    half = len(listed) // 2
    first, second = listed[:half], listed[half:]
    names = [cell.key for cell in first]
    if names != [cell.key for cell in second] or any(cell.split for cell in listed):
        return listed
    if sum(MEASURES.search(name) is not None for name in names) < _TWICE:
        return listed
    return [*first, *(cell._replace(split="val") for cell in second)]


def _beside_best(listed: list[Cell]) -> list[Cell]:
    """The cells of a line with those held out of which it says the best so far as well: "bce: 0.4, bce_best: 0.3".

    A loss that calls itself one may be that of training.
    """
    best = {name for cell in listed if (name := _BEST_WORD.sub("", cell.key.lower())) != cell.key.lower()}
    return [
        cell._replace(split="val")
        if not cell.split and cell.key.lower() in best and "loss" not in cell.key.lower()
        else cell
        for cell in listed
    ]


def keeps_best(listed: list[Cell]) -> bool:
    """Whether a line says a measure and the best one so far: "MeanIU: 0.61, Best_mIoU: 0.65" is an evaluation."""
    best = [cell for cell in listed if _BEST.match(cell.key)]
    return 0 < len(best) < len(listed) and any(MEASURES.search(cell.key) for cell in listed if cell not in best)
