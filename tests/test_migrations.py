"""Migrations alone make tables, and they make what the models say."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

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


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "postgresql://localhost/x", "what"]
)
def test_addresses_that_keep_no_history_are_refused(url: str) -> None:
    with pytest.raises(CrucibleError, match="CRUCIBLE_DATABASE_URL"):
        migrate.ensure(url)


def test_processes_that_start_at_once_make_one_database(url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        made = pool.map(migrate.ensure, [url] * 3)
    assert any(made)
    assert migrate.check(url) == []
