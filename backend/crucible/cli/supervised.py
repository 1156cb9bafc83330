"""The process that executes, kept running by the one that started it."""

import logging
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from crucible.execution.elsewhere import Presence

log = logging.getLogger("crucible.cli.serve")

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# One that has lived for so long did not die of how it was started.
SETTLED_SECONDS = 60.0


class Nobody:
    """Where no process of ours executes."""

    def look(self) -> None:
        pass

    def ask_to_stop(self) -> None:
        pass

    def stop(self, seconds: float) -> None:
        pass

    def kill(self) -> None:
        pass


class Supervised(Nobody):
    """One child, started again when it dies, later and later while it keeps dying.

    `orders` is the end of its pipe to read from; the pipe outlives the child, so what is written
    meanwhile waits for the next one.
    """

    def __init__(
        self,
        command: list[str],
        orders: int,
        presence: Presence,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = command
        self._orders = orders
        self._presence = presence
        self._now = now
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = FIRST_PAUSE_SECONDS
        self._started = self._due = now()
        self._stopping = False

    def look(self) -> None:
        """To be called about once a second, and whenever a child of this process has died."""
        if self._stopping:
            return
        if self._process is not None and self._process.poll() is not None:
            self._bury(self._process)
        if self._process is None and self._now() >= self._due:
            self._start()

    def ask_to_stop(self) -> None:
        self._stopping = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self, seconds: float) -> None:
        """Waits so long for it to end by itself."""
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, seconds))
        self.kill()

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _start(self) -> None:
        self._started = self._now()
        # In a session of its own: Ctrl-C in a terminal is for its parent, which tells it.
        self._process = subprocess.Popen(
            self._command, stdin=self._orders, stdout=subprocess.DEVNULL, start_new_session=True
        )
        self._presence.note(self._process.pid)

    def _bury(self, process: subprocess.Popen[bytes]) -> None:
        self._presence.note(None)
        self._process = None
        now = self._now()
        if now - self._started >= SETTLED_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        log.error(
            "the process that executes runs (pid %d) ended %s; started again in %g s",
            process.pid,
            _how(process.returncode),
            self._pause,
        )
        self._due = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)


def _how(code: int) -> str:
    if code < 0:
        return f"by signal {-code}"
    return f"with exit code {code}"
