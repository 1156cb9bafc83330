import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.api.conftest import FakeExecutor, Shared, send
from tests.api.test_runs import WRONG
from tests.cli.process import environment, inside
from tests.fakes import FakeClock

from crucible import config
from crucible.db import Database
from crucible.models import Base
from crucible.schemas.estimates import EstimateSchema
from crucible.services.estimates import estimate


def path(project_id: str) -> str:
    return f"/api/projects/{project_id}/runs/estimate"


@pytest.mark.parametrize("how", [{}, {"json": {}}, {"data": b"", "content_type": "text/plain"}])
def test_it_needs_no_body(client: FlaskClient, project_id: str, how: dict[str, Any]) -> None:
    answer = client.post(path(project_id), **how)

    assert answer.status_code == 200
    found = answer.get_json()
    assert EstimateSchema().validate(found) == {}
    assert found["calls"] == 42
    assert found["basis"]["kind"] == "prices"


def everything(database: Database) -> list[Any]:
    with database.reading() as session:
        return [session.execute(table.select()).all() for table in Base.metadata.sorted_tables]


def test_it_starts_nothing_and_writes_nothing(
    client: FlaskClient, project_id: str, executor: FakeExecutor, database: Database
) -> None:
    before = everything(database)

    client.post(path(project_id), json={"num_candidates": 2, "label": "x"})

    assert everything(database) == before
    assert executor.woken == 0


def test_the_run_keeps_what_was_said_before_it(client: FlaskClient, project_id: str) -> None:
    asked = {"num_candidates": 2, "budget": {"max_llm_calls": 3}}
    said = client.post(path(project_id), json=asked).get_json()

    run = client.post(f"/api/projects/{project_id}/runs", json=asked).get_json()

    assert len(said["warnings"]) == 1
    assert client.get(run["links"]["self"]).get_json()["estimate"] == said


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_what_a_start_refuses_is_refused_alike(shared: Shared, body: Any, field: str) -> None:
    start = f"/api/projects/{shared.project_id}/runs"

    refused = send(shared.client, "POST", f"{start}/estimate", body)
    assert refused.status_code == 422
    alike = [refused.get_json(), send(shared.client, "POST", start, body).get_json()]
    assert alike[0].pop("request_id") != alike[1].pop("request_id")
    assert alike[0] == alike[1]
    assert field in alike[0]["errors"]


def test_unknown_projects_and_parameters(shared: Shared) -> None:
    assert shared.client.post(path("nope")).status_code == 404
    assert shared.client.post(path(shared.project_id) + "?x=1").status_code == 422
    assert shared.client.get(path(shared.project_id)).status_code == 405


def test_a_project_is_named_by_the_beginning_of_its_id(shared: Shared) -> None:
    assert shared.client.post(path(shared.project_id[:-1])).status_code == 200


def test_service_and_command_answer_alike(
    client: FlaskClient, project_id: str, url: str, database: Database, clock: FakeClock
) -> None:
    settings = {
        "CRUCIBLE_DATABASE_URL": url,
        "CRUCIBLE_LLM_BASE_URL": "http://127.0.0.1:9/v1",
        "CRUCIBLE_LLM_API_KEY": "sk-not-used",
    }
    asked = {"mode": "eval_only", "candidates": [{"title": "A", "description": "a"}]}
    sent = client.post(path(project_id), json=asked)

    with database.reading() as session:
        assert sent.get_json() == estimate(session, clock, config.load(settings), project_id, asked)
    options = ["--mode", "eval_only", "--candidate", "A: a", "--format", "json"]
    command = inside("estimate", *options, env=environment(**settings))
    assert json.loads(command.stdout) == sent.get_json()
