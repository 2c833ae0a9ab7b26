"""loglens reads what a training run left on disk and says what went wrong, from which step, and why.

report = loglens.diagnose("logdir")
report.primary, report.findings, print(report.render())
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from loglens.errors import LoglensError, UnreadableError
from loglens.model.version import __version__

if TYPE_CHECKING:
    from loglens.api import compare, diagnose, plot, read, roles, rules
    from loglens.model.report import Report
    from loglens.model.reported_finding import ReportedFinding as Finding
    from loglens.model.run import Run
    from loglens.model.series import Series

__all__ = [
    "Finding",
    "LoglensError",
    "Report",
    "Run",
    "Series",
    "UnreadableError",
    "__version__",
    "compare",
    "diagnose",
    "plot",
    "read",
    "roles",
    "rules",
]

#: Where each public name lives; it is loaded when first used, so that `import loglens` costs nothing.
_HOMES = dict.fromkeys(("compare", "diagnose", "plot", "read", "roles", "rules"), "loglens.api") | {
    "Finding": "loglens.model.reported_finding",
    "Report": "loglens.model.report",
    "Run": "loglens.model.run",
    "Series": "loglens.model.series",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), "ReportedFinding" if name == "Finding" else name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package, in which `compare` and `roles` stay the functions: Python binds a subpackage to its name."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
