"""Limits over the API: a run's own, else its project's default; lifted by saying so."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from crucible.db import Database
from crucible.models import Run

NONE = dict.fromkeys(("max_cost_usd", "max_total_tokens", "max_llm_calls", "max_duration_seconds"))
DEFAULT = {**NONE, "max_cost_usd": 0.5}


@pytest.fixture
def project(client: FlaskClient) -> str:
    made = client.post("/api/projects", json={"title": "Limited", "default_budget": DEFAULT})
    assert made.json["default_budget"] == DEFAULT
    return str(made.json["id"])


def started(client: FlaskClient, project: str, body: Any) -> Any:
    run = client.post(f"/api/projects/{project}/runs", json=body)
    assert run.status_code == 202
    return client.get(f"/api/runs/{run.json['id']}").json


@pytest.mark.parametrize(
    ("body", "budget"),
    [
        ({}, DEFAULT),
        ({"budget": None}, DEFAULT),
        ({"budget": {"max_llm_calls": 7}}, {**NONE, "max_llm_calls": 7}),
        ({"budget": {}}, None),
        ({"budget": NONE}, None),
    ],
)
def test_a_run_has_its_own_limits_or_its_projects(
    client: FlaskClient, project: str, body: Any, budget: Any
) -> None:
    assert started(client, project, body)["budget"] == budget


@pytest.mark.parametrize(
    ("body", "budget"),
    [
        ({}, DEFAULT),
        ({"budget": None}, DEFAULT),
        ({"budget": {"max_cost_usd": 2}}, {**NONE, "max_cost_usd": 2.0}),
        ({"budget": {}}, None),
    ],
)
def test_resuming_keeps_replaces_or_lifts_them(
    client: FlaskClient, project: str, database: Database, body: Any, budget: Any
) -> None:
    run = started(client, project, {})
    with database.writing() as session:
        session.execute(update(Run).values(status="failed"))
    assert client.post(f"/api/runs/{run['id']}/resume", json=body).status_code == 202
    assert client.get(f"/api/runs/{run['id']}").json["budget"] == budget


def test_a_limit_that_is_used_up_is_refused(
    client: FlaskClient, project: str, database: Database
) -> None:
    run = started(client, project, {})
    with database.writing() as session:
        session.execute(update(Run).values(status="failed", duration_seconds=8.0))
    body = {"budget": {"max_duration_seconds": 8}}
    answer = client.post(f"/api/runs/{run['id']}/resume", json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (
        422, ["budget.max_duration_seconds"],
    )  # fmt: skip
    body = {"budget": {"max_duration_seconds": 9}}
    assert client.post(f"/api/runs/{run['id']}/resume", json=body).status_code == 202
