"""A run whose worker is gone is shown as lost by every read, also while nothing can be written."""

from dataclasses import asdict
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from tests.engines import Holder
from tests.fakes import FakeClock

from crucible.db import Database
from crucible.models import Run
from crucible.recorder.lease import Owner, claim


@pytest.fixture
def lost(client: FlaskClient, project_id: str, database: Database, clock: FakeClock) -> str:
    run_id = client.post(f"/api/projects/{project_id}/runs", json={}).json["id"]
    clock.advance(1)
    assert claim(database, clock, run_id, Owner.current())
    gone = {**asdict(Owner.current()), "process_started": "1"}
    with database.writing() as session:
        session.execute(update(Run).where(Run.id == run_id).values(owner=gone))
    clock.advance(60)
    return str(run_id)


def seen(client: FlaskClient, run_id: str) -> list[Any]:
    listed = client.get("/api/runs/summary").json["runs"][0]
    detail = client.get(f"/api/runs/{run_id}").json
    results = client.get(f"/api/runs/{run_id}/results").json
    assert [listed[k] for k in ("status", "error", "completed_at", "duration_seconds")] == [
        detail[k] for k in ("status", "error", "completed_at", "duration_seconds")
    ]
    attempt = detail["attempts"][-1]
    for name in ("status", "completed_at", "duration_seconds", "error_summary"):
        assert attempt[name] == detail[name]
    assert attempt["error_kind"] == detail["error"]["kind"]
    (card,) = client.get("/api/projects").json["projects"]
    assert (card["last_run"]["status"], card["failed_24h"]) == (detail["status"], 1)
    assert card["recent"][-1]["status"] == detail["status"]
    return [detail["status"], detail["error"]["kind"], detail["duration_seconds"],
            results["status"]]  # fmt: skip


def test_the_next_read_tells(client: FlaskClient, lost: str, database: Database) -> None:
    assert seen(client, lost) == ["failed", "worker_lost", 0.0, "failed"]
    with database.reading() as session:
        assert session.get_one(Run, lost).status == "failed"


def test_it_tells_while_another_process_holds_the_lock(
    client: FlaskClient, lost: str, database: Database, url: str
) -> None:
    with Holder(url):
        assert seen(client, lost) == ["failed", "worker_lost", 0.0, "failed"]
    assert seen(client, lost) == ["failed", "worker_lost", 0.0, "failed"]


def test_it_can_be_resumed(client: FlaskClient, lost: str) -> None:
    client.get("/api/runs/summary")
    answer = client.post(f"/api/runs/{lost}/resume")
    assert (answer.status_code, answer.json["status"], answer.json["error"]) == (
        202, "created", None,
    )  # fmt: skip
    assert client.post(f"/api/runs/{lost}/resume").status_code == 409
    assert client.post(f"/api/runs/{lost}/cancel").json["status"] == "cancelled"
    assert client.post(f"/api/runs/{lost}/cancel").status_code == 409
    assert client.post("/api/runs/nothing-here/cancel").status_code == 404
