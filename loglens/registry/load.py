"""Load readers, detectors and renderers: the built-in ones, then those of installed plugins by entry point."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import cast, overload

from loglens import detectors as our_detectors
from loglens import readers as our_readers
from loglens import renderers as our_renderers
from loglens.errors import PluginError
from loglens.model.contract import Detector, Reader, Renderer
from loglens.registry.entry_points import declared, plugin_points
from loglens.registry.vetting import vet_detector, vet_graph, vet_module


@cache
def detectors() -> Mapping[str, Detector]:
    """Every detector by rule name, built-in ones first. Raises PluginError for one that breaks the contract."""
    found: dict[str, Detector] = {}
    for module in _modules("loglens.detectors", our_detectors.__name__, our_detectors.DETECTORS):
        detector = vet_detector(module)
        if detector.rule.name in found:
            raise PluginError(f"detector {module.__name__}: rule {detector.rule.name} already exists")
        found[detector.rule.name] = detector
    vet_graph(detector.rule for detector in found.values())
    return found


@cache
def readers() -> Sequence[Reader]:
    """Every reader, in the order in which they are asked whether they can read a file.

    Built-in ones are loaded when they are first asked: a folder of event files never waits for the readers of
    other formats. Plugins are loaded and checked at once.
    """
    return _Readers(our_readers.READERS, plugged_readers())


@cache
def plugged_readers() -> tuple[Reader, ...]:
    """The readers of installed plugins, without loading a built-in one."""
    return tuple(_vetted(module) for module in _plugins("loglens.readers"))


class _Readers(Sequence[Reader]):
    def __init__(self, ours: tuple[str, ...], plugins: tuple[Reader, ...]) -> None:
        self._ours, self._plugins = ours, plugins
        self._loaded: dict[int, Reader] = {}

    def __len__(self) -> int:
        return len(self._ours) + len(self._plugins)

    @overload
    def __getitem__(self, index: int) -> Reader: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Reader]: ...
    def __getitem__(self, index: int | slice) -> Reader | Sequence[Reader]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if 0 <= index < len(self._ours):
            if index not in self._loaded:
                self._loaded[index] = _vetted(import_module(f"{our_readers.__name__}.{self._ours[index]}"))
            return self._loaded[index]
        return self._plugins[index - len(self._ours)] if index >= 0 else self[index + len(self)]


def _vetted(module: ModuleType) -> Reader:
    return cast(Reader, vet_module(module, "reader", ("FORMAT", "sniff", "home", "read")))


@cache
def renderers() -> Mapping[str, Renderer]:
    """Every renderer by format name."""
    modules = _modules("loglens.renderers", our_renderers.__name__, our_renderers.RENDERERS)
    return {found.FORMAT: found for found in map(_rendering, modules)}


def suffixes() -> dict[str, str]:
    """The format of each file ending."""
    return {suffix: name for name, module in renderers().items() for suffix in module.SUFFIXES}


@cache
def renderer(name: str) -> Renderer:
    """The renderer of a format, as in `renderers`, with as few modules loaded as possible."""
    for found in map(_rendering, reversed(_plugins("loglens.renderers"))):
        if name == found.FORMAT:
            return found
    ours = (import_module(f"{our_renderers.__name__}.{module}") for module in our_renderers.RENDERERS)
    return next(found for found in map(_rendering, ours) if name == found.FORMAT)


def _rendering(module: ModuleType) -> Renderer:
    return cast(Renderer, vet_module(module, "renderer", ("FORMAT", "SUFFIXES", "render")))


def _modules(group: str, package: str, ours: tuple[str, ...]) -> list[ModuleType]:
    return [import_module(f"{package}.{name}") for name in ours] + _plugins(group)


#: Environment variable that turns the plugins of third parties off, as --no-plugins does.
NO_PLUGINS = "LOGLENS_NO_PLUGINS"


def forget() -> None:
    """Load everything again when it is asked for next: whether plugins are wanted has changed."""
    for loaded in (detectors, readers, plugged_readers, renderers, renderer, declared):
        loaded.cache_clear()


def _plugins(group: str) -> list[ModuleType]:
    modules: list[ModuleType] = []
    if os.environ.get(NO_PLUGINS, "0") not in ("", "0"):
        return modules
    for point in plugin_points(group):
        try:
            modules.append(point.load())
        except Exception as error:
            raise PluginError(f"plugin {point.value} ({group}): cannot be loaded: {error}") from error
    return modules
