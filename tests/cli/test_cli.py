"""The command line: what goes where, and which exit code comes of it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from loglens.cli import Commands, main
from loglens.pipeline.interrupts import Terminated
from loglens.registry import load as registry
from tests.curves import falling, growing
from tests.golden.example import HARMFUL

#: A folder name with escapes, which a file system allows.
HOSTILE = "evil\x1b[31m\u202e\n::error::x"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test in a folder of its own, with an environment that says nothing about colour."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"):
        monkeypatch.delenv(name, raising=False)
    yield


def log(path: str, **curves: np.ndarray) -> str:
    """A CSV log with one row a step."""
    tags = [tag.replace("__", "/") for tag in curves]
    rows = [",".join([str(i), *map(str, row)]) for i, row in enumerate(zip(*curves.values(), strict=True))]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("\n".join([",".join(["step", *tags]), *rows, ""]))
    return path


def good(path: str = "good.csv", points: int = 300) -> str:
    return log(path, train__loss=falling(points))


def bad(path: str = "bad.csv") -> str:
    """A loss that turns NaN at step 200."""
    loss = falling(300)
    loss[200:] = np.nan
    return log(path, train__loss=loss)


def exploding(path: str = "exploding.csv") -> str:
    loss = falling(400)
    loss[300:] *= np.exp(0.05 * np.arange(100))
    return log(path, train__loss=loss, grad_norm=growing(400, 300, 0.1))


def call(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def run(*args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "loglens", *args], capture_output=True, env={**os.environ, **environment}
    )


def report(*args: str) -> Any:
    return json.loads(call("diagnose", *args, "--format", "json").stdout)


# Exit codes


def test_a_healthy_run_is_0() -> None:
    done = call("diagnose", good())
    assert done.exit_code == 0 and done.stdout.startswith("✓ HEALTHY") and done.stderr == ""


def test_a_failed_run_is_1_and_the_first_line_says_why() -> None:
    done = call("diagnose", bad())
    assert done.exit_code == 1
    assert done.stdout.startswith("✗ FAILED  NaN loss from step 200   bad.csv\n")


def test_the_gate_moves_with_fail_on() -> None:
    assert call("diagnose", bad(), "--fail-on", "never").exit_code == 0
    assert call("diagnose", bad(), "--fail-on", "error").exit_code == 1
    notes = log("level.csv", train__loss=falling(300), grad_norm=np.full(300, 1.5) + falling(300) / 10)
    found = {finding["severity"] for run in report(notes)["runs"] for finding in run["findings"]}
    assert found == {"note"}
    assert call("diagnose", notes).exit_code == 0
    assert call("diagnose", notes, "--fail-on", "note").exit_code == 1


def test_a_run_too_short_to_judge_is_3() -> None:
    done = call("diagnose", good("short.csv", 3))
    assert done.exit_code == 3 and done.stdout.startswith("? NOT JUDGED")


def test_nothing_readable_is_2_with_a_line_for_each_path() -> None:
    Path("photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    Path("pointer").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    Path("empty").mkdir()
    done = call("diagnose", "photo.png", "pointer", "empty", "missing")
    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    for name, what in {"photo.png": "image", "pointer": "git lfs pull", "empty": "empty", "missing": "no such"}.items():
        assert any(line.startswith(f"loglens: {name}: ") and what in line for line in lines)
        assert f"{name}: " in done.stdout, "and in the report as well"


def test_what_can_be_read_is_judged_and_the_rest_is_a_warning() -> None:
    done = call("diagnose", good(), "missing")
    assert done.exit_code == 0
    assert done.stderr.startswith("loglens: missing: ") and "missing: " in done.stdout
    assert call("diagnose", good(), "missing", "-q").stderr == ""
    assert call("diagnose", "missing", "-q").stderr.startswith("loglens: missing: "), "an error is never quiet"


def test_a_rule_that_crashes_is_4_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(monkeypatch, 'raise ValueError("broken")')
    done = call("diagnose", good())
    assert done.exit_code == 4
    assert "rule always-there crashed: ValueError: broken" in done.stdout
    assert call("diagnose", bad()).exit_code == 1, "a failed gate goes before a crash"


def test_loglens_itself_failing_is_4_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglens.discovery.walk.SKIPPED", None)  # a fault of our own: no container
    Path("logs/inner").mkdir(parents=True)
    done = call("diagnose", "logs")
    assert done.exit_code == 4
    assert done.stderr.startswith("loglens itself failed: TypeError: ") and done.stderr.count("\n") == 1
    assert "--traceback shows where" in done.stderr
    shown = call("diagnose", "logs", "--traceback")
    assert "Traceback (most recent call last)" in shown.stderr and "find.py" in shown.stderr


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(monkeypatch, "raise KeyboardInterrupt")
    done = call("diagnose", good())
    assert done.exit_code == 130 and done.stderr == "interrupted\n"


PLUGIN = '''"""Always there.

Why it matters. It does.

How it is found. By looking.

When it is wrong. Never.
"""
from loglens.model.finding import Rule, Severity
from loglens.model.run import Run

RULE = Rule("always-there", "log", Severity.NOTE)

def detect(run: "Run"):
    {body}
    yield
'''


def plugin(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A detector of somebody else, installed in the folder of this test."""
    info = Path("plugin/always_there-1.dist-info")
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: always-there\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[loglens.detectors]\nalways_there = always_there\n")
    Path("plugin/always_there.py").write_text(PLUGIN.format(body=body))
    monkeypatch.syspath_prepend(str(Path("plugin").resolve()))
    monkeypatch.delitem(sys.modules, "always_there", raising=False)
    registry.detectors.cache_clear()


@pytest.fixture(autouse=True)
def own_rules() -> Iterator[None]:
    yield
    registry.detectors.cache_clear()


# Usage and configuration: one line, exit 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--select", "nan-los"], "--select: no rule 'nan-los'; did you mean nan-loss"),
        (["--ignore", "exploding"], "--ignore: no rule 'exploding'; did you mean exploding-gradient?"),
        (["--format", "jsn"], "no format 'jsn'; did you mean json"),
        (["--fail-on", "always"], "'always' is not one of 'error', 'warning', 'note', 'never'"),
        (["--role", "loss"], "--role 'loss': write TAG=ROLE"),
        (["--role", "x=los"], "there is no 'los'; did you mean loss"),
        (["--role", "x=loss@vall"], "there is no 'vall'; did you mean val?"),
        (["--config", "no.toml"], "no.toml: No such file or directory"),
        (["--config", "x.toml", "--isolated"], "cannot be combined"),
        (["-o", "none/report.json"], "-o none/report.json: no such folder: none"),
        (["-o", "."], "-o .: "),
        (["-o", "report.doc"], "-o report.doc: no format has this suffix (.txt, .json, "),
        (["-o", "report.json", "--format", "text"], "the suffixes of -o ask for json"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_right(args: list[str], said: str) -> None:
    done = call("diagnose", good(), *args)
    assert done.exit_code == 2 and said in done.stderr and done.stdout == ""
    assert done.stderr.startswith("loglens: ") and done.stderr.count("\n") == 1, "one line, in one style"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["diagnos", "x"], "no command 'diagnos'; did you mean: loglens diagnose"),
        (["good.csv"], "did you mean: loglens diagnose good.csv"),
        (["diagnose"], "Missing argument 'PATH...'"),
        (["rules", "explodin-gradient"], "did you mean exploding-gradient"),
    ],
)
def test_a_misspelt_command(args: list[str], said: str) -> None:
    good()
    done = call(*args)
    assert done.exit_code == 2 and said in done.stderr


def test_the_configuration_is_read_and_flags_go_before_it() -> None:
    Path("loglens.toml").write_text('fail-on = "never"\nignore = ["divergence"]\n[roles]\n"zzq*" = "loss"\n')
    path = log("odd.csv", zzqx=np.where(np.arange(300) < 200, falling(300), np.nan))
    assert call("diagnose", path).exit_code == 0
    assert call("diagnose", path, "--fail-on", "error").exit_code == 1
    run = report(path)["runs"][0]
    assert run["primary"] == "nan-loss"
    assert {"condition": "divergence", "outcome": "skipped", "why": "left out by the configuration"} in run["outcomes"]
    assert report(path, "--role", "zzqx=metric_higher")["runs"][0]["primary"] != "nan-loss"
    assert call("diagnose", path, "--isolated").exit_code == 3, "no curve is the loss"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rules.nan-los]\nx = 1", "[rules]: no rule 'nan-los'; did you mean nan-loss"),
        ("[rules.exploding-gradient]\nratoi = 1", "rule exploding-gradient has no threshold 'ratoi'; did you mean"),
        ('ignore = ["nan-los"]', "ignore: no rule 'nan-los'"),
        ('[roles]\nx = "los"', "[roles]: 'x' = 'los': there is no 'los'"),
        ("colour = 1", "unknown key 'colour'"),
    ],
)
def test_a_wrong_configuration_is_2_and_names_the_file(text: str, said: str) -> None:
    Path("loglens.toml").write_text(text)
    done = call("diagnose", good())
    assert done.exit_code == 2 and said in done.stderr and "loglens.toml" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_threshold_of_the_configuration_reaches_its_rule() -> None:
    assert report(exploding())["runs"][0]["primary"] == "exploding-gradient"
    Path("loglens.toml").write_text("[rules.exploding-gradient]\nmin-points = 100000\n")
    outcomes = {o["condition"]: o["outcome"] for o in report("exploding.csv")["runs"][0]["outcomes"]}
    assert outcomes["exploding-gradient"] == "skipped"


def test_select_applies_only_these_rules() -> None:
    outcomes = report(bad(), "--select", "divergence")["runs"][0]["outcomes"]
    assert [o["condition"] for o in outcomes if o["outcome"] != "skipped"] == ["divergence"]
    assert call("diagnose", "bad.csv", "--select", "divergence").exit_code == 0
    assert call("diagnose", "bad.csv", "--ignore", "nan-loss").exit_code == 0


# Where the report goes


def test_json_is_the_contracts() -> None:
    document = report(bad(), good(), "missing")
    assert list(document) == ["schema_version", "tool", "runs", "unread", "counts", "gate"]
    assert document["counts"]["runs"] == 2 and document["gate"] == {"fail_on": "error", "failed": True}
    assert [run["verdict"] for run in document["runs"]] == ["failed", "healthy"]
    finding = document["runs"][0]["findings"][0]
    assert finding["condition"] == "nan-loss" and finding["onset_step"] == 200 and finding["remedies"]
    assert document["unread"][0]["path"] == "missing"


def test_several_files_in_the_formats_of_their_suffixes() -> None:
    done = call("diagnose", bad(), "-o", "a.json", "-o", "b.txt", "-o", "B.JSON")
    assert done.exit_code == 1 and done.stdout == ""
    assert done.stderr == "wrote a.json\nwrote b.txt\nwrote B.JSON\n"
    assert json.loads(Path("a.json").read_text())["counts"]["error"] == 1
    assert Path("B.JSON").read_text() == Path("a.json").read_text()
    assert Path("b.txt").read_text().startswith("✗ FAILED")
    assert call("diagnose", bad(), "-q", "-o", "a.json").stderr == ""


def test_a_dash_is_standard_output_beside_files() -> None:
    done = call("diagnose", bad(), "-o", "-", "-o", "a.json")
    assert done.stdout.startswith("✗ FAILED") and Path("a.json").exists()


def test_an_unknown_suffix_takes_the_format_that_was_given() -> None:
    assert call("diagnose", bad(), "-o", "report.out", "--format", "json").exit_code == 1
    json.loads(Path("report.out").read_text())


def test_an_existing_report_is_replaced_whole_and_nothing_is_left_beside_it() -> None:
    Path("a.json").write_text("x" * 100_000)
    call("diagnose", good(), "-o", "a.json")
    json.loads(Path("a.json").read_text())
    assert sorted(path.name for path in Path().iterdir()) == ["a.json", "good.csv"]


def test_a_full_disk_is_2_and_one_line() -> None:
    Path("full.json").symlink_to("/dev/full")
    done = call("diagnose", good(), "-o", "full.json")
    assert done.exit_code == 2
    assert done.stderr == "loglens: -o full.json: cannot be written: No space left on device\n"


def test_a_file_that_cannot_be_made_is_2_and_leaves_nothing() -> None:
    name = "x" * 300 + ".json"
    done = call("diagnose", good(), "-o", name)
    assert done.exit_code == 2 and "cannot be written: File name too long" in done.stderr
    assert [path.name for path in Path().iterdir()] == ["good.csv"]


def test_a_full_standard_output_is_2_and_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "loglens", "diagnose", good()], stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 2
    assert done.stderr == b"loglens: standard output: cannot be written: No space left on device\n"


def test_a_reader_who_stops_early_is_no_fault() -> None:
    many = [good(f"runs/{i}/log.csv") for i in range(5)]
    process = subprocess.Popen(
        [sys.executable, "-m", "loglens", "diagnose", *many, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


# What the output looks like where


def test_no_ansi_where_nobody_looks_and_colour_on_request() -> None:
    assert b"\x1b" not in run("diagnose", bad()).stdout
    assert b"\x1b[" in run("diagnose", bad(), FORCE_COLOR="1").stdout
    assert b"\x1b" not in run("diagnose", bad(), FORCE_COLOR="1", NO_COLOR="1").stdout


def test_ascii_where_the_encoding_can_do_no_more() -> None:
    done = run("diagnose", bad(), PYTHONIOENCODING="ascii")
    assert done.stdout.isascii() and done.stdout.startswith(b"x FAILED") and b"^ step 200" in done.stdout
    latin = run("diagnose", bad(), PYTHONIOENCODING="latin-1")
    assert latin.stdout.startswith(b"x FAILED") and latin.stderr == b""


def test_the_width_of_the_terminal_is_used() -> None:
    assert max(map(len, run("inspect", exploding(), COLUMNS="60").stdout.decode().splitlines())) <= 60


def test_hostile_file_names_steer_nothing() -> None:
    path = bad(f"{HOSTILE}/log.csv")
    done = run("diagnose", path, f"{HOSTILE}/missing")
    for text in (done.stdout.decode(), done.stderr.decode(), run("inspect", HOSTILE, path).stdout.decode()):
        assert not set(HARMFUL) & set(text) and "::error" not in text
        assert r"\x1b[31m" in text
    assert done.returncode == 1


def test_a_file_name_that_is_no_utf8() -> None:
    Path(good()).rename(os.fsdecode(b"caf\xe9.csv"))
    done = run("diagnose", ".", "--format", "json", "-o", "-", "-o", "a.txt")
    assert done.returncode == 0 and json.loads(done.stdout)["runs"][0]["files"] == [r"caf\xe9.csv"]
    assert r"caf\xe9.csv" in Path("a.txt").read_text()


def on_a_terminal(*args: str) -> tuple[str, int]:
    """What a run shows on a terminal of 80 columns, standard error included."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    process = subprocess.Popen([sys.executable, *args], stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    return shown.decode(), process.wait()


#: A command that is done before a bar would be shown, however slow the machine is.
FAST = "import loglens.cli.progress as progress; progress.PATIENCE = 60; from loglens.cli import main; main()"


def test_on_a_terminal_there_is_colour_and_no_line_twice() -> None:
    text, code = on_a_terminal("-c", FAST, "diagnose", bad(), "missing")
    assert code == 1 and text.startswith("\x1b[1;38;5;160m✗ FAILED")
    assert text.count("no such file or folder") == 1
    assert "reading" not in text, "what is fast shows no progress"


SLOW = """
import time, loglens.cli.progress as progress
progress.PATIENCE = 0.05
with progress.progress_bar(3) as watch:
    for _ in watch(time.sleep(0.2) for _ in range(3)):
        pass
"""


def test_progress_is_shown_on_a_terminal_only_and_wiped_in_the_end() -> None:
    text, code = on_a_terminal("-c", SLOW)
    assert code == 0 and "reading" in text and "/3" in text
    assert re.search(r"\d/s", text) and "left" in text and re.search(r"\d:\d\d:\d\d", text), "rate and time left"
    assert text.rstrip().endswith("\x1b[2K"), "the line is erased"
    piped = subprocess.run([sys.executable, "-c", SLOW], capture_output=True)
    assert piped.returncode == 0 and piped.stderr == b"" == piped.stdout


def test_an_interrupt_from_outside_is_130() -> None:
    code = (
        "import loglens.discovery.find as d, time\nd.Walk = lambda *_: (print('there', flush=True), time.sleep(60))\n"
    )
    code += "from loglens.cli import main\nmain()"
    words = [sys.executable, "-c", code, "diagnose", "."]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"there\n"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130 and stderr == b"interrupted\n"


# inspect and rules


def test_inspect_lists_every_curve_with_its_role() -> None:
    path = log("run/metrics.csv", train__loss=falling(50), zzqx=np.arange(50.0))
    done = call("inspect", path)
    assert done.exit_code == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["loss@train", "train/loss", "50", "0", "to", "49"] in rows
    assert rows.index(["-", "zzqx", "50", "0", "to", "49"]) > rows.index(
        ["loss@train", "train/loss", "50", "0", "to", "49"]
    )


def test_inspect_as_json_is_the_contracts() -> None:
    document = json.loads(call("inspect", bad(), "missing", "--format", "json").stdout)
    assert list(document) == ["schema_version", "runs", "unread"]
    assert list(document["runs"][0]) == ["run", "path", "format", "files", "params", "series", "notes"]
    assert (
        document["runs"][0]["series"]
        == [
            {
                "tag": "train/loss",
                "role": "loss",
                "split": "train",
                "layer": None,
                "axis": "step",
                "points": 300,
                "nonfinite": 100,
                "first_step": 0,
                "last_step": 299,
            }
        ]
        and document["unread"][0]["path"] == "missing"
    )
    assert document["schema_version"] == "1.0"


def test_inspect_takes_roles_of_flags_and_configuration() -> None:
    path = log("odd.csv", zzqx=falling(50), qqzy=falling(50))
    Path("loglens.toml").write_text('[roles]\n"zz*" = "loss@val"\n')
    series = json.loads(call("inspect", path, "--role", "qqzy=lr", "--format", "json").stdout)["runs"][0]["series"]
    assert {s["tag"]: (s["role"], s["split"]) for s in series} == {"zzqx": ("loss", "val"), "qqzy": ("lr", None)}


def test_inspect_sums_up_layers() -> None:
    tags = {f"grad_norm__layer{i}.weight": falling(50) for i in range(12)}
    text = call("inspect", log("layers.csv", train__loss=falling(50), **tags)).stdout
    assert "12 layers" in text and "layer7" not in text
    assert "layer7" in call("inspect", "layers.csv", "-v").stdout


def test_inspect_of_nothing_readable_is_2() -> None:
    done = call("inspect", "missing")
    assert done.exit_code == 2 and done.stderr.startswith("loglens: missing: no such file")


def test_rules_lists_every_rule_with_its_title() -> None:
    done = call("rules")
    assert done.exit_code == 0
    for name, detector in registry.detectors().items():
        assert name in done.stdout and detector.title.split()[0] in done.stdout


@pytest.mark.parametrize("name", sorted(registry.detectors()))
def test_one_rule_is_explained(name: str) -> None:
    done = call("rules", name)
    assert done.exit_code == 0 and done.stdout.startswith(name)
    for heading in (
        "Why it matters",
        "How it is found",
        "When it is wrong",
        "Curves it looks at",
        "How often it is right",
    ):
        assert f"\n{heading}" in done.stdout
    assert ("\nThresholds" in done.stdout) == bool(registry.detectors()[name].thresholds)
    for threshold in registry.detectors()[name].thresholds:
        assert threshold in done.stdout


# What it costs


def test_the_version_is_printed_without_loading_anything_heavy() -> None:
    code = "import sys\nsys.argv = ['loglens', '--version']\nfrom loglens.cli import main\ntry:\n    main()\nfinally:\n"
    code += "    print(sorted({'pandas', 'scipy', 'rich', 'tensorboard', 'google'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "loglens 0.1.0\n[]\n"


def test_a_diagnosis_of_a_csv_loads_no_pandas() -> None:
    code = (
        f"import sys\nsys.argv = ['loglens', 'diagnose', {good()!r}]\nfrom loglens.cli import main\ntry:\n    main()\n"
    )
    code += "finally:\n    print(sorted({'pandas'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_help_names_every_command_and_the_exit_codes() -> None:
    text = call("--help").stdout
    assert all(name in text for name in ("diagnose", "inspect", "rules", "Exit codes"))
    for name in ("diagnose", "inspect", "rules"):
        assert call(name, "--help").exit_code == 0


@pytest.mark.parametrize(("stop", "code"), [(Terminated, 143), (KeyboardInterrupt, 130)])
def test_a_stop_while_arguments_are_read_has_the_exit_code_of_its_signal(
    stop: type[KeyboardInterrupt], code: int
) -> None:
    """click makes one and the same Abort of both."""

    def stopping(*_: object) -> None:
        raise stop

    commands = Commands("loglens", params=[click.Option(["--read"], callback=stopping)])
    with pytest.raises(SystemExit) as ended:
        commands.main(["--read", "x", "rules"])
    assert ended.value.code == code
