"""The house keeps its own rules: layers, names, documentation, samples."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from loglens.detectors import DETECTORS
from loglens.model.finding import Rule, Severity
from loglens.model.vocabulary import ROLES
from loglens.registry import load as registry

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "loglens"

#: Who may import whom. A package's name stands for every module in it.
MAY_IMPORT = {
    "errors": set(),
    "stats": {"stats"},
    "privacy": set(),
    "notebook": {"run"},  # for its types only
    "run": {"errors", "notebook", "privacy"},
    "assertions": {"errors"},
    "config": {"assertions", "errors"},
    "strict": set(),
    "sweep": set(),
    "distributions": {"run"},
    "chains": {"report"},  # for its types only
    "report": {"chains", "distributions", "run", "errors", "strict", "sweep"},
    "remedies": {"report", "run", "snippets"},
    "snippets": set(),
    "role_table": set(),
    "roles": {"role_table", "run", "errors"},
    "readers": {"run", "errors", "readers"},
    "contract": {"report", "run", "errors"},
    "diagnosis": {"chains", "report"},
    "metrics": {"roles", "run"},
    "regression": {"metrics", "run", "errors", "strict"},
    "gate": {"assertions", "metrics", "report", "roles", "run"},
    "baseline": {"report", "errors"},
    "settings": {"analyze", "config", "gate", "registry", "report", "errors"},
    "config_schema": {"assertions", "config", "contract", "gate", "registry", "run"},
    "compare": {"privacy", "regression", "report", "roles", "run", "stats", "strict"},
    "detectors": {"report", "remedies", "run", "stats", "errors"},
    "renderers": {
        "chains",
        "privacy",
        "report",
        "run",
        "stats",
        "errors",
        "renderers",
        "compare",
        "distributions",
        "strict",
        "sweep",
    },
    "export": {"run", "errors"},
    "merge": {"run"},
    "sparse": set(),
    "storage": set(),
    "remote": {"contract", "run", "errors", "sparse", "storage"},
    "discover": {"contract", "merge", "remote", "run", "storage", "errors"},
    "analyze": {
        "privacy",
        "assertions",
        "distributions",
        "gate",
        "contract",
        "roles",
        "diagnosis",
        "report",
        "run",
        "errors",
    },
    "parallel": set(),
    "cluster": {"errors"},
    "freeze": {"distributions", "report", "run"},
    "cache": {"freeze", "report"},
    "portrait": {"report", "run"},
    "examine": {
        "analyze",
        "cache",
        "cluster",
        "contract",
        "discover",
        "errors",
        "freeze",
        "parallel",
        "portrait",
        "registry",
        "remote",
        "report",
        "run",
    },
    "again": {"cache", "discover", "report"},
    "registry": {"contract", "readers", "detectors", "renderers", "errors"},
    "__init__": {"registry", "discover", "analyze", "config", "examine", "report", "settings", "errors", "run"},
    "pytest_plugin": {"__init__", "renderers", "report"},
    "cli": {
        "again",
        "registry",
        "discover",
        "analyze",
        "assertions",
        "baseline",
        "cache",
        "compare",
        "config",
        "config_schema",
        "contract",
        "examine",
        "export",
        "gate",
        "portrait",
        "regression",
        "report",
        "settings",
        "errors",
        "run",
        "renderers",
        "cli",
        "__init__",
    },
    "__main__": {"cli"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """The modules of loglens that a file imports, as far down as they are named."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "loglens":
            if node.module == "loglens":
                names = {alias.name for alias in node.names}
                found |= {
                    name if (PACKAGE / name).exists() or (PACKAGE / f"{name}.py").exists() else "__init__"
                    for name in names
                }
            else:
                found.add(node.module.removeprefix("loglens."))
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("loglens.") for alias in node.names if alias.name.startswith("loglens.")}
    return found


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_layers(path: Path) -> None:
    allowed = MAY_IMPORT[place(path)]
    wrong = {name for name in imports(path) if name.split(".")[0] not in allowed}
    assert not wrong, f"{path.name} may not import {wrong}"


@pytest.mark.parametrize("kind", ["detectors", "readers", "renderers"])
def test_siblings_never_meet(kind: str) -> None:
    for path in (PACKAGE / kind).glob("*.py"):
        met = {name for name in imports(path) if name.startswith(f"{kind}.")}
        assert all(name.split(".")[1].startswith("_") for name in met), f"{path.name} imports {met}"


def test_every_detector_is_registered_and_named_after_its_file() -> None:
    files = {path.stem for path in (PACKAGE / "detectors").glob("[a-z]*.py")}
    assert files == set(DETECTORS)
    assert set(registry.detectors()) == {name.replace("_", "-") for name in DETECTORS}


def test_every_reader_and_renderer_is_registered() -> None:
    from loglens.readers import READERS
    from loglens.renderers import RENDERERS

    assert {path.stem for path in (PACKAGE / "readers").glob("[a-z]*.py")} == set(READERS)
    assert len(registry.renderers()) == len(RENDERERS)


def test_every_rule_has_a_sick_sample() -> None:
    folders = [path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir()]
    for name in DETECTORS:
        assert any(folder.startswith(name) for folder in folders), f"sample_logs has no {name}*"


def test_every_threshold_is_explained() -> None:
    for detector in registry.detectors().values():
        for heading, text in detector.text.items():
            assert len(text) > 60, f"{detector.rule.name}: {heading} says too little"


def test_no_module_is_long() -> None:
    long = {path.name: n for path in modules() if (n := len(path.read_text("utf-8").splitlines())) > 400}
    assert not long


def test_public_names_have_docstrings() -> None:
    for path in modules():
        tree = ast.parse(path.read_text("utf-8"))
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
