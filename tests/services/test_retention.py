"""Old runs go whole, or only their calls; what lives stays."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from tests.seed import (
    START,
    add_attempt,
    add_call,
    add_phase,
    add_project,
    add_results,
    add_run,
    failed,
    live,
)

from crucible.errors import Conflict, Invalid, Unavailable
from crucible.execution.foreground import run_now
from crucible.models import Base, DueTrace, EvaluationRow, LLMCall, MissingRow, Project, Run
from crucible.recorder import requests
from crucible.recorder.budget import Used
from crucible.services import retention, verify
from crucible.services.retention import Retention
from crucible.services.revision import state_of
from crucible.services.runs import list_calls, resume_run
from crucible.services.starting import start_run

DAY = timedelta(days=1)


def full_run(session, project, **fields):
    """A run with a row in every table."""
    run = add_run(session, project, call_count=1, cost_pico=65_000_000, **fields)
    add_attempt(session, run)
    add_phase(session, run, "design")
    add_call(session, run, prompt="asked", answer="said")
    candidates, scenarios = add_results(session, run, [[(0.5, 1.0), None]])
    session.add(
        MissingRow(
            run_id=run.id, candidate_id=candidates[0], scenario_id=scenarios[1], reason="why"
        )
    )
    session.add(DueTrace(run_id=run.id, attempt=1))
    session.flush()
    return run


@pytest.fixture
def aged(database):
    """Runs #1 to #6, one a day, the first ten days ago in `START`'s time."""
    with database.writing() as session:
        project = add_project(session)
        for day in range(6):
            full_run(session, project, created_at=START + day * DAY)
        return project.id


def numbers(database):
    with database.reading() as session:
        return list(session.scalars(select(Run.number).order_by(Run.number)))


def rows(database, table):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def broken_links(database):
    """Rows that point to a run which is not there."""
    found = []
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if "run_id" in table.c:
                lost = table.c.run_id.not_in(select(Run.id))
                found += session.execute(select(table).where(lost)).all()
    return found


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({"before": START + 2 * DAY}, [3, 4, 5, 6]),
        ({"keep_last": 2}, [5, 6]),
        ({"keep_last": 0}, []),
        ({"before": START + 4 * DAY, "keep_last": 3}, [4, 5, 6]),
        ({"before": START + 2 * DAY, "keep_last": 1}, [3, 4, 5, 6]),
        ({"before": START}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_run_goes_when_no_rule_spares_it(database, clock, aged, rules, left):
    what = Retention(**rules)
    with database.reading() as session:
        foretold = retention.preview(session, what)
    found = retention.purge(database, clock, what)
    assert numbers(database) == left
    assert found["run_count"] == found["call_count"] == 6 - len(left)
    assert (foretold["run_count"], foretold["call_count"]) == (6 - len(left), 6 - len(left))
    assert (foretold["dry_run"], found["dry_run"]) == (True, False)


def test_nothing_of_a_deleted_run_is_left(database, clock, aged):
    retention.purge(database, clock, Retention(keep_last=1))
    for table in Base.metadata.sorted_tables:
        if "run_id" in table.c:
            assert rows(database, table) >= 1, f"{table.name}: the run that stays lost rows"
            with database.reading() as session:
                held = set(session.scalars(select(table.c.run_id)))
                assert held == set(session.scalars(select(Run.id))), table.name
    assert broken_links(database) == []


def test_every_table_below_a_run_says_whose_it_is():
    """`_delete` finds what goes with a run by that column."""
    runs = Base.metadata.tables["crucible_runs"]
    below = {runs}
    for table in Base.metadata.sorted_tables:
        if any(key.column.table in below for key in table.foreign_keys):
            below.add(table)
            assert "run_id" in table.c, table.name


def test_rule_without_limits_is_refused():
    with pytest.raises(Invalid) as refused:
        Retention(calls_only=True)
    assert "--older-than, --keep-last or both" in refused.value.message


def test_live_runs_stay_and_are_not_counted_among_the_newest(database, clock, aged):
    with database.writing() as session:
        project = session.get_one(Project, aged)
        add_run(session, project, **live(), created_at=START - DAY)
        add_run(session, project, **live(status="created"), created_at=START + 9 * DAY)
    retention.purge(database, clock, Retention(keep_last=1))
    assert numbers(database) == [6, 7, 8]


@pytest.mark.parametrize("calls_only", [False, True])
def test_readers_are_told_of_a_change(database, clock, aged, calls_only):
    def state():
        with database.reading() as session:
            return state_of(session, clock.now())

    before = state()
    retention.purge(database, clock, Retention(keep_last=1, calls_only=calls_only))
    assert state() != before


def test_run_that_lives_again_since_it_was_chosen_stays(database, clock, aged, monkeypatch):
    """Between the choice and the deletion another process resumes it."""
    chosen = retention.doomed

    def then_resumed(session, what):
        ids = chosen(session, what)
        with database.writing() as other:
            other.get_one(Run, ids[0]).status = "created"
        return ids

    monkeypatch.setattr(retention, "doomed", then_resumed)
    found = retention.purge(database, clock, Retention(keep_last=4))
    assert numbers(database) == [1, 3, 4, 5, 6]
    assert (found["run_count"], found["call_count"]) == (1, 1)


def test_newest_are_kept_in_each_project(database, clock, aged):
    with database.writing() as session:
        other = add_project(session, title="Other")
        for day in range(2):
            full_run(session, other, created_at=START - (5 - day) * DAY)
    retention.purge(database, clock, Retention(keep_last=1))
    assert numbers(database) == [2, 6]


def test_one_project_is_purged_alone(database, clock, aged):
    with database.writing() as session:
        other = add_project(session, title="Other")
        full_run(session, other, created_at=START - DAY)
    found = retention.purge(database, clock, Retention(keep_last=0, project_id=aged))
    assert numbers(database) == [1]
    assert found["project_id"] == aged


def test_numbers_are_not_used_again(lab):
    project = lab.project()
    for _ in range(2):
        lab.run(1, 1, project_id=project)
    retention.purge(lab.database, lab.clock, Retention(keep_last=0))
    assert numbers(lab.database) == []
    with lab.database.writing() as session:
        start_run(session, lab.clock, lab.settings, project, {})
    assert numbers(lab.database) == [3]


def fill(database):
    with database.writing() as session:
        for call in session.scalars(select(LLMCall)):
            call.prompt = "x" * 400_000


@pytest.mark.sqlite
def test_file_shrinks(database, clock, aged):
    fill(database)
    found = retention.purge(database, clock, Retention(keep_last=1))
    assert found["compacted"] and found["note"] is None
    assert found["freed_bytes"] > 1_500_000
    assert found["disk_bytes"] == database.disk_bytes()
    assert database.free_bytes() == 0


@pytest.mark.sqlite
def test_file_is_left_alone_while_a_run_lives_and_shrinks_later(database, clock, aged):
    fill(database)
    with database.writing() as session:
        working = add_run(session, session.get_one(Project, aged), **live()).id
    found = retention.purge(database, clock, Retention(keep_last=1))
    assert not found["compacted"]
    assert "a run is live" in found["note"] and retention.AGAIN in found["note"]
    with database.writing() as session:
        session.get_one(Run, working).status = "completed"
    again = retention.purge(database, clock, Retention(keep_last=2))
    assert (again["run_count"], again["compacted"]) == (0, True)
    assert again["freed_bytes"] > 1_500_000


@pytest.mark.sqlite
def test_file_that_cannot_be_rewritten_is_said(database, clock, aged, monkeypatch):
    fill(database)
    with database.writing() as session, pytest.raises(Unavailable, match="locked"):
        session.execute(text("UPDATE crucible_projects SET title = 'x'"))
        database.compact(patience_ms=1)
    monkeypatch.setattr(
        "shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})(), raising=True
    )
    found = retention.purge(database, clock, Retention(keep_last=0))
    assert found["run_count"] == 6
    assert "MB left" in found["note"] and retention.AGAIN in found["note"]


def test_interrupted_it_leaves_whole_runs(database, clock, aged, monkeypatch):
    monkeypatch.setattr(retention, "FIRST_BATCH", 1)
    told = []

    def interrupt(done, of):
        told.append((done, of))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retention.purge(database, clock, Retention(keep_last=0), interrupt)
    assert told == [(1, 6)]
    assert numbers(database) == [2, 3, 4, 5, 6]
    assert rows(database, LLMCall) == 5
    assert broken_links(database) == []


def test_calls_go_and_totals_stay(lab):
    run_id = lab.run(2, 2).id
    before = lab.row(run_id)
    results = lab.results(run_id)
    found = retention.purge(lab.database, lab.clock, Retention(keep_last=0, calls_only=True))
    after = lab.row(run_id)
    assert found["call_count"] == before.call_count
    assert (after.ledger, after.call_count, after.cost_pico) == (
        "purged",
        before.call_count,
        before.cost_pico,
    )
    assert after.updated_at > before.updated_at
    assert lab.calls(run_id) == []
    assert lab.results(run_id) == results
    with lab.database.reading() as session:
        checked = verify.verify_run(session, run_id)
        assert list_calls(session, run_id)["calls"] == []
    assert checked["ok"], checked["differences"]
    assert any("has had its calls deleted" in said for said in checked["not_covered"])
    again = retention.purge(lab.database, lab.clock, Retention(keep_last=0, calls_only=True))
    assert again["run_count"] == 0


def test_resume_after_purge_pays_only_for_what_is_missing(lab, stub):
    stub.plan = lambda n, body: "status 401" if n >= 4 else "ok"
    run = lab.run(2, 2)
    assert run.status == "failed"
    made = rows(lab.database, EvaluationRow)
    retention.purge(lab.database, lab.clock, Retention(keep_last=0, calls_only=True))
    stub.plan = lambda n, body: "ok"
    asked = len(stub.requests)
    row = resumed(lab, run.id)
    assert row.status == "completed"
    assert rows(lab.database, EvaluationRow) == 4
    assert len(stub.requests) - asked == 4 - made
    assert row.call_count == run.call_count + 4 - made
    assert row.total_tokens > run.total_tokens


def test_limits_count_what_purged_calls_used(lab, stub):
    stub.plan = lambda n, body: "status 401" if n >= 4 else "ok"
    run = lab.run(2, 2)
    with lab.database.reading() as session:
        used = Used.of_run(session, run.id)
    retention.purge(lab.database, lab.clock, Retention(keep_last=0, calls_only=True))
    with lab.database.reading() as session:
        assert Used.of_run(session, run.id) == used
    stub.plan = lambda n, body: "ok"
    row = resumed(lab, run.id, {"max_llm_calls": run.call_count + 1})
    assert (row.status, row.error_kind) == ("failed", "budget_exceeded")
    assert row.call_count == run.call_count + 1


@pytest.mark.parametrize(
    ("budget", "allowed"),
    [
        ({"max_cost_usd": 1.0}, False),
        ({"max_total_tokens": 10_000_000}, False),
        ({"max_llm_calls": 100}, True),
        (None, True),
    ],
)
def test_limits_that_cannot_be_held_are_refused(database, clock, budget, allowed):
    """What a call of unknown cost was reckoned at went with its row."""

    with database.writing() as session:
        run = add_run(
            session,
            add_project(session),
            **failed(ledger="purged", call_count=3, unpriced_call_count=1, budget=budget),
        )
        if allowed:
            requests.resume(session, clock, run.id)
        else:
            with pytest.raises(Conflict, match="unknown cost"):
                requests.resume(session, clock, run.id)


def resumed(lab, run_id, budget=None):

    with lab.database.writing() as session:
        resume_run(session, lab.clock, lab.settings, run_id, budget)
    run_now(lab.database, lab.settings, run_id, lambda: None)
    return lab.row(run_id)
