from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import new_database

from crucible.db import Database


@pytest.fixture
def database(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database.open(new_database(tmp_path, tmp_path_factory.getbasetemp()))
    yield made
    made.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
