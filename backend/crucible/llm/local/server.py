"""A llama.cpp server in a process of ours: there when it is used, gone when it is not."""

import atexit
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crucible.errors import Unavailable
from crucible.llm.local.process import ServerProcess

IDLE_SECONDS = 300.0
CONTEXT_TOKENS = 4096
# A server at rest answers its health check in milliseconds; one that cannot is stuck.
HEALTH_SECONDS = 10.0


class LocalServer:
    """One server process for all threads of this process, started by the first `use`.

    `use` hands the server to one caller at a time: it has one slot, and a request that waited
    inside it would spend its timeout on waiting. So enter `use` before the clock of a call starts,
    and leave it when the answer is there.
    """

    def __init__(
        self,
        model_path: str | Path,
        *,
        idle_seconds: float = IDLE_SECONDS,
        context_tokens: int = CONTEXT_TOKENS,
    ) -> None:
        self._model_path = Path(model_path)
        self._context_tokens = context_tokens
        self._idle_seconds = idle_seconds
        self._closed = False
        self._turn = threading.Lock()
        self._state = threading.Lock()
        self._process: ServerProcess | None = None
        self._idle: threading.Timer | None = None
        atexit.register(self.close)
        _forget_in_forks(self)

    @contextmanager
    def use(self) -> Iterator[str]:
        """The base URL, ending in /v1, of a server that answers.

        Starts it where there is none, where it died and where it no longer answers. Raises
        Precondition or Unavailable, with what to do, when it cannot.
        """
        with self._turn:
            self._cancel_idle()
            try:
                yield f"http://127.0.0.1:{self._ready().port}/v1"
            finally:
                self._start_idle()

    @property
    def pid(self) -> int | None:
        """Of the server process, while it lives."""
        process = self._process
        return process.pid if process and process.alive() else None

    def close(self) -> None:
        """Stops the process, whoever uses it; there is no `use` after this."""
        atexit.unregister(self.close)
        self._closed = True
        self._cancel_idle()
        self._stop()

    def _ready(self) -> ServerProcess:
        with self._state:
            if self._closed:
                raise Unavailable("The embedded model was shut down")
            if self._process and not self._process.healthy(HEALTH_SECONDS):
                self._process.stop()
                self._process = None
            if self._process is None:
                self._process = ServerProcess.start(self._model_path, self._context_tokens)
            return self._process

    def _stop(self) -> None:
        with self._state:
            if self._process:
                self._process.stop()
                self._process = None

    def _start_idle(self) -> None:
        if self._process and not self._closed:
            self._idle = threading.Timer(self._idle_seconds, self._stop_if_idle)
            self._idle.daemon = True
            self._idle.start()

    def _cancel_idle(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None

    def _stop_if_idle(self) -> None:
        # A `use` that began as the timer fired starts another one when it ends.
        if self._turn.acquire(blocking=False):
            try:
                self._stop()
            finally:
                self._turn.release()

    def _forget(self) -> None:
        """In a fork: the process is the parent's, and a lock may be held by a thread not here."""
        if self._process:
            self._process.disown()
        self._process = self._idle = None
        self._turn = threading.Lock()
        self._state = threading.Lock()


def _forget_in_forks(server: LocalServer) -> None:
    reference = weakref.ref(server)

    def forget() -> None:
        alive = reference()
        if alive:
            alive._forget()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
