"""Where settings come from, and that a wrong one is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.config import Config, load
from loglens.errors import ConfigError

FULL = """
fail-on = "warning"
select = ["nan-loss", "divergence"]
ignore = ["plateau"]
[roles]
"train/x" = "loss"
"dev*" = "loss@val"
[rules.exploding-gradient]
min-points = 7
ratio = 1.5
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load(tmp_path) == Config()
    assert Config().fail_on == "error"


def test_every_key_is_read(tmp_path: Path) -> None:
    file = write(tmp_path / "loglens.toml", FULL)
    assert load(tmp_path) == Config(
        "warning",
        ("nan-loss", "divergence"),
        ("plateau",),
        {"train/x": "loss", "dev*": "loss@val"},
        {"exploding-gradient": {"min_points": 7, "ratio": 1.5}},
        str(file),
    )


def test_the_nearest_file_counts_alone(tmp_path: Path) -> None:
    write(tmp_path / "loglens.toml", 'fail-on = "note"\nignore = ["plateau"]')
    write(tmp_path / "a" / "pyproject.toml", '[tool.loglens]\nfail-on = "never"')
    write(tmp_path / "a" / "b" / "pyproject.toml", "[tool.ruff]\nline-length = 110")
    found = load(tmp_path / "a" / "b")
    assert found.fail_on == "never" and found.ignore == ()
    assert found.file == f"{tmp_path / 'a' / 'pyproject.toml'} [tool.loglens]"


def test_loglens_toml_goes_before_pyproject_toml_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.loglens]\nfail-on = "never"')
    write(tmp_path / "loglens.toml", 'fail-on = "note"')
    assert load(tmp_path).fail_on == "note"


def test_a_given_file_goes_before_all(tmp_path: Path) -> None:
    write(tmp_path / "loglens.toml", 'fail-on = "note"')
    other = write(tmp_path / "other" / "pyproject.toml", '[tool.loglens]\nfail-on = "never"')
    assert load(tmp_path, other).fail_on == "never"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('fail_on = "note"', "unknown key 'fail_on'; did you mean fail-on?"),
        ('colour = "red"', "unknown key 'colour'; there are: fail-on, select, ignore, roles, rules"),
        ('fail-on = "erorr"', "fail-on is 'erorr'; it must be one of error, warning, note, never"),
        ('ignore = "plateau"', "ignore must be a list of rule names, not 'plateau'"),
        ("select = [1]", "select must be a list of rule names"),
        ('roles = "loss"', "[roles] must be a table"),
        ("[roles]\nx = 1", 'the role of \'x\' must be "role" or "role@split", not 1'),
        ("[rules]\nnan-loss = 3", "[rules.nan-loss] must be a table, not 3"),
        ('[rules.nan-loss]\nx = "3"', "x in [rules.nan-loss] must be a number, not '3'"),
        ("[rules.nan-loss]\nx = true", "must be a number, not True"),
        ("fail-on = ", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path / "loglens.toml", text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    message = str(caught.value)
    assert message.startswith(str(file)) and said in message and "\n" not in message


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path, tmp_path / "none.toml")
    (tmp_path / "loglens.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(tmp_path)


def test_an_unknown_key_in_pyproject_names_the_table(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.loglens]\nselct = []")
    with pytest.raises(ConfigError, match=r"\[tool\.loglens\]: unknown key 'selct'; did you mean select"):
        load(tmp_path)
