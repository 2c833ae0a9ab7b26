"""The whole program where teams plug it in: the pytest plugin, the pre-commit hooks, the Action's script, for real."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from loglens.errors import ConfigError
from loglens.pytest_plugin import assert_healthy
from tests.golden.example import HARMFUL

pytestmark = pytest.mark.slow  # it starts programs

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_logs"
SICK, WELL = SAMPLES / "exploding_gradient_rnn", SAMPLES / "healthy_lstm"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`loglens` is the one of this interpreter, and nothing of the caller's settings holds but the tests' own cache."""
    for name in [name for name in os.environ if name.startswith(("LOGLENS_", "GITHUB_", "INPUT_"))]:
        if name != "LOGLENS_CACHE_DIR":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "loglens"
    code = "from loglens.cli import main; main(prog_name='loglens')"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{code}" "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield


def do(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(args, capture_output=True, text=True, env={**os.environ, **environment})


# pytest


def test_a_healthy_log_passes_and_its_report_is_handed_back() -> None:
    assert assert_healthy(WELL).runs[0].verdict == "healthy"
    assert assert_healthy(SAMPLES / "overfitting_small_data").counts["warning"] == 1
    assert assert_healthy(SICK, fail_on="never").counts["error"] > 0


def test_a_sick_log_fails_and_the_message_can_be_read() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_healthy([SICK, WELL])
    lines = str(caught.value).splitlines()
    assert lines[0] == "1 run of 2 not healthy (fail_on='error')"
    assert "exploding gradient from step" in lines[1]
    assert re.match(r"  error exploding-gradient: train/grad_norm doubles every \d+ steps from step 25\d on", lines[2])
    assert lines[3].startswith("    first: Clip the gradient norm at ")
    assert lines[-1] == f"see: loglens diagnose {SICK}"


def test_levels_and_settings_of_the_assertion() -> None:
    with pytest.raises(AssertionError, match="warning overfitting"):
        assert_healthy(SAMPLES / "overfitting_small_data", fail_on="warning")
    Path("own.toml").write_text('[[assert]]\nmetric = "train/loss"\nlast = "< 0.01"\n')
    with pytest.raises(AssertionError, match=r"error assertion: train/loss ends at 0\.05"):
        assert_healthy(WELL, config="own.toml")
    with pytest.raises(ConfigError, match="fail_on is 'erorr'"):
        assert_healthy(WELL, fail_on="erorr")


def test_what_cannot_be_read_or_judged_is_not_healthy() -> None:
    with pytest.raises(AssertionError, match="missing could not be read: no such file or folder"):
        assert_healthy("missing")
    Path("short.csv").write_text("step,train/loss\n0,1\n1,0.9\n")
    with pytest.raises(AssertionError, match=r"short\.csv: not judged: "):
        assert_healthy("short.csv")


def test_a_note_counts_where_notes_count() -> None:
    with pytest.raises(AssertionError, match="note restart"):
        assert_healthy(SAMPLES / "restart_resume", fail_on="note")


def test_a_hostile_log_steers_nothing() -> None:
    Path("a\x1b[31m\n::error::.csv").write_text("step,train/loss\n" + "".join(f"{i},nan\n" for i in range(99)))
    with pytest.raises(AssertionError) as caught:
        assert_healthy(".")
    assert not set(HARMFUL) - {"\n"} & set(str(caught.value)) and "\n::error" not in str(caught.value)


TESTS = """
import pytest, shutil
from pathlib import Path
from loglens.pytest_plugin import assert_healthy

SAMPLES = Path({samples!r})

@pytest.mark.loglens("{{tmp_path}}/log")
def test_well(tmp_path):
    shutil.copytree(SAMPLES / "healthy_lstm", tmp_path / "log")

@pytest.mark.loglens("{{tmp_path}}/log")
def test_sick(tmp_path):
    shutil.copytree(SAMPLES / "exploding_gradient_rnn", tmp_path / "log")

@pytest.mark.loglens("{{nothing}}/log")
def test_no_such_fixture(tmp_path):
    pass

@pytest.mark.loglens("missing")
def test_own_failure_goes_first():
    assert 1 == 2

def test_by_function():
    assert_healthy(SAMPLES / "exploding_gradient_rnn")
"""


def test_the_plugin_in_a_real_session() -> None:
    Path("test_runs.py").write_text(TESTS.format(samples=str(SAMPLES)))
    # what an installation leaves behind; a checkout installed before the plugin was there has no entry point
    info = Path("site/probe-1.dist-info")
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: probe\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[pytest11]\nloglens = loglens.pytest_plugin\n")
    path = f"{info.parent.resolve()}{os.pathsep}{ROOT}"
    args = ("-p", "no:cacheprovider", "--strict-markers", "-rA", "-W", "error", "--rootdir=.")
    done = do(sys.executable, "-m", "pytest", *args, PYTHONPATH=path)
    assert done.returncode == 1 and "4 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "PASSED test_runs.py::test_well" in done.stdout
    assert "AssertionError: 1 run of 1 not healthy (fail_on='error')" in done.stdout
    assert "the test has no fixture 'nothing'" in done.stdout
    assert "assert 1 == 2" in done.stdout and "missing could not be read" not in done.stdout
    assert "pytest_plugin.py" not in done.stdout, "the plugin's own frames are hidden"


def test_the_entry_point_leads_to_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module = importlib.import_module(project["entry-points"]["pytest11"]["loglens"])
    assert module.assert_healthy is assert_healthy


def test_the_plugin_costs_a_session_nothing() -> None:
    code = "import sys, pytest; before = set(sys.modules); import loglens.pytest_plugin\n"
    code += "print(sorted(name for name in set(sys.modules) - before if 'numpy' in name or 'loglens.r' in name))"
    assert do(sys.executable, "-c", code).stdout.strip() == "[]"


# pre-commit


def hooks() -> dict[str, Any]:
    yaml: Any = pytest.importorskip("yaml")
    return {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}


def test_the_hook_runs_on_the_logs_among_the_files_of_a_commit() -> None:
    hook = hooks()["loglens"]
    files = [str(path) for path in SAMPLES.rglob("*") if path.is_file()]
    names = [*files, "README.md", "src/metrics.py", "runs/a/metrics.csv"]
    chosen = [name for name in names if re.search(hook["files"], name)]
    logs = [name for name in chosen if "healthy_lstm" in name or "healthy_keras_csv" in name]
    assert len(logs) == 2 and "runs/a/metrics.csv" in chosen and not {"README.md", "src/metrics.py"} & set(chosen)
    assert do(*shlex.split(hook["entry"]), *logs).returncode == 0
    sick = [name for name in chosen if "exploding_gradient_rnn" in name]
    assert do(*shlex.split(hook["entry"]), *logs, *sick).returncode == 1
    assert hook["language"] == "python" and hook["require_serial"]


def test_the_hook_for_the_configuration() -> None:
    hook = hooks()["loglens-config"]
    assert re.search(hook["files"], "loglens.toml") and not hook["pass_filenames"]
    assert do(*shlex.split(hook["entry"])).returncode == 0
    Path("loglens.toml").write_text("fail_on = 1")
    assert do(*shlex.split(hook["entry"])).returncode == 2


# The Action


def action(**inputs: str) -> subprocess.CompletedProcess[str]:
    """The step as the Action runs it: its script, with the inputs where action.yml puts them."""
    yaml: Any = pytest.importorskip("yaml")
    described = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    assert not set(inputs) - {name.replace("-", "_") for name in described["inputs"]}
    step = next(step for step in described["runs"]["steps"] if step.get("id") == "loglens")
    environment = {}
    for name, value in step["env"].items():
        (key,) = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value).groups()  # type: ignore[union-attr]
        environment[name] = inputs.get(key.replace("-", "_"), described["inputs"][key].get("default", ""))
    environment |= {"GITHUB_ACTION_PATH": str(ROOT), "GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "output.txt"}
    return do("bash", "-c", step["run"], **environment)


def outputs() -> dict[str, str]:
    return dict(line.split("=", 1) for line in Path("output.txt").read_text().splitlines())


def test_the_action_fails_annotates_and_fills_the_summary() -> None:
    done = action(path=f"{SICK}\n{WELL}\n")
    assert done.returncode == 1, done.stderr
    assert "::error" in done.stdout and "exploding gradient" in done.stdout
    assert "exploding" in Path("summary.md").read_text()
    assert outputs() == {"exit-code": "1", "output": "loglens-report", "sarif": "loglens-report/report.sarif"}
    assert json.loads(Path("loglens-report/report.sarif").read_text())["version"] == "2.1.0"


def test_the_action_passes_and_takes_its_inputs() -> None:
    done = action(path=str(WELL), formats="json junit", output="my reports")
    assert done.returncode == 0 and "HEALTHY" in done.stdout and "::error" not in done.stdout
    assert sorted(path.name for path in Path("my reports").iterdir()) == ["report.json", "report.txt", "report.xml"]
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(Path("my reports/report.json").read_text()), schema)
    assert outputs() == {"exit-code": "0", "output": "my reports", "sarif": ""}
    assert not Path("summary.md").exists()


def test_the_action_knows_level_settings_and_baseline() -> None:
    sick = str(SAMPLES / "overfitting_small_data")
    assert action(path=sick).returncode == 0
    assert action(path=sick, fail_on="warning").returncode == 1
    Path("own.toml").write_text('fail-on = "warning"')
    assert action(path=sick, config="own.toml").returncode == 1
    assert do("loglens", "diagnose", sick, "--write-baseline", "base.json").returncode == 0
    assert action(path=sick, fail_on="warning", baseline="base.json").returncode == 0


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"path": "missing"}, "no such file"),
        ({"path": ""}, "Missing argument"),
        ({"path": "--help"}, "no such file"),
        ({"path": "$(touch hacked)"}, "no such file"),
        ({"path": str(WELL), "formats": "jsn"}, "no format jsn"),
        ({"path": str(WELL), "output": "a\nexit-code=0"}, "output must be one folder"),
        ({"path": str(WELL), "fail_on": "erorr"}, "LOGLENS_FAIL_ON is 'erorr'"),
    ],
)
def test_the_action_with_wrong_inputs_is_2(inputs: dict[str, str], said: str) -> None:
    done = action(**inputs)
    assert done.returncode == 2 and said in done.stdout + done.stderr, done.stdout + done.stderr
    assert not Path("hacked").exists()


# The page on the gate


def test_the_gate_step_by_step_word_for_word() -> None:
    text = (ROOT / "docs" / "gate.md").read_text("utf-8").split("## Step by step")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```\n<!-- exit (\d) -->", text, re.DOTALL)
    assert len(blocks) == text.count("```sh") == 7
    Path("sample_logs").symlink_to(SAMPLES)
    for script, code in blocks:
        done = do("bash", "-c", script)
        assert done.returncode == int(code), f"{script}\n{done.stdout}\n{done.stderr}"
        assert not done.stderr or done.stderr.startswith("wrote ")
    assert {"0", "1"} == {code for _, code in blocks}


def test_the_settings_in_the_documentation_are_right() -> None:
    text = (ROOT / "docs" / "gate.md").read_text("utf-8")
    (table,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    Path("loglens.toml").write_text(table)
    done = do("loglens", "config")
    assert done.returncode == 0, done.stderr
