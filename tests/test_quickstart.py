"""The whole program from a fresh clone to a failing and then a passing gate: the quick start, word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # it starts programs

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```sh\n(.*?)```\n<!-- exit (\d) -->", re.DOTALL)


def blocks(page: str) -> list[tuple[str, int]]:
    """The commands of a page and the exit code that it promises; every shell block has one."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = [(script, int(code)) for script, code in BLOCK.findall(text)]
    assert len(found) == text.count("```sh")
    return found


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows of the working tree, and nothing that was built or installed."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs a git clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    folder = tmp_path_factory.mktemp("clone")
    for name in filter(None, os.fsdecode(listed).split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A virtual environment without loglens that sees the libraries of this one, and no network."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    paths = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (Path(site) / "libraries.pth").write_text("\n".join(paths))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LOGLENS", "PYTHON"))}
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return kept | offline | {"PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(venv)}


def test_the_quick_start_word_for_word(clone: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    codes = []
    before = {path.relative_to(clone) for path in clone.rglob("*") if path.is_file()}
    for script, code in blocks("quickstart.md"):
        done = subprocess.run(["bash", "-c", script], cwd=clone, env=environment, capture_output=True, text=True)
        assert done.returncode == code, f"{script}\n{done.stdout}\n{done.stderr}"
        codes.append(done.returncode)
        if script.startswith("loglens plot") or "\nloglens plot" in script:
            assert all((clone / name).stat().st_size > 10_000 for name in ("report.html", "evidence.svg"))
    assert codes[-3:] == [1, 0, 0], "it ends with a gate that fails and then passes, and with tidying up"
    after = {path.relative_to(clone) for path in clone.rglob("*") if path.is_file()}
    left = {path for path in after - before if path.parts[0] != "build" and ".egg-info" not in path.parts[0]}
    assert left == set() and before <= after, "what pip built is all that is left"
    where = "import loglens; print(loglens.__file__)"
    used = subprocess.run(["python", "-c", where], cwd="/", env=environment, capture_output=True, text=True)
    assert used.stdout.startswith(environment["VIRTUAL_ENV"]), "the clone was installed, not the tree of the tests"
