"""PostgreSQL's manners: row locks, snapshots on demand, a server that may be away.

docs/adr/0012-postgresql.md says why.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from crucible.db import waiting
from crucible.errors import ConfigError, Unavailable
from crucible.extras import adding

DRIVER = "postgresql+psycopg"
CONNECT_SECONDS = 10
PAUSE_SECONDS = 0.1
OLDEST = 13
_ALONE = 7_305_482_119
"""Any number, the same in every version: who migrates or imports holds the lock of that name."""
_SIZES = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)
FROM pg_class c WHERE c.relname LIKE 'crucible\\_%' AND c.relkind = 'r'
  AND pg_table_is_visible(c.oid)
"""
_DEAD = """
SELECT coalesce(
  sum(pg_total_relation_size(relid)::numeric * n_dead_tup / (n_live_tup + n_dead_tup)), 0
)
FROM pg_stat_user_tables
WHERE relname LIKE 'crucible\\_%' AND pg_table_is_visible(relid) AND n_dead_tup > 0
"""
_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relname LIKE 'crucible\\_%' AND c.relkind = 'r' AND pg_table_is_visible(c.oid)
ORDER BY c.relname
"""


def make(url: URL, *, as_it_is: bool = False, **options: Any) -> Engine:
    """Raises ConfigError for another driver, and where psycopg is not installed."""
    if url.drivername not in ("postgresql", "postgres", DRIVER):
        raise ConfigError(f"CRUCIBLE_DATABASE_URL: the driver is psycopg ({DRIVER}://...)")
    given = {
        "pool_pre_ping": True,  # a server that was restarted is not met with its old connections
        "pool_use_lifo": True,
        "pool_size": 5,
        "max_overflow": 20,
        "pool_timeout": waiting.BUSY_TIMEOUT_MS / 1000,
        "connect_args": _connecting(url),
    }
    try:
        engine = create_engine(url.set(drivername=DRIVER), **{**given, **options})
    except ImportError as error:
        why = "is not installed" if find_spec("psycopg") is None else f"cannot be loaded: {error}"
        raise ConfigError(
            "CRUCIBLE_DATABASE_URL names a PostgreSQL database, and its driver psycopg (the extra "
            f"`postgres`) {why}",
            hint=adding("postgres"),
        ) from None
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def named(url: URL) -> str:
    """Without user, password and options."""
    bare = URL.create("postgresql", host=url.host, port=url.port, database=url.database)
    return bare.render_as_string()


def _connecting(url: URL) -> dict[str, Any]:
    given = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "int-crucible",
        "client_encoding": "utf8",
        # A statement is planned for its values each time: a plan for any status would pass by
        # the index over failures. It also lets a pooler stand in between.
        "prepare_threshold": None,
        # A server that vanishes without a word is given up after a minute.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
    return {name: value for name, value in given.items() if name not in url.query}


def _prepare(connection: Any, _record: Any) -> None:
    from crucible.db.psycopg_types import register  # noqa: PLC0415 - psycopg is an extra

    info = connection.info
    if info.server_version < OLDEST * 10_000:
        raise ConfigError(f"CRUCIBLE_DATABASE_URL: this takes PostgreSQL {OLDEST} or newer")
    if (encoding := info.parameter_status("server_encoding")) != "UTF8":
        raise ConfigError(
            f"CRUCIBLE_DATABASE_URL: the database's encoding is {encoding}; this takes UTF8"
        )
    register(connection)
    connection.autocommit = True
    connection.execute(
        f"SET timezone = 'UTC'; SET lock_timeout = {waiting.BUSY_TIMEOUT_MS:d}; "
        "SET synchronous_commit = on"  # a paid call survives a power cut
    )
    connection.autocommit = False
    connection.crucible_patience = waiting.BUSY_TIMEOUT_MS


def _begin(connection: Connection) -> None:
    """Who writes sees what was committed before each statement, and locks rows by changing them;
    who reads sees one moment."""
    from psycopg import IsolationLevel  # noqa: PLC0415 - psycopg is an extra

    options = connection.get_execution_options()
    driver: Any = connection.connection.dbapi_connection
    writes = options.get("writes", False) or options.get("stages", False)
    # Attributes of the driver travel with its BEGIN: they cost no statement.
    driver.read_only = not writes
    driver.isolation_level = (
        IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
    )
    patience = options.get("patience_ms", waiting.BUSY_TIMEOUT_MS)
    if writes and patience != driver.crucible_patience:
        # 0 would be without end.
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, patience):d}")


def connect(engine: Engine, patience_ms: int) -> Connection:
    """Waits for a server that is being restarted as it would for a lock: nothing has been said
    yet, so nothing can be lost or done twice."""
    until = time.monotonic() + patience_ms / 1000
    while True:
        try:
            return engine.connect()
        except DBAPIError as error:
            if not _comes_back(error) or time.monotonic() + PAUSE_SECONDS > until:
                raise
            time.sleep(PAUSE_SECONDS)


def alone(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _ALONE})


@contextmanager
def unlinked(engine: Engine) -> Iterator[Engine]:
    """The same: every link leads over an index here."""
    yield engine


def disk_bytes(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(_SIZES)).scalar_one())


def free_bytes(engine: Engine) -> int:
    """As the server's statistics reckon it: rows that are dead and not yet cleared away."""
    with engine.connect() as connection:
        return int(connection.execute(text(_DEAD)).scalar_one())


def compact(engine: Engine, patience_ms: int) -> None:
    with engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT", writes=True)
        names = connection.execute(text(_TABLES)).scalars().all()
        connection.exec_driver_sql(f"SET lock_timeout = {max(1, patience_ms):d}")
        try:
            for name in names:
                connection.exec_driver_sql(f'VACUUM (FULL, ANALYZE) "{name}"')
        finally:
            connection.invalidate()  # its lock_timeout is another now


_STATES = {
    "42P01": (waiting.UNPREPARED, False),
    "42703": (waiting.UNPREPARED, False),
    "55P03": ("the database is locked: another's change is in the way", True),
    "40P01": ("the database is locked: two changes were in each other's way", True),
    "40001": ("the database is locked: another's change came first", True),
    "57014": ("the database gave up on a question that took longer than it allows", False),
    "53100": ("the database cannot be used: the disk of its server is full", True),
    "53200": ("the database cannot be used: its server is out of memory", True),
    "53300": ("the database cannot be used: its server takes no more connections", True),
}
_AWAY = ("08", "57P")
"""A connection that broke; a server that stops, starts or ended the session."""
_NOT_ALLOWED = ("28", "3D", "42501", "25006", "53", "54", "58")


def explained(error: DBAPIError) -> Unavailable | None:
    state = _state(error)
    if known := _STATES.get(state):
        words, again = known
        return Unavailable(words, retry_after=waiting.RETRY_SECONDS if again else None)
    if _is_away(error, state):
        pause = waiting.RETRY_SECONDS if _comes_back(error) else None
        return Unavailable(f"the database cannot be reached: {_reason(error)}", retry_after=pause)
    if state.startswith(_NOT_ALLOWED):
        return Unavailable(f"the database cannot be used: {_reason(error)}")
    return None


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _is_away(error: DBAPIError, state: str) -> bool:
    from psycopg import InterfaceError, OperationalError  # noqa: PLC0415 - psycopg is an extra

    lost = isinstance(error.orig, OperationalError | InterfaceError) and not state
    return lost or state.startswith(_AWAY)


def _comes_back(error: DBAPIError) -> bool:
    """Whether the server may be there, or have room, in a moment."""
    state = _state(error)
    if state == "53300":
        return True
    if not _is_away(error, state):
        return False
    # While connecting, the server's own refusals come without their code.
    said = str(error.orig)
    never = ("authentication failed", "does not exist", "no pg_hba.conf entry", "could not tran")
    return not any(words in said for words in never)


def _reason(error: DBAPIError) -> str:
    said = str(error.orig).strip().splitlines()
    return said[0] if said else type(error.orig).__name__
