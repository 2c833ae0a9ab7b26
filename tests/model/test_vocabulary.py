"""Words of users: roles, splits, and tags of preference training."""

from __future__ import annotations

import pytest

from loglens.errors import ConfigError
from loglens.model.vocabulary import HIGHER, LOWER, ROLES, parse_role


@pytest.mark.parametrize(
    ("text", "role"), [("loss", ("loss", None)), ("loss@val", ("loss", "val")), ("lr@none", ("lr", "none"))]
)
def test_a_role_with_and_without_a_split(text: str, role: tuple[str, str | None]) -> None:
    assert parse_role("a", text, "--role") == role


@pytest.mark.parametrize("text", ["los", "loss@valid", "@val", ""])
def test_a_word_that_does_not_exist(text: str) -> None:
    with pytest.raises(ConfigError, match="--role"):
        parse_role("a", text, "--role")


def test_no_role_is_better_in_both_directions() -> None:
    assert not LOWER & HIGHER and LOWER | HIGHER <= ROLES
