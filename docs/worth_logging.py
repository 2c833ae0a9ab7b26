"""The page on what to log: the handwritten part, and which rules look at which curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from loglens.model.contract import CurveInput, Detector
from loglens.model.role_table import ROLE_TABLE
from loglens.roles.from_tags import roles_of_tags

TEMPLATE = Path(__file__).with_name("logging.template.md")
#: Tags for curves of held-out data and of layers, of which the table of roles has no example.
TAGS = {
    ("loss", "val", False): "val/loss",
    ("metric_higher", None, False): "train/accuracy",
    ("metric_lower", None, False): "train/wer",
    ("metric_higher", "val", False): "val/accuracy",
    ("metric_lower", "val", False): "val/error",
    ("metric_higher", "test", False): "test/accuracy",
    ("metric_lower", "test", False): "test/error",
    ("loss", "test", False): "test/loss",
    ("weight_norm_global", None, True): "weight_norm/fc1.weight",
    ("update_norm", None, True): "update_norm/fc1.weight",
    ("grad_norm_layer", None, True): "grad_norm/fc1.weight",
    ("clip_frac_pct", None, False): "clip_fraction",
    ("activation", None, True): "zero_fraction/layers.3",
}

#: Curves that show that a run is reinforcement learning, where the names of others mean something else.
GAME = ("rollout/ep_rew_mean", "train/approx_kl", "losses/value_loss", "train/return")


def page(rules: Mapping[str, Detector]) -> str:
    """The page, with a row for every kind of curve that a rule looks at, the most useful first."""
    needed: dict[tuple[str, str | None, bool], list[str]] = defaultdict(list)
    used: dict[tuple[str, str | None, bool], list[str]] = defaultdict(list)
    for name, detector in rules.items():
        for need in detector.needs:
            if need.kind != "run":
                (needed if need.kind == "one" else used)[_key(need)].append(f"[{name}](rules/{name}.md)")
    keys = sorted({*needed, *used}, key=lambda key: (-len(needed[key]) - len(used[key]), str(key)))
    rows = [f"| {_title(key)} | {_tag(key)} | {', '.join(needed[key])} | {', '.join(used[key])} |" for key in keys]
    table = "\n".join(["| curve | for example | needs it | uses it |", "|---|---|---|---|", *rows])
    at_large = [name for name, one in rules.items() if any(need.kind == "run" for need in one.needs)]
    whole = [f"[{name}](rules/{name}.md)" for name in at_large]
    return TEMPLATE.read_text("utf-8").replace("{table}", table).replace("{whole}", ", ".join(whole))


def _key(need: CurveInput) -> tuple[str, str | None, bool]:
    return need.role, need.split if need.split in ("val", "test") else None, need.layered


def _title(key: tuple[str, str | None, bool]) -> str:
    role, split, layered = key
    if role == "loss":
        return {"val": "validation loss", "test": "test loss"}.get(split or "", "training loss")
    meaning = ROLE_TABLE[role].meaning
    if layered:
        return meaning.partition(",")[0].removesuffix(" of one layer") + " by layer"
    return meaning + {"val": ", on validation data", "test": ", on test data"}.get(split or "", "")


def _tag(key: tuple[str, str | None, bool]) -> str:
    """A tag that loglens takes for this curve; "" where none of those at hand is."""
    role, split, layered = key
    examples = ROLE_TABLE[role].examples
    of_split = [f"{name}/{tag.rpartition('/')[2]}" for name in (split, "eval") if split for tag in examples]
    for tag in [TAGS[key]] if key in TAGS else [*examples, *of_split]:
        found = roles_of_tags([tag, *(GAME if role.startswith("rl_") else ())])[tag]
        if (found.name, found.split if split else None, bool(found.layer)) == (role, split, layered):
            return f"`{tag}`"
    return ""
