"""Starting and resuming where somebody has to be told of it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from tests.lab import Lab

from crucible.errors import Unavailable
from crucible.models import Run
from crucible.recorder import requests
from crucible.services import queueing

ASKED = {"num_candidates": 1, "num_scenarios": 1}


class Broken:
    """Ready, and then not; `meanwhile` happens between."""

    def __init__(self, meanwhile: Callable[[str], object] = lambda run_id: None) -> None:
        self._meanwhile = meanwhile

    def ready(self) -> None:
        pass

    def wake(self, run_id: str) -> None:
        self._meanwhile(run_id)
        raise Unavailable("the broker is gone")


def start(lab: Lab, queue: queueing.Queue, project: str, key: str | None = None) -> Any:
    return queueing.start(
        lab.database.writing, queue, lab.clock, lab.settings, lambda session: project, ASKED, key
    )


def resume(lab: Lab, queue: queueing.Queue, run_id: str, budget: Any = None) -> Any:
    return queueing.resume(
        lab.database.writing, queue, lab.clock, lab.settings, lambda session: run_id, budget
    )


def columns(lab: Lab, run_id: str) -> dict[str, Any]:
    with lab.database.reading() as session:
        row = session.execute(select(Run.__table__).where(Run.id == run_id)).one()
    return {name: value for name, value in row._asdict().items() if name != "updated_at"}


def cancelled(lab: Lab) -> str:
    run_id = lab.create(1, 1)
    with lab.database.writing() as session:
        requests.cancel(session, lab.clock, run_id)
    return run_id


def test_a_run_that_nobody_could_be_told_of_is_not_there(lab: Lab) -> None:
    project = lab.project()
    with pytest.raises(Unavailable):
        start(lab, Broken(), project, "key")
    with lab.database.reading() as session:
        assert session.scalars(select(Run.id)).all() == []
    again = start(lab, queueing.Table(), project, "key")
    assert again["number"] == 2  # a number is not used twice, by nobody


def test_one_that_was_picked_up_meanwhile_has_started(lab: Lab) -> None:
    run = start(lab, Broken(lab.claim), lab.project())
    assert lab.row(run["id"]).status == "running"


def test_a_resumed_run_becomes_what_it_was(lab: Lab) -> None:
    run_id = cancelled(lab)
    before = columns(lab, run_id)
    with pytest.raises(Unavailable):
        resume(lab, Broken(), run_id, {"max_llm_calls": 7})
    assert columns(lab, run_id) == before
    assert resume(lab, queueing.Table(), run_id)["status"] == "created"


def test_one_that_goes_on_already_is_left_alone(lab: Lab) -> None:
    run_id = cancelled(lab)
    assert resume(lab, Broken(lab.claim), run_id)["status"] == "created"
    assert lab.row(run_id).status == "running"


def test_a_key_that_has_started_a_run_tells_nobody_again(lab: Lab) -> None:
    project = lab.project()
    first = start(lab, queueing.Table(), project, "key")
    assert start(lab, Broken(), project, "key")["id"] == first["id"]
