"""Layers in the names of norms and histograms."""

from __future__ import annotations

import pytest

from loglens.roles.from_tags import Role, roles_of_tags
from tests.roles.tables import table


@pytest.mark.parametrize(("tag", "role", "layer"), table("layers.csv"))
def test_layers(tag: str, role: str | None, layer: str | None) -> None:
    assert roles_of_tags([tag])[tag] == Role(role, "train" if role else None, layer)


@pytest.mark.parametrize(("tag", "role", "layer"), table("joined_layers.csv"))
def test_layers_whose_name_is_joined_on(tag: str, role: str, layer: str | None) -> None:
    got = roles_of_tags([tag, "train/loss"])[tag]
    assert (got.name, got.layer) == (role, layer)


@pytest.mark.parametrize(("tag", "role", "layer"), table("histograms.csv"))
def test_histograms(tag: str, role: str | None, layer: str | None) -> None:
    found = roles_of_tags(["train/loss"], histograms=[tag])[tag]
    assert (found.name, found.layer) == (role, layer)


def test_neighbours_tell_layers_from_parts_of_the_program() -> None:
    roles = roles_of_tags(["fc.0/grad_norm", "mystery/grad_norm", "grad_norm"])
    assert roles["mystery/grad_norm"] == Role("grad_norm_layer", "train", "mystery")
    assert roles_of_tags(["mystery/grad_norm"])["mystery/grad_norm"] == Role("grad_norm_global", "train")


def test_short_names_of_norms_before_a_layer() -> None:
    table = roles_of_tags(["optim/gn/fc.3", "optim/gn/out", "optim/wn/fc.3", "optim/wn/out", "gn1/weight"])
    assert [(table[tag].name, table[tag].layer) for tag in table] == [
        ("grad_norm_layer", "fc.3"),
        ("grad_norm_layer", "out"),
        ("weight_norm_global", "fc.3"),
        ("weight_norm_global", "out"),
        (None, None),  # a layer that normalises groups
    ]
