"""Event loops for tests that are no coroutines themselves."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import anyio

T = TypeVar("T")


def run(asked: Callable[[], Awaitable[T]]) -> T:
    """Runs it to its end in a thread of its own: the browser tests leave a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, asked).result()
