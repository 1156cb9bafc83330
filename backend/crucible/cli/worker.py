"""`crucible worker`: runs what others start, without a page."""

import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from crucible import config
from crucible.cli.errors import Failure
from crucible.cli.options import examples
from crucible.config import Settings
from crucible.llm.prices import require_readable

if TYPE_CHECKING:
    from crucible.db import Database

LAST_CALL_SECONDS = 9.5
STOPPING = "Stopping: what is under way is recorded, within ten seconds."
HANDING_OVER = "Stopping: what is under way goes back to the queue, within ten seconds."
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@click.command(
    epilog=examples(
        "crucible worker",
        "crucible worker --concurrency 2 --drain-seconds 60",
        "CRUCIBLE_EXECUTOR=celery CRUCIBLE_BROKER_URL=redis://redis:6379/0 crucible worker",
    )
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    help="Runs at the same time; CRUCIBLE_MAX_ACTIVE_RUNS unless given.",
)
@click.option(
    "--drain-seconds",
    type=click.FloatRange(0, 86_400),
    default=0,
    show_default=True,
    help="When told to stop, let runs under way go on for so long.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="`json` writes one object a line to stderr.",
)
def worker(concurrency: int | None, drain_seconds: float, log_format: str) -> None:
    """Run what is started on this database, from a process without a page.

    Creates or upgrades the database. Takes up runs that wait, oldest first, whoever started them.
    Ctrl-C or SIGTERM ends it within ten seconds, and the time of --drain-seconds; a second one at
    once. With CRUCIBLE_EXECUTOR=celery, runs under way then go back to the queue.
    """
    loaded = config.load()
    settings = replace(loaded, max_active_runs=concurrency or loaded.max_active_runs)
    require_readable(settings.prices)
    for number in SIGNALS:
        signal.signal(number, _leave)

    from crucible.cli import logs  # noqa: PLC0415 - only to work

    logs.configure(settings, log_format)
    work = _celery if settings.executor == "celery" else _embedded
    work(settings, Voice(settings, log_format), drain_seconds)


class Voice:
    def __init__(self, settings: Settings, log_format: str) -> None:
        self._settings = settings
        self._format = log_format

    def say(self, text: str) -> None:
        from crucible.cli import logs  # noqa: PLC0415 - only to work

        # Past the buffers: it may be said from a signal's handler, in the middle of a write.
        os.write(2, f"{logs.line(self._settings, self._format, text)}\n".encode())

    def working(self) -> None:
        me = f"{socket.gethostname()}:{os.getpid()}"
        self.say(f"Working as {me} ({self._settings.executor}), Ctrl-C to stop")

    def farewell(self, drain_seconds: float) -> str:
        if drain_seconds:
            return f"Stopping: what is under way may go on for {drain_seconds:g} s."
        return HANDING_OVER if self._settings.executor == "celery" else STOPPING


def _embedded(settings: Settings, voice: Voice, drain_seconds: float) -> None:
    from crucible.execution.embedded import EmbeddedExecutor  # noqa: PLC0415 - SQLAlchemy

    with _database(settings, voice) as database:
        executor = EmbeddedExecutor(database, settings)
        told = threading.Event()
        with _told_to_stop(voice, drain_seconds, told.set):
            executor.start()
            voice.working()
            told.wait()
            executor.stop(drain=drain_seconds)


def _celery(settings: Settings, voice: Voice, drain_seconds: float) -> None:
    from crucible.execution.broker import Broker  # noqa: PLC0415 - for this case only

    broker = Broker(settings)
    broker.ready()
    from crucible.execution.celery_worker import CeleryWorker  # noqa: PLC0415 - Celery is there

    # It announces a change of version 6 at each loss of its connection.
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    with _database(settings, voice) as database:
        work = CeleryWorker(database, settings, broker)
        with _told_to_stop(voice, drain_seconds, lambda: work.stop(drain_seconds)):
            if not work.run(voice.working):
                raise Failure("the worker had to give up; what Celery said stands above")


@contextmanager
def _database(settings: Settings, voice: Voice) -> Iterator["Database"]:
    from crucible.cli.state import opened, prepared  # noqa: PLC0415 - SQLAlchemy: not for `--help`

    if made := prepared(settings.database_url):
        voice.say(made)
    with opened(settings.database_url) as database:
        yield database


@contextmanager
def _told_to_stop(voice: Voice, drain_seconds: float, stop: Callable[[], None]) -> Iterator[None]:
    """The first signal calls `stop`, in a thread; the second ends the process."""

    def first(_number: int, _frame: Any) -> None:
        for number in SIGNALS:
            signal.signal(number, _leave_at_once)
        # A thread pool waits at exit for the calls it has in flight, which may take minutes.
        last_call = threading.Timer(drain_seconds + LAST_CALL_SECONDS, os._exit, (0,))
        last_call.daemon = True
        last_call.start()
        # Not from here: the interrupted code may hold the lock that it needs.
        threading.Thread(target=leave, name="stop", daemon=True).start()

    def leave() -> None:
        stop()
        # Said once it is true: whoever reads it may rely on that no run is taken up any more.
        voice.say(voice.farewell(drain_seconds))

    for number in SIGNALS:
        signal.signal(number, first)
    yield


def _leave(_number: int, _frame: Any) -> None:
    raise SystemExit(0)


def _leave_at_once(_number: int, _frame: Any) -> None:
    sys.stderr.flush()
    os._exit(1)
