"""A run that has lost its worker goes back to the queue, if it came from there."""

import pytest
from sqlalchemy import update
from tests.lab import Lab

from crucible.execution.foreground import run_now
from crucible.models import Run, RunAttempt
from crucible.recorder import requests
from crucible.recorder.control import Stop
from crucible.recorder.lease import Lease, Owner, claim
from crucible.recorder.recorder import RunRecorder
from crucible.recorder.returning import MAX_LOSSES
from crucible.scrub import Scrubber
from crucible.services.verify import verify_run


def claimed(lab: Lab, run_id: str, *, requeues: bool = True) -> Lease:
    lease = claim(lab.database, lab.clock, run_id, Owner.current(requeues=requeues))
    assert lease is not None
    return lease


def lose(lab: Lab, lease: Lease, stop: Stop) -> Run:
    recorder = RunRecorder(lab.database, lease, clock=lab.clock, scrub=Scrubber())
    recorder.end_from_outside(stop)
    return lab.row(lease.run_id)


def attempts(lab: Lab, run_id: str) -> list[tuple[str, str | None]]:
    with lab.database.reading() as session:
        rows = session.query(RunAttempt).filter_by(run_id=run_id).order_by(RunAttempt.attempt)
        return [(row.status, row.error_kind) for row in rows]


@pytest.mark.parametrize("stop", [Stop.died(), Stop.silent(30), Stop.shutdown()])
def test_it_waits_again_and_its_attempt_says_why(lab: Lab, stop: Stop) -> None:
    run_id = lab.create(1, 1)
    run = lose(lab, claimed(lab, run_id), stop)
    assert (run.status, run.attempt, run.error_kind, run.lease_token) == ("created", 2, None, None)
    assert attempts(lab, run_id) == [("failed", "worker_lost")]
    run_now(lab.database, lab.settings, run_id, lambda: None)
    assert lab.row(run_id).status == "completed"
    with lab.database.reading() as session:
        assert verify_run(session, run_id)["differences"] == []


def test_of_other_workers_it_stays_failed(lab: Lab) -> None:
    run = lose(lab, claimed(lab, lab.create(1, 1), requeues=False), Stop.died())
    assert (run.status, run.error_kind, run.attempt) == ("failed", "worker_lost", 1)


def test_one_that_loses_worker_after_worker_stays_failed(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    for _ in range(MAX_LOSSES):
        assert lose(lab, claimed(lab, run_id), Stop.died()).status == "created"
    assert lose(lab, claimed(lab, run_id), Stop.died()).status == "failed"
    with lab.database.writing() as session:
        requests.resume(session, lab.clock, run_id)
    assert lose(lab, claimed(lab, run_id), Stop.died()).status == "failed"


def test_workers_that_are_shut_down_in_order_are_not_counted(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    for _ in range(MAX_LOSSES + 2):
        assert lose(lab, claimed(lab, run_id), Stop.shutdown()).status == "created"
    assert lose(lab, claimed(lab, run_id), Stop.died()).status == "created"


@pytest.mark.parametrize("requeues", [True, False])
def test_one_that_was_asked_to_stop_is_cancelled(lab: Lab, requeues: bool) -> None:
    run_id = lab.create(1, 1)
    lease = claimed(lab, run_id, requeues=requeues)
    with lab.database.writing() as session:
        requests.cancel(session, lab.clock, run_id)
    run = lose(lab, lease, Stop.died())
    assert (run.status, run.error_kind, run.attempt) == ("cancelled", "cancelled", 1)


def test_one_whose_calls_were_deleted_waits_for_a_person(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    lease = claimed(lab, run_id)
    with lab.database.writing() as session:
        session.execute(
            update(Run).values(
                ledger="purged", budget={"max_total_tokens": 9}, unmetered_call_count=1
            )
        )
    assert lose(lab, lease, Stop.died()).status == "failed"
