from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from tests.api.conftest import Shared, send
from tests.seed import add_call, add_project, add_run

from crucible.db import Database
from crucible.models import Project, Run
from crucible.services import retention

BODY: dict[str, Any] = {
    "title": "Checkout p99",
    "description": "Too slow.\nAnd dear.",
    "goals": ["Fast"],
    "constraints": [{"name": "Safe", "description": "never twice", "weight": 100}],
    "world_model": "six services",
}


def test_a_project_through_its_life(client: FlaskClient) -> None:
    made = client.post("/api/projects", json=BODY)
    project = made.get_json()
    where = f"/api/projects/{project['id']}"

    assert made.status_code == 201
    assert made.headers["Location"] == where
    assert {name: project[name] for name in BODY} == BODY
    assert client.get(where).get_json() == project
    assert client.get("/api/projects").get_json() == {"projects": [project]}

    changed = client.put(where, json={"title": "Other"})
    assert changed.status_code == 200
    assert changed.get_json()["constraints"] == []

    gone = client.delete(where)
    assert (gone.status_code, gone.data) == (204, b"")
    assert client.get(where).status_code == 404
    assert client.delete(where).status_code == 404


def test_a_prefix_names_a_project(client: FlaskClient, project_id: str) -> None:
    assert client.get(f"/api/projects/{project_id[:13]}").get_json()["id"] == project_id


def test_a_project_with_a_live_run_is_kept(client: FlaskClient, project_id: str) -> None:
    client.post(f"/api/projects/{project_id}/runs")
    answer = client.delete(f"/api/projects/{project_id}")

    assert answer.status_code == 409
    assert answer.get_json()["code"] == "conflict"


def test_a_long_history_is_deleted_a_few_runs_at_a_time(
    client: FlaskClient, project_id: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as session:
        kept = add_run(session, add_project(session)).id
        for _ in range(3):
            add_call(session, add_run(session, session.get_one(Project, project_id)))
    left: list[int] = []

    def others_turn(_seconds: float) -> None:
        with database.writing() as session:  # it would wait for a transaction that goes on
            left.append(session.scalar(select(func.count()).select_from(Run)) or 0)

    monkeypatch.setattr(retention, "FIRST_BATCH", 1)
    monkeypatch.setattr(retention, "LARGEST_BATCH", 1)
    monkeypatch.setattr(retention.time, "sleep", others_turn)
    assert client.delete(f"/api/projects/{project_id}").status_code == 204
    assert left == [3, 2, 1]
    assert client.get(f"/api/projects/{project_id}").status_code == 404
    assert client.get(f"/api/runs/{kept}").status_code == 200


def constraint(**fields: Any) -> dict[str, Any]:
    return {"constraints": [{"name": "a", "weight": 1, **fields}]}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"title": None}, "title"),
    ({"title": ""}, "title"),
    ({"title": " \t"}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"title": 5}, "title"),
    ({"title": ["x"]}, "title"),
    ({"title": {"x": 1}}, "title"),
    ({"title": "a\nb"}, "title"),
    ({"title": "a\x00b"}, "title"),
    ({"title": "a\x1b[31m"}, "title"),
    ({"title": "a\x9bb"}, "title"),
    ({"title": "\ud800"}, "title"),
    ({"description": "a\x07"}, "description"),
    ({"description": "\udfff"}, "description"),
    ({"description": "x" * 20_001}, "description"),
    ({"description": None}, "description"),
    ({"goals": "x"}, "goals"),
    ({"goals": {"0": "x"}}, "goals"),
    ({"goals": None}, "goals"),
    ({"goals": [""]}, "goals[0]"),
    ({"goals": ["a", 5]}, "goals[1]"),
    ({"goals": ["x"] * 51}, "goals"),
    ({"constraints": [5]}, "constraints[0]"),
    ({"constraints": [None]}, "constraints[0]"),
    ({"constraints": [{}]}, "constraints[0].name"),
    ({"constraints": {}}, "constraints"),
    (constraint(weight=True), "constraints[0].weight"),
    (constraint(weight="5"), "constraints[0].weight"),
    (constraint(weight=-1), "constraints[0].weight"),
    (constraint(weight=101), "constraints[0].weight"),
    (constraint(weight=10**30), "constraints[0].weight"),
    (constraint(weight=1e300), "constraints[0].weight"),
    (constraint(weight=1.5), "constraints[0].weight"),
    (constraint(weight=None), "constraints[0].weight"),
    (constraint(weight=[1]), "constraints[0].weight"),
    (constraint(name=" "), "constraints[0].name"),
    (constraint(name="x" * 101), "constraints[0].name"),
    (constraint(name="\ud83d"), "constraints[0].name"),
    (constraint(weigth=5), "constraints[0].weigth"),
    ({"constraints": [{"name": n, "weight": 1} for n in ("a", "b", "a ")]}, "constraints[2].name"),
    ({"constraints": [{"name": str(n), "weight": 1} for n in range(51)]}, "constraints"),
    ({"world_model": 5}, "world_model"),
    ({"world_model": "x" * 50_001}, "world_model"),
    ({"default_budget": {"max_cost_usd": 0}}, "default_budget.max_cost_usd"),
    ({"default_budget": {"max_cost_usd": "1"}}, "default_budget.max_cost_usd"),
    ({"default_budget": {"max_llm_calls": True}}, "default_budget.max_llm_calls"),
    ({"default_budget": {"max_dollars": 1}}, "default_budget.max_dollars"),
    ({"default_budget": 0}, "default_budget"),
    ({"id": "x"}, "id"),
    ({"": 1}, "body"),
    ({"\ud800": 1}, "\N{REPLACEMENT CHARACTER}"),
    ({"a\nb": 1}, "a\N{REPLACEMENT CHARACTER}b"),
]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(("fields", "named"), WRONG, ids=lambda value: repr(value)[:40])
def test_what_is_wrong_is_named(
    shared: Shared, method: str, fields: dict[str, Any], named: str
) -> None:
    where = "/api/projects" + (f"/{shared.project_id}" if method == "PUT" else "")
    answer = send(shared.client, method, where, {"title": "t", **fields})
    problem = answer.get_json()

    assert answer.status_code == 422, problem
    assert answer.mimetype == "application/problem+json"
    assert named in problem["errors"]
    (project,) = shared.client.get("/api/projects").get_json()["projects"]
    assert project["title"] == "Checkout p99"


def test_every_field_that_is_wrong_is_named(client: FlaskClient) -> None:
    answer = client.post("/api/projects", json={"goals": [5], "constraints": [{"weight": 200}]})

    assert set(answer.get_json()["errors"]) == {
        "title",
        "goals[0]",
        "constraints[0].name",
        "constraints[0].weight",
    }


def test_text_of_any_script_comes_back_as_it_was(client: FlaskClient) -> None:
    text = "Größe 价格 \U0001f9ea e\u0301 \u202eabc 'quoted' <b>&amp; %s {0} \\"
    body = {"title": text, "description": text + "\n\ttab", "goals": [text]}
    made = client.post("/api/projects", json=body).get_json()

    assert {name: made[name] for name in body} == body


def test_windows_line_ends_become_line_ends(client: FlaskClient) -> None:
    made = client.post("/api/projects", json={"title": "t", "description": "a\r\nb"}).get_json()

    assert made["description"] == "a\nb"
