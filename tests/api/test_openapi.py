"""The document is what is committed, and answers are what the document says."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.seed import (
    NO_TOTALS,
    START,
    add_attempt,
    add_call,
    add_phase,
    add_project,
    add_results,
    add_run,
    failed,
    live,
)

from crucible.api.openapi import document_text
from crucible.db import Database
from crucible.models import CandidateRow, MissingRow, Project, Run

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
CALLED = {
    **NO_TOTALS,
    "call_count": 3,
    "failed_call_count": 1,
    "input_tokens": 300,
    "output_tokens": 60,
    "total_tokens": 360,
    "cost_pico": 195_000_001,
    "wasted_cost_pico": 65_000_000,
    "providers": {"openai": 3},
    "models": {"gpt-5-mini": 3},
}


@pytest.fixture(scope="module")
def document() -> Any:
    return _closed(json.loads(document_text()))


def _closed(part: Any) -> Any:
    """The document with every object closed, so that a field too many is found as well."""
    if isinstance(part, dict):
        closed = {name: _closed(inner) for name, inner in part.items()}
        if isinstance(part.get("properties"), dict):
            closed.setdefault("additionalProperties", False)
        return closed
    return [_closed(inner) for inner in part] if isinstance(part, list) else part


def test_the_committed_document_is_fresh() -> None:
    assert COMMITTED.read_text() == document_text(), (
        "run: python -m crucible.api.openapi > docs/openapi.json"
    )


def test_it_is_served(client: FlaskClient) -> None:
    assert client.get("/api/openapi.json").get_json() == json.loads(document_text())


def test_every_route_of_the_api_is_documented(app: Flask, document: Any) -> None:
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and not rule.endpoint.startswith(("openapi.", "docs."))
    }
    documented = {
        (path, method)
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }

    assert routes == documented


def test_operations_have_names_of_their_own(document: Any) -> None:
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method != "parameters"
    ]

    assert len(names) == len(set(names))


def test_all_fields_of_answers_are_described_and_required(document: Any) -> None:
    optional = ("PhaseTimings", "ResourceBreakdown", "UsageByPhase")
    for name, schema in document["components"]["schemas"].items():
        for field, found in schema["properties"].items():
            assert found.get("description"), f"{name}.{field}"
        if not name.endswith("Input") and name not in optional:
            assert set(schema["required"]) == set(schema["properties"]), name


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (path, method, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
        if method != "parameters"
    ]


def resolved(document: Any, part: Any) -> Any:
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].split("/")[-2:]
    return document["components"][kind][name]


def test_all_parameters_are_described(document: Any) -> None:
    for path, method, operation in operations(document):
        shared = document["paths"][path].get("parameters", [])
        for each in [*shared, *operation["parameters"]]:
            parameter = resolved(document, each)
            assert parameter["description"], f"{method} {path}"
            assert parameter["schema"], f"{method} {path}"


def test_questions_about_runs_and_projects_are_documented_with_their_tags(document: Any) -> None:
    for path, method, operation in operations(document):
        names = {resolved(document, each)["name"] for each in operation["parameters"]}
        tagged = method == "get" and path not in ("/api/health", "/api/session")
        assert ("304" in operation["responses"]) == tagged, path
        assert ("If-None-Match" in names) == tagged, path
        assert "X-Request-Id" in names
        if tagged:
            assert "ETag" in operation["responses"]["200"]["headers"], path


def test_the_query_of_a_list_is_documented(document: Any) -> None:
    (names,) = (
        [resolved(document, each)["name"] for each in operation["parameters"]]
        for path, _, operation in operations(document)
        if path == "/api/runs/summary"
    )
    assert set(names) == {
        "limit", "cursor", "status", "mode", "since", "until", "updated_since", "sort", "q",
        "If-None-Match", "X-Request-Id",
    }  # fmt: skip


def test_examples_are_what_they_are_examples_of(document: Any) -> None:
    found = 0
    for schema in document["components"]["schemas"].values():
        for example in schema.get("examples", []):
            jsonschema.Draft202012Validator(
                {**schema, "components": document["components"]},
                format_checker=jsonschema.FormatChecker(),
            ).validate(example)
            found += 1
    assert found >= 7


def conforms(document: Any, answer: Any, path: str, method: str = "get") -> Any:
    """Holds an answer against the document, field by field; returns its value."""
    responses = document["paths"][path][method]["responses"]
    response = responses.get(str(answer.status_code)) or responses["default"]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    schema = response["content"][answer.mimetype]["schema"]
    checker = jsonschema.Draft202012Validator(
        {**schema, "components": document["components"]},
        format_checker=jsonschema.FormatChecker(),
    )
    checker.validate(answer.get_json())
    return answer.get_json()


@pytest.fixture
def rich(database: Database) -> dict[str, str]:
    """Ids of a project and of runs in every state."""
    with database.writing() as session:
        project = add_project(session, world_model="x")
        ids = {"project": project.id, "full": _full(session, project).id}
        ids["failed"] = add_run(session, project, label="x", **failed()).id
        ids["cancelled"] = add_run(session, project, status="cancelled").id
        ids["created"] = add_run(
            session, project, status="created", started_at=None, completed_at=None,
            duration_seconds=None,
        ).id  # fmt: skip
        running = add_run(session, project, **live(), **CALLED)
        add_phase(session, running, "design", status="running", completed_at=None,
                  duration_seconds=None, expected=None)  # fmt: skip
        add_call(session, running, outcome="pending", settled_at=None, cost_pico=None,
                 input_tokens=None, latency_seconds=None, model_served=None)  # fmt: skip
        ids["running"] = running.id
        ids["imported"] = add_run(
            session, project, ledger="absent", config={}, candidate_count=None,
            scenario_count=None, evaluation_count=None,
        ).id  # fmt: skip
        return ids


def _full(session: Any, project: Project) -> Run:
    run = add_run(
        session, project, owner={"host": "h", "pid": 5}, heartbeat_at=START, **CALLED,
        estimate={"calls": 3, "tokens": {"p50": 1, "p90": 2}, "cost_usd": None,
                  "duration_seconds": {"p50": 1.5, "p90": None}},
        budget={"max_cost_usd": 1.5, "max_total_tokens": 5, "max_llm_calls": None,
                "max_duration_seconds": None},
        config={"mode": "seeded", "num_candidates": 2, "num_scenarios": 2, "model": "m",
                "provider": "p", "candidates": [{"title": "a", "description": ""}],
                "concurrency": 4, "max_retries": 2, "timeout_seconds": 120.0,
                "problem": {name: getattr(project, name) for name in (
                    "title", "description", "goals", "constraints", "world_model")}},
    )  # fmt: skip
    add_attempt(session, run)
    for name in ("design", "scenarios", "evaluation", "ranking"):
        add_phase(session, run, name, **CALLED)
    add_call(session, run)
    add_call(session, run, outcome="error", error_kind="provider_error", http_status=500,
             error_detail="oops", attempt=2, cost_pico=0)  # fmt: skip
    (a, _), (s, _) = add_results(session, run, [[None, (0.5, 2.0)], [None, None]])
    session.add(MissingRow(run_id=run.id, candidate_id=a, scenario_id=s, reason="prose"))
    session.get_one(CandidateRow, a).rank = 1
    session.flush()
    return run


STATES = ("full", "failed", "cancelled", "created", "running", "imported")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("rest", ["", "/calls", "/results"])
def test_answers_about_a_run(
    client: FlaskClient, document: Any, rich: dict[str, str], state: str, rest: str
) -> None:
    answer = client.get(f"/api/runs/{rich[state]}{rest}")

    assert answer.status_code == 200
    conforms(document, answer, f"/api/runs/{{run_id}}{rest}")


@pytest.mark.parametrize("state", STATES)
def test_comparisons(client: FlaskClient, document: Any, rich: dict[str, str], state: str) -> None:
    answer = client.get(f"/api/runs/{rich[state]}/compare/{rich['full']}")

    assert answer.status_code == 200
    conforms(document, answer, "/api/runs/{run_id}/compare/{other}")


def test_lists(client: FlaskClient, document: Any, rich: dict[str, str]) -> None:
    of_project = "/api/projects/{project_id}/runs/summary"
    page = conforms(document, client.get("/api/runs/summary"), "/api/runs/summary")
    assert len(page["runs"]) == len(STATES)
    conforms(document, client.get(of_project.format(project_id=rich["project"])), of_project)
    conforms(document, client.get("/api/projects"), "/api/projects")
    one = "/api/projects/{project_id}"
    conforms(document, client.get(one.format(project_id=rich["project"])), one)


def test_health(client: FlaskClient, document: Any) -> None:
    conforms(document, client.get("/api/health"), "/api/health")


def test_sessions(client: FlaskClient, document: Any) -> None:
    conforms(document, client.get("/api/session"), "/api/session")
    unneeded = client.post("/api/session", json={"token": "x"})
    assert unneeded.status_code == 409
    conforms(document, unneeded, "/api/session", "post")


def test_commands(client: FlaskClient, document: Any) -> None:
    made = client.post("/api/projects", json={"title": "x"})
    where = f"/api/projects/{conforms(document, made, '/api/projects', 'post')['id']}"
    one = "/api/projects/{project_id}"
    conforms(document, client.put(where, json={"title": "y"}), one, "put")
    started = client.post(f"{where}/runs", json={})
    conforms(document, started, "/api/projects/{project_id}/runs", "post")
    conforms(document, client.delete(where), one, "delete")


def test_problems(client: FlaskClient, document: Any, project_id: str) -> None:
    conforms(document, client.get("/api/runs/nope"), "/api/runs/{run_id}")
    conforms(document, client.get("/api/runs/summary?limit=0"), "/api/runs/summary")
    conforms(document, client.post("/api/projects", data="x"), "/api/projects", "post")
    conforms(document, client.post("/api/projects", json={}), "/api/projects", "post")


def test_the_order_of_phases_is_that_of_the_pipeline(
    client: FlaskClient, rich: dict[str, str]
) -> None:
    text = client.get(f"/api/runs/{rich['full']}").text
    timings = json.loads(text)["metrics"]["phase_timings"]

    assert list(timings) == ["design", "scenarios", "evaluation", "ranking"]
