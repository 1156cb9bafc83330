"""The database: whether it can be used, and whether it has the schema that this version needs."""

import importlib.util
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import text
from sqlalchemy.engine import make_url

from crucible import migrate
from crucible.config import PREFIX
from crucible.db import Database, named
from crucible.doctor import sqlite_file
from crucible.doctor.case import Case, is_here, size
from crucible.doctor.finding import Finding, failed, ok, skipped, warning
from crucible.extras import adding

PATIENCE_MS = 2000
UPGRADE = "crucible db upgrade"


def look(case: Case) -> Iterator[Finding]:
    url = case.settings.database_url
    named(url)  # raises for an address that keeps no history
    file = case.sqlite_file
    if file is not None:
        yield from sqlite_file.look(file)
        return
    if case.offline and not is_local(url):
        yield skipped("it is on another machine, which was not asked (--offline)")
        return
    if not url.startswith("sqlite") and importlib.util.find_spec("psycopg") is None:
        yield failed("psycopg is not installed (the extra `postgres`)", adding("postgres"))
        return
    yield from _server(url)
    case.reachable = True


def is_local(url: str) -> bool:
    parsed = make_url(url)
    host = parsed.host or parsed.query.get("host", "")
    return is_here(host if isinstance(host, str) else ",".join(host))


def _server(url: str) -> Iterator[Finding]:
    """Raises ConfigError and Unavailable, which say what is wrong."""
    with closing(Database.to_look_at(url)) as database:
        with database.writing(patience_ms=PATIENCE_MS) as session:
            version = str(session.scalar(text("SHOW server_version"))).split()[0]
            may_create = session.scalar(
                text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
            )
        bytes_ = database.disk_bytes()
    yield ok(f"{named(url)}: PostgreSQL {version}, writable, {size(bytes_)}")
    if not may_create:
        yield warning(
            "its user may not create tables, as an upgrade would have to",
            f"in psql: GRANT CREATE ON SCHEMA public TO {make_url(url).username}",
        )


def schema(case: Case) -> Iterator[Finding]:
    if not _is_there(case):
        yield skipped("there is no database that it could be read from")
        return
    try:
        current = _revision(case)
    except sqlite3.Error as error:
        yield failed(f"it cannot be read: {error}", "mend the database first, as said above")
        return
    if current == migrate.HEAD:
        case.has_tables = True
        yield ok(f"revision {current}, as this version needs it")
    elif current is None:
        yield failed(f"it has no tables; this version needs revision {migrate.HEAD}", UPGRADE)
    elif current in _known():
        yield failed(
            f"revision {current} is older than {migrate.HEAD}, which this version needs", UPGRADE
        )
    else:
        yield failed(
            f"revision {current} is newer than this version knows ({migrate.HEAD})",
            f"install the newer version (docs/install.md), or point {PREFIX}DATABASE_URL elsewhere",
        )


def _is_there(case: Case) -> bool:
    file = case.sqlite_file
    return case.reachable if file is None else sqlite_file.is_there(file)


def _revision(case: Case) -> str | None:
    if (file := case.sqlite_file) is None:
        return migrate.revision(case.settings.database_url)
    with closing(sqlite_file.opened(file)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise
    return None if row is None else str(row[0])


def _known() -> set[str]:
    """By the names of their files: loading Alembic would take a third of a second."""
    files = (migrate.scripts() / "versions").glob("[0-9]*.py")
    return {file.name.partition("_")[0] for file in files}
