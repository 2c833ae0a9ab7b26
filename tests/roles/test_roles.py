"""The user's wishes, the loss of a run, and what must never happen."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import ConfigError
from loglens.model.vocabulary import ROLES
from loglens.roles import from_tags
from loglens.roles.from_tags import Role, roles_of_tags
from loglens.roles.table import TABLE
from loglens.roles.words import read_tags
from tests.roles.tables import FOLDER, rows

WORDS = [word for row in rows(FOLDER / "frameworks.csv") for word in row["tag"].replace("_", "/").split("/")]
TAGS = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("/".join))


def test_an_objective_alone_is_the_loss() -> None:
    for tag in ("ce_loss", "lm_loss", "xent", "nll", "rnnt_loss", "train/contrastive_loss"):
        assert roles_of_tags([tag])[tag] == Role("loss", "train"), tag
    roles = roles_of_tags(["train/ctc_loss", "val/ctc_loss", "loss"])
    assert roles["train/ctc_loss"].name == "loss_component"
    assert roles["val/ctc_loss"] == Role("loss", "val")
    roles = roles_of_tags(["box_loss", "cls_loss"])
    assert {role.name for role in roles.values()} == {"loss_component"}
    roles = roles_of_tags(["loss", "eval_wiki_loss", "eval_code_loss"])  # two data sets, one objective
    assert roles["eval_wiki_loss"] == roles["eval_code_loss"] == Role("loss", "val")


def test_a_cost_is_no_loss_beside_that_of_a_policy() -> None:
    assert roles_of_tags(["avg_cost", "lr"])["avg_cost"] == Role("loss", "train")
    assert roles_of_tags(["avg_cost", "actor_loss"])["avg_cost"] == Role("metric_lower", "train")


def test_an_error_is_the_loss_where_there_is_no_other() -> None:
    assert roles_of_tags(["mse", "mae"])["mse"] == Role("loss", "train")
    assert roles_of_tags(["loss", "mse"])["mse"] == Role("metric_lower", "train")


def test_the_user_goes_first() -> None:
    tags = ["loss", "my/energy", "val/q", "grad_norm/fc.0"]
    roles = roles_of_tags(
        tags, user={"my/*": "loss@train", "val/q": "metric_higher", "grad*": "ignore", "*": "other@none"}
    )
    assert roles["my/energy"] == Role("loss", "train")
    assert roles["loss"] == Role("other", None)
    assert roles["val/q"] == Role("metric_higher", "val")
    assert roles["grad_norm/fc.0"].name == "ignore"
    assert (
        roles_of_tags(tags, user={"my/energy": "loss"})["loss"].name == "loss_component"
    )  # the user's loss is the loss


def test_a_wrong_role_is_answered_with_near_ones() -> None:
    with pytest.raises(ConfigError, match="did you mean grad_norm_global"):
        roles_of_tags(["x"], user={"x": "grad_norm_globl"})
    with pytest.raises(ConfigError, match="'vall'; did you mean val"):
        roles_of_tags(["x"], user={"x": "loss@vall"})


def test_no_rule_is_left_out_that_matches() -> None:
    """A rule is compiled only where a text that it needs is there: a wrong text would hide the rule."""
    tags = [cell for path in FOLDER.glob("*.csv") for row in rows(path) for cell in row.values()]
    text = "\n".join({words for words, _ in read_tags(tags).values()})
    rules = {line.partition(" ")[2].strip() for line in TABLE.splitlines()} - {""}
    for rule in {part for several in rules for part in several.split(" & ")}:
        for found in from_tags._pattern(rule).finditer(text):
            line = text[text.rfind("\n", 0, found.start()) + 1 :].partition("\n")[0]
            assert any(literal in line for literal in from_tags._literals(rule)), (rule, line)


@given(st.lists(TAGS, max_size=8), st.lists(TAGS, max_size=3))
def test_any_tags_are_cast(tags: list[str], histograms: list[str]) -> None:
    roles = roles_of_tags(tags, histograms=histograms)
    assert roles.keys() == {*tags, *histograms}
    for role in roles.values():
        assert role.name is None or role.name in ROLES
        assert role.split in ("train", "val", "test", None)
    tensors = {roles[tag].name for tag in histograms}
    assert tensors <= {"grad_hist", "weight_hist", "activation", "update_norm", None}


@given(st.lists(TAGS, max_size=8, unique=True).flatmap(lambda tags: st.tuples(st.just(tags), st.permutations(tags))))
def test_order_does_not_matter(orders: tuple[list[str], list[str]]) -> None:
    assert roles_of_tags(orders[0]) == roles_of_tags(orders[1])


def test_ten_thousand_tags_are_fast() -> None:
    tags = [f"gradients/blocks.{i}.{part}/norm" for i in range(2500) for part in ("q", "k", "v", "out")]
    start = time.process_time()
    roles_of_tags(tags)
    assert time.process_time() - start < 2  # 0.2 s on an idle machine


def test_the_last_part_decides_the_role_of_a_tag_of_a_book() -> None:
    """Of quadratic time the suite would see no end."""
    assert roles_of_tags(["ep_steps_" * 100_000 + "train_loss"])["ep_steps_" * 100_000 + "train_loss"].name == "loss"


def test_a_timer_that_adds_up_is_no_step_time() -> None:
    table = roles_of_tags(["timers/total_time", "timers/iteration_time"])
    assert [table[tag].name for tag in table] == ["time", "step_time"]


def test_the_average_over_an_epoch_is_of_what_is_averaged() -> None:
    roles = roles_of_tags(["train/Loss", "train/Grad", "val/Nsdr", "epoch/train/Loss", "epoch/train/Grad"])
    assert roles["epoch/train/Grad"] == roles["train/Grad"] == Role("grad_norm_global", "train")


def test_short_names_mean_what_stands_beside_them() -> None:
    assert roles_of_tags(["HR", "NDCG", "loss"])["HR"] == Role("metric_higher", "val")
    assert roles_of_tags(["HR", "loss"])["HR"].name is None
    assert roles_of_tags(["ppl", "gN"])["gN"].name == "grad_norm_global"
    assert roles_of_tags(["R", "average_q", "average_loss", "n_updates"])["R"].name == "rl_reward"


@pytest.mark.parametrize(("train", "held_out"), [("t", "v"), ("tr", "va"), ("trn", "vld"), ("tr", "vl"), ("tr", "ev")])
@pytest.mark.parametrize("form", ["{}_loss", "{}loss", "loss_{}", "loss/{}", "{}.nll"])
def test_short_names_of_splits(train: str, held_out: str, form: str) -> None:
    if form == "{}loss" and len(train) > 1:
        form = "{}_loss"
    tags = form.format(train), form.format(held_out)
    roles = roles_of_tags(tags)
    assert [(roles[tag].name, roles[tag].split) for tag in tags] == [("loss", "train"), ("loss", "val")]


def test_a_short_name_alone_is_no_split() -> None:
    roles = roles_of_tags(["v_loss", "q_loss", "pi_loss"])
    assert roles["v_loss"].split == "train"


def test_how_often_a_discriminator_is_right_is_no_progress() -> None:
    roles = roles_of_tags(["d_loss", "g_loss", "d_acc", "D_Gz", "acc"])
    assert roles["d_acc"].name is None and roles["D_Gz"].name == "gan_score_fake"
    assert roles["acc"].name == "metric_higher" and roles_of_tags(["d_acc", "loss"])["d_acc"].name == "metric_higher"
