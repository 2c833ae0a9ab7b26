"""CRC-32C: the C function of the package crc32c, loaded without what that package loads besides.

Its `__init__` loads importlib.metadata, argparse and email: longer than it takes to read a small log.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import cast

Checksum = Callable[[bytes | memoryview], int]


def _load() -> Checksum:
    package = PathFinder.find_spec("crc32c")
    spec = PathFinder.find_spec("crc32c._crc32c", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:  # installed in another way, such as in an archive
        from crc32c import crc32c as whole

        return whole
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Checksum, module.crc32c)


crc32c = _load()
