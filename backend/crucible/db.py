"""Engine and sessions from a URL. Knows SQLite's manners; knows nothing of Flask or of tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.orm import Session

from crucible.errors import ConfigError, Unavailable

BUSY_TIMEOUT_MS = 10_000


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for `url`; the folder of a SQLite file is made if it is missing."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("CRUCIBLE_DATABASE_URL is not a database address") from None
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(
            "CRUCIBLE_DATABASE_URL: this version keeps its history in SQLite only "
            "(sqlite:////absolute/path.sqlite3)"
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError(
            "CRUCIBLE_DATABASE_URL: an in-memory database would forget every run; name a file"
        )
    _make_folder(Path(parsed.database).parent)
    engine = create_engine(parsed, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"the database's folder {folder} cannot be made: {error.strerror}") from (
            error
        )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins too late (at the first write) and so cannot
    # give BEGIN IMMEDIATE; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")  # for the pragmas that follow
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # a paid call survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    writes = options.get("writes", False)
    patience = options.get("patience_ms", BUSY_TIMEOUT_MS)
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience:d}")
    # A transaction that reads and then writes must hold the write lock from its start:
    # upgrading in the middle fails at once when another writer was quicker.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """Sessions on one engine: `reading()` for questions, `writing()` for changes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(writes=True)

    @classmethod
    def open(cls, url: str) -> "Database":
        return cls(make_engine(url))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine) as session, translated_errors():
            yield session

    @contextmanager
    def writing(self, *, patience_ms: int | None = None) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back if the body raises.

        `patience_ms` bounds the wait for the database's write lock (10 s unless said); raises
        Unavailable when it is not to be had.
        """
        writer = self._writer
        if patience_ms is not None:
            writer = writer.execution_options(patience_ms=patience_ms)
        with Session(writer) as session, translated_errors(), session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def translated_errors() -> Iterator[None]:
    """A database that is missing, locked or full is `Unavailable`, in words."""
    try:
        yield
    except DatabaseError as error:
        # Its other subclasses are faults of ours (a broken constraint, a wrong statement).
        if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
            raise
        raise Unavailable(*_explain(error)) from error


def _explain(error: DatabaseError) -> tuple[str]:
    reason = str(error.orig)
    if "no such table" in reason or "no such column" in reason:
        return ("the database has not been prepared for this version: run `crucible db upgrade`",)
    if "unable to open" in reason or "readonly" in reason:
        reason += "; its file and its folder must be writable, also for reading it"
    return (f"the database cannot be used: {reason}",)
