"""Migrations alone make tables, and they make what the models say."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from crucible import migrate
from crucible.errors import Conflict, CrucibleError, Unavailable


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/some folder/m.sqlite3"


def test_an_empty_database_is_brought_to_the_models(url: str) -> None:
    assert migrate.ensure(url)
    assert not migrate.ensure(url)
    assert migrate.check(url) == []
    command.check(migrate.config(url))


def test_the_known_head_is_the_newest_migration(url: str) -> None:
    assert ScriptDirectory.from_config(migrate.config(url)).get_current_head() == migrate.HEAD


def test_what_went_up_comes_down(url: str) -> None:
    migrate.ensure(url)
    command.downgrade(migrate.config(url), "base")
    assert migrate.revision(url) is None
    assert migrate.ensure(url)


def test_history_of_the_first_version_is_kept_up_and_down(url: str) -> None:
    alembic = migrate.config(url)
    command.upgrade(alembic, "0001")
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    _add_history(connection)
    before = _all_rows(connection)
    assert migrate.revision(url) == "0001"
    assert not _trend_indexes(connection)

    assert migrate.ensure(url)
    assert migrate.check(url) == []
    command.check(alembic)
    assert _trend_indexes(connection) == {
        "ix_crucible_runs_project_days",
        "ix_crucible_runs_project_failures",
    }
    assert _all_rows(connection) == before
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    command.downgrade(alembic, "0001")
    assert _all_rows(connection) == before
    assert not _trend_indexes(connection)
    assert migrate.ensure(url)
    connection.close()


def _add_history(connection: sqlite3.Connection) -> None:
    """Rows with a value in each column that must have one, as plain SQL: models move on."""
    moment = "2026-11-22 08:51:00.000000"
    _insert(connection, "crucible_projects", {"id": "p", "title": "P", "created_at": moment})
    for number, status in enumerate(("completed", "failed"), start=1):
        run = {"id": f"r{number}", "project_id": "p", "number": number, "status": status}
        _insert(connection, "crucible_runs", {**run, "created_at": moment, "cost_pico": 7})
    connection.commit()


def _insert(connection: sqlite3.Connection, table: str, values: dict[str, object]) -> None:
    needed = {
        name: "{}" if kind == "JSON" else 0 if kind == "BIGINT" else ""
        for _, name, kind, not_null, default, _ in connection.execute(f"PRAGMA table_info({table})")
        if not_null and default is None
    }
    row = needed | values
    marks = ", ".join("?" * len(row))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",
        list(row.values()),
    )


def _all_rows(connection: sqlite3.Connection) -> dict[str, list[object]]:
    return {
        table: connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
        for table in ("crucible_projects", "crucible_runs")
    }


def _trend_indexes(connection: sqlite3.Connection) -> set[str]:
    names = "SELECT name FROM sqlite_master WHERE type = 'index'"
    found = {name for (name,) in connection.execute(names)}
    return found & {"ix_crucible_runs_project_days", "ix_crucible_runs_project_failures"}


def test_a_newer_database_is_refused_untouched(url: str) -> None:
    migrate.ensure(url)
    file = url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for ask in (migrate.ensure, migrate.check):
        with pytest.raises(Conflict, match="9999"):
            ask(url)


def test_a_difference_is_named(url: str) -> None:
    migrate.ensure(url)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("ALTER TABLE crucible_projects ADD COLUMN extra TEXT")
    connection.close()
    assert "extra" in str(migrate.check(url))


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "x.sqlite3"
    file.write_text("this is not a database, but it is long enough to look like a file header")
    with pytest.raises(Unavailable, match="not a database"):
        migrate.ensure(f"sqlite:///{file}")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "what"])
def test_addresses_that_keep_no_history_are_refused(url: str) -> None:
    with pytest.raises(CrucibleError, match="CRUCIBLE_DATABASE_URL"):
        migrate.ensure(url)


def test_processes_that_start_at_once_make_one_database(url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        made = pool.map(migrate.ensure, [url] * 3)
    assert any(made)
    assert migrate.check(url) == []


def test_every_link_between_tables_leads_an_index(url: str) -> None:
    """Else deleting a row reads the whole of each table that may link to it."""
    migrate.ensure(url)
    inspector = inspect(create_engine(url))
    for table in inspector.get_table_names():
        leading = {index["column_names"][0] for index in inspector.get_indexes(table)}
        leading |= set(inspector.get_pk_constraint(table)["constrained_columns"][:1])
        for link in inspector.get_foreign_keys(table):
            assert link["constrained_columns"][0] in leading, f"{table}: {link}"
