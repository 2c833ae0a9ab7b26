"""What a command loads: a small log is judged in the time that Python takes to start."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from loglens.cli import COMMANDS, main

LOGS = Path(__file__).parents[2] / "sample_logs" / "healthy_lstm"


def loaded(*args: str) -> set[str]:
    """The modules in memory after a command."""
    code = f"import sys\nsys.argv = {['loglens', *args]!r}\nfrom loglens.cli import main\ntry:\n    main()\nfinally:\n"
    code += "    print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_a_diagnosis_of_event_files_loads_nothing_it_does_not_use(tmp_path: Path) -> None:
    (log,) = LOGS.glob("*tfevents*")
    shutil.copy(log, tmp_path)
    modules = loaded("diagnose", str(tmp_path))
    assert "loglens.readers.tensorboard.reader" in modules
    heavy = {"pandas", "scipy", "tensorboard", "google.protobuf", "pyarrow", "rich.progress", "sqlite3", "asyncio"}
    heavy |= {"importlib.metadata", "argparse", "logging", "loglens.readers.text.reader"}
    assert not heavy & modules
    assert not {"loglens.readers.csv.reader", "loglens.renderers.sarif", "loglens.renderers.brief"} & modules
    assert not {name for name in modules if name.startswith(("loglens.watch", "loglens.agents"))}, "other commands"


@pytest.mark.parametrize("asked", ["--version", "--help"])
def test_what_needs_no_command_loads_no_numpy(asked: str) -> None:
    assert not {"numpy", "rich", "loglens.cli.options"} & loaded(asked)


def test_each_command_is_listed_and_completed() -> None:
    context = click.Context(main)
    assert list(COMMANDS) == main.list_commands(context)
    assert [(item.value, item.help) for item in main.shell_complete(context, "ro")] == [("roles", COMMANDS["roles"])]
    assert all(f"{name:8}  {said}" in main.get_help(context) for name, said in COMMANDS.items())


def test_the_readers_are_a_sequence() -> None:
    from loglens.readers import READERS
    from loglens.registry import load as registry

    readers = registry.readers()
    assert len(readers) == len(READERS) == len(list(readers))
    assert [reader.FORMAT for reader in readers[:2]] == [readers[0].FORMAT, readers[1].FORMAT]
    assert readers[-1] is readers[len(readers) - 1]


def test_one_renderer_is_found_as_all_are() -> None:
    from loglens.registry import load as registry

    assert all(registry.renderer(name) is found for name, found in registry.renderers().items())
