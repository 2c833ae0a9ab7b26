"""The generated pages are what the detectors and the measured results say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from loglens import registry

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_the_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_page_and_every_link_a_target() -> None:
    assert {path.stem for path in (DOCS / "rules").glob("*.md")} == {"index", *registry.detectors()}
    for path in [*(DOCS / "rules").glob("*.md"), DOCS / "accuracy.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
