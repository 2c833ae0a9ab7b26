"""Causes and effects among the findings of a run: as trees, and as a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loglens.model.reported_finding import ReportedFinding

_ACRONYMS = {"nan": "NaN", "lr": "LR", "relu": "ReLU", "gan": "GAN", "kl": "KL", "gpu": "GPU"}


def causal_trees(findings: Sequence[ReportedFinding]) -> Iterator[list[ReportedFinding]]:
    """Yield the causal chains: each root finding, followed by all its direct and indirect effects."""
    placed: set[int] = set()
    for root in findings:
        if root.caused_by is None:
            tree = [root]
            for cause in tree:  # grows while it is walked
                for effect in findings:
                    if effect.caused_by == cause.condition and id(effect) not in placed:
                        placed.add(id(effect))
                        tree.append(effect)
            yield tree


def chain_sentence(findings: Sequence[ReportedFinding]) -> str:
    """The first causal chain in words: "exploding gradient from step 412 -> NaN loss from step 431"."""
    first = next(causal_trees(findings), list(findings[:1]))
    return " -> ".join(_episode(finding) for finding in first)


def in_words(name: str) -> str:
    """A rule's name as it stands in a sentence: "nan-loss" is "NaN loss"."""
    return " ".join(_ACRONYMS.get(word, word) for word in name.replace("_", " ").split("-"))


def _episode(finding: ReportedFinding) -> str:
    name = in_words(finding.condition)
    axis = finding.series[0].axis if finding.series else "step"
    return name if finding.onset_step is None else f"{name} from {axis} {finding.onset_step}"
