"""`crucible runs purge`: forget old runs, or only their calls."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from crucible import config
from crucible.cli import emit, format, state
from crucible.cli.options import examples, format_option, project_option
from crucible.cli.text import Screen, is_terminal, wrapped
from crucible.clock import SystemClock

if TYPE_CHECKING:
    from crucible.db import Database
    from crucible.services.retention import Retention

CANCELLED = 5
"""The exit code for a person who said no."""


@click.command(
    short_help="Delete old runs, or only their calls.",
    epilog=examples(
        "crucible runs purge --older-than 90d --dry-run",
        "crucible runs purge --older-than 90d --keep-last 100 --yes",
        "crucible runs purge --older-than 30d --calls-only",
        "crucible runs purge --keep-last 500 --project-id 'Checkout p99'",
    ),
)
@project_option("Only runs of this project: id, its first 8 characters or more, or title.")
@click.option("--older-than", metavar="AGE", help="Created before then: 90d, 12w, or RFC 3339.")
@click.option(
    "--keep-last",
    type=click.IntRange(0, 1_000_000_000),
    metavar="N",
    help="Spare the newest N ended runs of each project.",
)
@click.option("--calls-only", is_flag=True, help="Delete the calls and keep the runs.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option()
def purge(
    project: str | None,
    older_than: str | None,
    keep_last: int | None,
    calls_only: bool,
    dry_run: bool,
    yes: bool,
    form: str,
) -> None:
    """Delete ended runs with all they made, and give the space back to the disk.

    With both rules a run goes only if neither spares it: created before --older-than, and not
    among the newest --keep-last of its project. Live runs stay, and the numbers of deleted runs
    are never used again. --calls-only deletes the model calls, with the prompts and answers that
    were kept; totals, phases and results stay, and `ledger` says `purged`.

    Runs go a few at a time, each whole: interrupted, nothing is half deleted, and a run that
    works meanwhile goes on. The file shrinks once no run is live; if it could not, the same
    command tries again later. Works on the database here.
    """
    from crucible.services import retention  # noqa: PLC0415 - SQLAlchemy: not for `--help`

    now = SystemClock().now()
    url = config.load().database_url
    with state.reading() as session:
        what = _asked(session, project, older_than, keep_last, calls_only, now)
        found = retention.preview(session, what)
    if not dry_run:
        if found["run_count"] and not yes:
            _ask(found)
        with state.opened(url) as database:
            found = _purged(database, what)
    if form == "json":
        emit.value(found)
    else:
        emit.text("\n".join(_lines(found, Screen.of())))


def _asked(
    session: Any,
    project: str | None,
    older_than: str | None,
    keep_last: int | None,
    calls_only: bool,
    now: datetime,
) -> "Retention":
    from crucible.services import projects  # noqa: PLC0415 - SQLAlchemy
    from crucible.services.query import parse_moment  # noqa: PLC0415
    from crucible.services.retention import Retention  # noqa: PLC0415

    return Retention(
        before=parse_moment(older_than, now, field="--older-than") if older_than else None,
        keep_last=keep_last,
        project_id=projects.resolve_project(session, project) if project is not None else None,
        calls_only=calls_only,
    )


def _ask(found: dict[str, Any]) -> None:
    if not is_terminal(sys.stdin):
        raise click.UsageError("There is nobody to ask; --yes deletes without asking.")
    if not click.confirm(f"Delete {_objects(found)}?", err=True):
        raise click.exceptions.Exit(CANCELLED)


def _purged(database: "Database", what: "Retention") -> dict[str, Any]:
    from crucible.services import retention  # noqa: PLC0415 - SQLAlchemy

    with _progress() as told:
        return retention.purge(database, SystemClock(), what, told)


@contextmanager
def _progress() -> Iterator[Any]:
    """How far it is, on a terminal; what went, where it is interrupted."""
    screen, last = Screen.of(sys.stderr), [0]

    def told(done: int, of: int) -> None:
        last[0] = done
        if screen.colour:
            said = f"{done:,} of {format.plural(of, 'run')}"
            click.echo(f"\r\x1b[K{said}", err=True, nl=False)

    try:
        yield told
    except KeyboardInterrupt:
        click.echo(f"\n{format.plural(last[0], 'run')} done before the interrupt.", err=True)
        raise
    finally:
        if screen.colour and last[0]:
            click.echo("\r\x1b[K", err=True, nl=False)


def _objects(found: dict[str, Any]) -> str:
    runs, calls = (
        format.plural(found["run_count"], "run"),
        format.plural(found["call_count"], "call"),
    )
    return f"{calls} of {runs}" if found["calls_only"] else f"{runs} with {calls}"


def _lines(found: dict[str, Any], screen: Screen) -> list[str]:
    if not found["run_count"]:
        said = "No run matches: nothing to delete"
    elif found["dry_run"]:
        return [f"Would delete {_objects(found)}; nothing was deleted."]
    else:
        said = f"Deleted {_objects(found)}"
    if found["freed_bytes"] and found["compacted"]:
        said += f"; {_size(found['freed_bytes'])} freed, {_size(found['disk_bytes'])} in use"
    note = found["note"]
    why = wrapped(f"{note[:1].upper()}{note[1:]}.", screen) if note else []
    return [*wrapped(f"{said}.", screen), *why]


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
