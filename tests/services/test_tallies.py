"""What a process keeps of the history is always what reading all of it anew would give."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import START, add_phase, add_project, add_run, failed
from tests.services.test_plans import require_index, statements

from crucible import config
from crucible.db import Database
from crucible.errors import CrucibleError, Unavailable
from crucible.models import Project, Run
from crucible.models.values import PhaseName, Status
from crucible.recorder import requests
from crucible.recorder.control import Stop
from crucible.recorder.ends import End
from crucible.recorder.lease import Owner, claim
from crucible.recorder.recorder import RunRecorder
from crucible.recorder.revision import CAME, bump
from crucible.scrub import Scrubber
from crucible.services import projects, retention, tallies
from crucible.services.history.sample import add_sample
from crucible.services.listing import RunQuery, list_runs
from crucible.services.retention import Retention
from crucible.services.starting import start_run
from crucible.services.tallies import Tallies, Told, blocks

SETTINGS = config.load({"CRUCIBLE_LLM_BASE_URL": "http://127.0.0.1:9/v1"})


def told(database: Database, clock: FakeClock, kept: Tallies | None = None) -> Told:
    with database.reading() as session:
        found = (kept or Tallies()).tell(lambda: session, clock)
    return replace(found, took_seconds=0.0)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[blocks.Block]:
    """Blocks that were read."""
    found: list[blocks.Block] = []
    reading = blocks.read

    def noting(session: Session, these: Any) -> Any:
        found.extend(these)
        return reading(session, these)

    monkeypatch.setattr(blocks, "read", noting)
    return found


class Life:
    """A history in which anything may happen next, one thing at a time."""

    def __init__(self, database: Database, clock: FakeClock, seed: int) -> None:
        self.database, self.clock, self.dice = database, clock, Random(seed)
        self.leases: dict[str, Any] = {}

    def first(self) -> list[Callable[[], bool]]:
        """In an order in which each finds what it takes."""
        return [
            self.new_project, self.start, self.start, self.cancel, self.resume, self.claim,
            self.end, self.claim, self.end, self.rename, self.purge_calls, self.purge,
            self.delete_project, self.sample, self.new_project, self.new_project,
        ]  # fmt: skip

    def any(self) -> Callable[[], bool]:
        steps = [
            self.start, self.start, self.start, self.claim, self.claim, self.claim, self.end,
            self.end, self.end, self.cancel, self.resume, self.resume, self.rename,
            self.new_project, self.purge, self.purge_calls, self.delete_project, self.sample,
        ]  # fmt: skip
        return self.dice.choice(steps)

    def do(self, step: Callable[[], bool]) -> bool:
        self.clock.advance(self.dice.choice((0, 1, 700)))
        try:
            return step()
        except CrucibleError:
            return False

    def one(self, *statuses: str) -> str | None:
        with self.database.reading() as session:
            ids = session.scalars(select(Run.id).where(Run.status.in_(statuses)).order_by(Run.id))
            found = ids.all()
        return self.dice.choice(found) if found else None

    def project(self) -> str | None:
        with self.database.reading() as session:
            found = session.scalars(select(Project.id).order_by(Project.id)).all()
        return self.dice.choice(found) if found else None

    def new_project(self) -> bool:
        with self.database.writing() as session:
            made = projects.create_project(session, self.clock, {"title": "New"})
            # Later runs of it fall into blocks of their own.
            session.get_one(Project, made["id"]).last_run_number = self.dice.choice((0, 998, 5_000))
        return True

    def start(self) -> bool:
        if (project_id := self.project()) is None:
            return False
        with self.database.writing() as session:
            start_run(session, self.clock, SETTINGS, project_id, {})
        return True

    def claim(self) -> bool:
        if (run_id := self.one("created")) is None:
            return False
        lease = claim(self.database, self.clock, run_id, Owner.current())
        assert lease is not None
        recorder = RunRecorder(self.database, lease, clock=self.clock, scrub=Scrubber())
        self.leases[run_id] = recorder
        return True

    def end(self) -> bool:
        if (run_id := self.one("running")) is None:
            return False
        recorder = self.leases.pop(run_id)
        if self.dice.random() < 0.5:
            recorder.end_from_outside(Stop.died())
        else:
            recorder.end(End(Status.COMPLETED))
        return True

    def cancel(self) -> bool:
        if (run_id := self.one("created")) is None:
            return False
        with self.database.writing() as session:
            requests.cancel(session, self.clock, run_id)
        return True

    def resume(self) -> bool:
        if (run_id := self.one("failed", "cancelled")) is None:
            return False
        with self.database.writing() as session:
            requests.resume(session, self.clock, run_id)
        return True

    def rename(self) -> bool:
        if (project_id := self.project()) is None:
            return False
        with self.database.writing() as session:
            projects.replace_project(session, self.clock, project_id, {"title": "Other"})
        return True

    def purge(self) -> bool:
        what = Retention(keep_last=self.dice.choice((0, 1)))
        return bool(retention.purge(self.database, self.clock, what)["run_count"])

    def purge_calls(self) -> bool:
        retention.purge(self.database, self.clock, Retention(keep_last=0, calls_only=True))
        return True

    def delete_project(self) -> bool:
        if (project_id := self.project()) is None:
            return False
        with self.database.writing() as session:
            projects.delete_project(session, project_id)
        return True

    def sample(self) -> bool:
        add_sample(self.database, self.clock, 3, self.dice.randrange(9), "Sample history")
        return True


def test_whatever_happens_what_is_kept_is_what_there_is(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0)
    life = Life(database, clock, seed=5)
    kept, seldom = Tallies(), Tallies()
    for step in life.first():
        assert life.do(step), step
        assert told(database, clock, kept) == told(database, clock), step
    for turn in range(35):
        life.do(step := life.any())
        anew = told(database, clock)
        assert told(database, clock, kept) == anew, step
        if turn % 9 == 0:
            assert told(database, clock, seldom) == anew, step


def test_the_sums_are_those_of_the_summaries(database: Database, clock: FakeClock) -> None:
    add_sample(database, clock, 300, 7, "Sample history")
    found = told(database, clock)
    with database.reading() as session:
        rows = session.scalars(select(Run)).all()
        page = list_runs(session, RunQuery(limit=200), clock.now())
    (sums,) = found.projects.values()
    by_mode = {key[1:]: amount for key, amount in sums.counts.items() if key[0] == "runs"}
    assert by_mode == Counter((row.mode, row.status) for row in rows)
    for column in blocks.USAGE:
        known = [value for row in rows if (value := getattr(row, column)) is not None]
        counted = [amount for key, amount in sums.counts.items() if key[0] == column]
        assert sum(counted) == sum(known), column
    newest = {run["status"]: run["completed_at"] for run in reversed(page["runs"])}
    assert set(sums.ended) == set(newest)


@pytest.fixture
def three(database: Database) -> Iterator[list[str]]:
    """Projects, each with runs in three blocks."""
    with database.writing() as session:
        ids = []
        for _ in range(3):
            project = add_project(session)
            for number in (1, 2, 1_500, 7_000, 7_001):
                run = add_run(session, project, number=number)
                add_phase(session, run, "design")
            project.last_run_number = 7_001
            ids.append(project.id)
        bump(session, CAME)
    yield ids


def test_only_what_may_have_changed_is_read_again(
    database: Database, clock: FakeClock, three: list[str], read: list[blocks.Block]
) -> None:
    kept = Tallies()
    first = told(database, clock, kept)
    assert sorted(read) == sorted((each, place) for each in three for place in (0, 1, 7))
    read.clear()
    assert told(database, clock, kept) == first
    assert read == []
    with database.writing() as session:
        run_id = start_run(session, clock, SETTINGS, three[1], {})
    assert told(database, clock, kept).waiting == 1
    assert read == [(three[1], 7)]
    read.clear()
    claim(database, clock, run_id, Owner.current())
    assert told(database, clock, kept).running == 1
    assert read == [(three[1], 7)]
    read.clear()
    retention.purge(database, clock, Retention(keep_last=4, project_id=three[2]))
    after = told(database, clock, kept)
    assert after.projects[three[2]].runs == 4
    assert set(read) == {(three[2], 0), (three[1], 7)}, "and the live run's, as ever"


def test_a_run_that_went_on_between_two_looks_is_seen(
    database: Database, clock: FakeClock, three: list[str], read: list[blocks.Block]
) -> None:
    """It was over before, and is over again: no status tells, and no number."""
    kept = Tallies()
    told(database, clock, kept)
    clock.advance(60)
    with database.writing() as session:
        run = session.scalars(
            select(Run).where(Run.project_id == three[0], Run.number == 1_500)
        ).one()
        run.attempt, run.status, run.cost_pico, run.call_count = 2, "failed", 5, 1
        # The clock of the machine that wrote it is behind.
        run.updated_at = clock.now() - timedelta(minutes=5)
        bump(session, run.id)
    read.clear()
    found = told(database, clock, kept)
    assert read == [(three[0], 1)]
    assert found.projects[three[0]].counts["cost_pico", "unknown"] == 5


def test_a_run_that_took_the_number_of_another_is_seen(
    database: Database, clock: FakeClock, three: list[str]
) -> None:
    """Deleted and imported again, as it had been before: neither counts nor times tell."""
    kept = Tallies()
    told(database, clock, kept)
    clock.advance(3600)
    retention.purge(database, clock, Retention(keep_last=4, project_id=three[0]))
    with database.writing() as session:
        project = session.get_one(Project, three[0])
        add_run(session, project, number=1, created_at=START, **failed())
        bump(session, CAME)
    found = told(database, clock, kept)
    assert found == told(database, clock)
    assert found.projects[three[0]].counts["failed", "provider_rate_limited"] == 1


def test_no_look_after_the_first_walks_over_the_history(
    database: Database, clock: FakeClock, three: list[str]
) -> None:
    kept = Tallies()
    told(database, clock, kept)
    with database.writing() as session:
        start_run(session, clock, SETTINGS, three[1], {})
    with database.reading() as session:
        with statements(session) as sent:
            kept.tell(lambda: session, clock)
        require_index(session, sent)


def test_an_older_copy_of_the_database_is_noticed(
    database: Database, clock: FakeClock, three: list[str], session: Session
) -> None:
    session.rollback()
    kept = Tallies()
    kept._revisions = {part: 1_000 for part in range(16)}
    kept._sums[three[0], 0] = blocks.Sums(runs=5)
    assert told(database, clock, kept) == told(database, clock)


class Ticking(FakeClock):
    """Each look at it takes a second."""

    def monotonic(self) -> float:
        self.mono += 1
        return self.mono


def test_a_history_too_long_for_one_look_is_read_in_several(
    database: Database,
    three: list[str],
    read: list[blocks.Block],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tallies, "BATCH", 1)
    kept, clock = Tallies(), Ticking()
    with pytest.raises(Unavailable, match="for the first time") as refused:
        told(database, clock, kept)
    assert refused.value.retry_after == 15
    assert 0 < len(read) < 9
    with database.writing() as session:  # what was read already may change meanwhile
        add_run(session, session.get_one(Project, three[0]), number=3, **failed())
        bump(session, CAME)
    found = told(database, clock, kept)
    monkeypatch.undo()
    assert found == told(database, FakeClock())
    assert found.projects[three[0]].counts["failed", "provider_rate_limited"] == 1


def test_whoever_comes_meanwhile_does_not_wait_for_long(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Tallies()

    def meanwhile() -> Session:
        monkeypatch.setattr(tallies, "PATIENCE_SECONDS", 0)
        with pytest.raises(Unavailable, match="is being added up"):
            told(database, clock, kept)
        monkeypatch.undo()
        return session

    with database.reading() as session:
        assert kept.tell(meanwhile, clock).project_count == 0
    assert told(database, clock, kept).project_count == 0


def test_a_block_is_never_beyond_what_can_be_added(database: Database, clock: FakeClock) -> None:
    """Imported history may hold the dearest and longest that is taken."""
    most = {"cost_pico": 10**18, "input_tokens": 10**15, "call_count": 10**15}
    with database.writing() as session:
        project = add_project(session)
        for _ in range(40):
            run = add_run(session, project, **most, duration_seconds=1e10)
            for attempt in range(1, 5):
                add_phase(session, run, "design", **most, attempt=attempt, duration_seconds=1e10)
    (sums,) = told(database, clock).projects.values()
    assert sums.counts["cost_pico", "unknown"] == 40 * 10**18
    assert sums.counts["took_ms", "completed"] == 40 * 10**13
    assert sums.counts["phase", "cost_pico", "design"] == 160 * 10**18


def test_ages_are_those_of_what_is_live(database: Database, clock: FakeClock) -> None:
    with database.writing() as session:
        project_id = add_project(session, created_at=START).id
    ids = []
    for _ in range(4):
        with database.writing() as session:
            ids.append(start_run(session, clock, SETTINGS, project_id, {}))
        clock.advance(10)
    recorders = []
    for run_id in ids[:2]:
        lease = claim(database, clock, run_id, Owner.current())
        assert lease is not None
        recorders.append(RunRecorder(database, lease, clock=clock, scrub=Scrubber()))
        clock.advance(5)
    found = told(database, clock)
    assert (found.running, found.waiting) == (2, 2)
    assert found.oldest_heartbeat_seconds == 10.0
    assert found.oldest_waiting_seconds == 30.0
    with recorders[0].phase(PhaseName.DESIGN, 1):
        pass
    for recorder in recorders:
        recorder.end(End(Status.COMPLETED))
    found = told(database, clock)
    assert (found.running, found.oldest_heartbeat_seconds) == (0, None)
    assert found.project_count == 1
