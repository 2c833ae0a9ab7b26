"""Write all files of a new rule: the start of a contribution that passes every test at once.

python tools/new_rule.py gpu-idle     # as `make new-rule NAME=gpu-idle`

What is written is a working rule on `gpu_util`, a curve that few logs have, and that gives notes only. CONTRIBUTING.md
says what to change in it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).with_name("templates")
#: A rule's name: lower-case words of letters and digits between hyphens, the first of which begins with a letter.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
FAMILY, SEVERITY, TITLE = "system", "note", "The GPU does next to nothing"
THRESHOLDS = 'percent = "share of the GPU below which it counts as idle, in per cent"\n'


def new_files(name: str) -> dict[str, str]:
    """The files that a rule has of its own: path from the root -> text."""
    module = name.replace("-", "_")
    places = {
        "detector.py": f"loglens/detectors/{module}.py",
        "test.py": f"tests/detectors/test_{module}.py",
        "make.py": f"sample_logs/{module}/make.py",
        "expect.toml": f"sample_logs/{module}/expect.toml",
    }
    words = {"name": name, "module": module, "title": TITLE}
    return {
        path: Template((TEMPLATES / f"{source}.txt").read_text("utf-8")).substitute(words)
        for source, path in places.items()
    }


def registrations(name: str) -> dict[str, tuple[str, str]]:
    """The lines that make the rule known: path from the root -> (the text before which it goes, the line)."""
    module = name.replace("-", "_")
    row = f"| `{name}` | {FAMILY} | {SEVERITY} | {TITLE} |\n"
    return {
        "loglens/detectors/__init__.py": (")\n", f'    "{module}",\n'),
        "loglens/detectors/thresholds.toml": ("", f"\n[{name}]\n{THRESHOLDS}"),
        "README.md": ("<!-- /rules -->", row),
        "benchmarks/diagnosis/score.py": (")\nResults =", f'\n    "{name}",'),
        "tests/slow/test_benchmarks.py": ('""".split()\n)', f"\n    {name}"),
    }


def register(name: str) -> None:
    """Put each line where it belongs. Raises SystemExit, before anything is changed, where a place is gone."""
    changed = {}
    for path, (before, line) in registrations(name).items():
        text = (ROOT / path).read_text("utf-8")
        at = text.rfind(before) if path.startswith("loglens/detectors/") else text.find(before)
        if at < 0:
            raise SystemExit(f"{path}: no {before!r} to put {line.strip()} before")
        if before and line.startswith("\n"):  # behind the last entry of a list, whose own newline stays
            at = len(text[:at].rstrip("\n"))
        changed[path] = text[:at] + line + text[at:]
    for path, text in changed.items():
        (ROOT / path).write_text(text, "utf-8")


def run(*command: str) -> str:
    """The output of a Python script or module of this repository."""
    done = subprocess.run(  # noqa: S603 - our own scripts
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Write the files of the rule that the one argument names."""
    if len(arguments) != 1 or not NAME.fullmatch(arguments[0]):
        sys.stderr.write("usage: make new-rule NAME=two-words   (lower case, with a hyphen between the words)\n")
        return 2
    name = arguments[0]
    files = new_files(name)
    if there := [path for path in files if (ROOT / path).exists()]:
        sys.stderr.write(f"there is such a rule already: {', '.join(there)}\n")
        return 2
    register(name)
    for path, text in files.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")
    run(f"sample_logs/{name.replace('-', '_')}/make.py")
    run("docs/generate.py")
    (ROOT / "docs" / "config.schema.json").write_text(run("-m", "loglens", "config", "--schema"), "utf-8")
    sys.stdout.write("".join(f"written: {path}\n" for path in files))
    sys.stdout.write("".join(f"registered in: {path}\n" for path in registrations(name)))
    sys.stdout.write("made again: docs/ (python docs/generate.py, loglens config --schema)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
