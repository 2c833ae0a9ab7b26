"""Where settings come from, and that a wrong one is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.config.assertions import Assertion, Claim
from loglens.config.load import Config, load
from loglens.errors import ConfigError
from loglens.model.finding import Severity

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
    assert Config().fail_on is Severity.ERROR


def test_every_key_is_read(tmp_path: Path) -> None:
    file = write(tmp_path / "loglens.toml", FULL)
    assert load(tmp_path) == Config(
        Severity.WARNING,
        ("nan-loss", "divergence"),
        {"plateau": ""},
        {"train/x": "loss", "dev*": "loss@val"},
        {"exploding-gradient": {"min_points": 7, "ratio": 1.5}},
        file=str(file),
    )


def test_the_nearest_file_counts_alone(tmp_path: Path) -> None:
    write(tmp_path / "loglens.toml", 'fail-on = "note"\nignore = ["plateau"]')
    write(tmp_path / "a" / "pyproject.toml", '[tool.loglens]\nfail-on = "never"')
    write(tmp_path / "a" / "b" / "pyproject.toml", "[tool.ruff]\nline-length = 110")
    found = load(tmp_path / "a" / "b")
    assert found.fail_on is None and not found.ignore
    assert found.file == f"{tmp_path / 'a' / 'pyproject.toml'} [tool.loglens]"


def test_loglens_toml_goes_before_pyproject_toml_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.loglens]\nfail-on = "never"')
    write(tmp_path / "loglens.toml", 'fail-on = "note"')
    assert load(tmp_path).fail_on is Severity.NOTE


def test_a_given_file_goes_before_all(tmp_path: Path) -> None:
    write(tmp_path / "loglens.toml", 'fail-on = "note"')
    other = write(tmp_path / "other" / "pyproject.toml", '[tool.loglens]\nfail-on = "never"')
    assert load(tmp_path, other).fail_on is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('fail_on = "note"', "unknown key 'fail_on'; did you mean fail-on?"),
        ('colour = "red"', "unknown key 'colour'; there are: fail-on, select, ignore, roles, rules, assert"),
        ('fail-on = "erorr"', "fail-on is 'erorr'; it must be one of error, warning, note, never"),
        ('ignore = "plateau"', "ignore must be a list of rule names or of tables with rule and reason, not 'plateau'"),
        ("select = [1]", "select must be a list of rule names"),
        ('roles = "loss"', "[roles] must be a table"),
        ("[roles]\nx = 1", 'the role of \'x\' must be "role" or "role@split", not 1'),
        ("[rules]\nnan-loss = 3", "[rules.nan-loss] must be a table, not 3"),
        ('[rules.nan-loss]\nx = "3"', "x in [rules.nan-loss] must be a number, not '3'"),
        ("[rules.nan-loss]\nx = true", "must be a number, not True"),
        ("fail-on = ", "not valid TOML"),
        ("ignore = [{rule = 'plateau', why = 'x'}]", "ignore: unknown key 'why'; there are: rule, reason"),
        ("ignore = [{reason = 'x'}]", 'ignore: write {rule = "plateau", reason = "why"}, not'),
        ("[assert]\nmetric = 'x'", "assert must be a list of tables; write [[assert]]"),
        ("[[assert]]\nmetrc = 'x'", "assertion 1: unknown key 'metrc'; did you mean metric?"),
        ("[[assert]]\nmust_reach_step = 3", "unknown key 'must_reach_step'; did you mean must-reach-step"),
        ("[[assert]]\nmean-last = '> 1'", "unknown key 'mean-last'; did you mean mean-last-10"),
        ("[[assert]]\nmean-last-0 = '> 1'", "unknown key 'mean-last-0'; did you mean mean-last-10"),
        ("[[assert]]\nmetric = 3\nlast = '> 1'", "metric must be a tag, a glob of tags or a role, not 3"),
        ("[[assert]]\nmetric = 'x'", "assertion 1: asserts nothing; add a line such as last"),
        ("[[assert]]\nlast = '> 1'", 'last of which curve? add metric = "val/accuracy"'),
        ("[[assert]]\nmetric = 'x'\nlast = 0.9", 'last must be a bound such as ">= 0.92" or "< 0.3", not 0.9'),
        ("[[assert]]\nmetric = 'x'\nlast = '= 0.9'", 'last must be a bound such as ">= 0.92"'),
        ("[[assert]]\nmax-step-time = '1s'", "max-step-time must be a number of seconds, not '1s'"),
        ("[[assert]]\nmust-reach-step = true", "must-reach-step must be a number of steps, not True"),
        (
            "[[assert]]\nmetric = 'x'\nlast = '> 1'\nif-missing = 'no'",
            "if-missing is 'no'; it must be one of fail, skip",
        ),
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


def test_an_ignored_rule_may_have_a_reason(tmp_path: Path) -> None:
    write(tmp_path / "loglens.toml", 'ignore = ["plateau", {rule = "overfitting", reason = "early stopping"}]')
    assert load(tmp_path).ignore == {"plateau": "", "overfitting": "early stopping"}


def test_assertions_are_read(tmp_path: Path) -> None:
    text = """
    [[tool.loglens.assert]]
    metric = "val/accuracy"
    last = ">= 92%"
    mean-last-5 = "> -1.5e-3"
    [[tool.loglens.assert]]
    must-reach-step = 1000
    max-step-time = 0.5
    [[tool.loglens.assert]]
    metric = "bleu*"
    best = "<3"
    if-missing = "skip"
    """
    write(tmp_path / "pyproject.toml", text)
    assert load(tmp_path).assertions == (
        Assertion("val/accuracy", (Claim("last", ">=", 0.92), Claim("mean-last-5", ">", -1.5e-3))),
        Assertion("", (Claim("must-reach-step", ">=", 1000), Claim("max-step-time", "<=", 0.5))),
        Assertion("bleu*", (Claim("best", "<", 3.0),), optional=True),
    )


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    write(tmp_path / "loglens.toml", 'fail-on = "note"')
    other = write(tmp_path / "other.toml", 'ignore = ["plateau"]')
    found = load(tmp_path, None, {"LOGLENS_CONFIG": str(other), "LOGLENS_FAIL_ON": "never"})
    assert (found.fail_on, found.file) == (None, str(other))
    assert found.origins == {"ignore": str(other), "fail-on": "LOGLENS_FAIL_ON"}
    assert load(tmp_path, tmp_path / "loglens.toml", {"LOGLENS_CONFIG": str(other)}).fail_on is Severity.NOTE
    assert load(tmp_path, None, {"LOGLENS_CONFIG": "", "LOGLENS_FAIL_ON": ""}).fail_on is Severity.NOTE
    with pytest.raises(ConfigError, match="environment: LOGLENS_FAIL_ON is 'erorr'; it must be one of error"):
        load(tmp_path, None, {"LOGLENS_FAIL_ON": "erorr"})
