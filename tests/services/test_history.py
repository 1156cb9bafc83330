"""Export and import: what comes back is what went out."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.engines import Holder
from tests.seed import (
    START,
    add_attempt,
    add_phase,
    add_project,
    add_run,
    failed,
    live,
    new_database,
)
from tests.services.moving import BEGUN, NOW, Line, given_out, line, taken

from crucible.db import Database
from crucible.errors import Unavailable
from crucible.models import Project, Run, RunPhase
from crucible.schemas.runs import RunSummarySchema
from crucible.scrub import Scrubber
from crucible.services.history.importing import import_runs
from crucible.services.runs import get_run
from crucible.services.verify import verify_all


@pytest.fixture
def fresh(
    tmp_path_factory: pytest.TempPathFactory,
    engine: str,
) -> Iterator[Callable[[], Database]]:
    made: list[Database] = []

    def make() -> Database:
        folder = tmp_path_factory.mktemp("fresh")
        url = new_database(folder, tmp_path_factory.getbasetemp(), engine)
        made.append(Database.open(url))
        return made[-1]

    yield make
    for database in made:
        database.close()


def history(database: Database) -> None:
    totals = {
        "call_count": 38, "failed_call_count": 5, "retry_count": 4, "input_tokens": 51200,
        "output_tokens": 9100, "total_tokens": 60300, "cached_input_tokens": 7,
        "cache_write_tokens": 0, "reasoning_tokens": 3, "unmetered_call_count": 1,
        "cost_pico": 421_300_000_001, "unpriced_call_count": 2, "wasted_cost_pico": 31 * 10**9,
        "providers": {"openai": 38}, "models": {"gpt-5-mini": 30, "übermodell": 8},
    }  # fmt: skip
    with database.writing() as session:
        project = add_project(session, title="Checkout p99")
        add_run(session, project, label="first", notes=["a note"], **totals)
        run = add_run(session, project, **failed(attempt=2, budget={"max_llm_calls": 9}), **totals)
        add_attempt(session, run, status="failed", error_kind="internal", error_summary="x")
        add_attempt(session, run, attempt=2, started_at=START + timedelta(hours=1))
        add_phase(session, run, "design", **totals)
        add_phase(session, run, "evaluation", status="failed", expected=40, produced=31)
        add_phase(session, run, "ranking", duration_seconds=0.004)
        add_phase(
            session, run, "evaluation", attempt=2, expected=9, produced=None,
            started_at=START + timedelta(hours=1), status="failed",
        )  # fmt: skip
        add_run(
            session, project, status="cancelled", started_at=None, duration_seconds=None,
            candidate_count=None, scenario_count=None, evaluation_count=None,
        )  # fmt: skip
        add_run(session, add_project(session, title="Other"), mode="seeded", number=7)


def as_imported(run: Line) -> Line:
    return {**run, "ledger": "absent"}


def test_what_comes_back_is_what_went_out(fresh: Callable[[], Database]) -> None:
    here, there, elsewhere = fresh(), fresh(), fresh()
    history(here)
    out = given_out(here)

    assert taken(there, *out).imported == 4
    assert given_out(there) == [as_imported(run) for run in out]
    taken(elsewhere, *given_out(there))
    assert given_out(elsewhere) == given_out(there)


def test_the_whole_view_of_a_run_comes_back(fresh: Callable[[], Database]) -> None:
    here, there = fresh(), fresh()
    history(here)
    taken(there, *given_out(here))

    for run in given_out(here):
        with here.reading() as a, there.reading() as b:
            was, came = get_run(a, run["id"], NOW), get_run(b, run["id"], NOW)
        assert came == as_imported(was)
        assert RunSummarySchema().validate(came) == {}


def test_importing_twice_changes_nothing(fresh: Callable[[], Database]) -> None:
    here, there = fresh(), fresh()
    history(here)
    out = given_out(here)
    taken(there, *out)
    before = given_out(there)

    again = taken(there, *[{**run, "label": "other", "number": 99} for run in out])

    assert (again.imported, again.unchanged, again.renumbered) == (0, 4, 0)
    assert given_out(there) == before
    assert taken(here, *out).unchanged == 4


def test_an_export_is_oldest_first_and_filtered(database: Database) -> None:
    history(database)

    assert [run["created_at"] for run in given_out(database)] == sorted(
        run["created_at"] for run in given_out(database)
    )
    assert [run["status"] for run in given_out(database, statuses=("failed",))] == ["failed"]
    assert given_out(database, since=NOW) == []


def test_an_export_of_several_pages_has_every_run_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.services.history.exporting.MAX_LIMIT", 2)
    with database.writing() as session:
        project = add_project(session)
        for _ in range(5):
            add_run(session, project, created_at=START)

    assert sorted(run["number"] for run in given_out(database)) == [1, 2, 3, 4, 5]


def test_what_a_line_lacks_is_null(database: Database) -> None:
    taken(database, line())
    run = given_out(database)[0]

    known = {name for name, value in run.items() if value not in (None, [])}
    assert known == {
        *("id number project_id project_title status mode attempt ledger".split()),
        *("created_at updated_at metrics links".split()),
    }
    assert run["metrics"] == {"phase_timings": {}, "resource_breakdown": {}, "notes": []}
    assert (run["number"], run["project_title"]) == (1, "Project project-")


def test_an_unknown_project_is_made_as_its_latest_run_knew_it(database: Database) -> None:
    problem = {"title": "T", "description": "D", "goals": ["G"], "constraints": []}
    report = taken(
        database,
        line(id="a", project_title="Old", config={"problem": {**problem, "goals": []}}),
        line(id="b", project_title="New", config={"problem": problem}),
    )

    assert report.projects_created == 1
    with database.reading() as session:
        project = session.get_one(Project, "project-1")
        assert (project.title, project.description, project.goals) == ("New", "D", ["G"])
        assert project.last_run_number == 2
        assert project.created_at == START


def test_a_project_that_is_here_stays_as_it_is(database: Database) -> None:
    with database.writing() as session:
        add_project(session, id="project-1", title="Mine", last_run_number=4)

    taken(database, line(number=2, project_title="Theirs"))

    with database.reading() as session:
        project = session.get_one(Project, "project-1")
        assert (project.title, project.last_run_number) == ("Mine", 4)


@pytest.mark.parametrize(
    ("here", "numbers", "become"),
    [
        ([], [5, 9], [5, 9]),
        ([], [5, 5], [5, 6]),
        ([1, 2, 3], [2], [4]),
        ([1, 2, 3], [1, 2, 9], [4, 5, 9]),
        ([1, 4], [2, 4, 5], [2, 5, 6]),
        ([1], [None, 2], [2, 3]),
        ([], [None, None], [1, 2]),
    ],
)
def test_a_number_that_is_taken_becomes_the_next_free_one(
    database: Database, here: list[int], numbers: list[int | None], become: list[int]
) -> None:
    with database.writing() as session:
        project = add_project(session, id="project-1")
        for number in here:
            add_run(session, project, number=number)
            project.last_run_number = number
    moments = [f"2026-11-23T08:00:0{n}Z" for n in range(len(numbers))]
    report = taken(
        database,
        *[
            line(id=f"run-{n}", number=number, created_at=moments[n])
            for n, number in enumerate(numbers)
        ],
    )

    assert [run["number"] for run in given_out(database)][len(here) :] == become
    assert report.renumbered == sum(a != b for a, b in zip(numbers, become, strict=True))
    with database.reading() as session:
        last = session.scalars(select(Project.last_run_number)).one()
    assert last == max(here + become)


@pytest.mark.parametrize("status", ["created", "running"])
def test_a_run_that_was_live_ends_here_at_its_last_sign_of_life(
    database: Database, status: str
) -> None:
    timing = {"status": "running", "started_at": BEGUN, "duration_seconds": 999.0}
    report = taken(
        database,
        line(
            status=status,
            started_at=BEGUN,
            updated_at="2026-11-22T08:01:00Z",
            duration_seconds=999.0,
            metrics={"phase_timings": {"design": timing}},
            attempts=[{"attempt": 1, "status": "running", "started_at": BEGUN}],
        ),
    )

    run = given_out(database)[0]
    assert report.was_live == 1
    assert (run["status"], run["error"]["kind"]) == ("failed", "worker_lost")
    assert run["completed_at"] == "2026-11-22T08:01:00.000Z"
    assert run["duration_seconds"] == 60.0
    design = run["metrics"]["phase_timings"]["design"]
    assert (design["status"], design["duration_seconds"]) == ("failed", 60.0)
    assert run["attempts"][0]["status"] == "failed"
    with database.reading() as session:
        assert all(found["ok"] for found in verify_all(session))


def test_a_live_run_can_be_moved(fresh: Callable[[], Database]) -> None:
    here, there = fresh(), fresh()
    with here.writing() as session:
        add_run(session, add_project(session), **live())
    taken(there, *given_out(here))

    with there.reading() as session:
        run = session.scalars(select(Run)).one()
        assert (run.status, run.lease_token, run.attempt_started_at) == ("failed", None, None)


@pytest.mark.parametrize(
    ("text", "pico"),
    [
        ("0", 0),
        ("0.4213", 421_300_000_000),
        ("1e-12", 1),
        ("0.1000000000005", 100_000_000_000),  # half-even
        ("0.1000000000015", 100_000_000_002),
        ("0.30000000000000004", 300_000_000_000),
        ("8191.999999999999", 8_191_999_999_999_999),
        ("12345.678901234567", 12_345_678_901_234_567),
        ("1e-999999", 0),
        ("null", None),
    ],
)
def test_money_is_read_from_its_digits(database: Database, text: str, pico: int | None) -> None:
    raw = json.dumps(line(llm_usage={"total": {"call_count": 1, "cost_usd": 5}})).replace(
        '"cost_usd": 5', f'"cost_usd": {text}'
    )
    import_runs(database, io.BytesIO(raw.encode()), Scrubber())

    with database.reading() as session:
        assert session.scalars(select(Run.cost_pico)).one() == pico


def test_secrets_in_error_texts_stay_outside(database: Database) -> None:
    taken(
        database,
        line(
            status="failed",
            error_summary="it said my-own-secret",
            error={"kind": "internal", "message": "Bearer abcdef0123456789"},
            metrics={"notes": ["key sk-0123456789abcdef"]},
        ),
        scrub=Scrubber(["my-own-secret"]),
    )

    run = given_out(database)[0]
    assert run["error_summary"] == "it said [removed]"
    assert run["error"]["message"] == "Bearer [removed]"
    assert run["metrics"]["notes"] == ["key [removed]"]


def test_what_one_place_of_a_line_lacks_another_may_have(database: Database) -> None:
    breakdown = {"design": {"produced": 5, "llm_calls": 3, "failed_calls": 1, "retries": 1}}
    progress = {"phase": "evaluation", "done": 31, "expected": 40}
    usage = {"phases": {"design": {"input_tokens": 7}}}
    metrics = {"resource_breakdown": breakdown}
    taken(database, line(metrics=metrics, progress=progress, llm_usage=usage))

    with database.reading() as session:
        rows = {row.name: row for row in session.scalars(select(RunPhase))}
    assert (rows["design"].call_count, rows["design"].failed_call_count) == (3, 1)
    assert rows["design"].input_tokens == 7
    assert (rows["evaluation"].produced, rows["evaluation"].expected) == (31, 40)


def test_a_database_that_is_locked_is_said_and_nothing_is_imported(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.db.waiting.BUSY_TIMEOUT_MS", 50)
    with Holder(url), pytest.raises(Unavailable, match="locked"):
        taken(database, line())

    assert given_out(database) == []
    assert taken(database, line()).imported == 1


def test_an_import_that_is_broken_off_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("crucible.services.history.importing._count_up", broken_off)
        taken(database, line())

    assert given_out(database) == []
    with database.reading() as session:
        assert session.scalars(select(Project)).all() == []
    assert taken(database, line()).imported == 1
