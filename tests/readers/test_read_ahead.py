"""Work done ahead: in order, no more than asked for in memory, no thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from loglens.readers.files.read_ahead import THREADS, ahead


def test_results_come_in_order_and_few_are_held() -> None:
    begun = taken = 0

    def items() -> Iterator[int]:
        nonlocal begun
        for number in range(100):
            begun += 1
            assert begun - taken <= THREADS + 1
            yield number

    for result in ahead(lambda number: number * number, items()):
        assert result == taken * taken
        taken += 1
    assert taken == 100


def test_what_fails_is_raised_in_its_place() -> None:
    results = ahead(lambda number: 6 // number, [3, 2, 0, 1])
    assert next(results) == 2
    assert next(results) == 3
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.parametrize("takes", [1, 20])
def test_threads_have_ended_with_the_iterator(takes: int) -> None:
    before = threading.active_count()
    results = ahead(str, range(20))
    assert [next(results) for _ in range(takes)] == [str(number) for number in range(takes)]
    assert isinstance(results, Iterator)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
