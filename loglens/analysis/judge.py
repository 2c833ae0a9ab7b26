"""Judge one run: call each rule with the curves it asks for, catch skips and crashes, link causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from loglens.analysis.causes import find_causes, insert_below_errors
from loglens.analysis.changes.before_onset import add_changes
from loglens.analysis.outcome.judge_outcome import judge_outcome
from loglens.analysis.outcome.unexplained import RULE as UNSTABLE
from loglens.analysis.outcome.unexplained import unexplained
from loglens.config import assertions
from loglens.config.load import Config
from loglens.errors import Skip
from loglens.model.contract import CurveIndex, CurveInput, Detector
from loglens.model.finding import Finding, Rule, Severity
from loglens.model.histogram_grid import distributions
from loglens.model.outcome import RunOutcome
from loglens.model.redaction import redact_params
from loglens.model.report import Diagnosis, RuleResult
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.model.vocabulary import PAIR_SCORES, is_preference_training
from loglens.remedies.clues import Clues
from loglens.remedies.plan import plan
from loglens.roles import from_tags as roles
from loglens.roles.assign import assign_roles, candidates, loss_totals, parts, perplexities_as_losses

#: Families of rules that say nothing about the training itself: a run is not judged by them alone.
SIDE_FAMILIES = frozenset({"log", "system"})
#: Families of rules for one kind of training: how the roles of its curves begin, and what it is called.
OF_A_KIND = {"RL": ("rl_", "reinforcement learning"), "adversarial": ("gan_", "a GAN")}
#: Curves without a role that a report can draw: enough for most logs; the curves with a role keep their points.
DRAWN_WITHOUT_ROLE = 60
#: Curves that show that a run is reinforcement learning or a GAN, not supervised training.
NOT_SUPERVISED = tuple(CurveInput(role, "optional", role) for role in ("rl_reward", "gan_d_loss"))


@np.errstate(all="ignore")  # a loss of 1e308 overflows; rules can handle results that are not finite
def judge(run: Run, detectors: Mapping[str, Detector], config: Config = Config()) -> Diagnosis:
    """Put one run through every rule.

    detectors: by the names of their rules. A rule that crashes is a result of its own and hides no other.
    """
    logged = tuple(assign_roles(run, config.roles))
    curves = curves_of(logged)
    index = CurveIndex(curves)
    rules = {UNSTABLE.name: UNSTABLE} | {name: detector.rule for name, detector in detectors.items()}
    found, results = apply_rules(run, curves, index, detectors, config)
    outcome = judge_outcome(curves, run.notes)
    found += _from_outcome(outcome, found, curves, rules, config)
    unstable = RuleResult(UNSTABLE.name, *_unstable(outcome, found, config))
    results = _as_found(results, found)
    violated, of_assertions = _through_assertions(curves, [*results, unstable], config)
    results += of_assertions
    ranked = _ranked(found, run, logged, curves, rules)
    first, last = _steps(curves)
    return Diagnosis(
        run=run.name,
        path=str(run.source),
        format=run.format,
        files=tuple(str(file) for file in run.files),
        points=len(run.columns),
        first_step=first,
        last_step=last,
        curve_roles=tuple(part for part in parts(curves) if part.role is not None),
        findings=insert_below_errors(ranked, violated),
        outcomes=(*results, unstable),
        notes=(*run.notes, *_rewinds(run)),
        judged=_is_judged(results, rules),
        outcome=outcome,
        lead=_lead(index),
        candidates=() if outcome.success and not config.roles else candidates(curves),
        curves=_to_draw(curves),
        distributions=distributions(run.histogram_rows, {tag for finding in ranked for tag in finding.tags}),
        params=_plain(run.params),
    )


def _ranked(
    found: list[tuple[Rule, Finding]],
    run: Run,
    logged: tuple[Series, ...],
    curves: tuple[Series, ...],
    rules: Mapping[str, Rule],
) -> tuple[ReportedFinding, ...]:
    """The findings, root causes first, with their remedies and with what changed before each root."""
    if not found:
        return ()
    from loglens.analysis.advice import advise  # slow to load, and a healthy run needs none

    first, last = _steps(curves)
    ranked = find_causes(found, rules, (last or 0) - (first or 0))
    treated = plan(ranked, clues_of(run.params, curves))
    rate = next(iter(_main(CurveIndex(curves), "lr")), None)
    return add_changes(advise(treated, run, rate, curves), run, logged, rules)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that are one number or one text each, without secrets."""
    return {name: value for name, value in redact_params(params).items() if isinstance(value, str | int | float)}


def _to_draw(curves: Sequence[Series]) -> tuple[Series, ...]:
    """The curves that have a role, and after them a number of those that have none."""
    named = [curve for curve in curves if curve.role is not None]
    return (*named, *[curve for curve in curves if curve.role is None][:DRAWN_WITHOUT_ROLE])


def curves_of(logged: Iterable[Series]) -> tuple[Series, ...]:
    """The curves that rules see of those that were logged, with their roles: losses of perplexities, sums of parts."""
    curves = tuple(perplexities_as_losses(logged))
    return (*curves, *loss_totals(curves))


@np.errstate(all="ignore")  # a loss of 1e308 overflows; rules can handle results that are not finite
def apply_rules(
    run: Run,
    curves: tuple[Series, ...],
    index: CurveIndex,
    detectors: Mapping[str, Detector],
    config: Config = Config(),
) -> tuple[list[tuple[Rule, Finding]], list[RuleResult]]:
    """Call every detector: its findings, each with its rule, and the result of every rule.

    curves: of this run, with their roles. index: of these curves.
    """
    supervised = _is_supervised(curves, index)
    found: list[tuple[Rule, Finding]] = []
    results = []
    for name, detector in detectors.items():
        if name in config.ignore:
            results.append(RuleResult(name, "skipped", _left_out(name, config)))
            continue
        some, result = _apply(detector, run, index, config.thresholds.get(name, {}), supervised=supervised)
        found += [(detector.rule, finding) for finding in some]
        results.append(result)
    return found, results


def _through_assertions(
    curves: tuple[Series, ...], results: list[RuleResult], config: Config
) -> tuple[list[ReportedFinding], list[RuleResult]]:
    """Check the assertions: the violated ones, and their result, which is absent where there are no assertions."""
    if not config.assertions:
        return [], []
    if assertions.RULE.name in config.ignore:
        return [], [RuleResult(assertions.RULE.name, "skipped", _left_out(assertions.RULE.name, config))]
    from loglens.analysis.assertions import check  # slow to load

    violated, result = check(config.assertions, curves, results)
    return [ReportedFinding.of(assertions.RULE, finding) for finding in violated], [result]


def _from_outcome(
    outcome: RunOutcome,
    found: list[tuple[Rule, Finding]],
    curves: tuple[Series, ...],
    rules: Mapping[str, Rule],
    config: Config,
) -> list[tuple[Rule, Finding]]:
    """A failed outcome that no finding explains, as a finding of the rule named after it, unless that is ignored."""
    failure = unexplained(outcome, found, curves)
    if failure is None:
        return []
    name, finding = failure
    return [(rules[name], finding)] if name in rules and name not in config.ignore else []


def _as_found(results: list[RuleResult], found: list[tuple[Rule, Finding]]) -> list[RuleResult]:
    """The results of the rules, where a rule of which the outcome gave a finding has found it."""
    named = {rule.name for rule, _ in found}
    return [RuleResult(one.condition, "found") if one.condition in named else one for one in results]


def _is_judged(results: list[RuleResult], rules: Mapping[str, Rule]) -> bool:
    """Whether any rule had its data, of those that look at the training itself and can warn."""
    beside = {name for name, rule in rules.items() if rule.family in SIDE_FAMILIES or rule.severity == Severity.NOTE}
    return any(result.outcome in ("found", "clean") and result.condition not in beside for result in results)


def _unstable(outcome: RunOutcome, found: list[tuple[Rule, Finding]], config: Config) -> tuple[str, str]:
    """The result of the rule on unstable training, which is decided with the outcome."""
    if UNSTABLE.name in config.ignore:
        return "skipped", _left_out(UNSTABLE.name, config)
    if any(rule.name == UNSTABLE.name for rule, _ in found):
        return "found", ""
    if outcome.state in ("short", "unclear", "broke"):
        return "skipped", outcome.why
    return "clean", ""


def _left_out(name: str, config: Config) -> str:
    """Why a rule was not applied, with the reason that the user gave."""
    reason = config.ignore.get(name)
    return "left out by the configuration" + (f": {reason}" if reason else "")


def _apply(
    detector: Detector, run: Run, index: CurveIndex, thresholds: Mapping[str, float], *, supervised: bool
) -> tuple[list[Finding], RuleResult]:
    rule = detector.rule
    try:
        parts = {need.name: _argument(need, run, index) for need in detector.needs}
        if rule.supervised and not supervised:
            raise Skip("the loss does not measure progress in reinforcement learning or a GAN")
        found = list(detector.detect(**parts, **thresholds))
    except Skip as skip:
        foreign = _foreign(rule, index)
        return [], RuleResult(rule.name, "skipped", foreign or str(skip), foreign=bool(foreign))
    except Exception as error:  # a rule that crashes must hide no other rule
        return [], RuleResult(rule.name, "crashed", f"{type(error).__name__}: {error}")
    return found, RuleResult(rule.name, "found" if found else "clean")


def _foreign(rule: Rule, index: CurveIndex) -> str:
    """Why a rule of reinforcement learning or of GANs does not apply to a run without any curve of that kind."""
    prefix, kind = OF_A_KIND.get(rule.family, ("", ""))
    return f"no curve of {kind} was logged" if prefix and not index.has_role(prefix) else ""


def _is_supervised(curves: tuple[Series, ...], index: CurveIndex) -> bool:
    """Whether the loss measures progress: no reinforcement learning and no GAN, or preference training."""
    found = [curve for need in NOT_SUPERVISED for curve in index.matching(need)]
    if is_preference_training(curve.tag for curve in curves):
        found = [curve for curve in found if not PAIR_SCORES.search(curve.tag)]
    return not found


def _argument(need: CurveInput, run: Run, index: CurveIndex) -> Any:
    if need.kind == "run":
        return run
    fitting = index.matching(need)
    if need.kind == "all":
        return tuple(fitting)
    if fitting:
        return roles.main_curve(fitting)
    if need.kind == "optional":
        return None
    raise Skip(f"no {need.noun} was logged")


def _lead(index: CurveIndex) -> Series | None:
    for name, split in (("loss", None), ("loss", "val"), ("rl_reward", None)):
        fitting = index.matching(CurveInput(name, "one", name, split))
        if fitting:
            return roles.main_curve(fitting)
    return None


def _main(index: CurveIndex, role: str) -> list[Series]:
    """The main curve of a role, in a list that is empty where no curve has it."""
    fitting = index.matching(CurveInput(role, "optional", role))
    return [roles.main_curve(fitting)] if fitting else []


def clues_of(params: Mapping[str, Any], curves: Sequence[Series]) -> Clues:
    """What the curves and parameters of a run say about the cause of a trouble."""
    index = CurveIndex(curves)
    return Clues.of(
        params,
        lambda role, split, layered: index.matching(CurveInput(role, "all", role, split, layered)),
        roles.main_curve,
    )


def _steps(curves: tuple[Series, ...]) -> tuple[int | None, int | None]:
    """First and last step of the run, on the axis that most curves have."""
    axes = [curve.axis for curve in curves]
    main = max(set(axes), key=lambda axis: (axes.count(axis), axis), default="step")
    steps = [curve.step for curve in curves if len(curve) and curve.axis == main]
    first = min((int(step[0]) for step in steps), default=None)
    return first, max((int(step[-1]) for step in steps), default=None)


def _rewinds(run: Run) -> list[Note]:
    """One note for every place where curves went back, with how many of them did."""
    places: dict[tuple[int, int], list[str]] = {}
    for tag, rewinds in run.rewinds.items():
        for last, first in rewinds:
            places.setdefault((last, first), []).append(tag)
    return [
        Note(
            "rewind",
            f"steps go back from {last} to {first} in {len(tags):,} of {len(run.tags):,} curves ({tags[0]}): "
            "the run was resumed; later rows replace earlier ones",
        )
        for (last, first), tags in places.items()
    ]
