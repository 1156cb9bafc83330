"""Made-up history is plausible, adds up, and is the same for the same seed."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.fakes import FakeClock
from tests.seed import add_project, new_database

from crucible.db import Database
from crucible.errors import HINTS, Ambiguous, ErrorKind
from crucible.models import Project, Run, RunAttempt, RunPhase
from crucible.schemas.runs import RunPageSchema
from crucible.scrub import Scrubber
from crucible.services import usage
from crucible.services.history.exporting import export_runs
from crucible.services.history.importing import import_runs
from crucible.services.history.sample import add_sample
from crucible.services.listing import SORT_COLUMNS, RunQuery, list_runs
from crucible.services.runs import get_run
from crucible.services.verify import verify_all

RUNS = 400
CLOCK = FakeClock()
TITLE = "Sample history"


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Any:
    folder = tmp_path_factory.mktemp("sample")
    made = Database.open(new_database(folder, tmp_path_factory.getbasetemp(), engine))
    add_sample(made, CLOCK, RUNS, 1, TITLE)
    yield made
    made.close()


def everything(database: Database) -> list[dict[str, Any]]:
    with database.reading() as session:
        return [run for page in export_runs(session, RunQuery(), CLOCK.now()) for run in page]


def test_it_verifies(sampled: Database) -> None:
    with sampled.reading() as session:
        found = list(verify_all(session))

    assert len(found) == RUNS
    assert [each for each in found if not each["ok"]] == []


def test_totals_of_a_run_are_the_sums_of_its_phases(sampled: Database) -> None:
    with sampled.reading() as session:
        for run in session.scalars(select(Run)):
            phases = session.scalars(select(RunPhase).where(RunPhase.run_id == run.id)).all()
            rows = [{name: getattr(row, name) for name in usage.COLUMNS} for row in phases]
            if rows:
                totals = {name: getattr(run, name) for name in usage.COLUMNS}
                assert totals == usage.added(rows)
            assert run.evaluation_count == sum(
                row.produced or 0 for row in phases if row.name == "evaluation"
            )


def test_figures_of_a_run_are_possible(sampled: Database) -> None:
    for run in everything(sampled):
        used = run["llm_usage"] and run["llm_usage"]["total"]
        if not used:
            continue
        assert used["failed_call_count"] <= used["call_count"]
        assert 0 <= used["retry_count"] < used["call_count"]
        assert sum(used["models"].values()) == used["call_count"]
        assert sum(used["providers"].values()) == used["call_count"]
        assert used["unpriced_call_count"] <= used["call_count"]
        if used["total_tokens"] is not None:
            assert used["total_tokens"] == used["input_tokens"] + used["output_tokens"]
            assert used["cached_input_tokens"] <= used["input_tokens"]
            assert used["reasoning_tokens"] <= used["output_tokens"]
        if used["cost_usd"] is not None:
            assert 0 <= used["wasted_cost_usd"] <= used["cost_usd"]


def test_times_of_a_run_add_up_and_none_is_to_come(sampled: Database) -> None:
    with sampled.reading() as session:
        phases = select(RunPhase.run_id, func.sum(RunPhase.duration_seconds)).group_by(
            RunPhase.run_id
        )
        spent = {run_id: seconds for run_id, seconds in session.execute(phases)}
        for run in session.scalars(select(Run)):
            assert run.completed_at is not None
            assert run.created_at <= run.completed_at <= CLOCK.now()
            if run.started_at is not None:
                assert spent[run.id] == pytest.approx(run.duration_seconds, abs=0.0005)
        newest = session.scalar(select(func.max(Run.created_at)))
        assert newest is not None and CLOCK.now() - newest < timedelta(hours=2)


def test_numbers_follow_the_order_of_time(sampled: Database) -> None:
    assert [run["number"] for run in everything(sampled)] == list(range(1, RUNS + 1))


def test_it_is_labelled_and_varied(sampled: Database) -> None:
    runs = everything(sampled)
    kinds = {run["error"]["kind"] for run in runs if run["error"]}

    assert {(run["label"], run["ledger"]) for run in runs} == {("sample", "absent")}
    assert all(run["config"]["sample"] for run in runs)
    assert {run["status"] for run in runs} == {"completed", "failed", "cancelled"}
    assert {run["mode"] for run in runs} == {"full_search", "eval_only", "seeded"}
    assert len(kinds) >= 6 and kinds <= set(ErrorKind)
    assert any(run["attempt"] == 2 for run in runs)
    assert any("evaluations came" in note for run in runs for note in run["metrics"]["notes"])
    totals = [run["llm_usage"]["total"] for run in runs if run["llm_usage"]]
    assert any(used["unmetered_call_count"] for used in totals)
    assert any(used["unpriced_call_count"] and used["cost_usd"] is None for used in totals)
    assert any(used["unpriced_call_count"] and used["cost_usd"] for used in totals)
    for run in runs:
        if run["status"] == "failed":
            hint = run["error"]["hint"]
            assert "resum" not in hint, "none of them can be resumed"
            assert hint.split()[0] in (HINTS[ErrorKind(run["error"]["kind"])].split()[0], "Its")
            assert 0 < len(run["error_summary"]) <= 300


def test_a_budget_that_was_exceeded_is_the_one_it_had(sampled: Database) -> None:
    over = [run for run in everything(sampled) if run["budget"]]

    assert over
    for run in over:
        assert run["error"]["kind"] == "budget_exceeded"
        assert run["budget"]["max_llm_calls"] == run["llm_usage"]["total"]["call_count"]


@pytest.mark.parametrize("sort", [sign + key for key in SORT_COLUMNS for sign in ("", "-")])
def test_lists_of_it_work_in_every_order(sampled: Database, sort: str) -> None:
    with sampled.reading() as session:
        page = list_runs(session, RunQuery(limit=200, sort=sort), CLOCK.now())
        again = list_runs(
            session, RunQuery(limit=200, sort=sort, cursor=page["next_cursor"]), CLOCK.now()
        )

    assert RunPageSchema().validate(page) == {}
    assert len({run["id"] for run in page["runs"] + again["runs"]}) == RUNS
    assert page["total"] == RUNS


def test_each_run_can_be_shown(sampled: Database) -> None:
    with sampled.reading() as session:
        for run_id in session.scalars(select(Run.id).limit(50)):
            assert get_run(session, run_id, CLOCK.now())["config"]["problem"]["title"] == TITLE


def test_it_can_be_moved_without_a_difference(sampled: Database, database: Database) -> None:
    runs = everything(sampled)
    raw = "\n".join(map(json.dumps, runs)).encode()
    import_runs(database, io.BytesIO(raw), Scrubber())

    assert everything(database) == runs


def test_the_same_seed_gives_the_same_history(
    database: Database, tmp_path: Path, engine: str
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    other = Database.open(new_database(folder, tmp_path, engine))
    add_sample(database, CLOCK, 40, 5, TITLE)
    add_sample(other, CLOCK, 40, 5, TITLE)
    same = everything(other)
    other.close()

    assert everything(database) == same


def test_other_seeds_give_other_histories_and_more_can_be_added(database: Database) -> None:
    first = add_sample(database, CLOCK, 20, 5, "A")
    second = add_sample(database, CLOCK, 20, 6, "B")
    more = add_sample(database, CLOCK, 20, 5, "A")

    assert (first.first_number, first.last_number) == (1, 20)
    assert (more.first_number, more.last_number) == (21, 40)
    assert more.project_id == first.project_id != second.project_id
    assert sum(more.by_status.values()) == 20
    with database.reading() as session:
        assert session.scalar(select(func.count(func.distinct(Run.duration_seconds)))) > 50
        assert session.scalar(select(func.count(Run.id))) == 60
        assert session.scalar(select(func.count(RunAttempt.run_id))) >= 58


def test_two_projects_of_that_title_are_ambiguous(database: Database) -> None:
    with database.writing() as session:
        add_project(session, title=TITLE)
        add_project(session, title=TITLE)

    with pytest.raises(Ambiguous, match="give another title"):
        add_sample(database, CLOCK, 1, 1, TITLE)


def test_it_is_written_in_short_transactions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.services.history.sample.BATCH", 10)
    told: list[int] = []
    add_sample(database, CLOCK, 25, 1, TITLE, told.append)

    assert told == [10, 20, 25]
    with database.reading() as session:
        assert session.scalars(select(Project.last_run_number)).one() == 25
