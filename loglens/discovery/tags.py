"""Tags of a run: the words in them, and the rows of some of them."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Columns
from loglens.model.run import Run


def words_in(tag: str) -> frozenset[str]:
    """The words of a name that tell it from others: "train/loss", "learn/loss" (CatBoost) and "Loss" are alike."""
    words = frozenset(re.findall(r"[a-z]+|\d+", tag.lower())) - {"train", "training", "learn"}
    return words or frozenset({tag})


def only_tags(run: Run, wanted: list[bool]) -> Columns:
    """The rows of the wanted tags, in the order written."""
    columns = run.columns
    index: NDArray[np.int32] = np.cumsum(wanted, dtype=np.int32) - 1
    mask = np.array(wanted, bool)[columns.tag]
    return Columns(
        tuple(tag for tag, want in zip(columns.tags, wanted, strict=True) if want),
        index[columns.tag[mask]].astype(np.int32),
        columns.step[mask],
        columns.time[mask],
        columns.value[mask],
        columns.session[mask],
    )
