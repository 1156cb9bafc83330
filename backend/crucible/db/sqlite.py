"""SQLite's manners: a file, one writer at a time, readers that see one moment."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from crucible.db import waiting
from crucible.errors import ConfigError, Unavailable

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make(url: URL, *, as_it_is: bool = False, **options: Any) -> Engine:
    """The folder of the file is made if it is missing."""
    if not url.database or url.database == ":memory:":
        raise ConfigError(
            "CRUCIBLE_DATABASE_URL: an in-memory database would forget every run; name a file"
        )
    if not_a_file(url.database):
        raise Unavailable(
            f"the database cannot be used: {url.database} is no file",
            hint="Point CRUCIBLE_DATABASE_URL at a file, which is made where there is none.",
        )
    _make_folder(Path(url.database).parent)
    engine = create_engine(url, **options)
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare)
    if not as_it_is:
        event.listen(engine, "connect", _keep_journal)
    event.listen(engine, "begin", _begin)
    return engine


def named(url: URL) -> str:
    return str(url.database)


def not_a_file(path: str | Path) -> bool:
    """Whether something else is there: a folder, a pipe, a device."""
    return os.path.exists(path) and not os.path.isfile(path)  # neither raises


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"the database's folder {folder} cannot be made: {error.strerror}",
            hint="Point CRUCIBLE_DATABASE_URL at a file in a folder that you may write to.",
        ) from error


def _make_private(_dialect: Any, _record: Any, args: list[Any], named: dict[str, Any]) -> None:
    """A file that is made is its owner's alone: problems and answers stand in it. SQLite gives
    its journal the same rights. One that is there keeps those it has."""
    if named.get("uri"):
        return  # an address, not a path
    try:
        os.close(os.open(args[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    except OSError:
        pass  # it is there; or cannot be made, which SQLite tells better


def _prepare(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins too late (at the first write) and so cannot
    # give BEGIN IMMEDIATE; `_begin` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {waiting.BUSY_TIMEOUT_MS}")  # for those that follow
    cursor.execute("PRAGMA synchronous = FULL")  # a paid call survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _keep_journal(connection: Any, _record: Any) -> None:
    # With it, readers and writers do not wait for each other. The file remembers it.
    connection.execute("PRAGMA journal_mode = WAL")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    writes = options.get("writes", False)
    patience = options.get("patience_ms", waiting.BUSY_TIMEOUT_MS)
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience:d}")
    # A transaction that reads and then writes must hold the write lock from its start:
    # upgrading in the middle fails at once when another writer was quicker.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def connect(engine: Engine, patience_ms: int) -> Connection:
    return engine.connect()


def alone(connection: Connection) -> None:
    """Nothing to do: the transaction of a writer is alone from its start."""


@contextmanager
def unlinked(engine: Engine) -> Iterator[Engine]:
    """Where no index leads from a row to those that point to it, SQLite reads whole tables to
    find them."""
    made = make(engine.url)
    event.listen(made, "connect", _forget_foreign_keys)
    try:
        yield made
    finally:
        made.dispose()


def _forget_foreign_keys(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")


def disk_bytes(engine: Engine) -> int:
    path = str(engine.url.database)
    return sum(_size(Path(path + suffix)) for suffix in ("", "-wal"))


def free_bytes(engine: Engine) -> int:
    with _raw(engine) as connection:
        free, size = (_pragma(connection, name) for name in ("freelist_count", "page_size"))
    return free * size


def compact(engine: Engine, patience_ms: int) -> None:
    """Raises Unavailable when the disk has no room for the copy."""
    with _raw(engine) as connection:
        _require_room(connection, Path(str(engine.url.database)))
        connection.execute(f"PRAGMA busy_timeout = {patience_ms:d}")
        connection.execute("VACUUM")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise Unavailable("the database is being read: its journal could not be emptied")


@contextmanager
def _raw(engine: Engine) -> Iterator[Any]:
    """The driver's own connection, outside any transaction."""
    connection = engine.raw_connection()
    try:
        yield connection.driver_connection
    except sqlite3.DatabaseError as error:
        raise Unavailable(f"the database cannot be used: {error}") from error
    finally:
        connection.close()


def _pragma(connection: Any, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _require_room(connection: Any, path: Path) -> None:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    # Once as a copy, once in the journal: both may lie on the same disk.
    needed = 2 * pages * _pragma(connection, "page_size")
    left = shutil.disk_usage(path.parent).free
    if left < needed:
        raise Unavailable(
            f"it takes {needed / 1e6:,.0f} MB for a while, and the disk of {path.parent} has "
            f"{left / 1e6:,.0f} MB left"
        )


def explained(error: DBAPIError) -> Unavailable | None:
    # Other subclasses of DatabaseError are faults of ours (a broken constraint, a wrong statement).
    if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
        return None
    reason = str(error.orig)
    if "no such table" in reason or "no such column" in reason:
        return Unavailable(waiting.UNPREPARED)
    if "unable to open" in reason or "readonly" in reason:
        reason += "; its file and its folder must be writable, also for reading it"
    # Worth asking again where another's lock is in the way.
    pause = waiting.RETRY_SECONDS if "locked" in reason else None
    return Unavailable(f"the database cannot be used: {reason}", retry_after=pause)
