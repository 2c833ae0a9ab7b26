"""Settings of trainers: written in their language, with names that their documentation has, and numbers of the run."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from loglens.remedies.phrases import ACTIONS
from loglens.remedies.settings import SETTINGS, setting
from loglens.renderers.shared.wording import FRAMEWORKS

NUMBERS: dict[str, Any] = {
    "max_norm": 0.9,
    "lr": "0.0005",
    "steps": 100,
    "value": 0.01,
    "p": 0.25,
    "factor": 2.0,
    "step": 412,
}
#: Names in the code that stand for something of the user's own.
OWN = {"project", "out_dir", "env", "eval_env", "model", "best"}

DOCUMENTED = Path(__file__).parents[1] / "data" / "remedies" / "documented.csv"
SHELL = re.compile(r"^(fairseq-train|pretrain_gpt\.py|train\.py|tools/train\.py|python ppo\.py|mlagents-learn) ")
PAIRS = [(trainer, action) for trainer, row in SETTINGS.items() for action in row]


def documented() -> dict[str, set[str]]:
    """The names that each trainer's documentation has; the table says where."""
    names: dict[str, set[str]] = {}
    with DOCUMENTED.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert row["source"]
            names.setdefault(row["trainer"], set()).update(row["names"].split())
    return names


def used(trainer: str, code: str) -> Iterator[str]:
    """The names of settings in code of a trainer: flags, keys, keyword arguments and what is assigned to."""
    if SHELL.match(code):
        yield from re.findall(r"(?<=\s)--?[a-z][a-z\d-]*", code)
    elif trainer == "deepspeed":
        yield from keys(json.loads(code))
    elif trainer == "mlagents":
        yield from keys(yaml.safe_load(code))
    else:
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call):
                yield from (word.arg for word in node.keywords if word.arg)
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    targets = target.elts if isinstance(target, ast.Tuple) else [target]
                    yield from (ast.unparse(one) for one in targets)


def keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from keys(inner)


@pytest.mark.parametrize(("trainer", "action"), PAIRS, ids=lambda name: name)
def test_a_setting_is_one_that_the_trainer_documents(trainer: str, action: str) -> None:
    code = setting(trainer, action, **NUMBERS)
    names = set(used(trainer, code)) - {"args", "config", "algo", "policy_kwargs"}
    assert names - documented()[trainer] <= OWN, names - documented()[trainer]
    lines = code.split("\n")
    assert len(lines) <= 4 and max(map(len, lines)) <= 72


def test_every_setting_is_for_an_action_and_every_trainer_has_a_name() -> None:
    assert {action for _, action in PAIRS} <= set(ACTIONS)
    assert set(SETTINGS) <= set(FRAMEWORKS)
    assert all(len(name) <= 11 for name in FRAMEWORKS.values()), "they stand in a margin"


@pytest.mark.parametrize(
    ("trainer", "action", "said"),
    [
        ("mmengine", "clip_grad_norm", "optimizer_config = dict(grad_clip=dict(max_norm=0.9))"),
        ("mmengine", "set_clip", "optim_wrapper = dict(clip_grad=dict(max_norm=0.9))"),
        ("sb3", "clip_grad_norm", "max_grad_norm=0.9"),
        ("megatron", "clip_grad_norm", "--clip-grad 0.9"),
        ("ultralytics", "disable_fp16", "amp=False"),
        ("deepspeed", "clip_grad_norm", '{"gradient_clipping": 0.9}'),
        ("trl", "more_generations", "num_generations=round(2 * n)"),
        ("cleanrl", "scale_lr", "--learning-rate 0.0005"),
    ],
)
def test_the_numbers_of_the_run_stand_in_the_setting(trainer: str, action: str, said: str) -> None:
    assert said in setting(trainer, action, **NUMBERS)


def test_a_trainer_without_a_setting_has_none() -> None:
    assert setting("cleanrl", "change_init", to="he") == "" and setting("", "scale_lr", lr="1") == ""


@pytest.mark.parametrize(
    ("library", "name", "call"),
    [
        ("stable_baselines3", "PPO", "sb3"),
        ("trl", "GRPOConfig", "trl"),
    ],
)
def test_the_library_takes_the_arguments(library: str, name: str, call: str) -> None:
    module = pytest.importorskip(library, exc_type=ImportError)
    taken = getattr(module, name).__init__.__code__.co_varnames
    for action in SETTINGS[call]:
        for node in ast.walk(ast.parse(setting(call, action, **NUMBERS))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                assert {word.arg for word in node.keywords} <= set(taken)
