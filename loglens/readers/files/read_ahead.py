"""Do work ahead of its consumer in threads, for libraries that release the global interpreter lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

#: So many threads work for one that takes what they made; more would wait for it.
THREADS = 2


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield the result of each item in order; at most `THREADS` further items and results are in memory.

    The threads have ended when this iterator has, so that a process may be forked then.
    """
    from concurrent.futures import ThreadPoolExecutor  # 10 ms, for a big file only

    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
