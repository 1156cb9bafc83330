"""Engine and sessions from a URL, on SQLite or PostgreSQL. Knows nothing of Flask or of tables.

What is particular to one engine stands in its module here; `migrate` aside, nothing else in the
house asks which it is.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from crucible.db import postgres, sqlite, waiting
from crucible.errors import ConfigError, Unavailable

__all__ = ["Database", "alone", "explained", "make_engine", "named", "translated_errors"]


class Manners(Protocol):
    """What each engine's module has."""

    def make(self, url: URL, *, as_it_is: bool = False, **options: Any) -> Engine: ...

    def named(self, url: URL) -> str:
        """The database as one may show it, without secrets."""

    def connect(self, engine: Engine, patience_ms: int) -> Connection:
        """A connection on which to write."""

    def alone(self, connection: Connection) -> None:
        """Waits until no other transaction asked the same; holds to the end of this one."""

    def unlinked(self, engine: Engine) -> AbstractContextManager[Engine]: ...

    def disk_bytes(self, engine: Engine) -> int: ...

    def free_bytes(self, engine: Engine) -> int: ...

    def compact(self, engine: Engine, patience_ms: int) -> None: ...

    def explained(self, error: DBAPIError) -> Unavailable | None: ...


_MANNERS: dict[str, Manners] = {"sqlite": sqlite, "postgresql": postgres, "postgres": postgres}


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise ConfigError("CRUCIBLE_DATABASE_URL is not a database address") from None


def _manners(url: URL) -> Manners:
    found = _MANNERS.get(url.get_backend_name())
    if found is None:
        raise ConfigError(
            "CRUCIBLE_DATABASE_URL: history is kept in SQLite (sqlite:////absolute/path.sqlite3) "
            "or PostgreSQL (postgresql://user@host:5432/name)"
        )
    return found


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for `url`. Raises ConfigError for an address that keeps no history, or whose
    driver is not installed."""
    parsed = _parsed(url)
    return _manners(parsed).make(parsed, **options)


def named(url: str) -> str:
    """The database at `url` as one may show it: a file, or an address without user and password."""
    parsed = _parsed(url)
    return _manners(parsed).named(parsed)


def alone(connection: Connection) -> None:
    """In a transaction that writes: waits until no other changes the schema or imports history."""
    _manners(connection.engine.url).alone(connection)


class Database:
    """Sessions on one engine: `reading()` for questions, `writing()` for changes.

    A session that reads sees one moment, however many questions it asks. A session that writes
    must lock the row it decides by before it reads it: by changing it, or by
    `with_for_update()`. (SQLite needs no such lock, since it has one writer at a time, and is
    not sent one.)
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._manners = _manners(engine.url)
        self._writer = engine.execution_options(writes=True)

    @classmethod
    def open(cls, url: str) -> "Database":
        return cls(make_engine(url))

    @classmethod
    def to_look_at(cls, url: str) -> "Database":
        """For reading alone: the file stays as it is, its kind of journal too."""
        return cls(make_engine(url, as_it_is=True))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine) as session, translated_errors():
            yield session

    @contextmanager
    def writing(self, *, patience_ms: int | None = None) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back if the body raises.

        `patience_ms` bounds the wait for a lock, or for a server that is being restarted (10 s
        unless said); raises Unavailable when it is not to be had.
        """
        writer = self._writer
        if patience_ms is not None:
            writer = writer.execution_options(patience_ms=patience_ms)
        patience = waiting.BUSY_TIMEOUT_MS if patience_ms is None else patience_ms
        with (
            translated_errors(),
            self._manners.connect(writer, patience) as connection,
            Session(connection) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def unlinked(self) -> Iterator["Database"]:
        """The same database, for deleting in bulk: where links between tables would cost, without
        them. Whoever deletes here deletes what points there too."""
        with self._manners.unlinked(self.engine) as engine:
            yield Database(engine)

    def disk_bytes(self) -> int:
        """What the history takes on disk, a journal of its own included."""
        with translated_errors():
            return self._manners.disk_bytes(self.engine)

    def free_bytes(self) -> int:
        """The part of it that deleted rows left empty."""
        with translated_errors():
            return self._manners.free_bytes(self.engine)

    def compact(self, *, patience_ms: int | None = None) -> None:
        """Rewrites the history without its empty part, so that the disk has it back.

        Nobody can write meanwhile. Raises Unavailable when somebody does, or when there is no
        room for the copy.
        """
        patience = waiting.BUSY_TIMEOUT_MS if patience_ms is None else patience_ms
        with translated_errors():
            self._manners.compact(self.engine, patience)

    def close(self) -> None:
        self.engine.dispose()


def explained(error: DBAPIError) -> Unavailable | None:
    """What a database that is missing, locked or full says, in words; None for an error that is a
    fault of ours (a broken constraint, a wrong statement)."""
    foreign = type(error.orig).__module__.partition(".")[0] == "psycopg"
    manners: Manners = postgres if foreign else sqlite
    return manners.explained(error)


@contextmanager
def translated_errors() -> Iterator[None]:
    """A database that is missing, locked or full is `Unavailable`, in words."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(
            "the database cannot be used: every connection to it is busy",
            retry_after=waiting.RETRY_SECONDS,
        ) from error
    except DBAPIError as error:
        if (unavailable := explained(error)) is None:
            raise
        raise unavailable from error
