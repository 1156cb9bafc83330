"""A history that an earlier version left is read by this one, whatever revision it has.

`history_0001.json` holds rows as the first version wrote them: runs that completed, failed, were
resumed, wait, or lost their worker, and made-up ones without a ledger.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Column, DateTime, MetaData, Table, select, text
from tests.cli.process import inside
from tests.engines import ENGINES, cluster

from crucible import config, migrate
from crucible.api import create_app
from crucible.api.database import db
from crucible.db import Database

REVISIONS = [
    script.revision
    for script in ScriptDirectory.from_config(migrate.config("sqlite://")).walk_revisions()
][::-1]
Rows = dict[str, list[tuple[Any, ...]]]


@cache
def history() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(
        Path(__file__).with_name("history_0001.json").read_text(encoding="utf-8")
    )
    return found


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without tables."""
    if request.param == "postgres":
        return cluster().empty()
    return f"sqlite:///{tmp_path}/m.sqlite3"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database.open(url)
    yield made
    made.close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_upgrade_keeps_every_row_and_figure(url: str, database: Database, revision: str) -> None:
    command.upgrade(migrate.config(url), revision)
    tables = fill(database)
    before = rows(database, tables)
    assert {name: len(found) for name, found in before.items() if name in history()} == {
        name: len(found) for name, found in history().items()
    }

    answer = inside("db", "upgrade", env={"CRUCIBLE_DATABASE_URL": url})
    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"revision {migrate.HEAD}" in answer.stdout
    assert ("already" in answer.stdout) == (revision == migrate.HEAD)
    assert migrate.check(url) == []
    assert rows(database, tables) == before

    api = summaries(url)
    for run in history()["crucible_runs"]:
        assert_told(api[run["id"]], run)
    shown = inside("runs", "--limit", "50", "--format", "json", env={"CRUCIBLE_DATABASE_URL": url})
    assert {run["id"]: run for run in json.loads(shown.stdout)["runs"]} == api
    verified = inside("runs", "verify", env={"CRUCIBLE_DATABASE_URL": url})
    assert (verified.returncode, verified.stderr) == (0, "")


def fill(database: Database) -> dict[str, list[str]]:
    """Puts the history in; the columns of each table, those that are computed included."""
    found = MetaData()
    found.reflect(database.engine)
    with database.writing() as session:
        for name, written in history().items():
            table = found.tables[name]
            for row in written:
                given = {key: value for key, value in row.items() if value is not None}
                values = {key: stored(table.c[key], value) for key, value in given.items()}
                session.execute(table.insert(), values)
    return {
        table.name: list(table.c.keys())
        for table in found.sorted_tables
        if table.name != "alembic_version"
    }


def stored(column: Column[Any], value: Any) -> Any:
    if not isinstance(column.type, DateTime):
        assert isinstance(value, (dict, list)) == isinstance(column.type, JSON)
        return value
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if column.type.timezone else moment


def rows(database: Database, tables: dict[str, list[str]]) -> Rows:
    found: Rows = {}
    with database.reading() as session:
        for name, columns in tables.items():
            table = Table(name, MetaData(), *map(Column, columns))
            told = session.execute(select(table))
            found[name] = sorted((tuple(row) for row in told), key=repr)
    return found


def summaries(url: str) -> dict[str, Any]:
    app = create_app(config.load({"CRUCIBLE_DATABASE_URL": url}))
    answer = app.test_client().get("/api/runs/summary?limit=50")
    with app.app_context():
        db.engine.dispose()
    assert answer.status_code == 200
    return {run["id"]: run for run in answer.get_json()["runs"]}


def assert_told(told: dict[str, Any], run: dict[str, Any]) -> None:
    """By the rows alone, and not by what this version makes of them."""
    lost = run["status"] == "running"  # its worker is gone, which the first reader notices
    assert told["status"] == ("failed" if lost else run["status"])
    assert told["number"] == run["number"]
    assert told["ledger"] == run["ledger"]
    assert told["evaluation_count"] == run["evaluation_count"]
    assert told["created_at"] == f"{run['created_at'][:23]}Z"
    if not lost:
        assert told["duration_seconds"] == run["duration_seconds"]
        assert told["error_summary"] == run["error_summary"]
    if not run["call_count"]:
        assert told["llm_usage"] is None
        return
    total = told["llm_usage"]["total"]
    assert total["cost_usd"] == run["cost_pico"] / 10**12
    for name in ("call_count", "total_tokens", "unpriced_call_count", "models"):
        assert total[name] == run[name]
    calls = [call for call in history()["crucible_llm_calls"] if call["run_id"] == run["id"]]
    if run["ledger"] == "complete":
        assert total["call_count"] == len(calls)
        assert total["cost_usd"] == sum(call["cost_pico"] or 0 for call in calls) / 10**12


def test_the_history_holds_what_could_be_lost() -> None:
    runs = history()["crucible_runs"]
    assert {run["status"] for run in runs} == {"completed", "failed", "created", "running"}
    assert {run["ledger"] for run in runs} == {"complete", "absent"}
    assert max(run["attempt"] for run in runs) == 2
    assert any(run["unpriced_call_count"] for run in runs)
    assert all(history().values())


def test_a_history_of_a_newer_version_is_refused(url: str, database: Database) -> None:
    command.upgrade(migrate.config(url), "head")
    tables = fill(database)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = rows(database, tables)
    for words in (("db", "upgrade"), ("serve", "--port", "0"), ("worker",)):
        answer = inside(*words, env={"CRUCIBLE_DATABASE_URL": url})
        assert (answer.returncode, answer.stdout) == (1, "")
        assert "newer (revision 9999)" in answer.stderr
        assert "upgrade the program" in answer.stderr
    assert rows(database, tables) == before
