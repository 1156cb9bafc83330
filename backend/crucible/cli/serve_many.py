"""`crucible serve --workers N`: several processes that serve, and one that executes.

The process of the command is the parent of all. It answers nothing itself: it binds the address,
forks the processes that serve and replaces those that die (gunicorn's arbiter), and looks after
the one that executes. Whoever of them sees that it is gone leaves too.
"""

import atexit
import gc
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from crucible.api import create_app
from crucible.api.state import Executor
from crucible.api.throttle import Throttle
from crucible.cli import executing
from crucible.cli.errors import Failure
from crucible.cli.supervised import Nobody, Supervised
from crucible.cli.web_process import DRAIN_SECONDS, WebProcess
from crucible.config import Settings
from crucible.db import Database
from crucible.execution.elsewhere import Elsewhere, Presence

BACKLOG = 1024
STOP_SECONDS = 9.7
# A process whose loop has not turned for so long hangs, and is replaced.
HANGS_SECONDS = 30

MakeExecutor = Callable[[Database], Executor]


def serve_many(
    settings: Settings,
    listening: socket.socket,
    log_format: str,
    count: int,
    *,
    ready: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serves until told to stop; raises SystemExit. The database is prepared already.

    `ready` is called when requests are taken, `stopping` when the first signal came.
    """
    # Before anything is forked: connections wait until somebody takes them.
    listening.listen(BACKLOG)
    child, executor = _executing(settings, log_format)
    started, throttle = secrets.token_hex(8), Throttle()
    site = Site(count, lambda: _application(settings, started, throttle, executor))
    # What is loaded by now is shared by all, for as long as nobody touches it.
    gc.collect()
    gc.freeze()
    try:
        Parent(site, listening, child, ready, stopping).run()
    except SystemExit as left:
        if left.code:
            raise Failure("no process that serves could start; what it said stands above") from None
        raise


def _executing(settings: Settings, log_format: str) -> tuple[Nobody, MakeExecutor]:
    """The child that executes, and what makes each process that serves an executor to hand over
    to. With Celery there is no such child: its workers are started by themselves."""
    if settings.executor == "celery":
        from crucible.execution.queue import CeleryQueue  # noqa: PLC0415 - for this case only

        CeleryQueue(settings)  # says now what is missing, not in each process
        return Nobody(), lambda database: CeleryQueue(settings, database)
    orders, to_orders = os.pipe()
    presence = Presence()
    child = Supervised(executing.command(log_format), orders, presence)
    return child, lambda database: Elsewhere(database, settings, to_orders, presence)


def _application(
    settings: Settings, started: str, throttle: Throttle, executor: MakeExecutor
) -> Flask:
    """Made in each process after the fork: nobody may share a connection with another."""
    database = Database.open(settings.database_url)
    app = create_app(settings, executor=executor(database), started=started, throttle=throttle)
    atexit.register(database.close)
    return app


class Site(BaseApplication):  # type: ignore[misc]
    """What gunicorn is to run, and how."""

    def __init__(self, count: int, load: Callable[[], Flask]) -> None:
        self._options = {
            "workers": count,
            "worker_class": WebProcess,
            "logger_class": Log,
            "timeout": HANGS_SECONDS,
            "graceful_timeout": DRAIN_SECONDS + 1,
            "bind": ["127.0.0.1:0"],  # not used: the address is bound already
            "control_socket_disable": True,
        }
        self._load = load
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._load()


class Log(Logger):  # type: ignore[misc]
    """gunicorn's warnings go where all others go; its chatter goes nowhere."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.setLevel(logging.WARNING)
        self.error_log.propagate = True


class Parent(Arbiter):  # type: ignore[misc]
    """gunicorn's arbiter, with one more child, and with fewer signals: all mean to stop.

    To reload or to replace itself in place, as the original does on others, it would have to hand
    over the process that executes.
    """

    SIGNALS = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM]

    def __init__(
        self,
        site: Site,
        listening: socket.socket,
        executor: Nobody,
        ready: Callable[[], None],
        stopping: Callable[[], None],
    ) -> None:
        super().__init__(site)
        self.LISTENERS = [listening]
        self.WORKERS: dict[int, Any] = {}
        self._executor = executor
        self._ready: Callable[[], None] | None = ready
        self._stopping = stopping

    def signal(self, sig: int, frame: Any) -> None:
        if os.getpid() != self.pid:
            os._exit(0)  # a child so young that it still has the manners of its parent
        for number in self.SIGNALS:
            signal.signal(number, self._leave_at_once)
        super().signal(sig, frame)

    def handle_term(self) -> None:
        self._stopping()
        raise StopIteration

    handle_hup = handle_int = handle_quit = handle_term

    def manage_workers(self) -> None:
        super().manage_workers()
        self._executor.look()
        if self._ready is not None:
            self._ready()
            self._ready = None

    def reap_workers(self) -> None:
        self._executor.look()  # first, or its exit code goes to whoever asks for any child's
        super().reap_workers()

    def stop(self, graceful: bool = True) -> None:
        end = time.monotonic() + STOP_SECONDS
        self._executor.ask_to_stop()
        super().stop(graceful)
        self._executor.stop(end - time.monotonic())

    def _leave_at_once(self, _number: int, _frame: Any) -> None:
        self._executor.kill()
        self.kill_workers(signal.SIGKILL)
        os._exit(1)
