"""Writes of many threads in one transaction: all of a group or none, and each hears its own."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from tests.engines import Holder
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.errors import Unavailable
from crucible.ids import new_id
from crucible.llm.asking import Stopped
from crucible.llm.usage import UNREPORTED, Usage
from crucible.models import Run
from crucible.models.values import Candidate, Outcome, PhaseName
from crucible.recorder import entries, requests
from crucible.recorder.entries import Pending, Settlement
from crucible.recorder.groups import MOST, Groups
from crucible.recorder.lease import LeaseLost
from crucible.recorder.recorder import RunRecorder
from crucible.recorder.totals import Settled, Totals
from crucible.scrub import Scrubber
from crucible.services.verify import verify_run


class Page:
    """What is written, and when. The first group takes until it is let go."""

    def __init__(self, spoilt: Callable[[int], BaseException | None] = lambda n: None) -> None:
        self.written: list[list[int]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.at_once = 0
        self._spoilt = spoilt

    def write(self, group: Sequence[int]) -> list[BaseException | None]:
        self.at_once += 1
        assert self.at_once == 1, "two groups at the same time"
        self.begun.set()
        assert self.go_on.wait(10)
        self.written.append(list(group))
        self.at_once -= 1
        return [self._spoilt(n) for n in group]


def submitted(page: Page, count: int) -> dict[int, BaseException | None]:
    """Entry 0 alone, then all others while it is being written; what each thread met."""
    groups: Groups[int] = Groups(page.write)
    met: dict[int, BaseException | None] = {}

    def submit(n: int) -> None:
        try:
            groups.submit(n)
        except BaseException as error:  # noqa: BLE001 - it is what is asked
            met[n] = error
        else:
            met[n] = None

    threads = [threading.Thread(target=submit, args=(n,)) for n in range(count)]
    threads[0].start()
    assert page.begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    end = time.monotonic() + 10
    while len(groups._waiting) < count - 1 and time.monotonic() < end:
        time.sleep(0.001)
    page.go_on.set()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    return met


def test_what_comes_while_a_group_is_written_is_the_next_group() -> None:
    page = Page()
    assert set(submitted(page, 30).values()) == {None}
    first, second = page.written
    assert first == [0] and sorted(second) == list(range(1, 30))


def test_a_group_has_its_limit() -> None:
    page = Page()
    submitted(page, MOST + 50)
    assert [len(group) for group in page.written] == [1, MOST, 49]
    assert sorted(n for group in page.written for n in group) == list(range(MOST + 50))


def test_each_hears_of_its_own_failure_only() -> None:
    page = Page(lambda n: ValueError(str(n)) if n % 3 == 0 else None)
    met = submitted(page, 20)
    assert {n for n, error in met.items() if error} == {n for n in range(20) if n % 3 == 0}
    assert all(str(error) == str(n) for n, error in met.items() if error)


def test_a_write_that_breaks_leaves_nobody_waiting() -> None:
    def broken(n: int) -> BaseException | None:
        raise OSError("gone")

    met = submitted(Page(broken), 10)
    assert len(met) == 10 and all(isinstance(error, OSError) for error in met.values())


def test_a_crowd_is_written_once_each() -> None:
    written: list[int] = []
    groups: Groups[int] = Groups(lambda group: [written.append(n) for n in group])

    def submit(start: int) -> None:
        for n in range(start, start + 200):
            groups.submit(n)
            assert n in written

    threads = [threading.Thread(target=submit, args=(n * 200,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == list(range(2400))


def recording(lab: Lab) -> RunRecorder:
    """Of a run whose design has begun."""
    lease = lab.claim(lab.create(2, 2))
    recorder = RunRecorder(lab.database, lease, clock=lab.clock, scrub=Scrubber())
    with lab.database.reading() as session:
        recorder.adopt(session)
    recorder._begin_phase(PhaseName.DESIGN, 2)
    return recorder


def pending(**changed: Any) -> Pending:
    row = {
        "id": new_id(),
        "subject": "a × b",
        "cost_pico": None,
        "price_source": None,
        "reserved_tokens": 100,
        "reserved_pico": 5,
        "prompt": None,
        **changed,
    }
    return Pending(row, "openai", "m", 1, False)


def settlement(
    sent: Pending,
    outcome: Outcome = Outcome.OK,
    usage: Usage = UNREPORTED,
    cost: int | None = None,
    product: list[Candidate] | None = None,
) -> Settlement:
    row = {
        **{name: getattr(usage, name) for name in Usage.parts()},
        "outcome": outcome,
        "cost_pico": cost,
        "price_source": None,
        "reserved_tokens": None,
        "reserved_pico": None,
        "latency_seconds": 0.1,
    }
    call = Settled(sent.attempt, outcome, usage, cost, False)
    return Settlement(sent.row["id"], row, call, "m", "m", product)


def differences(lab: Lab, recorder: RunRecorder) -> list[Any]:
    """From the rows, and between the rows and what the recorder holds."""
    row = lab.row(recorder.run_id)
    held = [] if Totals.of_row(row) == recorder.totals else [(row, recorder.totals)]
    with lab.database.reading() as session:
        return [*verify_run(session, recorder.run_id)["differences"], *held]


@pytest.mark.parametrize("seed", range(3))
def test_totals_are_sums_however_writes_are_grouped(lab: Lab, seed: int) -> None:
    dice, recorder = random.Random(seed), recording(lab)
    in_flight: list[Pending] = []
    for _ in range(12):
        done = [in_flight.pop() for _ in range(dice.randint(0, len(in_flight)))]
        group: list[entries.Entry] = [
            settlement(
                each,
                dice.choice((Outcome.OK, Outcome.INVALID, Outcome.TIMEOUT)),
                dice.choice((UNREPORTED, Usage(7, 3, 1, 0, 2))),
                dice.choice((None, 11)),
                dice.choice((None, [Candidate(new_id(), "t", "d", "designed")])),
            )
            for each in done
        ]
        sent = [pending() for _ in range(dice.randint(1, 8))]
        group += sent
        dice.shuffle(group)
        assert set(entries.write(recorder, group)) == {None}
        in_flight += sent
        assert differences(lab, recorder) == []
    assert lab.row(recorder.run_id).candidate_count == len(lab.results(recorder.run_id).candidates)


def test_one_that_cannot_be_written_takes_no_other_with_it(lab: Lab) -> None:
    recorder = recording(lab)
    stands, first, last = pending(), pending(), pending()
    assert entries.write(recorder, [stands]) == [None]
    met = entries.write(recorder, [first, pending(id=stands.row["id"]), last])
    assert met[0] is None and isinstance(met[1], IntegrityError) and met[2] is None
    kept = {call.id for call in lab.calls(recorder.run_id)}
    assert kept == {each.row["id"] for each in (stands, first, last)}
    assert differences(lab, recorder) == []


def test_a_lost_lease_reaches_all_and_nothing_is_written(lab: Lab) -> None:
    recorder = recording(lab)
    sent = pending()
    entries.write(recorder, [sent])
    with lab.database.writing() as session:
        session.execute(update(Run).values(lease_token="somebody else's"))
    met = entries.write(recorder, [settlement(sent), pending(), pending()])
    assert [type(error) for error in met] == [LeaseLost] * 3
    assert [call.outcome for call in lab.calls(recorder.run_id)] == ["pending"]
    with pytest.raises(Stopped):
        recorder.control.check()
    assert differences(lab, recorder) == []


def test_a_locked_database_fails_the_group_and_totals_fall_back(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.db.waiting.BUSY_TIMEOUT_MS", 50)
    recorder = recording(lab)
    sent = pending()
    entries.write(recorder, [sent])
    before = recorder.totals
    holder = Holder(lab.settings.database_url)
    holder.hold()
    group = [settlement(sent, cost=3), pending(), pending()]
    assert all(isinstance(error, Unavailable) for error in entries.write(recorder, group))
    assert recorder.totals == before
    holder.release()
    holder.close()
    assert entries.write(recorder, group) == [None] * 3
    assert lab.row(recorder.run_id).call_count == 3
    assert differences(lab, recorder) == []


def test_of_a_run_to_be_stopped_ends_are_written_and_no_call_leaves(lab: Lab) -> None:
    recorder = recording(lab)
    sent = pending()
    entries.write(recorder, [sent])
    with lab.database.writing() as session:
        requests.cancel(session, lab.clock, recorder.run_id)
    met = entries.write(recorder, [pending(), settlement(sent, cost=3), pending()])
    assert [type(error) for error in met] == [Stopped, type(None), Stopped]
    assert [type(error) for error in entries.write(recorder, [pending()])] == [Stopped]
    assert [call.outcome for call in lab.calls(recorder.run_id)] == ["ok"]
    assert differences(lab, recorder) == []


def test_runs_at_once_with_many_in_flight_add_up(
    make_lab: Callable[..., Lab], stub: StubModel
) -> None:
    lab = make_lab(CONCURRENCY="24")
    stub.plan = lambda n, body: ("ok", "ok", "ok", "prose", "no usage", "status 500")[n * 7 % 6]
    made = [lab.create(6, 6) for _ in range(3)]
    threads = [lab.start(run_id) for run_id in made]
    for thread in threads:
        thread.join()
    answered = 0
    for run_id in made:
        with lab.database.reading() as session:
            assert verify_run(session, run_id)["differences"] == []
        answered += sum(call.http_status is not None for call in lab.calls(run_id))
    # Fewer than calls where the stub's queue of connections was full.
    assert answered == len(stub.charges)
