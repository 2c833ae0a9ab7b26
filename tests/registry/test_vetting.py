"""A module that breaks the contract is refused when it is loaded, with what to fix."""

from __future__ import annotations

from types import ModuleType

import pytest

from loglens.errors import PluginError
from loglens.model.finding import Rule, Severity
from loglens.registry.vetting import vet_detector, vet_graph, vet_module

GOOD = '''"""The loss is blue.

Why it matters. Because. How it is found. By looking. When it is wrong. At night.
"""
from __future__ import annotations
from loglens.model.finding import Rule, Severity
RULE = Rule("blue-loss", "loss", Severity.WARNING)
def detect(loss: Series, val_loss: Series | None, grad_norm_layer: tuple[Series, ...], run: Run, *, blue: float = 0.5):
    return iter(())
'''


def module(source: str, name: str = "plugin.blue_loss") -> ModuleType:
    made = ModuleType(name)
    exec(compile(source, name, "exec", dont_inherit=True), made.__dict__)  # noqa: S102
    return made


def test_a_good_detector() -> None:
    detector = vet_detector(module(GOOD))
    assert detector.title == "The loss is blue"
    assert [(need.name, need.kind, need.role, need.split, need.layered) for need in detector.needs] == [
        ("loss", "one", "loss", None, False),
        ("val_loss", "optional", "loss", "val", False),
        ("grad_norm_layer", "all", "grad_norm_layer", None, True),
        ("run", "run", "", None, False),
    ]
    assert detector.thresholds == {"blue": 0.5}
    assert detector.text["When it is wrong."] == "At night."


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("loss: Series,", "los: Series,", "no curve is called los; loss"),
        ("val_loss: Series | None", "val_loss: Curve", "must be annotated"),
        ("blue: float = 0.5", "blue: float", "needs a number"),
        ("When it is wrong.", "Wrong when.", "needs the headings"),
        ("The loss is blue.", "B" * 80, "at most 70"),
        ('"blue-loss"', '"blueLoss"', "kebab-case"),
        ('"blue-loss"', '"red-loss"', "must be called red_loss.py"),
        ("RULE =", "RULES =", "needs RULE"),
    ],
)
def test_the_error_of_a_bad_detector_says_what_to_correct(old: str, new: str, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        vet_detector(module(GOOD.replace(old, new)))


def test_a_reader_without_a_member() -> None:
    with pytest.raises(PluginError, match="has no sniff"):
        vet_module(module("FORMAT = 'x'"), "reader", ("FORMAT", "sniff"))


def test_circles_are_refused() -> None:
    rules = [Rule("a", "x", Severity.NOTE, ("b",)), Rule("b", "x", Severity.NOTE, ("a",))]
    with pytest.raises(PluginError, match="a -> b -> a"):
        vet_graph(rules)
