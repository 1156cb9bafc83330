"""A deadline for a whole HTTP exchange.

`urllib3` bounds the wait for each piece of an answer; an endpoint that sends a byte of its headers
every second would hold a call for ever. When the time is up, the connection's socket is shut down
under whoever reads from it.
"""

import socket
import threading
import time
from contextlib import suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_current = threading.local()


class Watch:
    """Shuts down the connection that this thread uses, if it is still at it after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self.connection: Any = None
        self.deadline = time.monotonic() + seconds

    def __enter__(self) -> "Watch":
        _current.watch = self
        _watchman.add(self)
        return self

    def __exit__(self, *error: object) -> None:
        _watchman.remove(self)
        _current.watch = None

    def expire(self) -> None:
        self.expired = True
        sock = getattr(self.connection, "sock", None)
        if sock is not None:
            # Past the TLS layer, whose own shutdown would pull its state from under the reader.
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Watchman:
    """One thread that looks after all exchanges: a thread for each would cost as much as the
    exchange itself. It sleeps while there are none."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: set[Watch] = set()
        self._sleeps_until = 0.0
        self._thread: threading.Thread | None = None

    def add(self, watch: Watch) -> None:
        with self._changed:
            self._watches.add(watch)
            # Not alive also in a process that was forked from one that had it.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, name="deadlines", daemon=True)
                self._thread.start()
            elif watch.deadline < self._sleeps_until:
                self._changed.notify()

    def remove(self, watch: Watch) -> None:
        with self._changed:
            self._watches.discard(watch)

    def _look(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                late = [watch for watch in self._watches if watch.deadline <= now]
                self._watches.difference_update(late)
                for watch in late:
                    watch.expire()
                self._sleeps_until = min(
                    (watch.deadline for watch in self._watches), default=float("inf")
                )
                idle = self._sleeps_until == float("inf")
                self._changed.wait(None if idle else self._sleeps_until - now)


_watchman = _Watchman()


def _tell(connection: Any) -> None:
    watch = getattr(_current, "watch", None)
    if watch is not None:
        watch.connection = connection


class _HTTPConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _tell(self)
        super().request(*args, **kwargs)


class _HTTPSConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _tell(self)
        super().request(*args, **kwargs)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class WatchedAdapter(HTTPAdapter):
    """Tells the watch of the calling thread which connection a request goes through."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
