"""`GET /api/projects/{id}/runs/trends`."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from tests.api import test_openapi as openapi
from tests.api.conftest import Shared
from tests.engines import Holder
from tests.fakes import FakeClock
from tests.seed import START, add_project, add_run, failed, live

from crucible.db import Database
from crucible.models import Run
from crucible.recorder.lease import Owner, claim

PATH = "/api/projects/{project_id}/runs/trends"
document = openapi.document


@pytest.fixture
def project(database: Database) -> str:
    """Runs of every sort, over three days."""
    with database.writing() as session:
        project = add_project(session)
        used: dict[str, Any] = {"call_count": 2, "cost_pico": 7, "total_tokens": 5}
        for fields in (
            {**used, "created_at": START - timedelta(days=2)},
            failed(**used),
            failed(error_kind=None, error_phase=None, error_fingerprint=None, error_summary=None),
            {"status": "cancelled", "error_kind": "cancelled"},
            {"ledger": "absent", "evaluation_count": None, "completed_at": None},
            live(START),
        ):
            add_run(session, project, **fields)
        return project.id


def test_the_answer_is_what_the_document_says(
    client: FlaskClient, document: Any, project: str, project_id: str
) -> None:
    answer = client.get(PATH.format(project_id=project))
    said = openapi.conforms(document, answer, PATH)
    empty = openapi.conforms(document, client.get(PATH.format(project_id=project_id)), PATH)

    assert (len(said["runs"]), len(said["days"]), len(said["failures"])) == (6, 14, 2)
    assert (empty["runs"], len(empty["days"]), empty["failures"]) == ([], 14, [])


def test_it_is_asked_for_as_many_runs_and_days_as_one_wants(
    client: FlaskClient, project: str
) -> None:
    said = client.get(PATH.format(project_id=project[:13]) + "?limit=2&days=3").get_json()

    assert [run["number"] for run in said["runs"]] == [5, 6]
    assert [day["date"] for day in said["days"]] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert [day["run_count"] for day in said["days"]] == [1, 0, 5]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("days=0", "days"),
        ("days=91", "days"),
        ("days=1.5", "days"),
        ("days=3&days=4", "days"),
        ("since=24h", "since"),
    ],
)
def test_a_wrong_parameter_is_named(shared: Shared, query: str, named: str) -> None:
    answer = shared.client.get(f"{PATH.format(project_id=shared.project_id)}?{query}")

    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [named]


def test_an_unknown_project_is_not_found(client: FlaskClient) -> None:
    answer = client.get(PATH.format(project_id="nothing-here"))

    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_a_reference_to_two_projects_is_a_conflict(client: FlaskClient) -> None:
    for _ in range(2):
        client.post("/api/projects", json={"title": "Twice"})

    assert client.get(PATH.format(project_id="Twice")).status_code == 409


def test_a_lost_run_counts_as_failed_also_while_that_cannot_be_written(
    client: FlaskClient, project_id: str, database: Database, clock: FakeClock, url: str
) -> None:
    runs = f"/api/projects/{project_id}/runs"
    before = client.post(runs, json={}).json["id"]
    clock.advance(60)
    run_id = client.post(runs, json={}).json["id"]
    for each in (before, run_id):
        assert claim(database, clock, each, Owner.current())
    gone = {**asdict(Owner.current()), "process_started": "1"}
    with database.writing() as session:
        session.execute(update(Run).values(owner=gone))
        session.execute(
            update(Run).where(Run.id == before).values(failed(error_fingerprint="other"))
        )
    clock.advance(60)
    with Holder(url):
        shown = client.get(PATH.format(project_id=project_id)).get_json()
    with database.reading() as session:
        assert session.get_one(Run, run_id).status == "running"
    written = client.get(PATH.format(project_id=project_id)).get_json()
    with database.reading() as session:
        assert session.get_one(Run, run_id).status == "failed"

    assert shown == written
    assert shown["runs"][-1]["status"] == "failed"
    assert shown["days"][-1]["by_status"] == {"failed": 2}
    assert shown["days"][-1]["failures_by_kind"] == {"provider_rate_limited": 1, "worker_lost": 1}
    newest = shown["failures"][0]
    assert (newest["kind"], newest["last_run"]["id"]) == ("worker_lost", run_id)


def test_keys_stand_in_the_order_of_the_contract(client: FlaskClient, project: str) -> None:
    said = json.loads(client.get(PATH.format(project_id=project)).text)

    assert list(said) == ["project_id", "generated_at", "runs", "days", "failures"]
