"""The whole project keeps its own rules: layers, names, documentation, samples, tests."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import click

from loglens.detectors import DETECTORS
from loglens.model.finding import Rule, Severity
from loglens.model.vocabulary import ROLES
from loglens.registry import load as registry

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "loglens"


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def rooms() -> set[str]:
    """The top-level packages and modules."""
    return {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in modules()} - {"__init__", "__main__"}


def test_the_layers_hold() -> None:
    lint = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_house_is_small() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 7
    assert len(rooms()) <= 24
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert len(settings["tool"]["importlinter"]["contracts"][0]["layers"]) <= 9


def test_nobody_imports_by_the_name_of_a_package_that_only_holds_modules() -> None:
    """Imports name the module where a thing lives; of a package's own names only those of its registry are used."""
    packages = {".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("*/__init__.py")}
    hollow = packages - {"loglens.cli"}
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and node.module in hollow:
                folder = ROOT.joinpath(*node.module.split("."))
                strange = [
                    alias.name
                    for alias in node.names
                    if not (folder / alias.name).is_dir()
                    and not (folder / f"{alias.name}.py").exists()
                    and alias.name not in ("DETECTORS", "READERS", "RENDERERS")
                ]
                assert not strange, f"{path.name} imports {strange} of {node.module}"


def test_every_detector_is_registered_and_named_after_its_file() -> None:
    files = {path.stem for path in (PACKAGE / "detectors").glob("[a-z]*.py")}
    assert files == set(DETECTORS)
    assert set(registry.detectors()) == {name.replace("_", "-") for name in DETECTORS}


def test_every_reader_and_renderer_is_registered() -> None:
    from loglens.readers import READERS
    from loglens.renderers import RENDERERS

    formats = {path.stem for path in (PACKAGE / "readers").iterdir() if path.name[0] != "_"} - {"tables", "files"}
    assert {name.split(".")[0] for name in READERS} == formats
    assert len(registry.renderers()) == len(RENDERERS)


def test_every_rule_has_a_sick_sample() -> None:
    folders = [path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir()]
    for name in DETECTORS:
        assert any(folder.startswith(name) for folder in folders), f"sample_logs has no {name}*"


def test_every_rule_has_a_test_file_and_every_test_file_a_rule() -> None:
    """Beside them stand the tests that are about all rules at once."""
    files = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "detectors").glob("test_*.py")}
    assert files - {"no_rule_crashes"} == set(DETECTORS)


def test_the_tests_mirror_the_packages() -> None:
    """What is in no package's folder is about the whole, and says so; `slow` holds whatever takes its time."""
    tests = ROOT / "tests"
    folders = {path.parent.name for path in tests.glob("*/__init__.py")}
    assert folders - {"golden", "slow", "tools"} == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    for path in tests.glob("test_*.py"):
        about = ast.get_docstring(parsed(path)) or ""
        assert "the whole" in about.lower(), f"{path.name} belongs to a package, or says that it is about the whole"


def test_every_threshold_is_explained() -> None:
    for detector in registry.detectors().values():
        for heading, text in detector.text.items():
            assert len(text) > 60, f"{detector.rule.name}: {heading} says too little"


def test_no_module_is_long() -> None:
    long = {path.name: n for path in modules() if (n := len(path.read_text("utf-8").splitlines())) > 400}
    assert set(long) <= {"snippets.py"}, "a table of code, an entry an action"


def test_detectors_are_short() -> None:
    """A rule is read in one go: 200 lines with its docstring, 40 lines a function."""
    for path in sorted((PACKAGE / "detectors").glob("*.py")):
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 200, f"{path.name} is over 200 lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                assert lines <= 40, f"{path.name}: {node.name} has {lines} lines"


def test_public_names_have_docstrings() -> None:
    for path in modules():
        tree = parsed(path)
        assert ast.get_docstring(tree), f"{path.name} has no docstring"
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if (path.parent.name, node.name) != ("detectors", "detect"):
                assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring"


def test_importing_and_asking_the_version_loads_no_heavy_library() -> None:
    code = "import sys, loglens; print(sorted({'pandas', 'scipy', 'tensorboard', 'google'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_rules_name_known_families_and_severities() -> None:
    for detector in registry.detectors().values():
        assert isinstance(detector.rule, Rule) and detector.rule.severity in Severity
        assert all(need.kind == "run" or need.role in ROLES for need in detector.needs)


def test_ci_runs_the_two_commands_of_the_readme_literally() -> None:
    commands = re.findall(r"^    (python -m pip install .*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert len(commands) == 2 and all(command in script for command in commands)


def test_the_rule_table_of_the_readme_is_what_the_detectors_say() -> None:
    rows = [
        f"| `{name}` | {detector.rule.family} | {detector.rule.severity} | {detector.title} |"
        for name, detector in registry.detectors().items()
    ]
    text = (ROOT / "README.md").read_text("utf-8")
    table = text.split("<!-- rules:")[1].split("<!-- /rules -->")[0].strip().splitlines()
    assert table[3:] == rows


def test_the_readme_names_every_command() -> None:
    from loglens.cli import main

    commands = main.list_commands(click.Context(main))
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(commands) >= 5 and [name for name in commands if f"loglens {name}" not in text] == []
