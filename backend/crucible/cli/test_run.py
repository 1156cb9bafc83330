"""`crucible test-run`: one run, here, from start to summary."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from crucible import config
from crucible.cli import emit, logs, state
from crucible.cli.options import examples, format_option, project_option
from crucible.cli.progress import Progress
from crucible.cli.run_request import request_of, request_options
from crucible.cli.text import Screen
from crucible.clock import SystemClock
from crucible.config import Settings
from crucible.errors import Conflict, Precondition, Unavailable
from crucible.llm.prices import require_readable

if TYPE_CHECKING:
    from crucible.db import Database

EXIT = {"completed": 0, "failed": 4, "cancelled": 5}
DIFFERS = 1
POLL_SECONDS = 0.25
CANCELLING = b"\nCancelling: waiting for the calls in flight. Ctrl-C again does not wait.\n"


@click.command(
    epilog=examples(
        "crucible test-run",
        "crucible test-run --candidates 2 --scenarios 2",
        "crucible test-run --max-cost-usd 0.50",
        "crucible test-run --project-id 'Checkout p99' --label 'with cache' --format json",
    )
)
@project_option("The project to work on; a sample one unless given.")
@request_options
@click.option("--label", help="A name for people.")
@format_option()
def test_run(project: str | None, form: str, **asked: Any) -> None:
    """Run the pipeline here, watch it work, verify what it recorded, print its summary.

    Says first what it is likely to take, if there may be something to pay. Progress goes to
    stderr, the summary to stdout. Exit code 4 if the run failed, 5 if it was
    cancelled (Ctrl-C), 1 if what was recorded does not add up. Creates or upgrades the database.
    """
    settings = config.load()
    request = request_of(asked)
    require_model(settings)
    if made := state.prepared(settings.database_url):
        click.echo(made, err=True)
    with state.opened(settings.database_url) as database:
        run_id = _start(database, settings, project, request)
        _foretell(database, run_id)
        code = watched(database, settings, run_id, form)
    raise click.exceptions.Exit(code)


def watched(database: "Database", settings: Settings, run_id: str, form: str) -> int:
    """Runs a `created` run here, verifies it and prints it; the exit code that says how it went."""
    logs.configure(settings)
    progress = Progress()
    _run(database, settings, run_id, progress)
    adds_up = _verify(database, run_id, progress)
    status = _summarise(database, run_id, form)
    return EXIT.get(status, 1) if adds_up else DIFFERS


def require_model(settings: Settings) -> None:
    from crucible import llm  # noqa: PLC0415 - may pull in the embedded model's parts

    require_readable(settings.prices)
    health = llm.health(settings)
    if not health["ready"]:
        raise Precondition(f"no run was made, the model is not ready: {health['note']}")


def _start(
    database: "Database", settings: Settings, project: str | None, request: dict[str, Any]
) -> str:
    from crucible.services import estimates, projects, runs  # noqa: PLC0415 - SQLAlchemy

    clock = SystemClock()
    estimates.warm(settings, clock)
    with database.writing() as session:
        if project:
            project_id = projects.resolve_project(session, project)
        else:
            project_id = _sample(session)
        return runs.start_run(session, clock, settings, project_id, request)


def _foretell(database: "Database", run_id: str) -> None:
    """What the run is likely to cost, before it costs anything."""
    from crucible.cli import estimate_view  # noqa: PLC0415 - only to run
    from crucible.services import runs  # noqa: PLC0415 - SQLAlchemy

    with database.reading() as session:
        found = runs.get_run(session, run_id, SystemClock().now())["estimate"]
    if found and estimate_view.costs(found):
        for line in (estimate_view.in_a_line(found), *found["warnings"]):
            click.echo(line, err=True)


def _sample(session: Any) -> str:
    """The sample project: the one that is there, if nobody has changed it."""
    from crucible.sample import SAMPLE_PROJECT  # noqa: PLC0415 - for this case only
    from crucible.services import projects  # noqa: PLC0415 - SQLAlchemy

    for known in projects.list_projects(session):
        if all(known[name] == value for name, value in SAMPLE_PROJECT.items()):
            return str(known["id"])
    return str(projects.create_project(session, SystemClock(), SAMPLE_PROJECT)["id"])


def _run(database: "Database", settings: Settings, run_id: str, progress: Progress) -> None:
    from crucible.execution.foreground import run_now  # noqa: PLC0415 - only to run

    def tick() -> None:
        with suppress(Unavailable):  # a frame that cannot be read must not end the run
            progress.update(_summary(database, run_id))

    with _interruptible():
        try:
            run_now(database, settings, run_id, tick)
        except Conflict:
            progress.say("A server on this database has taken the run; watching it.")
        # Also after an interrupt: joining a thread that was interrupted while joining returns at
        # once (CPython up to 3.12 takes it for ended), with the run's last calls in flight.
        while _is_live(database, settings, run_id):
            tick()
            time.sleep(POLL_SECONDS)
        tick()


def _is_live(database: "Database", settings: Settings, run_id: str) -> bool:
    """Looks for a worker that has died, too: it may be another's run by now."""
    from crucible.scrub import Scrubber  # noqa: PLC0415 - only to run
    from crucible.services import lost  # noqa: PLC0415 - SQLAlchemy

    with suppress(Unavailable), database.reading() as session:
        lost.look(session, database, SystemClock(), Scrubber(settings.secrets()))
    try:
        return _summary(database, run_id)["status"] in ("created", "running")
    except Unavailable:
        return True  # ask again


@contextmanager
def _interruptible() -> Iterator[None]:
    """The first interrupt cancels and waits for the calls in flight, the second does not wait."""

    def second(_number: int, _frame: Any) -> None:
        os._exit(EXIT["cancelled"])

    def first(_number: int, _frame: Any) -> None:
        for number in numbers:
            signal.signal(number, second)
        # Past the buffers: the signal may have come in the middle of a write to stderr.
        os.write(2, CANCELLING)
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, first) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _summary(database: "Database", run_id: str) -> dict[str, Any]:
    from crucible.services import runs  # noqa: PLC0415 - SQLAlchemy

    with database.reading() as session:
        return runs.get_run(session, run_id, SystemClock().now())


def _verify(database: "Database", run_id: str, progress: Progress) -> bool:
    from crucible.cli import verify_view  # noqa: PLC0415 - tabulate
    from crucible.services import verify  # noqa: PLC0415 - SQLAlchemy

    with database.reading() as session:
        checked = verify.verify_run(session, run_id)
    progress.say(verify_view.in_a_line(checked))
    return bool(checked["ok"])


def _summarise(database: "Database", run_id: str, form: str) -> str:
    from crucible.services import runs  # noqa: PLC0415 - SQLAlchemy

    now = SystemClock().now()
    with database.reading() as session:
        found = runs.get_run(session, run_id, now)
    if form == "json":
        emit.value(found)
    else:
        from crucible.cli import run_view  # noqa: PLC0415 - tabulate, for this format only

        emit.text(run_view.render_short(found, Screen.of(), now))
    return str(found["status"])
