"""The keys of the cache, made of everything that a diagnosis depends on."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

import numpy as np

from loglens.config.load import Config
from loglens.discovery.units import Unit
from loglens.pipeline.trim import point_budget
from loglens.registry import load as registry

if TYPE_CHECKING:
    from loglens.pipeline.cache import Cache


def code_and_settings(config: Config) -> str:
    """Hash of what a diagnosis depends on besides the files: code, libraries, plugins, settings."""
    package = Path(__file__).parents[1]
    modules = {cast(ModuleType, reader).__name__ for reader in registry.plugged_readers()}
    modules |= {detector.detect.__module__ for detector in registry.detectors().values()}
    files = [*package.rglob("*.py"), *(Path(sys.modules[name].__file__ or "") for name in modules)]
    code = sorted((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in set(files))
    settings = [
        list(config.roles.items()),  # the first glob that fits counts
        sorted((name, sorted(numbers.items())) for name, numbers in config.thresholds.items()),
        sorted(config.ignore.items()),
        config.assertions,
        config.columns,
        config.follow,
        sorted(config.limits.items()),
    ]
    return repr([sys.version, np.__version__, code, settings])


def keys_of(units: Sequence[Unit], cache: Cache) -> list[bytes | None]:
    """The key of each unit in the cache; None where its diagnosis cannot be cached."""
    logs = frozenset(os.fspath(file) for unit in units for _, source in unit for file in source.files)
    points = point_budget(len(units))
    keys: list[bytes | None] = []
    for unit in units:
        said = [points, *((reader.FORMAT, str(source.path), source.name) for reader, source in unit)]
        files = [os.fspath(file) for _, source in unit for file in source.files]
        far = any(source.mirror for _, source in unit)  # fetched again each time, under another name
        keys.append(None if far else cache.run_key(repr(said), [source.path for _, source in unit], files, logs))
    return keys
