"""Long histories, made quickly: a thousand made-up runs, and as many older copies as are wanted.

The newest BASE runs are what `crucible db sample` makes. Copies are older and a twentieth as
dear, so that the first fifty pages, the newest failures and the dearest runs are the same rows
whatever the length: what differs between two histories is how much lies behind them. Rows go in
oldest first, as they would have come; indexes are made afterwards.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    text,
)
from tests.benchmarks.report import Scale

from crucible.db import make_engine
from crucible.models import Base
from crucible.services.summary import without_resuming

BASE = 1_000
TITLE = "Benchmark"
CHEAPER = 20
YEAR = timedelta(days=365)
TABLES = ("crucible_runs", "crucible_run_phases", "crucible_run_attempts")

_map = Table(
    "bench_copies",
    MetaData(),
    Column("old_id", String(36)),
    Column("new_id", String(36), primary_key=True),
    Column("number", Integer),
    Column("later", Float),  # seconds; negative for older copies
    Column("cheaper", Integer),
    prefixes=["TEMPORARY"],
)


def environ(url: str, **more: str) -> dict[str, str]:
    """The environment of a command of ours on the database at `url`, nothing of the caller's."""
    ours = ("CRUCIBLE_", "OPENAI_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "CRUCIBLE_DATABASE_URL": url, **more}


def shared(scale: Scale, runs: int) -> Path:
    """A SQLite file with such a history, the part's own: a copy of one that is made once for all
    parts."""
    first, own = scale.shared / f"{runs}.sqlite3", scale.folder / f"{runs}.sqlite3"
    if not first.exists():
        scale.say(f"making {runs:,} runs")
        build(f"sqlite:///{first}", runs)
    shutil.copyfile(first, own)
    return own


def build(url: str, runs: int) -> str:
    """Makes a history of `runs` (a multiple of BASE, or fewer) in a fresh database at `url`.
    Returns the id of its project."""
    made = ["db", "sample", "--runs", str(min(runs, BASE)), "--project", TITLE]
    subprocess.run(
        [sys.executable, "-m", "crucible.cli", *made],
        env=environ(url),
        check=True,
        capture_output=True,
    )
    engine = make_engine(url)
    try:
        if runs > BASE:
            with engine.execution_options(writes=True).connect() as connection:
                _quick(connection)
                with connection.begin():
                    _multiply(connection, runs // BASE)
                _settle(connection)
        with engine.execution_options(writes=True).begin() as connection:
            _tell_as_is(connection)
        with engine.connect() as connection:
            found = connection.execute(text("SELECT id FROM crucible_projects")).scalar_one()
            return str(found)
    finally:
        engine.dispose()


def _tell_as_is(connection: Connection) -> None:
    """Hints as the product words them for runs like these, so that a floor that sends the column
    as it is sends the same."""
    hints = connection.execute(text("SELECT DISTINCT error_hint FROM crucible_runs")).scalars()
    change = text("UPDATE crucible_runs SET error_hint = :told WHERE error_hint = :hint")
    for hint in [each for each in hints if each]:
        connection.execute(change, {"hint": hint, "told": without_resuming(hint)})


def _quick(connection: Connection) -> None:
    if _is_sqlite(connection):
        raw: Any = connection.connection.driver_connection
        for pragma in ("synchronous = OFF", "foreign_keys = OFF", "cache_size = -500000"):
            raw.execute(f"PRAGMA {pragma}")
    else:
        connection.execute(text("SET session_replication_role = replica"))
        connection.commit()


def _settle(connection: Connection) -> None:
    """As it would be found after some time: nothing left in the journal, figures known to the
    planner."""
    if _is_sqlite(connection):
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        connection.commit()
        connection.execution_options(isolation_level="AUTOCOMMIT", writes=True)
        connection.exec_driver_sql("VACUUM (ANALYZE)")


def _multiply(connection: Connection, copies: int) -> None:
    for table in TABLES:
        connection.execute(text(f"CREATE TEMPORARY TABLE base_{table} AS SELECT * FROM {table}"))
        connection.execute(text(f"DELETE FROM {table}"))
    connection.execute(text("CREATE INDEX base_phases ON base_crucible_run_phases (run_id)"))
    indexes = _indexes(connection)
    for name, _ in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    base = _base(connection)
    _map.create(connection)
    for copy in reversed(range(copies)):
        connection.execute(_map.delete())
        connection.execute(insert(_map), _copies(base, copy, copies))
        for table in TABLES:
            connection.execute(text(_insert(connection, table)))
    for _, statement in indexes:
        connection.execute(text(statement))
    connection.execute(text(f"UPDATE crucible_projects SET last_run_number = {copies * len(base)}"))


def _indexes(connection: Connection) -> list[tuple[str, str]]:
    """Names and statements of the indexes of our tables, those of primary keys left out."""
    if _is_sqlite(connection):
        found = (
            "SELECT name, sql FROM sqlite_master "
            "WHERE type = 'index' AND tbl_name IN {} AND sql IS NOT NULL"
        )
    else:
        found = (
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE tablename IN {} AND indexname NOT LIKE 'pk%'"
        )
    return [(name, sql) for name, sql in connection.execute(text(found.format(TABLES)))]


def _base(connection: Connection) -> list[tuple[str, int, datetime]]:
    rows = connection.execute(
        text("SELECT id, number, created_at FROM base_crucible_runs ORDER BY created_at, id")
    )
    return [(row.id, row.number, _moment(row.created_at)) for row in rows]


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _copies(
    base: Sequence[tuple[str, int, datetime]], copy: int, copies: int
) -> list[dict[str, Any]]:
    """Of every run of the base its copy that is `copy` stretches older. All stretches but the
    newest share two years."""
    first, last = base[0][2], base[-1][2]
    pace = min(1.0, 2 * YEAR / (copies * (last - first)))
    made = []
    for place, (old_id, number, created) in enumerate(base):
        moment = created
        if copy:
            moment = first - (copy * (last - first) - (created - first)) * pace
        milliseconds = int(moment.timestamp() * 1000)
        new_id = old_id
        if copy:
            # In the form of an id made at that time, so that ids sort as they do.
            tail = f"{copy:06x}{place:06x}"
            stamp = f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}"
            new_id = f"{stamp}-7{copy & 0xFFF:03x}-8000-{tail}"
        made.append(
            {
                "old_id": old_id,
                "new_id": new_id,
                "number": number + (copies - 1 - copy) * len(base),
                "later": (moment - created).total_seconds(),
                "cheaper": CHEAPER if copy else 1,
            }
        )
    return made


def _insert(connection: Connection, table: str) -> str:
    columns = [c for c in Base.metadata.tables[table].columns if c.computed is None]
    names = ", ".join(column.name for column in columns)
    values = ", ".join(_value(connection, column) for column in columns)
    key = "id" if table == "crucible_runs" else "run_id"
    return (
        f"INSERT INTO {table} ({names}) SELECT {values} FROM bench_copies AS m "
        f"JOIN base_{table} AS b ON b.{key} = m.old_id ORDER BY m.new_id"
    )


def _value(connection: Connection, column: Column[Any]) -> str:
    name = column.name
    if name == "number":
        return "m.number"
    if (column.table.name, name) in {("crucible_runs", "id")} or name == "run_id":
        return "m.new_id"
    if name in ("cost_pico", "wasted_cost_pico"):
        return f"b.{name} / m.cheaper"
    if name.endswith("_at"):
        return _later(connection, name)
    return f"b.{name}"


def _later(connection: Connection, name: str) -> str:
    if _is_sqlite(connection):
        later = f"strftime('%Y-%m-%d %H:%M:%f', b.{name}, m.later || ' seconds') || '000'"
        return f"CASE WHEN m.later = 0 THEN b.{name} ELSE {later} END"
    return f"b.{name} + m.later * interval '1 second'"


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
