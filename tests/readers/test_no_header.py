"""Tables without a header line: named by --columns or by what their writer is known to write, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import loglens
from loglens.cli import main
from loglens.discovery.find import find
from loglens.discovery.units import Reading
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.registry import load as registry

#: The first lines of DeepLabCut's learning_stats.csv.
STATS = "500, 0.03224, 0.005\n1000, 0.02219, 0.005\n1500, 0.02094, 0.005\n2000, 0.01927, 0.005\n"


def read(path: Path, *columns: str) -> list[Run]:
    return list(Reading(find([path], registry.readers(), columns=columns)))


def test_the_file_of_a_known_writer(tmp_path: Path) -> None:
    path = tmp_path / "learning_stats.csv"
    path.write_text(STATS)
    (run,) = read(path)
    assert run.tags == ("loss", "lr")
    assert run.curves["loss"].step.tolist() == [500, 1000, 1500, 2000]
    assert run.curves["loss"].value.tolist() == [0.03224, 0.02219, 0.02094, 0.01927]


@pytest.mark.parametrize("name", ["table.csv", "table.txt", "table.log", "table"])
@pytest.mark.parametrize("mark", [", ", "\t", "  ", ";"])
def test_columns_are_named_by_the_user(tmp_path: Path, name: str, mark: str) -> None:
    path = tmp_path / name
    path.write_text(STATS.replace(", ", mark))
    (run,) = read(tmp_path, "step", "loss", "lr")
    assert run.tags == ("loss", "lr") and run.format == "csv"
    assert run.curves["loss"].step.tolist() == [500, 1000, 1500, 2000]


def test_the_refusal_says_how_to_name_them(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(STATS)
    with pytest.raises(UnreadableError, match="--columns step,loss,lr"):
        loglens.read(path)
    reading = Reading(find([path], registry.readers(), columns=["step", "loss"]))
    assert not list(reading) and "3 cells, --columns names 2" in str(reading.unread[0])


def test_columns_leave_tables_with_a_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("epoch,acc,loss\n1,0.5,2.0\n2,0.75,1.0\n")
    (run,) = read(path, "step", "loss", "lr")
    assert run.tags == ("acc", "loss")


@pytest.mark.parametrize("command", [["inspect"], ["diagnose", "--no-cache"]])
def test_the_flag(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "table.csv"
    path.write_text(STATS)
    result = CliRunner().invoke(main, [*command, str(path), "--columns", "step,loss,lr", "--isolated"])
    assert "loss" in result.output and "no header" not in result.output


@pytest.mark.parametrize("columns", ["step, loss,lr", ["step", "loss", "lr"]])
def test_the_argument_in_python(tmp_path: Path, columns: str | list[str]) -> None:
    path = tmp_path / "table.csv"
    path.write_text(STATS)
    (run,) = loglens.read(path, columns=columns)
    assert run.tags == ("loss", "lr")
    (judged,) = loglens.diagnose(path, columns=columns).runs
    assert {curve.tag for curve in judged.curve_roles} == {"loss", "lr"}
    assert "1 good run" in str(loglens.compare(path, path, columns=columns))
