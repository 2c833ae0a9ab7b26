"""Causes and effects among the findings of a run: as trees, and as a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from loglens.model.numbers import number
from loglens.model.plain_text import safe, shorten

if TYPE_CHECKING:
    from loglens.model.reported_finding import ReportedFinding

#: Letters of a tag in a sentence of causes and effects.
FEW_LETTERS = 40
_ACRONYMS = {"nan": "NaN", "lr": "LR", "relu": "ReLU", "gan": "GAN", "kl": "KL", "gpu": "GPU"}
#: Words of rule names that keep their hyphen.
_HYPHENED = {"blow up": "blow-up", "non finite": "non-finite"}


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
    """The first causal chain in words: "exploding gradient from step 412 -> NaN loss from step 431".

    A jump of the learning rate that explains the root comes first.
    """
    first = next(causal_trees(findings), list(findings[:1]))
    return " -> ".join([*_causes(first[:1]), *(_episode(finding) for finding in first)])


def in_words(name: str) -> str:
    """A rule's name as it stands in a sentence: "nan-loss" is "NaN loss"."""
    said = " ".join(_ACRONYMS.get(word, word) for word in name.replace("_", " ").split("-"))
    for apart, joined in _HYPHENED.items():
        said = said.replace(apart, joined)
    return said


def _causes(roots: Sequence[ReportedFinding]) -> Iterator[str]:
    """What changed just before a root and explains it: "jump of train/lr at step 410"."""
    for root in roots:
        axis = root.series[0].axis if root.series else "step"
        for change in root.changes:
            if change.explains:
                yield f"jump of {safe(shorten(change.what, FEW_LETTERS))} at {axis} {number(change.step)}"
                return


def _episode(finding: ReportedFinding) -> str:
    return f"{in_words(finding.condition)} {finding.begins}".rstrip()
