"""Plugins are found where `importlib.metadata` finds them."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from pathlib import Path

import pytest

from loglens.registry.entry_points import declared, plugin_points

GROUP = "loglens.readers"


@pytest.mark.parametrize("kind", ["A-1.dist-info", "a.egg-info", "EGG-INFO", "archive"])
def test_every_way_to_install_a_plugin(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("a-1.egg" if kind == "EGG-INFO" else "site")
    texts = dict.fromkeys(("METADATA", "PKG-INFO"), "Name: a")
    texts["entry_points.txt"] = f"[other]\nx = y\n[{GROUP}]\nmine = a.b\n"
    folder.mkdir()
    if kind == "archive":
        folder = tmp_path / "a.zip"
        with zipfile.ZipFile(folder, "w") as archive:
            for name, text in texts.items():
                archive.writestr(f"A-1.dist-info/{name}", text)
    else:
        (folder / kind).mkdir()
        for name, text in texts.items():
            (folder / kind / name).write_text(text)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder), str(tmp_path / "gone"), "a.hook"])
    points = plugin_points(GROUP)
    assert [(point.name, point.value) for point in points] == [("mine", "a.b")]
    assert points == sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name)


def test_where_no_plugin_is_declared_there_is_none() -> None:
    assert GROUP.encode() not in declared(tuple(sys.path))
    assert plugin_points(GROUP) == []
