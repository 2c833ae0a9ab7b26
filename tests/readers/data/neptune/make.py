"""Makes the files in this folder with Neptune's exporter and the client that it calls, without the service.

    git clone https://github.com/neptune-ai/neptune-exporter  # storage at 2bbd0111, exporters/neptune3.py at 0f80dc83
    pip install neptune-query==1.14.1 pyarrow "pandas<3"
    PYTHONPATH=neptune-exporter/src python make.py

Only the calls over the network are stood in for: what they return is laid out by the client's own code, turned into
rows by the exporter's `Neptune3Exporter` and written by its `ParquetWriter`. Parts are cut after some kilobytes rather
than 50 megabytes.
"""

# mypy: ignore-errors
from __future__ import annotations

import math
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import neptune_exporter.exporters.neptune3 as exporter
import numpy as np
from neptune_exporter.storage.parquet_writer import ParquetWriter
from neptune_query.internal import output_format
from neptune_query.internal.identifiers import AttributeDefinition, RunAttributeDefinition, RunIdentifier
from neptune_query.internal.output_format import TableRow
from neptune_query.internal.retrieval.attribute_types import Histogram
from neptune_query.internal.retrieval.attribute_values import AttributeValue
from neptune_query.internal.retrieval.search import ContainerType

HERE, PROJECT, RUN = Path(__file__).parent, "team/toy", "lucky-otter"
START = 1_760_000_000_000
WHO = RunIdentifier(PROJECT, sys_id="TOY-1")
PARAMETERS = {
    "sys/name": ("string", "otter"), "parameters/lr": ("float", 0.5), "parameters/epochs": ("int", 4),
    "parameters/amp": ("bool", False), "sys/creation_time": ("datetime", datetime.fromtimestamp(START / 1000, UTC)),
    "sys/tags": ("string_set", {"small"}),
}  # fmt: skip


def attribute(path: str, kind: str) -> RunAttributeDefinition:
    return RunAttributeDefinition(WHO, AttributeDefinition(path, kind))


def metrics() -> dict[str, list[tuple[float, float]]]:
    """Steps and values: a loss that becomes NaN, a validation loss by fractions of an epoch, and a monitor."""
    rng = np.random.default_rng(0)
    steps = np.arange(0, 120, 2)
    noise = rng.normal(0, 0.05, len(steps))
    loss = [
        math.nan if step >= 110 else float(2 / (1 + step / 20) + each) for step, each in zip(steps, noise, strict=True)
    ]
    return {
        "metrics/train/loss": list(zip(steps.tolist(), loss, strict=True)),
        "metrics/train/learning_rate": [(step, 0.5 * (1 + math.cos(step / 38.2)) / 2) for step in steps.tolist()],
        "metrics/val/loss": [(half / 2, 2.1 / (1 + half)) for half in range(1, 9)],
        "monitoring/0/cpu": [(5.0 * at, float(rng.uniform(10, 90))) for at in range(10)],
    }


def stand_in() -> None:
    """The client's answers, from what was logged rather than from the service."""
    points = {
        attribute(path, "float_series"): [(START + 1000 * at, step, value, False, 1.0) for at, (step, value) in found]
        for path, found in ((path, list(enumerate(series))) for path, series in sorted(metrics().items()))
    }
    names = {"TOY-1": RUN}

    def fetch_metrics(*, attributes: list[str], **_: object) -> object:
        return output_format.create_metrics_dataframe(
            {key: each for key, each in points.items() if key.attribute_definition.name in attributes}, names,
            type_suffix_in_column_names=False, include_point_previews=False, index_column_name="run",
            timestamp_column_name="absolute_time",
        )  # fmt: skip

    series = {
        attribute("histograms/grad", "histogram_series"): [
            (step, Histogram("COUNTING", [-1.0, 0.0, 1.0], [float(step), 64.0 - step])) for step in (10, 20)
        ],
        attribute("console", "string_series"): [(1.0, "started"), (2.0, "done")],
    }

    def fetch_series(*, attributes: list[str], **_: object) -> object:
        wanted = {
            key: [SimpleNamespace(step=step, value=value, timestamp_millis=START) for step, value in each]
            for key, each in series.items() if key.attribute_definition.name in attributes
        }  # fmt: skip
        return output_format.create_series_dataframe(wanted, PROJECT, names, "run", "absolute_time")

    def fetch_runs_table(*, attributes: object, **_: object) -> object:
        if "string_series" in attributes.type:
            last = {key: SimpleNamespace(last=each[-1][1], last_step=each[-1][0]) for key, each in series.items()}
            values = [AttributeValue(key.attribute_definition, each, WHO) for key, each in last.items()]
        else:
            values = [
                AttributeValue(AttributeDefinition(path, kind), value, WHO)
                for path, (kind, value) in PARAMETERS.items()
            ]
        return output_format.create_runs_table(
            [TableRow(values, RUN)], type_suffix_in_column_names=True, container_type=ContainerType.RUN
        )

    exporter.nq_runs.list_attributes = lambda **_: sorted(metrics())
    exporter.nq_runs.fetch_metrics, exporter.nq_runs.fetch_series = fetch_metrics, fetch_series
    exporter.nq_runs.fetch_runs_table = fetch_runs_table


def main() -> None:
    stand_in()
    neptune = exporter.Neptune3Exporter(series_attribute_batch_size=2, max_workers=1)
    with tempfile.TemporaryDirectory() as name:
        storage = ParquetWriter(Path(name), target_part_size_bytes=4000)
        with storage.run_writer(PROJECT, RUN) as writer:
            for batches in (neptune.download_parameters, neptune.download_metrics, neptune.download_series):
                for batch in batches(PROJECT, [RUN], None):
                    writer.save(batch)
        for path in Path(name).rglob("*.parquet"):
            (HERE / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main()
