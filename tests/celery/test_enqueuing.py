"""A server that only enqueues: a run that it has accepted is one that will be run."""

import pytest
from sqlalchemy import func, select
from tests.celery.fleet import Fleet, until
from tests.lab import Lab

from crucible.models import Run
from crucible.recorder.control import Stop
from crucible.recorder.recorder import RunRecorder
from crucible.scrub import Scrubber

ASKED = {"num_candidates": 1, "num_scenarios": 1}


def count(lab: Lab) -> int:
    with lab.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Run)) or 0


def fail(lab: Lab) -> str:
    run_id = lab.create(1, 1)
    recorder = RunRecorder(lab.database, lab.claim(run_id), clock=lab.clock, scrub=Scrubber())
    recorder.end_from_outside(Stop.died())
    return run_id


@pytest.mark.parametrize("trouble", ["is down", "is silent", "is full"])
def test_a_broker_that_takes_no_message_leaves_no_run(lab: Lab, fleet: Fleet, trouble: str) -> None:
    project, failed = lab.project(), fail(lab)
    before = lab.row(failed)
    fleet.serve()
    if trouble == "is down":
        fleet.redis.kill()
    elif trouble == "is silent":
        fleet.redis.pause()
    else:
        fleet.redis.ask("CONFIG", "SET", "maxmemory", "1")
    key = {"Idempotency-Key": "once"}
    status, problem = fleet.ask(f"/api/projects/{project}/runs", ASKED, **key)
    assert (status, problem["code"], problem["title"]) == (503, "unavailable", "Not available")
    assert problem["detail"].startswith(f"the broker at {fleet.redis.url} cannot be used: ")
    assert fleet.ask(f"/api/runs/{failed}/resume", {})[0] == 503
    assert count(lab) == 1
    now = lab.row(failed)
    for name in ("status", "attempt", "error_kind", "error_summary", "completed_at", "owner"):
        assert getattr(now, name) == getattr(before, name)
    # Reading goes on; the server says what it cannot do.
    status, health = fleet.ask("/api/health")
    assert (status, health["status"], health["executor"]["kind"]) == (200, "ok", "celery")
    assert health["executor"]["running"] is (trouble == "is full")
    assert fleet.ask("/api/runs/summary")[0] == 200

    if trouble == "is down":
        fleet.redis.start()
    elif trouble == "is silent":
        fleet.redis.go_on()
    else:
        fleet.redis.ask("CONFIG", "SET", "maxmemory", "0")
    status, run = fleet.ask(f"/api/projects/{project}/runs", ASKED, **key)
    assert status == 202
    assert fleet.ask(f"/api/projects/{project}/runs", ASKED, **key)[1]["id"] == run["id"]
    assert count(lab) == 2


def test_what_is_started_resumed_and_cancelled_here_is_done_there(lab: Lab, fleet: Fleet) -> None:
    project, failed = lab.project(), fail(lab)
    fleet.serve()
    _, first = fleet.ask(f"/api/projects/{project}/runs", ASKED)
    _, second = fleet.ask(f"/api/projects/{project}/runs", ASKED)
    assert first["status"] == "created"
    assert fleet.ask(f"/api/runs/{failed}/resume", {})[0] == 202
    assert fleet.ask(f"/api/runs/{second['id']}/cancel", {})[1]["status"] == "cancelled"
    fleet.workers()
    until(lambda: all(lab.row(r).status == "completed" for r in (first["id"], failed)))
    assert fleet.ask(f"/api/runs/{second['id']}")[1]["status"] == "cancelled"
    _, run = fleet.ask(f"/api/runs/{failed}")
    assert [attempt["status"] for attempt in run["attempts"]] == ["failed", "completed"]
    _, health = fleet.ask("/api/health")
    assert health["executor"] == {
        "kind": "celery", "running": True, "active": 0, "max_active": None, "note": None,
    }  # fmt: skip


def test_runs_outlive_everything_that_the_broker_knew(lab: Lab, fleet: Fleet) -> None:
    project = lab.project()
    fleet.serve()
    fleet.workers(2)
    runs = [fleet.ask(f"/api/projects/{project}/runs", ASKED)[1]["id"] for _ in range(24)]
    fleet.redis.ask("FLUSHALL")
    until(lambda: all(lab.row(run).status == "completed" for run in runs), "the end of all runs")
    assert {lab.row(run).attempt for run in runs} == {1}
