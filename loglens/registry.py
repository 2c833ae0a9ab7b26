"""Where readers, detectors and renderers come from: ours, then installed plugins by entry point."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType
from typing import cast

from loglens import detectors as our_detectors
from loglens import readers as our_readers
from loglens import renderers as our_renderers
from loglens.contract import Detector, Reader, Renderer, vet_detector, vet_graph, vet_module
from loglens.errors import PluginError


@cache
def detectors() -> Mapping[str, Detector]:
    """Every detector by rule name, ours first. Raises PluginError for one that breaks the contract."""
    found: dict[str, Detector] = {}
    for module in _modules("loglens.detectors", our_detectors.__name__, our_detectors.DETECTORS):
        detector = vet_detector(module)
        if detector.rule.name in found:
            raise PluginError(f"detector {module.__name__}: there is a rule {detector.rule.name} already")
        found[detector.rule.name] = detector
    vet_graph(detector.rule for detector in found.values())
    return found


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader, in the order in which they are asked whether a file is theirs."""
    modules = _modules("loglens.readers", our_readers.__name__, our_readers.READERS)
    return tuple(cast(Reader, vet_module(module, "reader", ("FORMAT", "sniff", "home", "read"))) for module in modules)


@cache
def renderers() -> Mapping[str, Renderer]:
    """Every renderer by format name."""
    modules = _modules("loglens.renderers", our_renderers.__name__, our_renderers.RENDERERS)
    vetted = [cast(Renderer, vet_module(module, "renderer", ("FORMAT", "SUFFIXES", "render"))) for module in modules]
    return {renderer.FORMAT: renderer for renderer in vetted}


def _modules(group: str, package: str, ours: tuple[str, ...]) -> list[ModuleType]:
    modules = [import_module(f"{package}.{name}") for name in ours]
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        try:
            modules.append(point.load())
        except Exception as error:
            raise PluginError(f"plugin {point.value} ({group}): cannot be loaded: {error}") from error
    return modules
