"""Group commit: what many threads want written at the same time is written in one transaction."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

E = TypeVar("E")

# A group holds the database's lock while it is written, and other runs wait for that.
MOST = 100


class _Place(Generic[E]):
    """One thread's turn in the queue."""

    def __init__(self, entry: E) -> None:
        self.entry = entry
        self.written = False
        self.error: BaseException | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


class Groups(Generic[E]):
    """`write` gets one group after another, each in the order in which its entries came, and
    returns for each entry None or what went wrong with it.

    No thread of its own: who finds nobody writing writes all that waits, its own entry among it,
    and then hands over to the first of those that came meanwhile. Who is alone waits for nobody.
    """

    def __init__(self, write: Callable[[Sequence[E]], Sequence[BaseException | None]]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[_Place[E]] = []
        self._led = False

    def submit(self, entry: E) -> None:
        """Returns when the entry is committed; raises what went wrong with it."""
        mine = _Place(entry)
        with self._lock:
            self._waiting.append(mine)
            led, self._led = self._led, True
        if led:
            mine.turn.acquire()  # written by another, or the first of those that wait
        if not mine.written:
            self._lead()
        if mine.error is not None:
            raise mine.error

    def _lead(self) -> None:
        with self._lock:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        errors: Sequence[BaseException | None]
        try:
            errors = self._write([place.entry for place in group])
        except BaseException as error:  # noqa: BLE001 - nobody may be left waiting; each raises it
            errors = [error] * len(group)
        for place, found in zip(group, errors, strict=True):
            place.error, place.written = found, True
        with self._lock:
            self._led = bool(self._waiting)
            following = self._waiting[:1]
        for place in (*following, *group[1:]):
            place.turn.release()
