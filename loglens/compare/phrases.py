"""The words and numbers of a comparison that all its outputs for people share; text from logs is not escaped here."""

from __future__ import annotations

from loglens.compare.curves import Comparison, Pair
from loglens.compare.parameters import Changed
from loglens.compare.regression import Regression
from loglens.model.numbers import estimate, number, plural

#: Verdict -> mark and style of the text output, and the headline.
HEADLINES = {
    "regression": ("failed", "failed", "REGRESSION"),
    "diverge": ("suspect", "suspect", "RUNS DIVERGE"),
    "no-difference": ("healthy", "healthy", "NO DIFFERENCE"),
    "not-compared": ("not-judged", "not-judged", "NOT COMPARED"),
}
#: From here on a difference is as good as without noise.
WITHOUT_NOISE = 1e6
#: Values of good runs that are named of a parameter.
FEW_VALUES = 4


def headline(found: Comparison) -> str:
    """ "RUNS DIVERGE  first at step 200: lr (train/lr)"; two spaces part the verdict from the rest."""
    title = HEADLINES[found.verdict][2]
    first = ""
    if found.parted:
        pair = found.parted[0]
        first = f"first at {pair.axis} {pair.onset:,}: {pair.role} ({pair.tag})"
    if found.verdict == "regression":
        broken = ", ".join(item.limit for item in found.regressions if item.failed)
        return f"{title}  {broken}" + (f"; runs diverge {first}" if first else "")
    if found.verdict == "diverge":
        return f"{title}  {first}"
    if found.verdict == "no-difference":
        count = plural(len(found.together), "curve agrees", "curves agree")
        failed = f"; the run itself is judged {found.bad.verdict}" if found.bad.verdict in ("failed", "suspect") else ""
        return f"{title}  {count} within noise{failed}"
    return f"{title}  no curve is in both"


def first_difference(pair: Pair) -> str:
    """ "step 200"."""
    return "" if pair.onset is None else f"{pair.axis} {pair.onset:,}"


def values(pair: Pair) -> tuple[str, str, str]:
    """The good and the bad level where they are farthest apart, and at which step that is."""
    if pair.nonfinite is not None:
        return "finite", "not finite", f"from {pair.axis} {pair.nonfinite:,}"
    if not pair.parts:
        return "", "", ""
    part = pair.parts[0]
    return number(part.good), number(part.bad), f"at {pair.axis} {part.worst:,}"


def noise(pair: Pair) -> str:
    """The difference as a multiple of the noise; "no noise" where there is none to compare it with."""
    if pair.nonfinite is not None or not pair.parts:
        return "–"
    times = pair.parts[0].times
    return estimate(times) if times < WITHOUT_NOISE else "no noise"


def remarks(pair: Pair, arrow: str = "→") -> list[str]:
    """What else there is to say of a curve that diverges, short."""
    said = []
    if pair.good_tag != pair.tag:
        said.append(f"compared with {pair.good_tag}")
    if pair.same_until is not None:
        said.append(f"identical up to {pair.axis} {pair.same_until:,}")
    if pair.nonfinite is not None and pair.parts and pair.parts[0].step < pair.nonfinite:
        part = pair.parts[0]
        said.append(f"{number(part.good)} {arrow} {number(part.bad)} at {pair.axis} {part.worst:,} before")
    if pair.parts and pair.parts[0].until is not None:
        said.append(f"agrees again from {pair.axis} {pair.parts[0].until:,}")
    if len(pair.parts) > 1:
        last = pair.parts[-1]
        said.append(f"differs again from {pair.axis} {last.step:,} ({number(last.good)} {arrow} {number(last.bad)})")
    return said


def change(param: Changed) -> tuple[str, str]:
    """The values of a parameter in the good runs and in the bad one."""
    known = list(dict.fromkeys(number(value) for value in param.good))
    more = f" and {len(known) - FEW_VALUES} more" if len(known) > FEW_VALUES else ""
    good = "absent" if param.absent == "good" else ", ".join(known[:FEW_VALUES]) + more
    return good, "absent" if param.absent == "bad" else number(param.bad)


def limit_kept(item: Regression) -> str:
    """ "val/loss 2%: worse by 3.1 %, from 0.512 to 0.528"."""
    by = f"{number(abs(item.worse) * 100)} %" if item.relative else number(abs(item.worse))
    moved = "no number" if item.worse != item.worse else f"{'worse' if item.worse > 0 else 'better'} by {by}"
    return f"{item.limit}: {moved}, from {number(item.good)} to {number(item.bad)}"
