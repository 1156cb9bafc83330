from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.api.conftest import FakeExecutor, Shared, send
from tests.fakes import FakeClock
from tests.seed import START, add_call, add_project, add_results, add_run, failed

from crucible.db import Database
from crucible.models import Run
from crucible.services.listing import RunQuery, list_runs
from crucible.services.runs import get_run


def test_starting_a_run(client: FlaskClient, project_id: str, executor: FakeExecutor) -> None:
    answer = client.post(f"/api/projects/{project_id}/runs", json={"label": "first"})
    run = answer.get_json()

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/runs/{run['id']}" == run["links"]["self"]
    assert (run["status"], run["number"], run["label"]) == ("created", 1, "first")
    assert executor.woken == 1
    assert client.get(run["links"]["self"]).get_json()["config"]["num_candidates"] == 5


@pytest.mark.parametrize("how", [{}, {"json": {}}, {"data": b"", "content_type": "text/plain"}])
def test_a_run_needs_no_body(client: FlaskClient, project_id: str, how: dict[str, Any]) -> None:
    assert client.post(f"/api/projects/{project_id}/runs", **how).status_code == 202


WRONG: list[tuple[Any, str]] = [
    ({"mode": "fast"}, "mode"),
    ({"mode": None}, "mode"),
    ({"mode": ["seeded"]}, "mode"),
    ({"mode": {"a": 1}}, "mode"),
    ({"num_candidates": 0}, "num_candidates"),
    ({"num_candidates": 51}, "num_candidates"),
    ({"num_candidates": True}, "num_candidates"),
    ({"num_candidates": "3"}, "num_candidates"),
    ({"num_scenarios": 10**30}, "num_scenarios"),
    ({"num_scenarios": [3]}, "num_scenarios"),
    ({"model": ""}, "model"),
    ({"model": "a\nb"}, "model"),
    ({"label": "\ud800"}, "label"),
    ({"label": "x" * 201}, "label"),
    ({"budget": {"max_cost_usd": 0}}, "budget.max_cost_usd"),
    ({"budget": {"max_cost_usd": 1}, "model": "of-no-known-price"}, "budget.max_cost_usd"),
    ({"budget": 5}, "budget"),
    ({"candidates": {}}, "candidates"),
    ({"candidates": [{"title": "a"}]}, "candidates"),
    ({"mode": "eval_only"}, "candidates"),
    ({"mode": "eval_only", "candidates": [{}]}, "candidates[0].title"),
    ({"mode": "eval_only", "candidates": [{"title": "a"}] * 2}, "candidates[1].title"),
    ({"mode": "eval_only", "candidates": [{"title": str(n)} for n in range(51)]}, "candidates"),
    ({"num_candidate": 3}, "num_candidate"),
    ([], "body"),
    ("x", "body"),
    (5, "body"),
    (None, "body"),
    ([[[]]], "body"),
]


@pytest.mark.parametrize(("body", "named"), WRONG, ids=lambda value: repr(value)[:40])
def test_a_wrong_request_starts_nothing(shared: Shared, body: Any, named: str) -> None:
    answer = send(shared.client, "POST", f"/api/projects/{shared.project_id}/runs", body)

    assert answer.status_code == 422, answer.get_json()
    assert list(answer.get_json()["errors"]) == [named]
    assert shared.executor.woken == 0
    assert shared.client.get("/api/runs/summary").get_json()["runs"] == []


def seeded(database: Database) -> Run:
    with database.writing() as session:
        project = add_project(session)
        run = add_run(session, project, **failed(call_count=3))
        for phase in ("design", "scenarios", "evaluation"):
            add_call(session, run, phase=phase, outcome="ok" if phase == "design" else "timeout")
        add_results(session, run, [[(0.5, 1.0)]])
        add_run(session, project)
        session.flush()
        session.expunge_all()
    return run


def test_the_api_and_the_services_say_the_same(
    client: FlaskClient, database: Database, clock: FakeClock
) -> None:
    run = seeded(database)
    with database.reading() as session:
        page = list_runs(session, RunQuery(), clock.now())
        detail = get_run(session, run.id, clock.now())

    assert client.get("/api/runs/summary").get_json() == page
    assert client.get(f"/api/runs/{run.id}").get_json() == detail
    of_project = client.get(f"/api/projects/{run.project_id}/runs/summary").get_json()
    assert of_project == {**page, "project_id": run.project_id}


def test_lists_are_filtered_and_paged(client: FlaskClient, database: Database) -> None:
    seeded(database)

    def numbers(query: str) -> list[int]:
        answer = client.get(f"/api/runs/summary?{query}")
        assert answer.status_code == 200, answer.get_json()
        return [run["number"] for run in answer.get_json()["runs"]]

    assert numbers("status=failed") == [1]
    assert numbers("status=failed&status=completed") == [2, 1]
    assert numbers("q=RATE") == numbers("q=nothing") == []
    assert numbers("q=ANSWERED") == [1]
    assert numbers("since=24h&mode=full_search&sort=created_at") == [1, 2]
    assert numbers("until=2000-01-01T00:00:00Z") == []
    page = client.get("/api/runs/summary?limit=1").get_json()
    assert page["has_more"]
    assert numbers(f"limit=1&cursor={page['next_cursor']}") == [1]


def test_calls_are_filtered_and_paged(client: FlaskClient, database: Database) -> None:
    where = f"/api/runs/{seeded(database).id}/calls"
    page = client.get(f"{where}?limit=2").get_json()
    rest = client.get(f"{where}?limit=2&cursor={page['next_cursor']}").get_json()

    assert [call["phase"] for call in page["calls"] + rest["calls"]] == [
        "design",
        "scenarios",
        "evaluation",
    ]
    assert (page["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)
    assert page["calls"][0]["cost_usd"] == 0.000065
    assert len(client.get(f"{where}?outcome=timeout").get_json()["calls"]) == 2
    assert len(client.get(f"{where}?phase=scenarios").get_json()["calls"]) == 1


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=" + "9" * 40, "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=" + "A" * 600, "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("cursor=" + "W1tb" * 100, "cursor"),
        ("status=done", "status"),
        ("status=failed&status=", "status"),
        ("status=FAILED", "status"),
        ("mode=fast", "mode"),
        ("since=yesterday", "since"),
        ("since=2026-11-22T08:00:00", "since"),
        ("until=%00", "until"),
        ("updated_since=9999999h", "updated_since"),
        ("sort=name", "sort"),
        ("sort=", "sort"),
        ("q=", "q"),
        ("q=a%00b", "q"),
        ("q=" + "x" * 201, "q"),
        ("statuses=failed", "statuses"),
        ("page=2", "page"),
        ("%ff=1", "%FF"),
    ],
)
def test_a_wrong_parameter_is_named(shared: Shared, query: str, named: str) -> None:
    answer = shared.client.get(f"/api/runs/summary?{query}")

    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [named]


def test_bytes_that_are_not_utf8_are_looked_for_in_vain(client: FlaskClient) -> None:
    assert client.get("/api/runs/summary?q=%ff%fe").get_json()["runs"] == []


@pytest.mark.parametrize("query", ["limit=501", "limit=x", "phase=none", "outcome=good", "x=1"])
def test_a_wrong_parameter_of_calls_is_named(
    client: FlaskClient, database: Database, query: str
) -> None:
    answer = client.get(f"/api/runs/{seeded(database).id}/calls?{query}")

    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [query.split("=")[0]]


@pytest.mark.parametrize("rest", ["", "/calls", "/results"])
@pytest.mark.parametrize(
    "ref", ["nope", "%00", "%ff", "1" * 18, "9" * 4000, "%23", "..", "%2e%2e", "019ac1f2%25", "0"]
)
def test_what_names_no_run_is_404(shared: Shared, ref: str, rest: str) -> None:
    answer = shared.client.get(f"/api/runs/{ref}{rest}")

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_a_number_names_a_run_while_there_is_one_project(
    client: FlaskClient, database: Database
) -> None:
    run = seeded(database)
    assert client.get("/api/runs/1").get_json()["id"] == run.id
    assert client.get("/api/runs/%231/results").get_json()["run_id"] == run.id
    with database.writing() as session:
        add_project(session, title="second")

    answer = client.get("/api/runs/1")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "ambiguous")


@pytest.mark.parametrize(
    "path",
    ["/api/runs/x/compare/y", "/api/projects/x/runs/health", "/api/projects/x/runs/trends",
     "/api/projects/x/runs/estimate", "/api/nothing"],
)  # fmt: skip
def test_what_is_not_there_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (404, 405)
    assert client.get(path).mimetype == "application/problem+json"


def test_a_run_in_the_database_of_another_clock(app: Flask, database: Database) -> None:
    """A run that began after the server's now is 0 s old, not less."""
    with database.writing() as session:
        project = add_project(session)
        add_run(
            session,
            project,
            status="running",
            attempt_started_at=START.replace(year=2030),
            completed_at=None,
            duration_seconds=None,
        )

    assert app.test_client().get("/api/runs/summary").get_json()["runs"][0]["duration_seconds"] == 0
