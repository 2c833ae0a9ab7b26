"""`loglens config`, `loglens init` and the schema for editors say the same as the code that reads settings."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from loglens.cli import main
from loglens.cli.commands.init import TEMPLATE
from loglens.config.assertions import KEYS as ASSERT_KEYS
from loglens.config.flags import with_flags
from loglens.config.load import KEYS, load, parse
from loglens.config.schema import schema
from loglens.errors import ConfigError
from loglens.model.finding import Severity
from loglens.registry.load import detectors
from tests.golden.example import HARMFUL, HOSTILE

FILE = Path(__file__).parents[2] / "docs" / "config.schema.json"
FULL = """
fail-on = "warning"
select = ["nan-loss", "plateau"]
ignore = ["divergence", {rule = "plateau", reason = "a \\"short\\" run"}]
[roles]
"dev*" = "loss@val"
[rules.exploding-gradient]
ratio = 1.5
[[assert]]
metric = "val/accuracy"
last = ">= 92%"
mean-last-5 = "> 1e-3"
if-missing = "skip"
[[assert]]
must-reach-step = 1000
max-step-time = 0.5
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in ("LOGLENS_CONFIG", "LOGLENS_FAIL_ON"):
        monkeypatch.delenv(name, raising=False)
    yield


def call(*args: str) -> Result:
    return CliRunner().invoke(main, args)


# loglens config


def test_what_it_prints_is_what_holds() -> None:
    Path("loglens.toml").write_text(FULL)
    for extra in ((), ("-v",)):
        done = call("config", *extra)
        assert done.exit_code == 0
        shown, held = parse(tomllib.loads(done.stdout), "x"), load(Path())
        assert (shown.fail_on, shown.select, shown.ignore) == (held.fail_on, held.select, held.ignore)
        assert (shown.roles, shown.assertions) == (held.roles, held.assertions)
        assert shown.thresholds["exploding-gradient"]["ratio"] == 1.5 and bool(extra) == (
            "nan-loss" in shown.thresholds
        )


def test_it_says_where_each_setting_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("own.toml").write_text('ignore = ["plateau"]\n[rules.exploding-gradient]\nratio = 2\n')
    monkeypatch.setenv("LOGLENS_CONFIG", "own.toml")
    monkeypatch.setenv("LOGLENS_FAIL_ON", "note")
    lines = call("config", "--role", "x=loss").stdout.splitlines()
    assert lines[:4] == [
        "# own.toml",
        'fail-on = "note"  # LOGLENS_FAIL_ON',
        "select = []  # default",
        'ignore = ["plateau"]  # own.toml',
    ]
    assert '"x" = "loss"  # --role' in lines and "ratio = 2  # own.toml, default 1.0" in lines
    isolated = call("config", "--isolated").stdout
    assert 'fail-on = "error"  # default' in isolated and "no configuration file" in isolated


def test_the_environment_reaches_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("log.csv").write_text(
        "step,train/loss\n" + "".join(f"{i},{'nan' if i > 50 else 1 / (i + 1)}\n" for i in range(99))
    )
    assert call("diagnose", "log.csv").exit_code == 1
    monkeypatch.setenv("LOGLENS_FAIL_ON", "never")
    assert call("diagnose", "log.csv").exit_code == 0
    assert call("diagnose", "log.csv", "--fail-on", "error").exit_code == 1, "a flag goes before it"
    monkeypatch.setenv("LOGLENS_FAIL_ON", "nevr")
    done = call("diagnose", "log.csv")
    assert done.exit_code == 2 and "environment: LOGLENS_FAIL_ON is 'nevr'; it must be one of" in done.stderr
    monkeypatch.setenv("LOGLENS_CONFIG", "none.toml")
    assert "none.toml: No such file" in call("inspect", "log.csv").stderr


def test_a_wrong_setting_is_2() -> None:
    Path("loglens.toml").write_text('ignore = ["platau"]')
    done = call("config")
    assert done.exit_code == 2 and "no rule 'platau'; did you mean plateau" in done.stderr


def test_hostile_text_in_a_configuration_steers_nothing() -> None:
    text = json.dumps(HOSTILE).replace("\x7f", "\\u007f")
    Path("loglens.toml").write_text(f"[roles]\n{text} = 'loss'\n[[assert]]\nmetric = {text}\nlast = '> 1'\n")
    shown = call("config").stdout
    assert not set(HARMFUL) - {"\n"} & set(shown)
    assert tomllib.loads(shown)["assert"][0]["metric"] == HOSTILE


# loglens init


def test_init_writes_a_configuration_once() -> None:
    done = call("init")
    assert done.exit_code == 0 and done.stderr == "wrote loglens.toml\n"
    assert load(Path()).fail_on is Severity.ERROR
    again = call("init")
    assert again.exit_code == 2 and "already exists and was left unchanged" in again.stderr
    Path("link.toml").symlink_to("nowhere")
    assert call("init", "link.toml").exit_code == 2 and not Path("nowhere").exists()
    done = call("init", "none/loglens.toml")
    assert done.exit_code == 2 and "no such folder: none" in done.stderr


def test_every_commented_line_of_it_is_right() -> None:
    lines = [
        line.removeprefix("# ") if " = " in line or line[2:3] in ("[", "]", " ") else line
        for line in TEMPLATE.splitlines()
    ]
    lines = [f"# {line}" if line.startswith(("The ", "loglens:")) else line for line in lines]
    table = tomllib.loads("\n".join(lines).replace('select = ["nan-loss"', 'select = ["overfitting", "nan-loss"'))
    assert set(table) == set(KEYS)
    with_flags(parse(table, "x"), detectors())
    jsonschema.validate(table, schema(detectors()))
    assert {key for entry in table["assert"] for key in entry} == set(ASSERT_KEYS)


# The schema


def test_the_schema_in_the_documentation_is_fresh() -> None:
    fresh = call("config", "--schema").stdout
    assert json.loads(fresh) == schema(detectors())
    assert FILE.read_text("utf-8") == fresh, "loglens config --schema > docs/config.schema.json"


def test_the_schema_knows_every_key_and_takes_what_the_code_takes() -> None:
    jsonschema.Draft202012Validator.check_schema(schema(detectors()))
    assert set(schema(detectors())["properties"]) == set(KEYS)
    jsonschema.validate(tomllib.loads(FULL), schema(detectors()))


@pytest.mark.parametrize(
    "text",
    [
        "colour = 1",
        'fail-on = "erorr"',
        'ignore = ["nan-los"]',
        'ignore = [{rule = "plateau", why = ""}]',
        '[roles]\nx = "los"',
        '[roles]\nx = "loss@vall"',
        "[rules.nan-los]\nx = 1",
        "[rules.exploding-gradient]\nratoi = 1",
        '[[assert]]\nmetric = "x"\nlast = 3',
        '[[assert]]\nlast = "> 3"',
        '[[assert]]\nmetric = "x"\nmean-last-0 = "> 3"',
        '[[assert]]\nmax-step-time = "1"',
        '[[assert]]\nkept = "> 90%"',
        '[[assert]]\nclean = "nan-los"',
        "[[assert]]\nclean = 3",
    ],
)
def test_schema_and_code_refuse_the_same(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), schema(detectors()))
    Path("loglens.toml").write_text(text)
    if "roles" in text:
        assert call("config").exit_code == 2
    else:
        with pytest.raises(ConfigError):
            with_flags(load(Path()), detectors())
