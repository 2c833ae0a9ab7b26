"""How often a rule misses a fault and speaks on a healthy look-alike, over the length of a curve and its noise.

    python benchmarks/error_curves.py [RULE...]    # all rules of simulated_curves.py; writes error_curves.json

Every cell is `SEEDS` simulated runs, judged by one rule: a fault counts as missed where the rule says nothing at
warning or above, and is beside that counted as skipped where the rule said that it could not judge. The pages of the
rules show the table. Simulated noise is independent from point to point; real noise seldom is.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import numpy as np
from simulated_curves import PAIRS, Maker

from loglens.analysis.judge import apply_rules, curves_of
from loglens.model.columns import Columns
from loglens.model.contract import CurveIndex
from loglens.model.finding import Severity
from loglens.model.run import Run
from loglens.registry.load import detectors
from loglens.roles.assign import assign_roles

RESULTS = Path(__file__).with_name("error_curves.json")
LENGTHS = (12, 30, 100, 1000)
NOISES = (0.01, 0.05, 0.2)
SEEDS = 50


def run_of(maker: Maker, seed: int, n: int, noise: float) -> Run:
    """A run with the curves of a maker, ten steps a point."""
    made = maker(np.random.default_rng(seed), n, noise)
    columns = Columns.from_curves({tag: (10 * np.arange(n, dtype=np.int64), value) for tag, value in made.items()})
    return Run("simulated", Path("simulated"), "simulated", columns)


def cell(rule: str, maker: Maker, n: int, noise: float) -> dict[str, float]:
    """Shares of runs on which the rule speaks at warning or above, and on which it is skipped."""
    detector, said, skipped = detectors()[rule], 0, 0
    first = zlib.crc32(f"{rule} {n} {noise}".encode())
    for seed in range(first, first + SEEDS):
        run = run_of(maker, seed, n, noise)
        curves = curves_of(assign_roles(run, {}))
        found, (result,) = apply_rules(run, curves, CurveIndex(curves), {rule: detector})
        said += any(finding.severity > Severity.NOTE for _, finding in found)
        skipped += result.outcome == "skipped"
    return {"said": said / SEEDS, "skipped": skipped / SEEDS}


def measure(rule: str) -> dict[str, object]:
    """What is simulated for a rule, and a row per length with a cell per noise."""
    pair = PAIRS[rule]
    faulty, healthy = (
        [[cell(rule, maker, n, noise) for noise in NOISES] for n in LENGTHS] for maker in (pair.faulty, pair.healthy)
    )
    return {
        "fault": pair.fault,
        "lookalike": pair.lookalike,
        "missed": [[round(1 - one["said"], 2) for one in row] for row in faulty],
        "skipped": [[round(one["skipped"], 2) for one in row] for row in faulty],
        "alarms": [[round(one["said"], 2) for one in row] for row in healthy],
    }


def main(names: list[str]) -> None:
    measured = json.loads(RESULTS.read_text("utf-8"))["rules"] if names and RESULTS.exists() else {}
    measured |= {name: measure(name) for name in names or PAIRS}
    table = {"lengths": LENGTHS, "noises": NOISES, "seeds": SEEDS, "rules": dict(sorted(measured.items()))}
    RESULTS.write_text(json.dumps(table, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
