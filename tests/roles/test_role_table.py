"""The table of roles, the command that lists them, and the facts it states."""

from __future__ import annotations

import pytest

from loglens.model.role_table import ROLE_TABLE
from loglens.model.vocabulary import ROLES
from loglens.roles.from_tags import roles_of_tags
from tests.cli.test_cli import call


def test_every_role_is_explained() -> None:
    assert set(ROLE_TABLE) == ROLES and list(ROLE_TABLE) == sorted(ROLE_TABLE)
    assert all(info.meaning and all(info.examples) for info in ROLE_TABLE.values())


#: Tags that a name such as "kl" or "clip" is read beside: a trainer of policies, and fairseq.
BESIDE: tuple[list[str], ...] = (
    [],
    ["rollout/ep_rew_mean", "train/approx_kl", "train/value_loss", "reward", "reward_std", "completions/mean_length"],
    ["train_loss", "train_wps", "train_ups", "train_gnorm", "loss", "wps", "ups", "gnorm"],
)


@pytest.mark.parametrize("role", sorted(ROLES - {"activation", "loss_summary"}))
def test_an_example_tag_has_the_role(role: str) -> None:
    for tag in ROLE_TABLE[role].examples:
        histograms = [tag] if role.endswith("_hist") else []
        found = {roles_of_tags([tag, *beside], histograms=histograms)[tag].name for beside in BESIDE}
        assert role in found, tag


def test_the_command_lists_all_and_explains_one() -> None:
    text = call("roles").stdout
    assert [name for name in ROLES if name not in text] == []
    one = call("roles", "grad_norm_global").stdout
    assert "train/grad_norm" in one and "exploding-gradient" in one and "--role 'TAG=grad_norm_global'" in one
    assert "higher is better" in call("roles", "throughput").stdout


def test_a_misspelt_role_is_an_error_with_the_right_one() -> None:
    done = call("roles", "grad_norm_globl")
    assert done.exit_code == 2 and "grad_norm_global" in done.stderr


def test_the_help_of_the_flag_names_the_list() -> None:
    assert "loglens roles" in call("diagnose", "--help").stdout
