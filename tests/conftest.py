"""Settings for every test: profiles of hypothesis, a cache of the tests' own, Ctrl-C that arrives."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import loglens
from loglens.model.report import Diagnosis

TESTS = Path(__file__).parent
SAMPLES = TESTS.parent / "sample_logs"

# No deadline, since machines that run tests are slow at times. HYPOTHESIS_PROFILE=nightly searches for longer.
settings.register_profile("ci", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", settings.get_profile("ci"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

#: A test of each takes longest. They come first, so that at the end no worker is left alone with one.
LONGEST = ("test_style.py", "test_new_rule.py", "test_quickstart.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: a fifth of the time one waits for the program that its test started."""
    return (os.cpu_count() or 1) + 1


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where the whole suite is asked for, do not import files that hold no test of the wanted kind."""
    if collection_path.suffix != ".py" or config.args_source != pytest.Config.ArgsSource.TESTPATHS:
        return None
    in_slow_folder = "slow" in collection_path.relative_to(TESTS).parts
    if config.option.markexpr == "not slow":
        return in_slow_folder or None
    if config.option.markexpr == "slow" and not in_slow_folder:
        return not any(word in collection_path.read_text("utf-8") for word in ("mark.slow", "browser")) or None
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if "slow" in item.path.relative_to(TESTS).parts or "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True, scope="session")
def interrupts() -> Iterator[None]:
    """Ctrl-C reaches the commands under test, also where a shell ignores it for this process (`nohup`, `&`)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def samples(cache: None) -> dict[str, Diagnosis]:
    """What loglens says about each folder of sample logs."""
    report = loglens.diagnose(SAMPLES)
    assert not report.unread
    return {name_of(run.path): run for run in report.runs}


def name_of(path: str) -> str:
    """The folder of sample_logs in which a run lies."""
    return Path(path).resolve().relative_to(SAMPLES).parts[0]


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(autouse=True, scope="session")
def cache(common: Path) -> Iterator[None]:
    """A cache of the tests' own, also for the commands that they start: what one worker judged, the others know."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGLENS_CACHE_DIR", str(common / "cache"))
        yield


@pytest.fixture(autouse=True, scope="session")
def bytecode(common: Path) -> Iterator[None]:
    """Where Python leaves nothing beside its sources, the commands under test need not compile them each time."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("PYTHONDONTWRITEBYTECODE"):
            patch.delenv("PYTHONDONTWRITEBYTECODE")
            patch.setenv("PYTHONPYCACHEPREFIX", str(common / "bytecode"))
        yield
