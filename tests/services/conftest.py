from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from tests.engines import give_back, new_database
from tests.fakes import FakeClock

from crucible.db import Database


@pytest.fixture
def url(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[str]:
    made = new_database(tmp_path, tmp_path_factory.getbasetemp(), engine)
    yield made
    give_back(made)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database.open(url)
    yield made
    made.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
