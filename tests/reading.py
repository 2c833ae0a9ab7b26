"""Reading for tests."""

from __future__ import annotations

from loglens.discovery.find import Found
from loglens.discovery.units import Reading
from loglens.errors import UnreadableError
from loglens.model.run import Run


def load(found: Found) -> list[Run | UnreadableError]:
    """Every run that was found, then the reasons for what could not be read."""
    reading = Reading(found)
    runs = list(reading)
    return [*runs, *reading.unread]
