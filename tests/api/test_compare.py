from dataclasses import asdict
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from tests.api.conftest import Shared
from tests.engines import Holder
from tests.fakes import FakeClock
from tests.seed import NO_TOTALS, add_call, add_phase, add_project, add_run

from crucible.db import Database
from crucible.models import Project, Run
from crucible.recorder.lease import Owner, claim
from crucible.services.compare import compare_runs

Pair = tuple[str, str]


def called(session: Any, project: Any, calls: int) -> Run:
    cost = 65_000_000 * calls
    used = {**NO_TOTALS, "call_count": calls, "cost_pico": cost, "wasted_cost_pico": 0}
    run = add_run(session, project, **used)
    add_phase(session, run, "design", **used)
    for _ in range(calls):
        add_call(session, run)
    return run


@pytest.fixture
def runs(database: Database) -> Pair:
    """A base of one call and a head of three."""
    with database.writing() as session:
        project = add_project(session)
        return called(session, project, 1).id, called(session, project, 3).id


def test_it_says_what_the_service_says(
    client: FlaskClient, database: Database, clock: FakeClock, runs: Pair
) -> None:
    base, head = runs
    answer = client.get(f"/api/runs/{base}/compare/{head}")
    with database.reading() as session:
        assert answer.get_json() == compare_runs(session, base, head, clock.now())
    assert answer.status_code == 200
    assert answer.get_json()["cost_usd"] == {
        "base": 0.000065,
        "head": 0.000195,
        "delta": 0.00013,
        "base_unpriced_call_count": 0,
        "head_unpriced_call_count": 0,
        "causes": {"calls": 0.00013, "tokens": 0.0, "price": 0.0, "retries": 0.0},
    }


def test_runs_go_by_number_in_the_project_of_the_base(
    client: FlaskClient, database: Database, runs: Pair
) -> None:
    base, head = runs
    assert client.get("/api/runs/1/compare/%232").get_json()["head"]["id"] == head
    with database.writing() as session:
        add_run(session, add_project(session, title="second"))

    assert client.get(f"/api/runs/{base}/compare/2").get_json()["head"]["id"] == head
    answer = client.get("/api/runs/1/compare/2")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "ambiguous")


def test_a_reference_that_fits_several_runs_is_a_conflict(client: FlaskClient, runs: Pair) -> None:
    base, _ = runs
    for path in (f"{base}/compare/{base[:8]}", f"{base[:8]}/compare/{base}"):
        answer = client.get(f"/api/runs/{path}")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "ambiguous")


REFERENCES = ["nope", "%00", "%ff", "9" * 4000, "%23", "%2e%2e", "019ac1f2%25", "0", "%ed%a0%80"]


@pytest.mark.parametrize("ref", REFERENCES)
def test_what_names_no_run_is_404(shared: Shared, ref: str) -> None:
    for path in (f"{ref}/compare/x", f"x/compare/{ref}"):
        answer = shared.client.get(f"/api/runs/{path}")
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("ref", REFERENCES)
def test_what_names_no_other_run_is_404(client: FlaskClient, runs: Pair, ref: str) -> None:
    assert client.get(f"/api/runs/{runs[0]}/compare/{ref}").status_code == 404


def test_it_takes_no_parameter(client: FlaskClient, runs: Pair) -> None:
    answer = client.get("/api/runs/{}/compare/{}?by=phase".format(*runs))
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["by"])


def test_a_lost_run_has_ended_also_while_nothing_can_be_written(
    client: FlaskClient, database: Database, clock: FakeClock, runs: Pair, url: str
) -> None:
    with database.writing() as session:
        base = session.get_one(Run, runs[0])
        lost = add_run(
            session,
            session.get_one(Project, base.project_id),
            status="created",
            duration_seconds=None,
        ).id
    assert claim(database, clock, lost, Owner.current())
    gone = {**asdict(Owner.current()), "process_started": "1"}
    with database.writing() as session:
        session.execute(update(Run).where(Run.id == lost).values(owner=gone))
    clock.advance(500)
    with Holder(url):
        found = client.get(f"/api/runs/{runs[0]}/compare/{lost}").get_json()

    assert (found["head"]["status"], found["duration_seconds"]["head"]) == ("failed", 0.0)
    assert "Head #3 failed." in found["notes"]
