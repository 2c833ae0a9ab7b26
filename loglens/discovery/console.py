"""The console of a run beside its log, where the writer is known to put it: W&B, StyleGAN."""

from __future__ import annotations

from dataclasses import replace

from loglens.discovery.tags import only_tags, words_in
from loglens.model.run import Run

_LOG, _FOLDER = "output.log", "files"
#: What StyleGAN (since 2-ADA) and EDM print, beside the file that they log to.
_PRINTED = {"log.txt": "stats.jsonl"}
#: The copy of a run's folder where a link of this name was committed as a folder.
_LATEST = "latest-run"
#: Words that tell the curves of two splits apart.
_SPLITS = frozenset("val valid validation eval evaluation test dev".split())


def is_console_of(run: Run, main: Run) -> bool:
    """Whether `run` is what was printed while `main` was logged: its place says so."""
    if run.format != "text" or main.format == "text" or len(run.files) != 1:
        return False
    path = run.files[0]
    if main.format != "wandb":
        return path.name in _PRINTED and path.parent / _PRINTED[path.name] in main.files
    if path.name != _LOG or path.parent.name != _FOLDER:
        return False
    home, homes = path.parent.parent, {file.parent for file in main.files if file.suffix == ".wandb"}
    return home in homes or (home.name == _LATEST and home.parent in {folder.parent for folder in homes})


def without_known(run: Run, main: Run) -> Run:
    """The printed curves that the history lacks: what it holds too, it holds in full and more often exactly."""
    logged = [words_in(tag) for tag in main.tags if not tag.startswith("system/")]
    new = [not any(_names_same(words_in(tag), words) for words in logged) for tag in run.tags]
    columns = only_tags(run, new)
    return replace(run, columns=columns, axes=columns.axes_kept(run.axes))


def _names_same(printed: frozenset[str], logged: frozenset[str]) -> bool:
    """Whether a printed name is short for a logged one: "acc" for "metrics/acc", not for "val/acc"."""
    return printed <= logged and printed & _SPLITS == logged & _SPLITS
