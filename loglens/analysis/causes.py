"""Link the findings of a run to causal chains, and rank them: root causes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from loglens.model.causal_chain import causal_trees
from loglens.model.finding import Finding, Rule, Severity
from loglens.model.reported_finding import ReportedFinding, confidence_in
from loglens.stats.quantiles import median

#: An onset is only known to about this share of the run: effects may seem to begin that much earlier.
SLACK = 0.02
#: Nor is it known better than to a few points of the curve that shows the effect.
POINTS = 3
#: Failures after which there is nothing left to train: what led to them comes before what merely went on beside them.
#: A crash is none of them: it says how a run ended, and often not why.
TERMINAL = frozenset({"nan-loss"})
#: Faults that are over once they have recovered, and cannot be the cause of what begins later.
PASSING = frozenset({"loss-spike"})


def find_causes(
    found: Sequence[tuple[Rule, Finding]], rules: Mapping[str, Rule], length: int = 0
) -> tuple[ReportedFinding, ...]:
    """Find the cause of each finding and rank the findings: each root cause is followed by its effects.

    The cause of an effect is a finding of the same run that began no later and is not much less sure (a guess is no
    cause of what is certain). Of several, a direct cause goes before an indirect one, the surer before the less
    sure, the nearer before the farther. A spike that recovered is no cause of what begins after it, and one that
    never recovers before a terminal failure is part of that failure. Roots are ranked by the worst severity of their
    chain, then by whether it ends the run, by whether they explain anything, their confidence, how much they explain,
    and their onset. Nothing is dropped.

    found: each finding with the rule that made it. rules: all rules by name; their `leads_to` say what can cause
    what. length: steps in the run; onsets closer than 2 % of it, or 3 points of the effect's curve, are the same
    moment.
    """
    reached = {name: reach(name, rules) for name in {rule.name for rule, _ in found} if name in rules}
    linked = [
        ReportedFinding.of(rule, effect, _cause(rule, effect, found, reached, _slack(effect, length)))
        for rule, effect in found
    ]
    chains = sorted(causal_trees(linked), key=_rank, reverse=True)
    return tuple(finding for chain in chains for finding in [chain[0], *sorted(chain[1:], key=_onset)])


def insert_below_errors(
    ranked: Sequence[ReportedFinding], extra: Sequence[ReportedFinding]
) -> tuple[ReportedFinding, ...]:
    """Insert further findings into ranked ones, after the last chain that holds an error."""
    size = 0
    for chain in causal_trees(ranked):
        if all(finding.severity < Severity.ERROR for finding in chain):
            break
        size += len(chain)
    return (*ranked[:size], *extra, *ranked[size:])


def _cause(
    rule: Rule,
    effect: Finding,
    found: Sequence[tuple[Rule, Finding]],
    reached: Mapping[str, frozenset[str]],
    slack: float,
) -> str | None:
    """Name of the rule whose finding is the best cause of an effect that `rule` found, or None."""
    terminal = [end for by, end in found if by.name in TERMINAL and end.severity == Severity.ERROR]
    causes = [
        (by, cause)
        for by, cause in found
        if rule.name in reached.get(by.name, ())
        and _onset(cause) <= _onset(effect) + slack
        # a note is no fault, so it cannot be the cause of one
        and cause.severity >= min(effect.severity, 1)
        and confidence_in(cause) + 1 >= confidence_in(effect)  # nor does a guess explain what is certain
        and not (by.name in PASSING and _is_no_root(cause, effect, terminal, slack))
    ]

    def fit(by: Rule, cause: Finding) -> tuple[bool, int, float, int, str]:
        # of two at one moment, the nearer in the graph
        return rule.name in by.leads_to, confidence_in(cause), _onset(cause), -len(reached[by.name]), by.name

    return max(causes, key=lambda pair: fit(*pair))[0].name if causes else None


def _slack(effect: Finding, length: int) -> float:
    """By how many steps a cause may begin after its effect, given how well onsets are known."""
    steps = effect.series[0].step if effect.series else None
    spacing = float(median(np.diff(steps))) if steps is not None and len(steps) > 1 else 0.0
    return max(SLACK * length, POINTS * spacing)


def _is_no_root(spike: Finding, effect: Finding, terminal: Sequence[Finding], slack: float) -> bool:
    """Whether a spike had recovered before the effect began, or never recovers before a terminal failure.

    The latter is how that failure begins, and no event of its own.
    """
    if spike.onset_step is None or effect.onset_step is None:
        return False
    if spike.severity < Severity.ERROR:
        return effect.onset_step > (spike.end_step or spike.onset_step) + slack
    return any(_onset(end) >= spike.onset_step - slack for end in terminal)


def _rank(chain: Sequence[ReportedFinding]) -> tuple[int, bool, bool, int, int, float]:
    root = chain[0]
    worst = max(finding.severity for finding in chain)
    ends = any(finding.condition in TERMINAL and finding.severity == Severity.ERROR for finding in chain)
    return worst, ends, root.severity > 0, root.confidence, len(chain), -_onset(root)


def _onset(finding: Finding | ReportedFinding) -> float:
    return float("-inf") if finding.onset_step is None else finding.onset_step


def reach(name: str, rules: Mapping[str, Rule]) -> frozenset[str]:
    """Every condition that `name` can bring about, over any number of steps."""
    found: set[str] = set()
    ahead = list(rules[name].leads_to)
    while ahead:
        effect = ahead.pop()
        if effect not in found:
            found.add(effect)
            ahead.extend(rules[effect].leads_to if effect in rules else ())
    return frozenset(found)
