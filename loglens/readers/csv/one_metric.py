"""CSV files that hold one metric each: downloads of TensorBoard and MLflow, DeepSpeed's monitor, DVCLive's plots.

What the metric is called stands only in the path.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from loglens.readers.tables.step_axis import plain

#: The columns of TensorBoard's download button; a copy saved again may have an index before them or lack the time.
_TENSORBOARD = ["wall_time", "step", "value"]
_INDEX = frozenset({"", "unnamed:_0", "index"})
#: File names that its page proposes: run-<run>-tag-<tag>.csv; a browser numbers further files of one name " (2)".
_DOWNLOAD = re.compile(r"(?:run-(?P<run>.*)-)?tag-(?P<tag>.+?)(?: \(\d+\))?$")
#: The page writes the "/" of a run's name as "_": these endings are the halves of one run.
_HALF = re.compile(
    r"(?:(?P<whole>.*)[_/\\])?(?P<split>train|training|val|valid|validation|eval|evaluation|test|testing)"
)


def is_mlflow(names: Sequence[str]) -> bool:
    """Whether these (plain) column names are those of a download of a chart of MLflow's page."""
    return {"run", "run_id", "metric", "step", "value"} <= set(names)


def is_download(names: Sequence[str]) -> bool:
    """Whether these (plain) column names are those of a download of TensorBoard's page."""
    names = list(names)
    return names[bool(names) and names[0] in _INDEX :] == _TENSORBOARD


def download_name(path: Path) -> tuple[str, str]:
    """Run and tag of a download; the tag of a file that was renamed is its stem."""
    match = _DOWNLOAD.search(path.stem)
    return (match["run"] or "", match["tag"]) if match else ("", path.stem)


def halves(runs: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Map each run name to its run and the prefix of its tags: "a_train" and "a_test" are halves of the run "a".

    A name without another half or the run itself stays as it is ("smoke_test"), but where other runs beside it prove
    that endings name halves: then the other half was not downloaded.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for run in dict.fromkeys(runs):
        match = _HALF.fullmatch(run)
        whole, prefix = (match["whole"] or "", f"{match['split']}/") if match else (run, "")
        found.setdefault(whole, []).append((run, prefix))
    endings = {prefix for members in found.values() if len(members) > 1 for _, prefix in members}
    return {
        run: (whole, prefix) if len(members) > 1 or prefix in endings else (run, "")
        for whole, members in found.items()
        for run, prefix in members
    }


def deepspeed(path: Path, names: Sequence[str]) -> str | None:
    """Tag of a file of DeepSpeed: Train_Samples_train_loss.csv with a column train_loss is Train/Samples/train_loss."""
    if len(names) == 2 and names[0] == "step" and plain(path.stem).endswith("_" + names[1]):
        at = len(path.stem) - len(names[1])
        return path.stem[: at - 1].replace("_", "/") + "/" + path.stem[at:]
    return None


def is_dvclive(path: Path) -> bool:
    """Whether a file is one of DVCLive's: a table of tabs in a folder called plots."""
    return "plots" in path.parts and path.suffix == ".tsv"


def dvclive(path: Path) -> tuple[Path, str]:
    """Home folder and tag of a file of DVCLive: <home>/plots/metrics/train/loss.tsv has the tag train/loss."""
    at = len(path.parts) - 1 - path.parts[::-1].index("plots")
    below = path.parts[at + 1 :]
    below = below[1:] if below[0] == "metrics" else below
    return Path(*path.parts[:at]), "/".join(below).removesuffix(path.suffix)


def one_metric(path: Path, names: Sequence[str]) -> str | None:
    """The tag of a file of DeepSpeed or DVCLive, None for any other."""
    if tag := deepspeed(path, names):
        return tag
    if is_dvclive(path) and names[-1] == plain(path.stem) and "step" in names:
        return dvclive(path)[1]
    return None
