"""Which trace is due, and which of several processes sends it."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.export.collector import Collector
from tests.fakes import FakeClock
from tests.lab import Lab
from tests.seed import add_attempt, add_call, add_phase, add_project, add_run

from crucible.execution.foreground import run_now
from crucible.export.otel import traces
from crucible.export.otel_due import Due, DueTraces
from crucible.models import DueTrace
from crucible.recorder.lease import Lease, Owner, claim
from crucible.services.projects import delete_project

SERVER = {"server_address": "model.example", "server_port": 443}


@pytest.fixture
def clock(lab: Lab) -> FakeClock:
    return FakeClock(lab.clock.now())


def claimed(lab: Lab, run_id: str) -> Lease:
    lease = claim(lab.database, lab.clock, run_id, Owner.current(), trace=SERVER)
    assert lease is not None
    return lease


def ended(lab: Lab) -> str:
    """A traced run that has been, without the work."""
    with lab.database.writing() as session:
        run = add_run(session, add_project(session))
        add_attempt(session, run)
        add_phase(session, run, "design")
        add_call(session, run)
        session.add(DueTrace(run_id=run.id, attempt=1, **SERVER))
        return run.id


def due(lab: Lab) -> int:
    with lab.database.reading() as session:
        return session.scalar(select(func.count()).select_from(DueTrace)) or 0


def test_an_attempt_is_due_when_it_has_ended(lab: Lab, clock: FakeClock) -> None:
    rows = DueTraces(lab.database, clock, "one")
    run_id = lab.create(1, 1)
    lease = claimed(lab, run_id)
    assert rows.take() is None
    lab.start(run_id, lease=lease).join()
    found = rows.take()
    assert found == Due(run_id, 1, {"server.address": "model.example", "server.port": 443})
    rows.sent(found)
    assert rows.take() is None and due(lab) == 0


def test_what_one_has_taken_nobody_else_sends_until_it_must_be_gone(
    lab: Lab, clock: FakeClock
) -> None:
    ended(lab)
    one, other = (DueTraces(lab.database, clock, name) for name in ("one", "other"))
    taken = one.take()
    assert taken is not None and one.take() == taken
    assert other.take() is None
    clock.advance(61)
    assert other.take() == taken
    one.sent(taken)
    assert due(lab) == 1, "it is the other's now"
    other.sent(taken)
    assert due(lab) == 0


def test_who_leaves_lets_go(lab: Lab, clock: FakeClock) -> None:
    ended(lab)
    one, other = (DueTraces(lab.database, clock, name) for name in ("one", "other"))
    assert one.take() is not None
    one.leave()
    assert other.take() is not None


def test_a_clock_that_was_set_back_holds_nothing_up(lab: Lab, clock: FakeClock) -> None:
    ended(lab)
    before = FakeClock(clock.now() + timedelta(days=1))
    assert DueTraces(lab.database, before, "one").take() is not None
    assert DueTraces(lab.database, clock, "other").take() is not None


def test_what_was_tried_least_goes_first(lab: Lab, clock: FakeClock) -> None:
    older, newer = ended(lab), ended(lab)
    rows = DueTraces(lab.database, clock, "one")
    order = [found.run_id for _ in range(4) if (found := rows.take()) is not None]
    assert order == [newer, older, newer, older]


def test_a_deleted_run_is_due_no_more(lab: Lab) -> None:
    run_id = ended(lab)
    project = lab.row(run_id).project_id
    with lab.database.writing() as session:
        delete_project(session, project)
    assert due(lab) == 0


def test_processes_that_send_at_once_share_the_work(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    runs = {ended(lab) for _ in range(6)}
    senders = [traces(lab.database, lab.settings, lab.clock) for _ in range(3)]
    stopping = [threading.Thread(target=each.stop, args=(20.0,)) for each in senders]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join()
    collector.close()
    assert due(lab) == 0
    roots = [each for each in collector.spans if not each.parent]
    assert sorted(each.attributes["crucible.run.id"] for each in roots) == sorted(runs)
    assert len({each.id for each in collector.spans}) == len(collector.spans)


def test_nothing_is_due_where_nothing_is_traced(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    run_now(lab.database, lab.settings, run_id, lambda: None)
    assert due(lab) == 0
