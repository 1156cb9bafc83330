import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.engines import give_back, new_database
from tests.fakes import FakeClock

from crucible import config
from crucible.api import create_app
from crucible.api.database import db
from crucible.db import Database

KEY = "sk-test-6d41c0ffee9a7e53"


def send(client: FlaskClient, method: str, path: str, body: Any) -> Any:
    """Sends a body as JSON, also one that the server's own encoder would refuse."""
    return client.open(path, method=method, data=json.dumps(body), content_type="application/json")


class FakeExecutor:
    def __init__(self) -> None:
        self.woken = 0

    def ready(self) -> None:
        pass

    def wake(self, run_id: str) -> None:
        self.woken += 1

    def cancel(self, run_id: str) -> None:
        pass

    def state(self) -> dict[str, Any]:
        return {"kind": "embedded", "active": 0, "max_active": 8, "running": True}


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
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def executor() -> FakeExecutor:
    return FakeExecutor()


def make_app(url: str, clock: FakeClock, executor: FakeExecutor) -> Flask:
    environ = {
        "CRUCIBLE_DATABASE_URL": url,
        "CRUCIBLE_LLM_BASE_URL": "http://127.0.0.1:9/v1",
        "CRUCIBLE_LLM_API_KEY": KEY,
    }
    return create_app(config.load(environ), executor=executor, clock=clock)


@contextmanager
def disposed(app: Flask) -> Iterator[Flask]:
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(url: str, clock: FakeClock, executor: FakeExecutor) -> Iterator[Flask]:
    with disposed(make_app(url, clock, executor)) as made:
        yield made


@dataclass
class Shared:
    client: FlaskClient
    executor: FakeExecutor
    project_id: str


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Shared]:
    """One application with one project, for the many requests that must change nothing."""
    executor = FakeExecutor()
    folder = tmp_path_factory.mktemp("shared")
    url = new_database(folder, tmp_path_factory.getbasetemp(), engine)
    with disposed(make_app(url, FakeClock(), executor)) as made:
        client = made.test_client()
        project = client.post("/api/projects", json={"title": "Checkout p99"}).get_json()
        yield Shared(client, executor, project["id"])


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def project_id(client: FlaskClient) -> str:
    made = client.post("/api/projects", json={"title": "Checkout p99"})
    assert made.status_code == 201
    return str(made.get_json()["id"])
