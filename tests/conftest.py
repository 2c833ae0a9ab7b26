"""Settings for every test: no deadline, since machines that run tests are slow at times; no cache of the user's."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of the tests' own, also for the commands that they start."""
    before = os.environ.get("LOGLENS_CACHE_DIR")
    os.environ["LOGLENS_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["LOGLENS_CACHE_DIR"]
    else:
        os.environ["LOGLENS_CACHE_DIR"] = before
