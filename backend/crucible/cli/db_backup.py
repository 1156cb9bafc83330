"""`crucible db backup`: a copy of the history, while it is in use."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import click

from crucible import config
from crucible.cli import emit, state
from crucible.cli.errors import Failure
from crucible.cli.options import examples

PARTIAL = ".partial"


@click.command(epilog=examples("crucible db backup /backups/crucible-2026-11-23.sqlite3"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the history to FILE, as it is at one moment, while runs go on.

    For SQLite; PostgreSQL has `pg_dump` (docs/deploy.md). FILE must not exist yet; only its owner
    may read it. To restore, stop the server and put the copy in the place of the database.
    """
    source = _source(config.load().database_url)
    if file.exists():
        raise Failure(f"{file} exists already; name another file")
    copying = file.with_name(file.name + PARTIAL)
    try:
        # What was asked and answered may stand in it.
        os.close(os.open(copying, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise Failure(f"{copying} exists: another backup is at work, or was broken off") from None
    try:
        _copy(source, copying)
        copying.rename(file)
    finally:
        copying.unlink(missing_ok=True)
    emit.text(f"{file}: {file.stat().st_size / 1e6:,.1f} MB, a copy of {source}")


def _source(url: str) -> Path:
    path = state.sqlite_file(url)
    if path is None:
        raise click.UsageError(
            "CRUCIBLE_DATABASE_URL names no SQLite file. PostgreSQL is backed up by pg_dump: see "
            "docs/deploy.md."
        )
    state.require_database(url)
    return path.resolve()


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as copy,
    ):
        # In one step: writers go on beside it, and it need not begin anew when they do.
        reading.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, complete, wherever it is carried
    with target.open("rb") as written:
        os.fsync(written.fileno())
