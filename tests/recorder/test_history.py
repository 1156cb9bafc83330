"""What the recorder promises while a run works, and when its work is taken from it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.errors import ErrorKind, RunFailure
from crucible.llm.usage import UNREPORTED, Usage
from crucible.models import Run
from crucible.models.values import Outcome, PhaseName
from crucible.recorder.control import Control, Stop
from crucible.recorder.ends import fingerprint
from crucible.recorder.lease import LeaseLost, Owner, claim
from crucible.recorder.recorder import RunRecorder
from crucible.recorder.totals import Settled, Totals
from crucible.scrub import Scrubber


def test_a_call_is_written_down_before_it_is_sent(lab: Lab, stub: StubModel) -> None:
    seen: list[tuple[str, str, int | None]] = []

    def plan(n: int, body: Any) -> str:
        call = lab.calls(run_id)[-1]
        seen.append((call.phase, call.outcome, call.cost_pico))
        return "ok"

    stub.plan = plan
    run_id = lab.create(1, 1)
    lab.start(run_id).join()
    assert seen == [(name, "pending", None) for name in ("design", "scenarios", "evaluation")]
    assert {c.outcome for c in lab.calls(run_id)} == {"ok"}


def test_a_live_run_counts_what_is_in_flight_as_unpriced(lab: Lab, stub: StubModel) -> None:
    seen: list[Run] = []
    stub.plan = lambda n, body: (seen.append(lab.row(run_id)), "ok")[1]
    run_id = lab.create(1, 1)
    lab.start(run_id).join()
    assert [(r.status, r.call_count, r.unpriced_call_count) for r in seen] == [
        ("running", 1, 1),
        ("running", 2, 1),
        ("running", 3, 1),
    ]
    assert seen[2].cost_pico and seen[2].evaluation_count == 0


def test_a_worker_without_its_lease_sends_and_writes_nothing_more(
    lab: Lab, stub: StubModel
) -> None:
    def plan(n: int, body: Any) -> str:
        with lab.database.writing() as session:
            session.execute(update(Run).values(lease_token="somebody else's"))
        return "ok"

    stub.plan = plan
    run_id = lab.create(2, 2)
    lab.start(run_id).join()
    run = lab.row(run_id)
    assert len(stub.requests) == 1
    assert (run.status, run.candidate_count, run.call_count) == ("running", 0, 1)
    assert [c.outcome for c in lab.calls(run_id)] == ["pending"]


def test_a_deleted_run_stops_its_worker(lab: Lab, stub: StubModel) -> None:
    def plan(n: int, body: Any) -> str:
        with lab.database.writing() as session:
            session.delete(session.get_one(Run, run_id))
        return "ok"

    stub.plan = plan
    run_id = lab.create(2, 2)
    lab.start(run_id).join()
    assert len(stub.requests) == 1


def test_one_run_is_claimed_once(lab: Lab) -> None:
    run_id = lab.create()
    owner = Owner.current()
    assert claim(lab.database, lab.clock, run_id, owner) is not None
    assert claim(lab.database, lab.clock, run_id, owner) is None


def test_a_stopped_run_keeps_what_it_has(lab: Lab, stub: StubModel) -> None:
    control = Control()

    def plan(n: int, body: Any) -> str:
        if n == 4:
            control.ask_to_stop(Stop.cancelled())
        return "ok"

    stub.plan = plan
    run_id = lab.create(5, 8)
    lab.start(run_id, control).join()
    run = lab.row(run_id)
    assert (run.status, run.error_kind) == ("cancelled", "cancelled")
    assert run.error_summary == "Cancelled during evaluation: stopped by request"
    assert 3 <= (run.evaluation_count or 0) <= 3 + lab.settings.concurrency
    assert run.call_count == 2 + (run.evaluation_count or 0)
    assert lab.phases(run_id)["evaluation"].status == "cancelled"


def test_an_abandoned_run_ends_with_its_calls_unknown(lab: Lab, stub: StubModel) -> None:
    stub.plan = lambda n, body: "hang" if n == 1 else "ok"
    run_id = lab.create(1, 1)
    lease = lab.claim(run_id)
    thread = lab.start(run_id, lease=lease)
    while len(stub.requests) < 2:
        time.sleep(0.01)
    outside = RunRecorder(lab.database, lease, clock=lab.clock, scrub=Scrubber())
    outside.end_from_outside(Stop.shutdown())
    ended = lab.row(run_id)
    assert (ended.status, ended.error_kind, ended.error_phase) == (
        "failed",
        "worker_lost",
        "scenarios",
    )
    assert (ended.call_count, ended.failed_call_count, ended.unpriced_call_count) == (2, 1, 1)
    assert [c.outcome for c in lab.calls(run_id)] == ["ok", "unknown"]
    assert lab.phases(run_id)["scenarios"].status == "failed"
    stub.hang.set()
    thread.join()
    after = lab.row(run_id)
    assert (after.updated_at, after.call_count) == (ended.updated_at, ended.call_count)
    with pytest.raises(LeaseLost):
        outside.end_from_outside(Stop.shutdown())


def test_an_unexpected_error_is_recorded_without_its_words(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError("with sk-verysecret12345 in its text")

    monkeypatch.setattr("crucible.pipeline.phases.scenarios", broken)
    run = lab.run()
    assert (run.status, run.error_kind) == ("failed", "internal")
    assert run.error_summary == (
        "Scenarios failed: an unexpected ZeroDivisionError inside Int Crucible"
    )
    assert "verysecret" not in (run.error_message or "")


def test_the_same_failure_has_the_same_fingerprint_however_often_it_was_tried() -> None:
    def of(reason: str, kind: ErrorKind = ErrorKind.PROVIDER_ERROR) -> str:
        return fingerprint(RunFailure(kind, reason), PhaseName.DESIGN)

    assert of("provider answered 500 (server error) 3 times in a row") == of(
        "provider answered 500 (server error) 12 times in a row"
    )
    assert of("x") != of("y")
    assert of("x") != of("x", ErrorKind.INTERNAL)


def test_bad_settings_fail_the_run_before_money_is_spent(
    make_lab: Callable[..., Lab], stub: StubModel
) -> None:
    run = make_lab(LLM="local", LOCAL_MODEL="/nowhere/model.gguf").run()
    assert (run.status, run.error_kind, run.call_count) == ("failed", "precondition", 0)
    assert stub.requests == []


usages = st.one_of(
    st.just(UNREPORTED),
    st.builds(Usage, *[st.integers(0, 10**9)] * 2, *[st.none() | st.integers(0, 10**9)] * 3),
)
calls = st.builds(
    Settled,
    attempt=st.integers(1, 4),
    outcome=st.sampled_from([Outcome.OK, Outcome.ERROR, Outcome.INVALID, Outcome.TIMEOUT]),
    usage=usages,
    cost_pico=st.none() | st.integers(0, 10**15),
)


@given(st.lists(calls, max_size=30), st.randoms())
def test_totals_are_sums_in_whatever_order_calls_settle(made: list[Settled], random: Any) -> None:
    totals = Totals()
    for call in made:
        totals.send("p", "asked", call.attempt, False)
    for call in random.sample(made, len(made)):
        totals.settle(call, "asked", "served")
    priced = [c.cost_pico for c in made if c.cost_pico is not None]
    metered = [c for c in made if c.usage.reported]
    assert totals.call_count == len(made)
    assert totals.failed_call_count == sum(c.outcome is not Outcome.OK for c in made)
    assert totals.retry_count == sum(c.attempt > 1 for c in made)
    assert totals.cost_pico == (sum(priced) if priced else None)
    assert totals.unpriced_call_count == len(made) - len(priced)
    assert totals.input_tokens == (
        sum(c.usage.input_tokens or 0 for c in metered) if metered else None
    )
    assert totals.total_tokens == (
        None if not metered else (totals.input_tokens or 0) + (totals.output_tokens or 0)
    )
    assert totals.models == ({"served": len(made)} if made else {})
    assert totals.providers == ({"p": len(made)} if made else {})


def test_a_free_model_costs_a_known_nothing_from_the_start() -> None:
    totals = Totals()
    totals.send("local", "small", 1, True)
    assert (totals.cost_pico, totals.unpriced_call_count) == (0, 0)
    totals.settle(Settled(1, Outcome.TIMEOUT, UNREPORTED, 0, True), "small", None)
    assert (totals.cost_pico, totals.unpriced_call_count, totals.failed_call_count) == (0, 0, 1)
