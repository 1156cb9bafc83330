"""What commands share: settings, the clock, and a database opened for what they do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crucible import config
from crucible.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crucible.db import Database

START = "Start with `crucible serve` (page and API) or `crucible test-run` (one run, here)."


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


def require_database(url: str) -> None:
    """Raises Unavailable when there is no history to read yet."""
    path = sqlite_file(url)
    if path is None:
        return
    try:
        empty = path.stat().st_size == 0
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
