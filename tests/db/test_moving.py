"""A whole history from SQLite to PostgreSQL and back: nothing is lost, and everything adds up."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.engines import ENGINES, give_back, new_database
from tests.lab import Lab
from tests.services.moving import line, taken
from tests.stub_model import StubModel

from crucible.clock import SystemClock
from crucible.db import Database
from crucible.errors import Invalid
from crucible.models import Base, LLMCall, Project, Run
from crucible.recorder import requests
from crucible.recorder.create import Idempotency
from crucible.scrub import Scrubber
from crucible.services import retention
from crucible.services.health import health
from crucible.services.history import importing, record
from crucible.services.history.exporting import export_whole
from crucible.services.history.importing import Report, import_runs
from crucible.services.listing import RunQuery, list_runs
from crucible.services.projects import list_projects
from crucible.services.results import get_results
from crucible.services.runs import get_run, list_calls, resume_run
from crucible.services.starting import started_before
from crucible.services.verify import verify_all

NOW = SystemClock().now() + timedelta(minutes=1)
Line = dict[str, Any]


@pytest.fixture
def make(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Database]]:
    made: list[tuple[str, Database]] = []

    def new(engine: str) -> Database:
        folder = tmp_path_factory.mktemp("moved")
        url = new_database(folder, tmp_path_factory.getbasetemp(), engine)
        made.append((url, Database.open(url)))
        return made[-1][1]

    yield new
    for url, database in made:
        database.close()
        give_back(url)


@pytest.fixture
def past(make_lab: Callable[..., Lab], stub: StubModel) -> Lab:
    """Runs that completed, failed, went on, were cancelled, purged and imported."""
    lab = make_lab(CAPTURE_CONTENT="on")
    lab.project(title="No run yet", default_budget={"max_llm_calls": 7})
    project = lab.project(title="Ünïcode → 🜂", world_model="two\nlines")
    lab.run(2, 3, project_id=project)
    stub.plan = lambda n, body: "status 401" if len(stub.requests) > 10 else "ok"
    failed = lab.run(2, 4, project_id=project)
    assert failed.status == "failed"
    stub.plan = lambda n, body: "prose" if n % 4 == 1 else "ok"
    with lab.database.writing() as session:
        resume_run(session, lab.clock, lab.settings, failed.id)
    from crucible.execution.foreground import run_now  # noqa: PLC0415 - for this step alone

    run_now(lab.database, lab.settings, failed.id, lambda: None)
    stub.plan = lambda n, body: "hang up"
    lab.run(1, 1, project_id=project)
    stub.plan = lambda n, body: "ok"
    purged = lab.run(1, 2, project_id=project)
    cancelled = lab.create(1, 1, project_id=project)
    with lab.database.writing() as session:
        requests.cancel(session, lab.clock, cancelled)
        session.execute(
            update(Run)
            .where(Run.id == cancelled)
            .values(idempotency_key="once", request_digest=_digest())
        )
        ended = session.scalars(select(Run.id).where(Run.id == purged.id)).one()
        retention._delete(session, lab.clock.now(), [ended], calls_only=True)
    taken(lab.database, line(ledger="absent", llm_usage={"total": {"cost_usd": 0.25}}))
    return lab


def _digest() -> str:
    from crucible.services.starting import _idempotency  # noqa: PLC0415 - for this alone

    found: Idempotency | None = _idempotency("once", {})
    assert found is not None
    return found.digest


def given_out(database: Database, **asked: Any) -> list[Line]:
    with database.reading() as session:
        pages = export_whole(session, RunQuery(**asked), NOW)
        return [json.loads(json.dumps(each)) for page in pages for each in page]


def took(database: Database, lines: list[Line]) -> Report:
    raw = "\n".join(map(json.dumps, lines)).encode()
    return import_runs(database, io.BytesIO(raw), Scrubber())


def seen(database: Database) -> dict[str, Any]:
    """All that a user of it could see."""
    with database.reading() as session:
        listed = list_runs(session, RunQuery(limit=200), NOW)["runs"]
        projects = list_projects(session, now=NOW)
        ids = [run["id"] for run in listed]
        return {
            "runs": listed,
            "projects": projects,
            "details": [get_run(session, each, NOW) for each in ids],
            "calls": [list_calls(session, each, limit=500) for each in ids],
            "results": [get_results(session, each) for each in ids],
            "health": [health(session, each["id"], NOW) for each in projects],
        }


def kept(database: Database) -> dict[str, list[Any]]:
    """Every row, prompts and answers included, without what belongs to workers and counters."""
    left_out = {"lease_token", "heartbeat_boot_seconds", "cancel_requested_at"}
    with database.reading() as session:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in left_out}
                for row in session.execute(
                    select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in Base.metadata.sorted_tables
            if table.name != "crucible_revisions"
        }


def wrong(database: Database) -> list[Any]:
    with database.reading() as session:
        return [each for found in verify_all(session) for each in found["differences"]]


@pytest.mark.skipif("postgres" not in ENGINES, reason="left out by name")
def test_a_history_moves_there_and_back(past: Lab, make: Callable[[str], Database]) -> None:
    there, back = make("postgres"), make("sqlite")
    lines = given_out(past.database)
    report = took(there, lines)
    assert (report.read, report.imported, report.renumbered) == (6, 6, 0)
    assert (report.projects_created, report.was_live) == (3, 0)
    with past.database.reading() as session:
        assert report.calls == len(session.scalars(select(LLMCall.id)).all()) > 20
    took(back, given_out(there))

    before = seen(past.database)
    for other in (there, back):
        assert seen(other) == before
        assert kept(other) == kept(past.database)
        assert wrong(other) == []
        assert given_out(other) == lines
    ledgers = sorted(run["ledger"] for run in before["runs"])
    assert ledgers == ["absent", "complete", "complete", "complete", "complete", "purged"]


def test_importing_twice_changes_nothing(past: Lab, make: Callable[[str], Database]) -> None:
    other = make("sqlite")
    lines = given_out(past.database)
    took(other, lines)
    before = kept(other)
    again = took(other, lines)
    assert (again.read, again.unchanged, again.calls, again.projects_created) == (6, 6, 0, 0)
    assert kept(other) == before


def test_a_moved_run_goes_on_and_its_key_still_names_it(
    past: Lab, make_lab: Callable[..., Lab], stub: StubModel
) -> None:
    other = make_lab()
    took(other.database, given_out(past.database))
    with other.database.reading() as session:
        failed = session.scalars(select(Run).where(Run.status == "failed")).one()
        keyed = session.scalars(select(Run).where(Run.idempotency_key.is_not(None))).one()
        assert started_before(session, keyed.project_id, {}, "once") == keyed.id
    with other.database.writing() as session:
        resume_run(session, other.clock, other.settings, failed.id)
    from crucible.execution.foreground import run_now  # noqa: PLC0415 - for this step alone

    run_now(other.database, other.settings, failed.id, lambda: None)
    assert other.row(failed.id).status == "completed"
    assert wrong(other.database) == []


def test_numbers_that_were_given_are_not_given_again(
    past: Lab, make: Callable[[str], Database]
) -> None:
    """Also those of runs that were deleted before the move."""
    with past.database.writing() as session:
        session.execute(update(Project).values(last_run_number=40))
    other = make("sqlite")
    took(other, given_out(past.database))
    with other.reading() as session:
        assert set(session.scalars(select(Project.last_run_number))) == {40}


@pytest.mark.parametrize("how", ["created", "running"])
def test_a_live_run_comes_as_lost_and_adds_up(
    past: Lab, make: Callable[[str], Database], stub: StubModel, how: str
) -> None:
    run_id = past.create(1, 1)
    if how == "running":
        lease = past.claim(run_id)
        with past.database.reading() as session:
            design = [each for each in given_out(past.database) if each.get("id") == run_id]
            assert design[0]["status"] == "running"
            assert session.get_one(Run, run_id).lease_token == lease.token
    other = make("sqlite")
    report = took(other, given_out(past.database))
    assert report.was_live == 1
    with other.reading() as session:
        run = session.get_one(Run, run_id)
        assert (run.status, run.error_kind, run.ledger) == ("failed", "worker_lost", "complete")
        assert run.lease_token is None
    assert wrong(other) == []


@pytest.mark.parametrize("stopped", [True, False])
def test_one_that_waits_to_go_on_or_was_stopped_then_adds_up(
    lab: Lab, make: Callable[[str], Database], stub: StubModel, stopped: bool
) -> None:
    stub.plan = lambda n, body: "status 401"
    run = lab.run(1, 1)
    with lab.database.writing() as session:
        resume_run(session, lab.clock, lab.settings, run.id)
        if stopped:
            requests.cancel(session, lab.clock, run.id)
    other = make("sqlite")
    took(other, given_out(lab.database))
    with other.reading() as session:
        assert session.get_one(Run, run.id).status == ("cancelled" if stopped else "failed")
    assert wrong(lab.database) == wrong(other) == []


def test_calls_in_flight_of_a_live_run_are_unknown(
    past: Lab, make: Callable[[str], Database]
) -> None:
    lines = given_out(past.database)
    whole = next(each for each in lines if each.get("ledger") == "complete" and each["number"] == 1)
    _make_live(whole["record"])
    whole |= {"status": "running"}
    other = make("sqlite")
    took(other, lines)
    with other.reading() as session:
        calls = session.scalars(select(LLMCall).where(LLMCall.run_id == whole["id"])).all()
        assert [call.outcome for call in calls].count("unknown") == 1
    assert wrong(other) == []


def _make_live(found: Line) -> None:
    """As if its last call had not come back yet."""
    last = found["calls"][-1]
    phase = next(each for each in found["phases"] if each["name"] == last["phase"])
    for totals in (found["run"], phase):
        for name in ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens",
                     "cache_write_tokens"):  # fmt: skip
            if last[name] is not None:
                totals[name] -= last[name]
                if name in ("input_tokens", "output_tokens"):
                    totals["total_tokens"] -= last[name]
        totals["cost_pico"] -= last["cost_pico"]
        totals["unpriced_call_count"] += 1
        served, asked = last["model_served"] or last["model_asked"], last["model_asked"]
        totals["models"][served] -= 1
        totals["models"][asked] = totals["models"].get(asked, 0) + 1
        totals["models"] = {name: n for name, n in totals["models"].items() if n}
    names = ("input_tokens output_tokens cached_input_tokens cache_write_tokens reasoning_tokens "
             "cost_pico model_served latency_seconds settled_at answer price_source")  # fmt: skip
    last.update(dict.fromkeys(names.split()), outcome="pending")
    found["phases"] = [each for each in found["phases"] if each["name"] != "ranking"]
    made = found["evaluations"].pop()
    assert made["candidate_id"]
    found["run"].update(status="running", evaluation_count=len(found["evaluations"]))
    phase.update(
        status="running", completed_at=None, duration_seconds=None,
        produced=len(found["evaluations"]),
    )  # fmt: skip
    found["attempts"][-1].update(status="running", completed_at=None, duration_seconds=None)
    for candidate in found["candidates"]:
        names = ("rank", "p", "r", "i", "weighted_satisfaction")
        candidate.update(dict.fromkeys(names), hard_violations=[])


def _broken(lines: list[Line], change: Callable[[Line], object]) -> list[Line]:
    copy: list[Line] = json.loads(json.dumps(lines))
    place = next(n for n, each in enumerate(copy) if each.get("record", {}).get("evaluations"))
    change(copy[place]["record"])
    return copy


BROKEN: list[tuple[str, Callable[[Line], object]]] = [
    ("record.run.status", lambda r: r["run"].update(status="done")),
    ("record.run.id", lambda r: r["run"].update(id="another")),
    ("record.calls[0].outcome", lambda r: r["calls"][0].update(outcome="maybe")),
    ("record.calls[1].run_id", lambda r: r["calls"][1].update(run_id="another")),
    ("record.calls[0].sent_at", lambda r: r["calls"][0].update(sent_at=None)),
    ("record.calls[0].cost_pico", lambda r: r["calls"][0].update(cost_pico=0.5)),
    ("record.calls: takes ids", lambda r: r["calls"].append(r["calls"][0])),
    ("record.candidates: takes ids", lambda r: r["candidates"].append(r["candidates"][0])),
    ("record.evaluations[0].candidate_id", lambda r: r["evaluations"][0].update(candidate_id="x")),
    ("record.evaluations[0].scenario_id", lambda r: r["evaluations"][0].update(scenario_id="x")),
    ("record.evaluations[0].p", lambda r: r["evaluations"][0].update(p=None)),
    ("record.phases[0].name", lambda r: r["phases"][0].update(name="plan")),
    ("record.phases", lambda r: r.update(phases={})),
    ("record", lambda r: r.pop("run")),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_broken_record_is_named_and_leaves_nothing(
    past: Lab, make: Callable[[str], Database], engine: str
) -> None:
    lines = given_out(past.database)
    other = make(engine)
    for named, change in BROKEN:
        with pytest.raises(Invalid, match=r"^line \d+: ") as raised:
            took(other, _broken(lines, change))
        assert named in raised.value.message
    assert not any(kept(other).values())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_part_that_is_anothers_here_is_named(
    past: Lab, make: Callable[[str], Database], engine: str
) -> None:
    lines = given_out(past.database)
    other = make(engine)
    took(other, lines)
    whole = next(each for each in lines if each.get("record", {}).get("calls"))
    thief = json.loads(json.dumps(whole).replace(whole["id"], "another-run"))
    before = kept(other)
    with pytest.raises(Invalid, match="takes ids of their own"):
        took(other, [thief])
    assert kept(other) == before


@pytest.mark.parametrize("engine", ENGINES)
def test_a_long_run_takes_several_lines(
    past: Lab, make: Callable[[str], Database], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.services.history.exporting.CHUNK", 2)
    monkeypatch.setattr(importing, "BATCH", 3)
    lines = given_out(past.database)
    assert sum("continues" in each for each in lines) > 5
    other = make(engine)
    took(other, lines)
    assert kept(other) == kept(past.database)
    place = next(n for n, each in enumerate(lines) if "continues" in each)
    moved = [*lines[:place], *lines[place + 1 :], lines[place]]
    with pytest.raises(Invalid, match="continues: takes the id of the run in the lines before"):
        took(make(engine), moved)


def test_what_an_older_database_kept_is_made_storable(make: Callable[[str], Database]) -> None:
    assert record._text("a\x00b\ud800") == "a\ufffdb?"
    assert record._json({"k\x00": ["\x00"]}) == {"k\ufffd": ["\ufffd"]}


def test_one_project_alone_can_be_moved(past: Lab, make: Callable[[str], Database]) -> None:
    with past.database.reading() as session:
        project = session.scalars(select(Run.project_id).where(Run.number == 2)).one()
    other = make("sqlite")
    report = took(other, given_out(past.database, project_id=project))
    assert (report.projects_created, report.imported) == (1, 5)
