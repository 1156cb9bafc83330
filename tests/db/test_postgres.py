"""PostgreSQL's own: its absence, its restarts, its order of texts, and what it cannot keep."""

import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import inspect, text
from tests.engines import ENGINES, Cluster, cluster, give_back
from tests.lab import Lab
from tests.seed import add_call, add_project, add_run
from tests.stub_model import StubModel

from crucible import config, migrate
from crucible.api import create_app
from crucible.api.database import db
from crucible.db import Database, make_engine, named, postgres
from crucible.errors import ConfigError, Conflict, Unavailable
from crucible.models import LLMCall, Project
from crucible.services.verify import verify_run

pytestmark = pytest.mark.skipif("postgres" not in ENGINES, reason="left out by name")
PASSWORD = "correct-horse%40battery"


@pytest.fixture
def database() -> Iterator[Database]:
    url = cluster().lend()
    made = Database.open(url)
    yield made
    made.close()
    give_back(url)


@pytest.fixture
def empty() -> str:
    return cluster().empty()


@pytest.fixture(scope="module")
def mortal() -> Iterator[Cluster]:
    """A server that tests may stop."""
    made = Cluster()
    yield made
    made.remove()


def test_without_its_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match="psycopg .* is not installed$") as caught:
        make_engine("postgresql://localhost/x")
    assert "'psycopg[binary]" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://me:{PASSWORD}@127.0.0.1:1/x",
        f"postgresql+psycopg://me@127.0.0.1:1/x?password={PASSWORD}",
        f"postgresql://me:{PASSWORD}@127.0.0.1:port/x",
        f"postgresql+asyncpg://me:{PASSWORD}@127.0.0.1:1/x",
        f"me:{PASSWORD}@127.0.0.1/x",
        f"postgresql://me:{PASSWORD}@[127.0.0.1/x",
    ],
)
def test_a_password_is_never_shown(address: str, caplog: pytest.LogCaptureFixture) -> None:
    said = []
    for ask in (migrate.ensure, migrate.check, named, lambda _: _health(address)):
        try:
            said.append(str(ask(address)))
        except (ConfigError, Unavailable) as error:
            said.append(f"{error.message} {error.hint}")
    for word in ("horse", "battery"):
        assert word not in " ".join(said) + caplog.text


def _health(address: str) -> str:
    settings = config.load({"CRUCIBLE_DATABASE_URL": address})
    app = create_app(settings)
    answer = app.test_client().get("/api/health")
    assert answer.status_code == 503
    return answer.text


def test_a_server_that_is_not_there_is_said_so() -> None:
    with pytest.raises(Unavailable, match="cannot be reached: .*refused") as raised:
        migrate.ensure("postgresql://127.0.0.1:1/x")
    assert raised.value.retry_after == 1


def test_a_database_or_user_that_is_not_there_is_not_waited_for() -> None:
    for url in (cluster().url("nowhere"), cluster().template.replace("tests@", "nobody@")):
        with (
            closing(Database.open(url)) as database,
            pytest.raises(Unavailable, match="does not exist"),
            database.writing(),
        ):
            pass


def test_other_encodings_are_refused() -> None:
    cluster().sql(
        "postgres",
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
    )
    with pytest.raises(ConfigError, match="LATIN1.*UTF8"):
        migrate.ensure(cluster().url("latin"))


def test_migrations_go_up_and_down(empty: str) -> None:
    assert migrate.revision(empty) is None
    assert migrate.ensure(empty)
    assert not migrate.ensure(empty)
    assert migrate.check(empty) == []
    command.check(migrate.config(empty))
    command.downgrade(migrate.config(empty), "base")
    assert migrate.revision(empty) is None
    assert migrate.ensure(empty)


def test_several_who_migrate_at_once_make_one_database(empty: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert any(pool.map(migrate.ensure, [empty] * 3))
    assert migrate.check(empty) == []


def test_a_newer_database_and_a_difference_are_named(empty: str) -> None:
    migrate.ensure(empty)
    name = empty.rpartition("?")[0].rpartition("/")[2]
    cluster().sql(name, "ALTER TABLE crucible_projects ADD COLUMN extra TEXT")
    assert "extra" in str(migrate.check(empty))
    cluster().sql(name, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match="9999"):
        migrate.ensure(empty)


def test_an_unprepared_database_says_what_to_do(empty: str) -> None:
    with (
        closing(Database.open(empty)) as database,
        pytest.raises(Unavailable, match="crucible db upgrade"),
        database.reading() as session,
    ):
        session.scalar(text("SELECT id FROM crucible_runs"))


def test_every_text_sorts_by_its_bytes_and_has_no_limit(database: Database) -> None:
    engine = make_engine(str(cluster().template))
    for table in inspect(engine).get_table_names():
        for column in inspect(engine).get_columns(table):
            if table.startswith("crucible_") and hasattr(column["type"], "collation"):
                assert (column["type"].collation, column["type"].length) == ("C", None), column
    engine.dispose()


def test_failures_have_their_partial_index(database: Database) -> None:
    with database.reading() as session:
        made = session.scalar(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"),
            {"name": "ix_crucible_runs_project_failures"},
        )
    assert "WHERE (status = 'failed'::text)" in str(made)


def test_ids_are_found_by_their_beginning_over_an_index(database: Database) -> None:
    with database.reading() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        asked = "EXPLAIN SELECT id FROM crucible_runs WHERE id >= '01a' AND id < '01b'"
        plan = "\n".join(session.scalars(text(asked)))
    assert "Index Cond: ((id >= '01a'::text) AND (id < '01b'::text))" in plan


def test_what_it_cannot_keep_becomes_a_mark(database: Database) -> None:
    with database.writing() as session:
        project = add_project(session, title="a\x00b", goals=["c\x00d"])
        call = add_call(session, add_run(session, project), answer="x\ud800y", subject="s" * 900)
        ids = project.id, call.id
    with database.reading() as session:
        found = session.get_one(Project, ids[0])
        assert (found.title, found.goals) == ("a\ufffdb", ["c\x00d"])
        kept = session.get_one(LLMCall, ids[1])
        assert (kept.answer, len(kept.subject)) == ("x?y", 900)


def test_who_reads_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable, match="read-only"), database.reading() as session:
        add_project(session)


def test_its_space_is_given_back(database: Database) -> None:
    with database.writing() as session:
        run = add_run(session, add_project(session))
        for _ in range(40):
            add_call(session, run, answer="x" * 1500 + str(id(run)))
    full = database.disk_bytes()
    with database.writing() as session:
        session.execute(text("DELETE FROM crucible_llm_calls"))
    database.compact()
    assert database.disk_bytes() < full


def lab_on(folder: Path, stub: StubModel, url: str) -> Lab:
    return Lab(folder, stub, {"CRUCIBLE_DATABASE_URL": url})


def application(url: str) -> Flask:
    return create_app(config.load({"CRUCIBLE_DATABASE_URL": url}))


def test_a_server_that_was_restarted_is_used_again(mortal: Cluster) -> None:
    app = application(mortal.lend())
    client = app.test_client()
    assert client.post("/api/projects", json={"title": "x"}).status_code == 201
    assert client.get("/api/projects").status_code == 200

    mortal.stop()
    answers = [client.get("/api/projects"), client.post("/api/projects", json={"title": "y"})]
    answers.append(client.get("/api/health"))
    mortal.start()

    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert answers[0].headers["Retry-After"] == "1"
    assert len(client.get("/api/projects").get_json()["projects"]) == 1
    assert client.post("/api/projects", json={"title": "z"}).status_code == 201
    with app.app_context():
        db.engine.dispose()


def test_a_run_waits_for_a_server_that_is_restarted(
    mortal: Cluster, tmp_path: Path, stub: StubModel
) -> None:
    lab = lab_on(tmp_path, stub, mortal.lend())

    def plan(n: int, body: object) -> str:
        if n == 3:
            mortal.stop()
            threading.Timer(0.3, mortal.start).start()
        return "ok"

    stub.plan = plan
    lab.environ["CRUCIBLE_CONCURRENCY"] = "1"
    run = lab.run(2, 2)
    assert run.status == "completed"
    _every_call_is_recorded(lab, stub, run.id)
    lab.close()


def test_a_run_whose_server_stays_away_sends_nothing_unrecorded(
    mortal: Cluster, tmp_path: Path, stub: StubModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.db.waiting.BUSY_TIMEOUT_MS", 100)
    lab = lab_on(tmp_path, stub, mortal.lend())

    def plan(n: int, body: object) -> str:
        if n == 3:
            mortal.stop()
            threading.Timer(1.0, mortal.start).start()
        return "ok"

    stub.plan = plan
    run = lab.run(2, 2)
    assert (run.status, run.error_kind) == ("failed", "internal")
    assert run.error_summary and run.error_summary.endswith("the database could not be used")
    _every_call_is_recorded(lab, stub, run.id)
    lab.close()


def _every_call_is_recorded(lab: Lab, stub: StubModel, run_id: str) -> None:
    assert len(stub.requests) == len(lab.calls(run_id))
    with lab.database.reading() as session:
        assert verify_run(session, run_id)["differences"] == []


def test_a_crowd_beyond_the_pool_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = cluster().lend()
    made: Callable[[], Database] = lambda: Database(  # noqa: E731 - one use
        make_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    )
    with closing(made()) as database, database.reading() as session:
        session.connection()
        with pytest.raises(Unavailable, match="busy") as raised, database.writing():
            pass
    assert raised.value.retry_after == 1
    give_back(url)


def test_a_server_without_room_is_said_so() -> None:
    error = type("TooMany", (Exception,), {"sqlstate": "53300"})("FATAL: sorry, too many clients")
    error.__class__.__module__ = "psycopg.errors"
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - for this test alone

    said = postgres.explained(OperationalError("", {}, error))
    assert said is not None
    assert "no more connections" in said.message
