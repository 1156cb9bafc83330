"""Several who write at the same moment: what each of them was promised still holds."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.lab import Lab
from tests.seed import add_call, add_run, failed
from tests.stub_model import StubModel

from crucible.db import Database
from crucible.errors import Conflict, CrucibleError, NotFound
from crucible.ids import new_id
from crucible.models import LLMCall, Project, Revision, Run, RunAttempt
from crucible.recorder import liveness, requests
from crucible.recorder.control import Stop
from crucible.recorder.lease import Lease, LeaseLost, Owner, claim
from crucible.recorder.recorder import RunRecorder
from crucible.recorder.revision import bump
from crucible.scrub import Scrubber
from crucible.services.projects import delete_project
from crucible.services.retention import Retention, purge
from crucible.services.starting import start_run
from crucible.services.verify import verify_run

CROWD = 8


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each gave or raised; all begin at the same moment."""
    gate = threading.Barrier(len(deeds))
    found: list[Any] = [None] * len(deeds)

    def do(place: int, deed: Callable[[], Any]) -> None:
        gate.wait()
        try:
            found[place] = deed()
        except (CrucibleError, LeaseLost) as error:
            found[place] = error

    threads = [threading.Thread(target=do, args=each) for each in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def raised(found: Sequence[Any], kind: type[BaseException]) -> int:
    return sum(isinstance(each, kind) for each in found)


def started(lab: Lab, project_id: str, key: str | None = None) -> str:
    with lab.database.writing() as session:
        request = {"num_candidates": 1, "num_scenarios": 1}
        return start_run(session, lab.clock, lab.settings, project_id, request, key)


def revision(lab: Lab) -> int:
    with lab.database.reading() as session:
        return int(session.scalar(select(func.sum(Revision.value))) or 0)


def test_numbers_are_given_once(lab: Lab) -> None:
    project = lab.project()
    before = revision(lab)
    found = at_once(*[lambda: started(lab, project)] * CROWD)
    numbers = sorted(lab.row(run_id).number for run_id in found)
    assert numbers == list(range(1, CROWD + 1))
    assert revision(lab) == before + CROWD


def test_a_key_starts_one_run(lab: Lab) -> None:
    project = lab.project()
    found = at_once(*[lambda: started(lab, project, "once")] * CROWD)
    assert len(set(found)) == 1
    assert lab.row(found[0]).number == 1


def test_one_worker_wins_a_run(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    owner = Owner.current()
    found = at_once(*[lambda: claim(lab.database, lab.clock, run_id, owner)] * CROWD)
    assert sum(lease is not None for lease in found) == 1
    with lab.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RunAttempt)) == 1


def test_one_resume_wins(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    recorder(lab, lab.claim(run_id)).end_from_outside(Stop.shutdown())

    def resume() -> None:
        with lab.database.writing() as session:
            requests.resume(session, lab.clock, run_id)

    found = at_once(*[resume] * CROWD)
    assert raised(found, Conflict) == CROWD - 1
    assert (lab.row(run_id).status, lab.row(run_id).attempt) == ("created", 2)


def test_a_lost_run_is_ended_once(lab: Lab) -> None:
    run_id = lab.create(1, 1)
    lease = lab.claim(run_id)
    found = at_once(
        *[lambda: recorder(lab, lease).end_from_outside(Stop.died()) for _ in range(CROWD)]
    )
    assert raised(found, LeaseLost) == CROWD - 1
    assert lab.row(run_id).error_kind == "worker_lost"


def test_whoever_was_ended_writes_nothing_more(lab: Lab) -> None:
    """The end waits for the transaction it meets, and the next one of that worker fails."""
    run_id = lab.create(1, 1)
    lease = lab.claim(run_id)
    worker = recorder(lab, lease)
    inside, ended = threading.Event(), threading.Event()

    def end() -> None:
        inside.wait()
        recorder(lab, lease).end_from_outside(Stop.silent(1))
        ended.set()

    other = threading.Thread(target=end)
    other.start()
    with worker.writing() as session:
        inside.set()
        assert not ended.wait(0.05)
        worker.update_run(session, label="mine")
    other.join()
    with pytest.raises(LeaseLost), worker.writing():
        pass
    assert (lab.row(run_id).label, lab.row(run_id).status) == ("mine", "failed")


def recorder(lab: Lab, lease: Lease) -> RunRecorder:
    return RunRecorder(lab.database, lease, clock=lab.clock, scrub=Scrubber())


def test_a_project_goes_with_its_runs_or_stays(lab: Lab) -> None:
    """A start beside a deletion: a live run in a project that stands, or no project."""
    for _ in range(6):
        project = lab.project()

        def delete(project: str = project) -> None:
            with lab.database.writing() as session:
                delete_project(session, project)

        def start(project: str = project) -> str:
            return started(lab, project)

        deleted, run_id = at_once(delete, start)
        with lab.database.reading() as session:
            stands = session.get(Project, project) is not None
            runs = session.scalar(select(func.count()).where(Run.project_id == project))
        if stands:
            assert isinstance(deleted, Conflict)
            assert runs == 1
        else:
            assert (deleted, type(run_id), runs) == (None, NotFound, 0)


def test_a_run_that_goes_on_keeps_its_calls_or_has_lost_them_before(lab: Lab) -> None:
    for _ in range(6):
        project_id = lab.project()
        with lab.database.writing() as session:
            project = session.get_one(Project, project_id)
            run_id = add_run(session, project, **failed(), call_count=1).id
            add_call(session, session.get_one(Run, run_id))

        def resume(run_id: str = run_id) -> None:
            with lab.database.writing() as session:
                requests.resume(session, lab.clock, run_id)

        what = Retention(keep_last=0, project_id=project_id, calls_only=True)
        at_once(resume, lambda what=what: purge(lab.database, lab.clock, what))  # type: ignore[misc]
        run = lab.row(run_id)
        assert run.status == "created"
        assert (run.ledger, len(lab.calls(run_id))) in {("complete", 1), ("purged", 0)}


def test_a_session_that_reads_sees_one_moment(lab: Lab) -> None:
    project = lab.project()
    with lab.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(Run))
        started(lab, project)
        assert session.scalar(select(func.count()).select_from(Run)) == before == 0
    with lab.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 1


def test_changes_of_several_runs_are_all_counted(lab: Lab) -> None:
    before = revision(lab)

    def change() -> None:
        with lab.database.writing() as session:
            bump(session, new_id())

    at_once(*[change] * CROWD)
    assert revision(lab) == before + CROWD


@pytest.mark.parametrize("at", [2, 4, 6])
def test_a_commit_that_came_through_without_a_word_is_counted(
    lab: Lab, stub: StubModel, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The connection breaks while the server commits: nobody knows, and the rows are right."""
    from contextlib import contextmanager  # noqa: PLC0415 - for this test alone

    from crucible.errors import Unavailable  # noqa: PLC0415

    real = Database.writing
    lost: list[int] = []

    @contextmanager
    def broken(self: Database, **how: Any) -> Any:
        with real(self, **how) as session:
            yield session
            calls = session.scalar(select(func.count()).select_from(LLMCall))
        if calls >= at and not lost:  # several calls may be written together
            lost.append(at)
            raise Unavailable("the connection broke")

    monkeypatch.setattr(Database, "writing", broken)
    run = lab.run(2, 2)
    assert lost
    assert run.status == "failed"
    with lab.database.reading() as session:
        assert verify_run(session, run.id)["differences"] == []
    assert liveness.notice_deaths(lab.database, lab.clock, Scrubber()) == []
