"""What commands share: settings, the clock, and a database opened for what they do."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crucible import config
from crucible.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crucible.db import Database

START = "Start with `crucible serve` (page and API) or `crucible test-run` (one run, here)."


def server_url() -> str | None:
    """The server to ask: the one that --url names, else CRUCIBLE_URL; None is the database here."""
    return given_url() or config.load().url


def given_url() -> str | None:
    """What --url names, before or after the subcommand."""
    context = click.get_current_context(silent=True)
    found: str | None = (context.find_root().obj or {}).get("url") if context else None
    return found


def note_asked(url: str) -> None:
    """Keeps in mind that what this command shows comes from a server."""
    if context := click.get_current_context(silent=True):
        root = context.find_root()
        root.obj = {**(root.obj or {}), "asked": url}


@contextmanager
def reading() -> Iterator["Session"]:
    """A session on the database that is there, with dead workers noticed. Never creates one."""
    from crucible.clock import SystemClock  # noqa: PLC0415 - see `opened`
    from crucible.scrub import Scrubber  # noqa: PLC0415
    from crucible.services import lost  # noqa: PLC0415

    settings = config.load()
    require_database(settings.database_url)
    with opened(settings.database_url) as database, database.reading() as session:
        lost.look(session, database, SystemClock(), Scrubber(settings.secrets()))
        yield session


@contextmanager
def opened(url: str) -> Iterator["Database"]:
    from crucible.db import Database  # noqa: PLC0415 - SQLAlchemy: not for `--help`

    database = Database.open(url)
    try:
        yield database
    finally:
        database.close()


def prepared(url: str) -> str | None:
    """Creates or upgrades the database; a sentence where that made a file: a slip in its address
    would otherwise look as if all history were gone."""
    from crucible import migrate  # noqa: PLC0415 - see `opened`

    path = sqlite_file(url)
    new = path is not None and not os.path.exists(path)  # nor raises where it may not look
    migrate.ensure(url)
    return f"Made a new history in {path.resolve()}" if new and path else None


def require_database(url: str) -> None:
    """Raises Unavailable when there is no history to read yet."""
    path = sqlite_file(url)
    if path is None:
        return
    try:
        found = path.stat()
        # What is no file is refused in words as it is opened.
        empty = stat.S_ISREG(found.st_mode) and found.st_size == 0
    except FileNotFoundError:
        empty = True
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error
    if empty:
        raise Unavailable(f"there is no history yet: {path} does not exist", hint=START)


def sqlite_file(url: str) -> Path | None:
    """The file a SQLite address names; None for any other address."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - see `opened`
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))
