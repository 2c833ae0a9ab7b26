"""Generate the JSON Schema of the configuration, for editors, from the rules, their thresholds and the roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loglens.config import assertions
from loglens.config.assertions import IF_MISSING
from loglens.config.load import FAIL_ON
from loglens.model.contract import Detector
from loglens.model.limits import LIMITS
from loglens.model.vocabulary import ROLES, SPLITS

BOUND = r"^\s*(>=|<=|>|<)\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*%?\s*$"


def schema(rules: Mapping[str, Detector]) -> dict[str, Any]:
    """The schema of loglens.toml, which is that of [tool.loglens] in pyproject.toml as well."""
    names = [*rules, assertions.RULE.name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:loglens:config:1.0",
        "title": "loglens configuration",
        "description": "loglens.toml, or the table [tool.loglens] of pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "fail-on": {
                "description": "From which severity on the command exits with 1.",
                "enum": list(FAIL_ON),
                "default": "error",
            },
            "select": {
                "description": "Apply only these rules.",
                "type": "array",
                "items": {"$ref": "#/$defs/rule"},
            },
            "ignore": {
                "description": "Skip these rules; a reason is shown in the report.",
                "type": "array",
                "items": {"oneOf": [{"$ref": "#/$defs/rule"}, {"$ref": "#/$defs/ignored"}]},
            },
            "roles": {
                "description": "The roles of curves: a glob of tags, and a role such as loss or loss@val.",
                "type": "object",
                "additionalProperties": {
                    "type": "string",
                    "pattern": f"^({'|'.join(sorted(ROLES))})(@({'|'.join(SPLITS)}))?$",
                },
            },
            "rules": {
                "description": "Thresholds by rule.",
                "type": "object",
                "additionalProperties": False,
                "properties": {name: _thresholds(detector) for name, detector in rules.items()},
            },
            "limits": {
                "description": "Limits on what is read and kept.",
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    name: {"description": limit.bounds, "type": "integer", "minimum": 1, "default": limit.default}
                    for name, limit in LIMITS.items()
                },
            },
            "assert": {
                "description": "Assertions on metrics and on the run; a violated one is an error.",
                "type": "array",
                "items": {"$ref": "#/$defs/assertion"},
            },
        },
        "$defs": {
            "rule": {"enum": names},
            "ignored": {
                "type": "object",
                "required": ["rule"],
                "additionalProperties": False,
                "properties": {"rule": {"$ref": "#/$defs/rule"}, "reason": {"type": "string"}},
            },
            "bound": {"description": 'A bound such as ">= 0.92".', "type": "string", "pattern": BOUND},
            "assertion": _assertion(),
        },
    }


def _thresholds(detector: Detector) -> dict[str, Any]:
    return {
        "description": detector.title,
        "type": "object",
        "additionalProperties": False,
        "properties": {
            written: {"type": "number", "default": value}
            for name, value in detector.thresholds.items()
            for written in dict.fromkeys((name.replace("_", "-"), name))
        },
    }


def _assertion() -> dict[str, Any]:
    bound = {"$ref": "#/$defs/bound"}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "metric": {
                "description": "A tag, a glob of tags, or a role such as loss@val.",
                "type": "string",
                "minLength": 1,
            },
            "last": {"description": "Bound on the last logged point.", **bound},
            "best": {"description": "Bound on the best point: highest for > and >=, lowest for < and <=.", **bound},
            "max": {"description": "Bound on the largest value.", **bound},
            "min": {"description": "Bound on the lowest value.", **bound},
            "finite": {"description": "Bound on the share of points that are neither NaN nor infinite.", **bound},
            "kept": {"description": "Bound on the share of its gain that the curve has at its end.", **bound},
            "end-over-start": {"description": "Bound on the end as a multiple of the start.", **bound},
            "clean": {
                "description": "Rules that must have had their data and found nothing.",
                "oneOf": [{"$ref": "#/$defs/rule"}, {"type": "array", "items": {"$ref": "#/$defs/rule"}}],
            },
            "max-step-time": {
                "description": "The median of the seconds a step is at most this.",
                "type": "number",
                "minimum": 0,
            },
            "must-reach-step": {"description": "The last step is at least this.", "type": "number", "minimum": 0},
            "if-missing": {
                "description": "How to treat a run that did not log the metric.",
                "enum": list(IF_MISSING),
                "default": "fail",
            },
        },
        "patternProperties": {
            r"^mean-last-[1-9]\d{0,8}$": {"description": "Bound on the mean of the last points.", **bound}
        },
        "dependentRequired": {key: ["metric"] for key in assertions.ON_CURVE if key != "mean-last-10"},
    }
