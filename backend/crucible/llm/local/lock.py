"""One fetch at a time, across processes; the lock goes away with the process that holds it."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crucible.errors import Conflict

POLL_SECONDS = 0.25


@contextmanager
def held(path: Path, on_wait: Callable[[], None] | None) -> Iterator[None]:
    """Holds the lock file; waits for it after calling `on_wait`, or raises Conflict without one."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _try(handle):
            if on_wait is None:
                raise Conflict("The model file is being fetched by another process")
            on_wait()
            while not _try(handle):
                time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try(handle)
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
