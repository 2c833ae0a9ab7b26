"""Check when a module is loaded that it keeps the contract of a detector, reader or renderer."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from loglens.errors import PluginError
from loglens.model.contract import ALIASES, PREFIX_SPLITS, CurveInput, Detector
from loglens.model.finding import Rule
from loglens.model.vocabulary import ROLES

SECTIONS = ("Why it matters.", "How it is found.", "When it is wrong.")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def vet_detector(module: ModuleType) -> Detector:
    """Check and return the detector in a module. Raises PluginError that names the module and what to fix."""
    where = module.__name__
    rule, detect = getattr(module, "RULE", None), getattr(module, "detect", None)
    if not isinstance(rule, Rule) or not callable(detect):
        raise PluginError(f"detector {where}: needs RULE = Rule(...) and a function detect")
    if not NAME.fullmatch(rule.name):
        raise PluginError(f"detector {where}: rule name {rule.name!r} is not in kebab-case")
    if where.rpartition(".")[2] != rule.name.replace("-", "_"):
        raise PluginError(f"detector {where}: the file must be called {rule.name.replace('-', '_')}.py")
    title, text = _sections(where, _docstring(module))
    needs, thresholds = _signature(where, detect)
    return Detector(rule, detect, title, text, needs, thresholds)


def vet_module(module: ModuleType, kind: str, members: Iterable[str]) -> ModuleType:
    """Check that a reader or renderer module has all its members. Raises PluginError that names a missing one."""
    for name in members:
        if not hasattr(module, name):
            raise PluginError(f"{kind} {module.__name__}: has no {name}")
    return module


def vet_graph(rules: Iterable[Rule]) -> None:
    """Check that no rule leads to itself over others. Raises PluginError that names the circle."""
    edges = {rule.name: rule.leads_to for rule in rules}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise PluginError(f"leads_to forms a cycle: {' -> '.join((*path, name))}")
        for effect in edges.get(name, ()) if name not in done else ():
            visit(effect, (*path, name))
        done.add(name)

    for name in edges:
        visit(name, ())


def _docstring(module: ModuleType) -> str:
    """The docstring, from the source where `python -OO` has stripped it."""
    if module.__doc__ is None and sys.flags.optimize > 1:
        return ast.get_docstring(ast.parse(inspect.getsource(module))) or ""
    return inspect.getdoc(module) or ""


def _sections(where: str, doc: str) -> tuple[str, dict[str, str]]:
    title, _, body = doc.partition("\n")
    if not title or len(title) > 70:
        raise PluginError(f"detector {where}: the docstring's first line is its title, at most 70 characters")
    parts = re.split("(" + "|".join(map(re.escape, SECTIONS)) + ")", body)
    text = {heading: " ".join(said.split()) for heading, said in zip(parts[1::2], parts[2::2], strict=True)}
    if tuple(text) != SECTIONS:
        raise PluginError(f"detector {where}: the docstring needs the headings {', '.join(SECTIONS)} in order")
    return title.rstrip("."), text


def _signature(where: str, detect: Callable[..., Any]) -> tuple[tuple[CurveInput, ...], dict[str, float]]:
    needs, thresholds = [], {}
    for name, parameter in inspect.signature(detect).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            if not isinstance(parameter.default, int | float):
                raise PluginError(f"detector {where}: threshold {name} needs a number as its default")
            thresholds[name] = parameter.default
        else:
            needs.append(_need(where, name, str(parameter.annotation)))
    return tuple(needs), thresholds


def _need(where: str, name: str, annotation: str) -> CurveInput:
    if annotation == "Run":
        return CurveInput(name, "run")
    kind = {"Series": "one", "Series | None": "optional", "tuple[Series, ...]": "all"}.get(annotation)
    if kind is None:
        raise PluginError(
            f"detector {where}: {name} must be annotated Series, Series | None, tuple[Series, ...] or Run"
        )
    if name in ALIASES:
        return CurveInput(name, kind, *ALIASES[name])
    split, _, role = name.partition("_")
    if split not in PREFIX_SPLITS or role not in ROLES:
        split, role = "", name
    if role not in ROLES:
        near = difflib.get_close_matches(name, [*ROLES, *ALIASES], 3)
        raise PluginError(f"detector {where}: no curve is called {name}; {', '.join(near) or 'see the roles'}")
    return CurveInput(name, kind, role, split or None)
