"""Judge the outcome of a run from all its progress curves together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglens.analysis.outcome.curve_progress import BEYOND_NOISE, Progress
from loglens.analysis.outcome.curve_state import (
    AT_CHANCE,
    BRIEF,
    ENOUGH,
    HALF,
    KEPT,
    LITTLE,
    RISEN,
    STILL,
    WORST,
    few_right,
)
from loglens.analysis.outcome.gan_balance import gan_balance
from loglens.analysis.outcome.indicators import Indicator, indicators, is_resumed
from loglens.analysis.outcome.together import fell_together, guesses, stays_at_worst
from loglens.analysis.outcome.unseen_start import knows_from_the_start, learned_before
from loglens.model.numbers import number, plural
from loglens.model.outcome import SUCCESS, RunOutcome
from loglens.model.run_end import STOPPED, end_notes, kind_of_end
from loglens.model.series import Series
from loglens.model.source import Note
from loglens.model.vocabulary import ACCURACY
from loglens.stats.guessing import chance_classes
from loglens.stats.quantiles import median

#: In the order in which they decide among curves of the same weight.
GRAVE = ("lost", "unstable")
#: What a classifier's loss may be above that of a guess before it contradicts an accuracy.
ABOVE_CHANCE = 1.5
#: A curve gets faster where its last quarter gains so much more of the gain than that of a straight line. Chosen.
FASTER = 0.05
#: A loss that made so much of its way is near its end, however it got there. Chosen.
NEARLY_ALL = 0.9
#: A gradient norm below this share of its start belongs to a minimum. Chosen.
MINIMUM = 0.01


def judge_outcome(curves: Sequence[Series], notes: Sequence[Note] = ()) -> RunOutcome:
    """The outcome of a run.

    curves: all of the run, each with its role. notes: those of the readers; some say that the run ended in an
    error (one that a person or a scheduler stopped did not). Held-out curves outweigh those of training, metrics
    outweigh losses.
    """
    found = indicators(curves)
    ended = [note for note in end_notes(notes) if kind_of_end(note) not in STOPPED]
    broken = [indicator for indicator in found if indicator.state == "broke"]
    if broken:
        why = f"{broken[0].curve.tag} is not finite at the end"
        return _outcome("broke", why, broken)
    if ended:
        return RunOutcome("broke", f"the log ends with an error: {ended[0].message}")
    if not found:
        return gan_balance(curves) or RunOutcome("unclear", _nothing_measures(curves))
    if knows := knows_from_the_start(found):
        return RunOutcome("learned", knows, tuple(one.curve.tag for one in found if one.heldout)[:2])
    decisive = [indicator for indicator in found if indicator.state not in ("short", "held")]
    if not decisive:
        return _without_course(found)
    first = [indicator for indicator in decisive if indicator.rank == decisive[0].rank]
    state, chief = _of_rank(first)
    if state not in GRAVE and (fallen := fell_together(found)):
        state, chief = fallen
    elif state in GRAVE and (better := _outweighed(chief, found)):
        return _outcome("unclear", f"{_course(chief)}, although {_course(better)}", [chief, better])
    elif worst := stays_at_worst(found):
        return _outcome("stuck", f"{_course(worst)}, and no better in training", [worst])
    elif guess := guesses(found):
        return _outcome("stuck", f"{_course(guess)}, and a validation loss stays at the level of guessing too", [guess])
    if is_resumed(curves) and state not in SUCCESS:
        begins = f"{chief.curve.axis} {number(int(chief.curve.step[0]))}"
        why = f"the log begins at {begins}: {_course(chief)}, and its start is not known"
        return _outcome("unclear", why, [chief])
    against = [indicator for indicator in found if all(indicator is not other for other in first)]
    if state == "little" and (earlier := learned_before(found, chief)):
        why = f"{_course(earlier)}; {_course(chief)} since its first evaluation, when half of that was made"
        return _outcome(earlier.state, why, [earlier, chief])
    return _weighed(
        state, chief, curves, [one for one in against if one.state != "short" or not learned_before(found, one)]
    )


def _of_rank(group: list[Indicator]) -> tuple[str, Indicator]:
    """The state that curves of one weight agree on, and the one that shows it best."""
    for state in GRAVE:
        grave = [indicator for indicator in group if indicator.state == state]
        if grave and 2 * len(grave) >= len(group):
            return state, max(grave, key=_gain)
    good = [indicator for indicator in group if indicator.state in SUCCESS]
    weak = [indicator for indicator in group if indicator.state not in SUCCESS]
    if not good:
        states = [indicator.state for indicator in weak]
        state = max(dict.fromkeys(states), key=states.count)
        return state, next(indicator for indicator in weak if indicator.state == state)
    # one weak curve of many is a detail of the metric (small objects, say); one of two takes the success back
    for indicator in weak if 3 * len(weak) > len(group) else []:
        if indicator.state in (*GRAVE, "unclear"):
            return "unclear", indicator
        if indicator.progress and _at_worst(indicator):
            return "little", indicator
    still = [indicator for indicator in good if indicator.state == "learning"]
    chosen = (
        still
        if 2 * len(still) > len(good)
        else [indicator for indicator in good if indicator.state == "learned"] or still
    )
    return chosen[0].state, max(chosen, key=_gain)


def _outweighed(chief: Indicator, found: Sequence[Indicator]) -> Indicator | None:
    """The held-out metric that gained and kept its gain, near its best as it began, where a held-out loss got worse.

    A metric that starts so high decides nothing by itself. Beside a loss that rises it says that the model is surer
    of its errors, not that it makes more of them.
    """
    if chief.metric or not chief.heldout:
        return None
    high = [indicator for indicator in found if indicator.state == "held" and indicator.heldout and indicator.metric]
    return next((indicator for indicator in high if _gains_surely(indicator)), None)


def _gains_surely(indicator: Indicator) -> bool:
    progress = indicator.progress
    if progress is None or _gain(indicator) < LITTLE:
        return False
    return progress.sureness >= BEYOND_NOISE and progress.kept >= KEPT


def _weighed(state: str, chief: Indicator, curves: Sequence[Series], against: list[Indicator]) -> RunOutcome:
    """The state after what contradicts it: a success that a weighty curve contradicts is unclear."""
    if state not in SUCCESS:
        doubts = [indicator for indicator in against if indicator.state in SUCCESS]
        but = f", although {_course(doubts[0])}" if doubts else ""
        return _outcome(state, _course(chief) + but, [chief, *doubts[:1]])
    if _gets_faster(chief):
        why = f"{_course(chief)}, and gains faster at the end than before: it ended on its way"
        return _outcome("unclear", why, [chief])
    if not against and _stopped_early(chief) and not _at_a_minimum(curves):
        why = (
            f"{_course(chief)}, and stands still since the first quarter of the run: log a validation loss or a metric"
        )
        return _outcome("unclear", why, [chief])
    for indicator in against:
        if (denial := _denial(chief, indicator)) is not None:
            return _outcome("unclear", f"{_course(chief)}, but {denial}", [chief, indicator])
    doubts = [indicator for indicator in against if indicator.state in (*GRAVE, "stuck")]
    return _outcome(state, _course(chief) + (f"; yet {_course(doubts[0])}" if doubts else ""), [chief, *doubts[:1]])


def _gets_faster(chief: Indicator) -> bool:
    """Whether a loss or an accuracy gains faster at its end than on average, far from its best: not learned yet."""
    progress = chief.progress
    if progress is None or (progress.gained or 0.0) >= NEARLY_ALL:
        return False
    return progress.late > _late_of_a_line(len(progress.curve)) + FASTER and (
        not chief.metric or bool(ACCURACY.search(chief.curve.tag))
    )


def _late_of_a_line(n: int) -> float:
    """`Progress.late` of a line of n points, from the middle of its third quarter to that of its last tenth."""
    tail = max(1, n // 10) if n < 30 else max(3, n // 10)
    end = n - 1 - (tail - 1) / 2
    quarter = (n // 2 + max(n // 2 + 1, n * 3 // 4) - 1) / 2
    return (end - quarter) / end


def _stopped_early(chief: Indicator) -> bool:
    """Whether a training loss gained nothing that counts after the first quarter of the run, and keeps half of itself.

    Alone, it does not tell a model that is done from one that stopped to learn, as without updates or a rate.
    """
    progress = chief.progress
    if chief.metric or chief.heldout or progress is None or (progress.gained or 0.0) >= HALF:
        return False
    value = progress.curve.value
    early = float(median(value[len(value) // 10 : len(value) // 4 + 1]))
    return early - progress.end <= max(STILL * (progress.start - progress.best), 2 * progress.error)


def _at_a_minimum(curves: Sequence[Series]) -> bool:
    """Whether a norm of the whole gradient ends below a hundredth of its first tenth: nothing is left to gain."""
    norms = [curve.finite for curve in curves if curve.role == "grad_norm_global" and len(curve.finite) >= ENOUGH]
    return any(median(norm.tail(0.1)) < MINIMUM * median(norm.value[: max(1, len(norm) // 10)]) for norm in norms)


def _denial(chief: Indicator, indicator: Indicator) -> str | None:
    """Why a curve of less weight, or too short to lead, takes a success back."""
    progress = indicator.progress
    if progress is None:
        return None
    if indicator.state == "short" and indicator.heldout and not _moved(indicator):
        return f"{_course(indicator)} at its {len(progress.curve):,} points"
    if not chief.heldout and chief.metric and (level := _far_above_chance(chief, indicator)) is not None:
        return f"{_course(indicator)}, far above the {number(level)} of a guess"
    if not chief.heldout:
        return _course(indicator) if indicator.state in GRAVE and indicator.metric else None
    if not indicator.heldout and indicator.metric and not chief.metric and _is_useless(indicator):
        return f"{_course(indicator)} in training, where hardly any answers get right"
    if not indicator.heldout and not indicator.metric and _stays_near_chance(progress):
        return f"{_course(indicator)}, and hardly leaves the level of guessing: its labels may be wrong"
    if indicator.heldout and not indicator.metric and progress.kept <= 0 and _risen(progress):
        return f"{_course(indicator)}, worse than at the start"
    if indicator.heldout and not indicator.metric and _never_below_first(progress):
        return f"{_course(indicator)}, and is above its first value at every later evaluation"
    return None


def _never_below_first(progress: Progress) -> bool:
    """Whether each of four later evaluations or more lies a tenth or more above the first one."""
    value = progress.curve.value
    return len(value) > BRIEF and bool(value[1:].min() > (1 + LITTLE) * abs(float(value[0])))


def _is_useless(indicator: Indicator) -> bool:
    """Whether a metric shows few right answers and no gain that counts."""
    progress = indicator.progress
    return progress is not None and few_right(progress) and not _moved(indicator) and len(progress.curve) >= ENOUGH


def _stays_near_chance(progress: Progress) -> bool:
    """Whether a training loss begins at ln C and gains little of that, as under labels that are mostly wrong."""
    if progress.gained is None or len(progress.curve) < ENOUGH or progress.gained >= LITTLE:
        return False
    return chance_classes(progress.start, AT_CHANCE) is not None


def _risen(progress: Progress) -> bool:
    """Whether a loss ends above 1.25 times its start."""
    return progress.end - progress.start > RISEN * abs(progress.start)


def _far_above_chance(chief: Indicator, indicator: Indicator) -> float | None:
    """The loss of a guess, -ln of the first accuracy, where a loss ends far above it, as it began; else None."""
    accuracy, loss = chief.progress, indicator.progress
    if accuracy is None or loss is None or indicator.metric or accuracy.ideal != 1.0 or not 0 < accuracy.start < 1:
        return None
    level = -float(np.log(accuracy.start))
    return level if min(loss.start, loss.end) > ABOVE_CHANCE * level else None


def _moved(indicator: Indicator) -> bool:
    """Whether a curve gained more than little and kept half of it, or more, as far as that is known."""
    progress = indicator.progress
    if progress is None or progress.gained is None:
        return True
    return progress.gained >= LITTLE and progress.kept >= 0.5 and not few_right(progress)


def _at_worst(indicator: Indicator) -> bool:
    progress = indicator.progress
    if progress is None or progress.ideal is None or progress.lower:
        return False
    return progress.end < WORST * progress.ideal


def _gain(indicator: Indicator) -> float:
    progress = indicator.progress
    return 0.0 if progress is None else progress.relative_gain if progress.gained is None else progress.gained


def _without_course(found: list[Indicator]) -> RunOutcome:
    """Of curves that are all short, or that hold the high level at which they start."""
    held = [indicator for indicator in found if indicator.state == "held"]
    if held:
        return _outcome("unclear", f"{_course(held[0])}, which it had from the start", held[:1])
    longest = max(len(indicator.curve) for indicator in found)
    return _outcome("short", f"the longest curve of progress has {plural(longest, 'point')}", found[:1])


def _nothing_measures(curves: Sequence[Series]) -> str:
    roles = {curve.role or "" for curve in curves}
    if any(role.startswith("gan_") for role in roles):
        return "the losses of a GAN do not say how good its samples are; log FID or another score of them"
    if any(role.startswith("rl_") for role in roles):
        return "no reward, return or success rate was logged"
    return "the log holds no loss and no metric that measures progress"


def _outcome(state: str, why: str, shown: list[Indicator]) -> RunOutcome:
    progress = shown[0].progress
    tags = tuple(indicator.curve.tag for indicator in shown)
    if progress is None:
        return RunOutcome(state, why, tags)
    return RunOutcome(state, why, tags, progress.gained, progress.kept)


def _course(indicator: Indicator) -> str:
    """The course of a curve in words: start, best, end."""
    progress = indicator.progress
    if progress is None:
        return f"{indicator.curve.tag} has too few points"
    start, best, end = (number(value) for value in (progress.start, progress.best, progress.end))
    if start == best == end:
        return f"{progress.curve.tag} stays at {start} (medians)"
    better = abs(progress.best - progress.start) > abs(progress.end - progress.start) or (
        (progress.best > progress.start) != (progress.end > progress.start)
    )
    at_best = f", best {best}" if progress.kept < 0.9 and better and best != start else ""
    return f"{progress.curve.tag} goes from {start} to {end}{at_best} (medians)"
