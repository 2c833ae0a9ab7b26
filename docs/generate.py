"""Write the pages that follow from the code, the sample logs and the measured results.

python docs/generate.py            # write the pages and measured.json
python docs/generate.py --check    # write nothing; exit with 1 if a page is stale
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from loglens.model.contract import Detector
from loglens.model.plain_text import statements
from loglens.model.role_table import ROLE_TABLE
from loglens.readers import READERS
from loglens.registry import load as registry
from loglens.registry.thresholds import meaning

HERE = Path(__file__).resolve().parent
BENCHMARK = HERE.parent / "benchmarks" / "diagnosis"
REPAIR = HERE.parent / "benchmarks" / "repair"
sys.path[:0] = [str(BENCHMARK), str(REPAIR)]

import early  # noqa: E402
import gallery  # noqa: E402
import labelled  # noqa: E402
import references  # noqa: E402
import score  # noqa: E402
import table as repair  # noqa: E402
import worth_logging  # noqa: E402

FALSE_ALARMS = HERE.parent / "benchmarks" / "false_alarms.json"
ERROR_CURVES = HERE.parent / "benchmarks" / "error_curves.json"
MEASURED = HERE.parent / "loglens" / "detectors" / "measured.json"
#: Shipped with the package, since `loglens agents` prints it.
GUIDE = HERE.parent / "loglens" / "agents" / "agents.md"
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
#: Where the healthy runs of false_alarms.json come from.
SOURCES = {
    "benchmark": "healthy runs of that benchmark",
    "corpus": "small networks trained without a fault",
    "algoperf": "AlgoPerf runs that reached their target",
    "samples": "healthy sample logs",
    "real": "published logs in which a reader sees nothing wrong",
}


def pages() -> dict[Path, str]:
    """Every generated page and its text."""
    results = score.load()
    rules = registry.detectors()
    texts = {
        HERE / "accuracy.md": accuracy(results),
        HERE / "agents.md": GUIDE.read_text("utf-8"),
        HERE / "api.md": references.python(),
        HERE / "cli.md": references.command_line(),
        HERE / "formats.md": formats(),
        HERE / "gallery.md": gallery.page(),
        HERE / "logging.md": worth_logging.page(rules),
        HERE / "roles.md": roles(),
        HERE / "rules" / "index.md": index(rules.values(), results),
    }
    for name, detector in rules.items():
        texts[HERE / "rules" / f"{name}.md"] = page(detector, results)
    texts[MEASURED] = measured(rules, results)
    return texts


def measured(rules: Iterable[str], results: score.Results) -> str:
    """What `loglens rules RULE` says of how often it is right, as JSON."""
    said = {name: [_LINK.sub(r"\1", text) for text in _figures(name, results)] for name in rules}
    return json.dumps(said, indent=1) + "\n"


def page(detector: Detector, results: score.Results) -> str:
    """The page of one rule."""
    rule = detector.rule
    parts = [f"# {rule.name}", f"{detector.title}.", _facts(detector)]
    for heading, text in detector.text.items():
        found = heading == "How it is found."
        parts.append(f"## {heading.rstrip('.')}\n\n{_listed(text) if found else text}")
        if found and detector.thresholds:
            parts.append(_thresholds(detector))
    parts.append("## Curves it looks at\n\n" + "\n".join(f"- `{need.name}`: {need.wording}" for need in detector.needs))
    parts.append("## How often it is right\n\n" + "\n\n".join(_figures(rule.name, results)))
    if curves := error_curves(rule.name):
        parts.append("## Errors over length and noise\n\n" + curves)
    return "\n\n".join(parts) + "\n"


def _thresholds(detector: Detector) -> str:
    """The table of what can be set, and what it means."""
    rows = [
        [f"`{name}`", _number(value), meaning(detector.rule.name, name)] for name, value in detector.thresholds.items()
    ]
    table = score.markdown(["threshold", "default", "meaning"], rows).rstrip()
    return f"The numbers in it that can be set, under `[rules.{detector.rule.name}]`:\n\n{table}"


def _listed(text: str) -> str:
    """What a rule looks for as a list, numbered where the text numbers its signs."""
    first, *others = statements(text)
    if not others:
        return first
    if others[0].startswith("(1) "):
        return "\n".join([f"{first}\n", *(re.sub(r"^\((\d)\) ", r"\1. ", item) for item in others)])
    return "\n".join(f"- {item}" for item in (first, *others))


def _facts(detector: Detector) -> str:
    rule = detector.rule
    leads = ", ".join(f"[{name}]({name}.md)" for name in rule.leads_to) or "nothing"
    caused = [name for name, other in registry.detectors().items() if rule.name in other.rule.leads_to]
    lines = [f"- Family: {rule.family}", f"- Severity: {rule.severity} at worst", f"- Leads to: {leads}"]
    if caused:
        lines.append("- May come from: " + ", ".join(f"[{name}]({name}.md)" for name in caused))
    return "\n".join(lines)


def _figures(name: str, results: score.Results) -> tuple[str, str]:
    return _measured(name, results), _expected(name, results)


def _measured(name: str, results: score.Results) -> str:
    one = score.score(results, "loglens", name)
    where = f"[benchmark of injected faults](../accuracy.md), {results['date']}"
    alarms = f"False alarms: {one.alarms} of {one.healthy} healthy runs that have what it needs."
    if not one.sick:
        return f"No fault of this kind is in the {where}. {alarms}"
    text = f"Recall {score.share(one.recall)} ({one.found} of {one.sick} runs with this fault), "
    if one.claims:
        text += f"precision {score.share(one.precision)} ({one.right} of {one.claims} claims). "
    else:
        text += "never claimed. "
    notes = "A note counts as a claim here, as the rule never gives more. " if name in score.NOTES else ""
    return f"{text}{alarms} {notes}Measured on the {where}."


def _expected(name: str, results: score.Results) -> str:
    """The false alarms to expect, from runs that are known to be healthy."""
    counts = json.loads(FALSE_ALARMS.read_text("utf-8"))
    counts["benchmark"] = {name: score.on_healthy(results, "loglens", name)}
    rows = {what: counts[source].get(name, (0, 0, 0)) for source, what in SOURCES.items()}
    notes_only = name in score.NOTES  # a note is the most that it says, so that notes are what is counted
    alarms = {what: row[1] + notes_only * row[2] for what, row in rows.items()}
    judged, alarmed = sum(row[0] for row in rows.values()), sum(alarms.values())
    if not judged:
        return "Expected false alarms: unknown, as no healthy run at hand has the curves that it needs."
    where = ", ".join(f"{alarms[what]} of {row[0]} {what}" for what, row in rows.items() if row[0])
    kind = "a note" if notes_only else "a warning or error"
    text = f"Expected false alarms: {kind} on {alarmed} of {judged} healthy runs"
    text += f" that have what it needs ({where}); with 95 % confidence, on at most"
    text += f" {score.upper_bound(alarmed, judged):.1%} of such runs."
    noted = sum(row[2] for row in rows.values())
    return text + (f" A note, which is no complaint, on {noted}." if noted and not notes_only else "")


def error_curves(name: str) -> str:
    """The table of missed faults and false alarms on simulated curves; empty for a rule that is not simulated."""
    table = json.loads(ERROR_CURVES.read_text("utf-8"))
    one = table["rules"].get(name)
    if one is None:
        return ""
    heads = ["points", *(f"noise {noise:.0%}" for noise in table["noises"])]
    rows = [
        [str(length), *(_errors(one, row, column) for column in range(len(table["noises"])))]
        for row, length in enumerate(table["lengths"])
    ]
    return (
        f"Simulated, {table['seeds']} runs a cell, noise independent from point to point. The fault: {one['fault']}. "
        f"The healthy look-alike: {one['lookalike']}. First the share of faults that are missed (in brackets: of which "
        "the rule says that it cannot judge), then the share of look-alikes that are warned of.\n\n"
        + score.markdown(heads, rows).rstrip()
    )


def _errors(one: dict[str, list[list[float]]], row: int, column: int) -> str:
    missed, skipped, alarms = (one[what][row][column] for what in ("missed", "skipped", "alarms"))
    return f"{missed:.0%}" + (f" ({skipped:.0%})" if skipped else "") + f", {alarms:.0%}"


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, int) else f"{value:.6g}"


def index(rules: Iterable[Detector], results: score.Results) -> str:
    """The list of the rules."""
    rows = []
    for detector in rules:
        one = score.score(results, "loglens", detector.rule.name)
        figures = [score.share(one.precision), score.share(one.recall)] if one.sick else ["", ""]
        name = detector.rule.name
        rows.append(
            [f"[{name}]({name}.md)", detector.rule.family, str(detector.rule.severity), detector.title, *figures]
        )
    header = ["rule", "family", "worst", "what it sees", "precision", "recall"]
    return (
        "# Rules\n\n"
        f"Measured on injected faults, {results['date']}: [accuracy](../accuracy.md). No figure: not measured.\n\n"
        + score.markdown(header, rows)
    )


def formats() -> str:
    """The page on the formats: what each reader says of itself, between two handwritten parts."""
    rows = []
    for name in READERS:
        reader = import_module(f"loglens.readers.{name}")
        said = (reader.__doc__ or "").partition("\n")[0].replace("|", "\\|")
        rows.append([f"`{reader.FORMAT}`", said])
    table = score.markdown(["format", "what is read"], rows).rstrip()
    return (HERE / "formats.template.md").read_text("utf-8").format(table=table)


def roles() -> str:
    """The page on the roles of curves."""
    rows = [
        [f"`{name}`", info.meaning, info.unit, ", ".join(f"`{tag}`" for tag in info.examples)]
        for name, info in ROLE_TABLE.items()
    ]
    return (
        "# Roles\n\nA role says what a curve measures. loglens finds it from the tag; where it is wrong, set it by\n"
        "`--role 'TAG=ROLE'` or in the [configuration](gate.md). `ROLE@SPLIT` also names the split: `loss@val`.\n"
        "In a terminal: `loglens roles [ROLE]`.\n\n"
        "Where the name alone does not tell it, the other curves and the values do: a perplexity, bits per byte or a\n"
        "mean squared error stands for the loss of a run that logs none; curves that differ in a layer's name alone\n"
        "are one family; a learning rate that is noise above 1 is none. Such a role is called `guessed` by\n"
        "`inspect` and `diagnose` in text, and a finding that rests on it is one level less sure. A run\n"
        "that is not judged names the curves that could be its loss, with the `--role` to write.\n\n"
        + score.markdown(["role", "meaning", "unit", "example tags"], rows)
    )


def accuracy(results: score.Results) -> str:
    """The page on accuracy: the tables, what they mean, what is missed and why."""
    runs, versions = results["runs"], results["versions"]
    sick = [run for run in runs if run["fault"]]
    first = sum(run["loglens"].get("first") == run["fault"] for run in sick)
    among = sum(run["loglens"].get("first") in (run["fault"], *run["allowed"]) for run in sick)
    values = {
        "date": results["date"],
        "python": versions["python"],
        "torch": versions["torch"],
        "runs": len(runs),
        "sick": len(sick),
        "healthy": len(runs) - len(sick),
        "conditions": len(score.conditions(results)),
        "first": first,
        "among": among - first,
        "minutes": max(1, round((results["seconds"]["train"] + results["seconds"]["ask"]) / 60)),
        "elsewhere": sum(score.alarmed(run, "runmedic") for run in runs if not run["fault"] and _is_game(run)),
        "by_condition": score.by_condition(results),
        "notes": ", ".join(f"`{name}`" for name in score.NOTES),
        "in_all": score.in_all(results),
        "missed": "\n".join(_missed(results)),
        "wrong": "\n".join(_wrong(results)),
        "dropped": ", ".join(f"`{name}`" for name in results["dropped"]) or "none",
        "reasons": (BENCHMARK / "limits.md").read_text("utf-8").strip(),
        "labelled_reasons": (BENCHMARK / "labelled_limits.md").read_text("utf-8").strip(),
        **early.values(),
        **labelled.values(),
        **repair.values(),
    }
    return (BENCHMARK / "accuracy.template.md").read_text("utf-8").format(**values)


def _is_game(run: score.Run) -> bool:
    """Whether it is a policy or an adversarial net, whose losses are no measure of success."""
    return str(run["style"]).startswith(("rl-", "groups-", "gan-"))


def _said(run: score.Run) -> str:
    named = run["loglens"]["named"]
    return ", ".join(f"`{name}` ({level})" for name, level in named.items()) or "nothing"


def _missed(results: score.Results) -> Iterator[str]:
    yield from (
        score.markdown(
            ["run", "log", "loglens says instead"],
            ([f"`{run['run']}`", run["style"], _said(run)] for run in score.missed(results)),
        )
        .rstrip()
        .splitlines()
    )


def _wrong(results: score.Results) -> Iterator[str]:
    rows = ([f"`{run['run']}`", ", ".join(f"`{name}`" for name in over)] for run, over in score.wrong(results))
    yield from score.markdown(["run", "claimed, and neither the fault nor its effect"], rows).rstrip().splitlines()


def main() -> int:
    """Write the pages, or say which are stale."""
    wanted = pages()
    known = {*(HERE / "rules").glob("*.md"), HERE / "accuracy.md"}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    extra = sorted(known - wanted.keys())
    if "--check" in sys.argv:
        for path in (*stale, *extra):
            sys.stdout.write(f"stale: {path.relative_to(HERE)} (python docs/generate.py)\n")
        return 1 if stale or extra else 0
    (HERE / "rules").mkdir(exist_ok=True)
    for path in stale:
        path.write_text(wanted[path], "utf-8")
    for path in extra:
        if path.parent.name == "rules":
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
