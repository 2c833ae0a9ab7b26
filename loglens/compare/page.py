"""A comparison as one self-contained HTML page, without a script: tables, and the curves over each other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from markupsafe import Markup

from loglens.compare.curves import Comparison, Entry, Pair
from loglens.compare.overlay import curve_facts, overlay
from loglens.compare.phrases import change, first_difference, headline, limit_kept, noise, remarks, values
from loglens.model.version import __version__
from loglens.renderers.shared.summary import NAME, say
from loglens.renderers.shared.templates import page_template, policy_hash

FOLDER = Path(__file__).parent
#: Plots of curves that diverge and of others, rows of a table, and runs that are named.
PLOTS, OTHERS, ROWS, RUNS = 40, 12, 400, 10


def page(found: Comparison) -> str:
    """Render the whole HTML document."""
    title, _, said = headline(found).partition("  ")
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    plots = list(_plots(islice(found.parted, PLOTS), "d"))
    drawn = {plot["id"] for plot in plots}
    return page_template(
        FOLDER
    ).render(
        style=Markup(style),  # noqa: S704 - our own file
        policy=policy_hash(style),
        title=title,
        said=say(said, 300),
        verdict=found.verdict,
        good=[_run(entry) for entry in found.good[:RUNS]],
        more_good=max(len(found.good) - RUNS, 0),
        several=len(found.good) > 1,
        bad=_run(found.bad),
        left_out=[_run(entry) for entry in found.left_out[:ROWS]],
        limits=[(item.failed, say(limit_kept(item), 300)) for item in found.regressions],
        rows=[_row(pair, f"d{place}" if f"d{place}" in drawn else "") for place, pair in _few(found.parted)],
        more_rows=max(len(found.parted) - ROWS, 0),
        params=[(say(p.name, NAME), *(say(value, 300) for value in change(p))) for _, p in _few(found.params)],
        more_params=max(len(found.params) - ROWS, 0),
        plots=plots,
        others=list(_plots(islice(found.together, OTHERS), "s")),
        together=len(found.together),
        reasons=[(say(why), ", ".join(say(tag, 60) for tag in tags[:ROWS])) for why, tags in found.reasons.items()],
        missing=", ".join(say(role, 60) for role in found.missing[:ROWS]),
        version=__version__,
    )


def _few(items: Iterable[Any]) -> Iterable[tuple[int, Any]]:
    return islice(enumerate(items), ROWS)


def _run(entry: Entry) -> dict[str, str]:
    facts = [say(entry.run.format, 40), f"to step {entry.last_step:,}" if entry.last_step is not None else ""]
    return {
        "name": say(entry.run.name, NAME),
        "facts": ", ".join(filter(None, [*facts, entry.verdict])),
        "summary": say(entry.summary, 300).replace(" -> ", " → "),
    }


def _row(pair: Pair, id: str) -> dict[str, str]:
    good, bad, where = values(pair)
    return {
        "id": id,
        "tag": say(pair.tag, NAME),
        "role": say(pair.role, 60),
        "first": say(first_difference(pair), 60),
        "good": good,
        "bad": bad,
        "where": say(where, 60),
        "noise": noise(pair),
        "remarks": say("; ".join(remarks(pair)), 300),
    }


def _plots(pairs: Iterable[Pair], prefix: str) -> Iterable[dict[str, Any]]:
    for place, pair in enumerate(pairs):
        if svg := overlay(pair):
            facts = curve_facts(pair.bad) if pair.bad is not None else ""
            since = f"first difference at {first_difference(pair)}; " if pair.onset is not None else ""
            yield {"id": f"{prefix}{place}", "title": say(pair.tag, NAME), "facts": since + facts, "svg": svg}
