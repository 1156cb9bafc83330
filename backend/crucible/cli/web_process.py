"""One of several processes that serve: gunicorn forks and replaces it, waitress speaks HTTP in it.

Not gunicorn's own HTTP: its threads read requests themselves and wait without limit for the rest
of one, so that a few slow clients hold them all. Here requests are read by one loop and threads
get whole ones, with the same limits and answers as in a server of one process.
"""

import os
import signal
import time
from typing import Any

from gunicorn.workers.base import Worker  # type: ignore[import-untyped]
from waitress import wasyncore  # type: ignore[import-untyped]

from crucible.cli.serve import release
from crucible.cli.web_server import make_server

LOOK_SECONDS = 1.0
DRAIN_SECONDS = 3
_DRAIN_STEP_SECONDS = 0.1


class WebProcess(Worker):  # type: ignore[misc]
    server: Any = None

    def init_signals(self) -> None:
        # A terminal sends these to all of a command's processes; the parent says what follows.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGCHLD, signal.SIGABRT):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, self.handle_exit)

    def handle_exit(self, _number: int, _frame: Any) -> None:
        self.alive = False
        if self.server is not None:
            self.server.pull_trigger()

    def run(self) -> None:
        connections: dict[int, Any] = {}
        self.server = make_server(self.wsgi, connections, self.sockets)
        while self.alive and os.getppid() == self.ppid:
            self.notify()
            wasyncore.loop(LOOK_SECONDS, use_poll=True, map=connections, count=1)
        self._drain(connections)

    def _drain(self, connections: dict[int, Any]) -> None:
        """Takes no more connections; answers what was asked on those that are there."""
        server = self.server
        server.del_channel()
        server.socket.close()
        end = time.monotonic() + DRAIN_SECONDS
        while server.active_channels and time.monotonic() < end:
            for channel in list(server.active_channels.values()):
                idle = not (channel.requests or channel.request or channel.total_outbufs_len)
                channel.will_close = channel.will_close or idle
            wasyncore.loop(_DRAIN_STEP_SECONDS, use_poll=True, map=connections, count=1)
        server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(connections)
        release(self.wsgi)
