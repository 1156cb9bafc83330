from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.mcp.talk import Talk
from tests.seed import new_database

from crucible.cli import local_source
from crucible.db import Database
from crucible.mcp.house import House
from crucible.mcp.server import build
from crucible.scrub import Scrubber

KEY = "sk-test-6d41c0ffee9a7e53"


@pytest.fixture
def url(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return new_database(tmp_path, tmp_path_factory.getbasetemp())


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database.open(url)
    yield made
    made.close()


@pytest.fixture
def house(url: str, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("CRUCIBLE_DATABASE_URL", url)
    monkeypatch.setenv("CRUCIBLE_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("CRUCIBLE_LLM_API_KEY", KEY)
    return House(local_source.opened, Scrubber([KEY]))


@pytest.fixture
def make_talk(house: House) -> Callable[..., Talk]:
    return lambda *, allow_writes=False: Talk(build(house, allow_writes=allow_writes))


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return make_talk()
