"""A client that has an answer already is told so, and never when the answer would be another."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update
from tests.api.conftest import send
from tests.fakes import FakeClock, FakeModel
from tests.seed import add_project, add_run, live
from tests.services.moving import line, taken

from crucible import config
from crucible.api import create_app
from crucible.api.database import db
from crucible.db import Database
from crucible.ids import new_id
from crucible.llm.asking import CallEnd
from crucible.llm.prices import PriceList
from crucible.llm.protocol import Prompt
from crucible.llm.usage import Usage
from crucible.models import Run
from crucible.models.values import (
    Candidate,
    MissingEvaluation,
    Outcome,
    PhaseName,
    Scenario,
    Standing,
    Status,
)
from crucible.recorder.control import Stop
from crucible.recorder.ends import End
from crucible.recorder.lease import Owner, claim
from crucible.recorder.ledger import Ledger
from crucible.recorder.recorder import RunRecorder
from crucible.scrub import Scrubber
from crucible.services.history.sample import add_sample

PROMPT = Prompt("design", [{"role": "user", "content": "?"}], {}, 0.0, 10)


def questions(project_id: str, run_id: str) -> list[str]:
    return [
        "/api/projects",
        f"/api/projects/{project_id}",
        "/api/runs/summary",
        "/api/runs/summary?since=24h&until=0s&updated_since=7d&status=failed&status=running",
        f"/api/projects/{project_id}/runs/summary",
        f"/api/projects/{project_id}/runs/health",
        f"/api/projects/{project_id}/runs/trends",
        f"/api/runs/{run_id}",
        f"/api/runs/{run_id}/calls",
        f"/api/runs/{run_id}/results",
        f"/api/runs/{run_id}/compare/{run_id}",
    ]


def tag_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.headers["ETag"]


def again(client: FlaskClient, path: str, tag: str) -> int:
    return client.get(path, headers={"If-None-Match": tag}).status_code


@pytest.fixture
def run_id(client: FlaskClient, project_id: str) -> str:
    return str(client.post(f"/api/projects/{project_id}/runs", json={}).get_json()["id"])


def test_the_same_answer_is_not_sent_again(
    client: FlaskClient, project_id: str, run_id: str
) -> None:
    for path in questions(project_id, run_id):
        first = client.get(path)
        tag = first.headers["ETag"]
        second = client.get(path, headers={"If-None-Match": f'"other", {tag}'})

        assert tag.startswith('W/"')
        assert (second.status_code, second.data) == (304, b"")
        for answer in (first, second):
            assert answer.headers["ETag"] == tag
            assert answer.headers["Cache-Control"] == "no-cache"
        assert again(client, path, '"other"') == 200


def test_questions_have_tags_of_their_own(
    client: FlaskClient, project_id: str, run_id: str
) -> None:
    paths = [*questions(project_id, run_id), "/api/runs/summary?limit=5"]
    assert len({tag_of(client, path) for path in paths}) == len(paths)
    # The order in which parameters are written is no part of the question.
    assert tag_of(client, "/api/runs/summary?limit=5&mode=seeded") == tag_of(
        client, "/api/runs/summary?mode=seeded&limit=5"
    )


def test_a_star_stands_for_whatever_there_is(client: FlaskClient, run_id: str) -> None:
    assert again(client, f"/api/runs/{run_id}", "*") == 304
    assert again(client, "/api/runs/nothing-here", "*") == 404


def test_what_went_wrong_has_no_tag(client: FlaskClient) -> None:
    for path in ("/api/runs/nothing-here", "/api/runs/summary?limit=0"):
        assert "ETag" not in client.get(path).headers


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_304_takes_the_look_for_dead_workers_and_one_statement(
    app: Flask, client: FlaskClient, project_id: str, run_id: str
) -> None:
    for path in questions(project_id, run_id):
        tag = tag_of(client, path)
        with statements(app) as seen:
            assert again(client, path, tag) == 304

        assert len(seen) == 2, path
        assert "crucible_runs.status = " in seen[0]
        assert "crucible_revisions" in seen[1]


def writes(
    client: FlaskClient, database: Database, clock: FakeClock, url: str, project_id: str, run: str
) -> Iterator[str]:
    """Every way to write there is, one after another; the clock stands still throughout."""
    runs = f"/api/projects/{project_id}/runs"
    made = client.post("/api/projects", json={"title": "Another"}).get_json()
    yield "a project is made"
    client.put(f"/api/projects/{made['id']}", json={"title": "Renamed"})
    yield "a project is changed"
    client.post(f"/api/projects/{made['id']}/runs", json={})
    yield "a run is asked for"
    waiting = client.get(f"/api/projects/{made['id']}/runs/summary").get_json()["runs"][0]["id"]
    client.post(f"/api/runs/{waiting}/cancel")
    yield "a waiting run is cancelled"
    client.post(f"/api/runs/{waiting}/resume")
    yield "a run is resumed"
    client.post(f"/api/runs/{waiting}/cancel")
    yield "it is cancelled again"
    client.delete(f"/api/projects/{made['id']}")
    yield "a project is deleted with its runs"
    taken(database, line())
    yield "history is imported"
    add_sample(database, clock, 3, 1, "Sample")
    yield "history is made up"
    add_sample(database, clock, 1, 1, "Sample")
    yield "more is made up"
    program = (
        "import sys; from crucible.db import Database; from crucible.clock import SystemClock;"
        "from crucible.services import projects\n"
        "with Database.open(sys.argv[1]).writing() as session:"
        " projects.create_project(session, SystemClock(), {'title': 'From outside'})"
    )
    subprocess.run([sys.executable, "-c", program, url], check=True)
    yield "another process writes"
    yield from works(client, database, clock, run)
    client.post(runs, json={})
    yield "one more is asked for"


def works(client: FlaskClient, database: Database, clock: FakeClock, run: str) -> Iterator[str]:
    lease = claim(database, clock, run, Owner.current())
    assert lease is not None
    yield "a run is claimed"
    recorder = RunRecorder(database, lease, clock=clock, scrub=Scrubber())
    with database.reading() as session:
        recorder.adopt(session)
    recorder.heartbeat()
    yield "a sign of life"
    design = recorder.phase(PhaseName.DESIGN, 1)
    design.__enter__()
    yield "a phase begins"
    ledger = Ledger(recorder, FakeModel(), prices=PriceList(None), scrub=Scrubber())
    sent = ledger.begin(PROMPT, "1 candidate", 1)
    yield "a call is sent"
    candidate, scenario = new_id(), new_id()
    product = [Candidate(candidate, "A", "", "designed")]
    ledger.settle(sent, CallEnd(Outcome.OK, Usage(10, 5, 0, 0, 0), "gpt-5-mini"), product)
    yield "a call is settled"
    design.__exit__(None, None, None)
    yield "a phase ends"
    recorder.save([Scenario(scenario, "s", "")])
    yield "a result is kept"
    recorder.save_missing(MissingEvaluation(candidate, scenario, "prose"))
    yield "a pair is given up"
    recorder.forget_missing()
    yield "it is to be tried again"
    recorder.save_ranking([Standing(candidate, 1, None, None, None, {}, None, [], 0, 1)])
    yield "the ranking is kept"
    recorder.note("odd")
    yield "a note is taken"
    client.post(f"/api/runs/{run}/cancel")
    yield "a run at work is asked to stop"
    recorder.end(End(Status.COMPLETED))
    yield "a run ends"
    client.post(f"/api/runs/{run}/cancel")
    again = client.post(f"/api/runs/{run}/resume")
    assert again.status_code == 409


def test_every_write_changes_every_tag_with_the_clock_standing_still(
    client: FlaskClient,
    database: Database,
    clock: FakeClock,
    url: str,
    project_id: str,
    run_id: str,
) -> None:
    asked = questions(project_id, run_id)
    tags = {path: tag_of(client, path) for path in asked}
    seen = {path: {tag} for path, tag in tags.items()}
    steps = 0
    for what in writes(client, database, clock, url, project_id, run_id):
        for path in asked:
            answer = client.get(path, headers={"If-None-Match": tags[path]})
            assert answer.status_code == 200, f"{what}: {path}"
            tags[path] = answer.headers["ETag"]
            assert tags[path] not in seen[path], f"{what}: {path}"
            seen[path].add(tags[path])
        steps += 1

    assert steps == 25


def test_a_refused_write_changes_nothing(client: FlaskClient, run_id: str) -> None:
    tag = tag_of(client, "/api/projects")
    send(client, "POST", "/api/projects", {"title": ""})
    client.post(f"/api/runs/{run_id}/resume")

    assert again(client, "/api/projects", tag) == 304


def dies(database: Database, clock: FakeClock, run_id: str) -> None:
    """Its process is gone by the time the tag has been given."""
    with database.writing() as session:
        gone = {**asdict(Owner.current()), "process_started": "1"}
        session.execute(update(Run).where(Run.id == run_id).values(owner=gone))


def test_a_death_is_noticed_before_a_304_is_given(
    client: FlaskClient, database: Database, clock: FakeClock, project_id: str, run_id: str
) -> None:
    claim(database, clock, run_id, Owner.current())
    asked = questions(project_id, run_id)
    tags = {path: tag_of(client, path) for path in asked}
    dies(database, clock, run_id)

    for path in asked:
        assert again(client, path, tags[path]) == 200, path
    assert client.get(f"/api/runs/{run_id}").get_json()["status"] == "failed"


def test_also_while_its_end_cannot_be_written(
    client: FlaskClient, database: Database, clock: FakeClock, project_id: str, run_id: str
) -> None:
    claim(database, clock, run_id, Owner.current())
    asked = [f"/api/runs/{run_id}", "/api/runs/summary"]
    tags = {path: tag_of(client, path) for path in asked}
    dies(database, clock, run_id)
    with database.writing():
        for path in asked:
            answer = client.get(path, headers={"If-None-Match": tags[path]})
            assert answer.status_code == 200, path
            assert again(client, path, answer.headers["ETag"]) == 304
    assert "failed" in json.dumps(client.get(asked[0]).get_json())


def test_a_time_ago_is_asked_again_when_a_run_passes_it(
    client: FlaskClient, database: Database, clock: FakeClock
) -> None:
    with database.writing() as session:
        add_run(session, add_project(session), created_at=clock.now(), updated_at=clock.now())
    clock.advance(1)
    asked = {
        "/api/runs/summary?since=1h": 1,
        "/api/runs/summary?until=1h": 0,
        "/api/runs/summary?updated_since=1h": 1,
    }
    fixed = f"/api/runs/summary?since={clock.now().isoformat().replace('+00:00', 'Z')}"
    tags = {path: tag_of(client, path) for path in [*asked, fixed]}
    clock.advance(60)
    for path, tag in tags.items():
        assert again(client, path, tag) == 304, path
    clock.advance(3600)
    for path, count in asked.items():
        answer = client.get(path, headers={"If-None-Match": tags[path]})
        assert answer.status_code == 200, path
        assert len(answer.get_json()["runs"]) == 1 - count
    assert again(client, fixed, tags[fixed]) == 304


@pytest.mark.parametrize("hours", [24, 24 * 7])
def test_windows_of_projects_move_with_time(
    client: FlaskClient, database: Database, clock: FakeClock, hours: int
) -> None:
    with database.writing() as session:
        created = clock.now() - timedelta(hours=hours - 1)
        add_run(session, add_project(session), created_at=created)
    tag = tag_of(client, "/api/projects")
    clock.advance(1800)
    assert again(client, "/api/projects", tag) == 304
    clock.advance(1801)
    assert again(client, "/api/projects", tag) == 200


def test_a_day_of_trends_ends(client: FlaskClient, clock: FakeClock, project_id: str) -> None:
    path = f"/api/projects/{project_id}/runs/trends"
    tag = tag_of(client, path)
    clock.advance(3600)
    assert again(client, path, tag) == 304
    clock.advance(24 * 3600)
    assert again(client, path, tag) == 200


def test_a_stall_is_seen_although_nothing_is_written(
    client: FlaskClient, database: Database, clock: FakeClock, project_id: str
) -> None:
    path = f"/api/projects/{project_id}/runs/health"
    idle = tag_of(client, path)
    clock.advance(3600)
    assert again(client, path, idle) == 304
    with database.writing() as session:
        project = add_project(session)
        add_run(session, project, **live(clock.now(), updated_at=clock.now()),
                owner=asdict(Owner.current()), heartbeat_at=clock.now())  # fmt: skip
    tag = tag_of(client, path)
    assert again(client, path, tag) == 304
    clock.advance(10)
    assert again(client, path, tag) == 200


def test_runs_that_are_abandoned_by_their_worker_bump_it_too(
    client: FlaskClient, database: Database, clock: FakeClock, run_id: str
) -> None:
    lease = claim(database, clock, run_id, Owner.current())
    assert lease is not None
    tag = tag_of(client, f"/api/runs/{run_id}")
    recorder = RunRecorder(database, lease, clock=clock, scrub=Scrubber())
    recorder.end_from_outside(Stop.shutdown())
    assert again(client, f"/api/runs/{run_id}", tag) == 200


def test_whoever_writes_thinks_of_the_revision() -> None:
    root = Path(__file__).parents[2] / "backend" / "crucible"
    writes = re.compile(
        r"execute\(\s*(update|insert|_insert|delete)\(|session\.(add|delete|merge)\("
    )
    written = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.py")}
    unaware = {name for name, text in written.items() if writes.search(text) and "bump" not in text}

    # Traces that are due are in no answer. The transactions of the recorder are opened by the
    # fenced writer, which bumps; those of the last by the import.
    assert unaware == {
        "export/otel_due.py",
        "recorder/products.py",
        "recorder/recorder.py",
        "services/history/staging.py",
    }


def test_a_server_that_was_started_anew_knows_no_tags_of_the_one_before(
    client: FlaskClient, url: str
) -> None:
    """Its database may be another one, or an older copy that counts its changes anew."""
    tag = client.get("/api/projects").headers["ETag"]
    again = create_app(config.load({"CRUCIBLE_DATABASE_URL": url})).test_client()
    assert again.get("/api/projects", headers={"If-None-Match": tag}).status_code == 200
