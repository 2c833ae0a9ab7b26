"""The interfaces of a reader, a detector and a renderer, which every such module is checked against when loaded.

A detector's signature is its contract: positional parameters name the curves it needs, keyword-only
ones are its thresholds and hold their only default. A misspelt one is an error that lists the right
ones, so that a faulty plugin fails when it is installed, not while a run is being diagnosed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from loglens.model.finding import Finding, Rule
from loglens.model.report import Report
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.source import Source

#: Splits that the name of a parameter may begin with: `val_loss`.
PREFIX_SPLITS = ("val", "test")


#: What the curves that a rule cannot do without are called in a sentence, by role.
NOUNS: Mapping[str, str] = {
    "data_time": "time a step waits for its data",
    "grad_norm_global": "gradient norm",
    "loss_scale": "loss scale",
    "lr": "learning rate",
    "rl_clip_frac": "share of clipped policy updates",
    "rl_explained_var": "explained variance of the value function",
    "rl_kl": "KL divergence of the policy",
    "rl_reward": "reward",
    "rl_truncation": "share of truncated completions",
    "step_time": "time a step takes",
    "update_norm": "norm of the updates",
    "weight_norm_global": "weight norm",
}


class CurveInput(NamedTuple):
    """One positional parameter of a detector: which curves it asks for.

    role and split name them; layered asks for the per-layer curves of that role; kind is `one`
    (required), `optional` (may be None), `all` (a tuple, may be empty) or `run`.
    """

    name: str
    kind: str
    role: str = ""
    split: str | None = None
    layered: bool = False

    @property
    def noun(self) -> str:
        """What the curve is called in a sentence: "validation loss"."""
        split = {"val": "validation ", "test": "test "}.get(self.split or "", "")
        return split + NOUNS.get(self.role, self.role)

    @property
    def wording(self) -> str:
        """How the rule uses it, in words: "used where it was logged"."""
        return {
            "one": "needed; the rule is skipped where it was not logged",
            "optional": "used where it was logged",
            "all": "the curves of all layers" if self.layered else "all curves of this kind",
            "run": "the whole run",
        }[self.kind]


class Detector(NamedTuple):
    """A detector module that was checked against the contract: its rule, its function, its documentation."""

    rule: Rule
    detect: Callable[..., Iterator[Finding]]
    title: str
    text: Mapping[str, str]
    needs: tuple[CurveInput, ...]
    thresholds: Mapping[str, float]


class Reader(Protocol):
    """A module that reads one log format.

    sniff: whether the file is of this format; cheap, never raises.
    home: the folder or file of the run that a file belongs to, given all files of this format.
    read: the runs in a source; raises UnreadableError where nothing of it can be read.
    fits (optional): whether a file is a table without a header line, of as many columns as names are given.
    touch (optional): fetch those parts of a remote file that `read` looks at (`sparse_file.Sparse`).
    """

    FORMAT: str

    def sniff(self, path: Path) -> bool: ...
    def home(self, path: Path, inside: frozenset[Path]) -> Path: ...
    def read(self, source: Source) -> Iterator[Run]: ...


class Renderer(Protocol):
    """A module that writes a report in one output format; it computes nothing and prints nothing.

    SUFFIXES: the file endings of `-o` that ask for it.
    """

    FORMAT: str
    SUFFIXES: tuple[str, ...]

    def render(self, report: Report) -> str: ...


#: Names for curves in a signature beyond the roles themselves: (role, split, layered).
ALIASES: Mapping[str, tuple[str, str | None, bool]] = {
    "grad_norm_layer": ("grad_norm_layer", None, True),
    "weight_norm_layer": ("weight_norm_global", None, True),
    "update_norm_layer": ("update_norm", None, True),
    "activation": ("activation", None, True),
}


class CurveIndex:
    """The curves of a run by role, split and whether they belong to a layer: every rule asks for some."""

    def __init__(self, curves: Iterable[Series]) -> None:
        self._curves: dict[tuple[str | None, str, bool], list[Series]] = {}
        for curve in curves:
            self._curves.setdefault((curve.role, curve.split or "train", curve.layer is not None), []).append(curve)
        self._validated = any(split == "val" for _, split, _ in self._curves)

    def has_role(self, prefix: str) -> bool:
        """Whether any curve has a role whose name begins so."""
        return any(role is not None and role.startswith(prefix) for role, _, _ in self._curves)

    def matching(self, need: CurveInput) -> list[Series]:
        """The curves that fit what a detector needs: role, split (training where not named) and layer.

        Test curves stand in for validation curves where the run has none at all of those.
        """
        split = "test" if need.split == "val" and not self._validated else need.split or "train"
        return self._curves.get((need.role, split, need.layered), [])
