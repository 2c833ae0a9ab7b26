"""Whether any version that CI tests with has a known weakness, by the advisories of the package index."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


def test_no_version_has_a_known_weakness() -> None:
    """Skipped where pip-audit is not installed or gets no answer; the workflow asks the same with each commit."""
    pytest.importorskip("pip_audit", reason="pip-audit is not installed")
    words = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format", "json", "--timeout", "5"]
    done = subprocess.run([*words, "--requirement", CONSTRAINTS], capture_output=True, text=True, timeout=100)
    if not done.stdout:
        pytest.skip(f"the advisory service does not answer: {done.stderr[-200:]}")
    answers = json.loads(done.stdout)["dependencies"]
    known = [answer for answer in answers if "vulns" in answer]
    if not known:
        pytest.skip(f"the advisory service knows none of {len(answers)} packages: it is not here")
    assert not [answer for answer in known if answer["vulns"]]
