"""Adds made-up history to a database, labelled as such, to look at and to measure with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import JSON

from crucible.clock import Clock, rfc3339
from crucible.db import Database
from crucible.errors import Ambiguous
from crucible.models import Project, Run, RunAttempt, RunPhase
from crucible.recorder.revision import CAME, bump
from crucible.services.history.dice import Life, Row, Weather, live_through, made_up, new_id

BATCH = 1_000
"""Runs in one transaction: a fraction of a second, so that others can write between."""
A_DAY = 40
MOST_DAYS = 365
TAIL = timedelta(minutes=3)
Told = Callable[[int], None]

PROBLEM: dict[str, Any] = {
    "title": "Sample history",
    "description": "Made-up runs, to see what a long history looks like. None of them happened.",
    "goals": ["Show durations, costs and failures as they might be"],
    "constraints": [
        {"name": "Nothing real", "description": "no model was asked", "weight": 100},
        {"name": "Plausible", "description": "figures add up", "weight": 60},
    ],
    "world_model": None,
}


@dataclass
class Sample:
    """What was added."""

    project_id: str
    project_title: str
    seed: int
    runs: int = 0
    first_number: int = 0
    last_number: int = 0
    since: str | None = None
    until: str | None = None
    by_status: dict[str, int] = field(default_factory=dict)


def add_sample(
    database: Database,
    clock: Clock,
    runs: int,
    seed: int,
    title: str,
    told: Told = lambda made: None,
) -> Sample:
    """Adds `runs` made-up runs that end at now to the project with that title, made if there is
    none. The same seed, clock and database give the same history.

    Written in short transactions; `told` is called after each with the number made so far.
    Raises Ambiguous when several projects have the title.
    """
    now = clock.now()
    span = timedelta(days=min(MOST_DAYS, runs / A_DAY))
    with database.writing() as session:
        project_id, last = _project(session, title, seed, now - TAIL - span)
    dice = Random(f"{seed}|{title}|{last}")
    sample = Sample(project_id, title, seed)
    while sample.runs < runs:
        size = min(BATCH, runs - sample.runs)
        made = [_one(dice, now, span, sample.runs + index, runs) for index in range(size)]
        with database.writing() as session:
            _add(session, sample, made)
        told(sample.runs)
    return sample


def _project(session: Session, title: str, seed: int, since: datetime) -> tuple[str, int]:
    """Its id, and the last number it has given."""
    found = session.execute(
        select(Project.id, Project.last_run_number).where(Project.title == title).limit(2)
    ).all()
    if len(found) > 1:
        raise Ambiguous(f"several projects are titled {title!r}: give another title")
    if found:
        return found[0].id, found[0].last_run_number
    project_id = new_id(Random(f"{seed}|{title}"), since)
    session.execute(
        insert(Project).values(
            id=project_id,
            **{**PROBLEM, "title": title},
            last_run_number=0,
            created_at=since,
            updated_at=since,
        )
    )
    bump(session, CAME)
    return project_id, 0


def _one(dice: Random, now: datetime, span: timedelta, index: int, runs: int) -> tuple[Row, Life]:
    """The run at this place of the history: later ones were asked for later."""
    back = (runs - 1 - index + dice.uniform(0, 0.9)) / runs
    created = now - TAIL - timedelta(milliseconds=int(span.total_seconds() * 1000 * back))
    life = made_up(dice, created, now, _weather(index, runs))
    return live_through(life), life


def _weather(index: int, runs: int) -> Weather:
    """A slow stretch, a burst of failures, and slow again at the end, for something to find."""
    place = index / runs
    if runs >= 60 and index >= runs - 12:
        return Weather(slow=2.4)
    if 0.6 <= place < 0.7:
        return Weather(slow=2.8, trouble=0.12)
    if 0.8 <= place < 0.82:
        return Weather(failing=0.7)
    return Weather()


def _add(session: Session, sample: Sample, made: list[tuple[Row, Life]]) -> None:
    last = session.scalar(
        update(Project)
        .where(Project.id == sample.project_id)
        .values(last_run_number=Project.last_run_number + len(made))
        .returning(Project.last_run_number)
    )
    assert last is not None
    first = last - len(made) + 1
    runs = [
        {
            **run,
            "project_id": sample.project_id,
            "number": first + place,
            "config": _config(sample, life),
        }
        for place, (run, life) in enumerate(made)
    ]
    # Bound so that no budget is NULL, as the recorder leaves it, and not a JSON null.
    budget = bindparam("budget", type_=JSON(none_as_null=True))
    session.execute(_insert(Run).values(budget=budget), runs)
    for model, rows in (
        (RunPhase, [row for _, life in made for row in life.phases]),
        (RunAttempt, [row for _, life in made for row in life.attempts]),
    ):
        if rows:
            session.execute(_insert(model), rows)
    bump(session, CAME)
    sample.first_number = sample.first_number or first
    sample.last_number = last
    sample.since = sample.since or rfc3339(runs[0]["created_at"])
    sample.until = rfc3339(runs[-1]["completed_at"])
    sample.runs += len(made)
    for run in runs:
        sample.by_status[run["status"]] = sample.by_status.get(run["status"], 0) + 1


def _insert(model: Any) -> Any:
    # Into the table: the way by the mapped class costs three times as much.
    return insert(model.__table__)


def _config(sample: Sample, life: Life) -> dict[str, Any]:
    return {
        "sample": True,
        "mode": str(life.mode),
        "num_candidates": life.candidates,
        "num_scenarios": life.scenarios,
        "model": life.model.name,
        "provider": life.model.provider,
        "candidates": life.given,
        "concurrency": 4,
        "max_retries": 2,
        "timeout_seconds": 120.0,
        "problem": {**PROBLEM, "title": sample.project_title},
    }
