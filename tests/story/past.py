"""What was before the real runs: rows put straight into the database.

Their figures are made up after those of the real runs. They made nothing that could be opened, so
they are marked as history without a ledger, as imported history is.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.orm import Session
from tests.seed import add_attempt, add_phase, add_project, add_run
from tests.seed_history import usage

from crucible.errors import ErrorKind, RunFailure
from crucible.models import Project
from crucible.models.values import PHASES, PhaseName, Status
from crucible.recorder.ends import End, error_columns
from crucible.scrub import Scrubber

SECONDS = {"design": 6.5, "scenarios": 5.0, "evaluation": 30.5, "ranking": 0.004}
QUESTIONS = {"design": 1, "scenarios": 1, "evaluation": 40, "ranking": 0}
EXPECTED = {"design": 5, "scenarios": 8, "evaluation": 40, "ranking": 5}
PICO_IN, PICO_OUT = 250_000, 2_000_000
"""What a token of gpt-5-mini costs."""

RATE = RunFailure(ErrorKind.PROVIDER_RATE_LIMITED, "provider answered 429 3 times in a row")
DOWN = RunFailure(ErrorKind.PROVIDER_UNREACHABLE, "the provider cannot be reached")
SHAPE = RunFailure(
    ErrorKind.INVALID_RESPONSE,
    "the model's answer could not be used, even after a repair: it is not JSON",
)
KEY = RunFailure(ErrorKind.PROVIDER_AUTH, "provider answered 401")
STOPPED = RunFailure(ErrorKind.CANCELLED, "stopped by request")
# How it ended, in which phase, with which share of that phase made.
Broken = tuple[Status, RunFailure, PhaseName, float]
BROKEN: Mapping[int, Broken] = {
    7: (Status.FAILED, SHAPE, PhaseName.SCENARIOS, 0.0),
    19: (Status.FAILED, RATE, PhaseName.EVALUATION, 0.55),
    26: (Status.CANCELLED, STOPPED, PhaseName.EVALUATION, 0.3),
    38: (Status.FAILED, DOWN, PhaseName.DESIGN, 0.0),
}
LABELS = ("checkout-p99", "nightly", "checkout-p99", "try-cache", "checkout-p99", "nightly", None)

OTHERS: tuple[dict[str, Any], ...] = (
    {
        "title": "Search relevance at half the cost",
        "description": "Every query asks three rankers and keeps one answer. The bill doubles "
        "each year; nobody knows which ranker earns its keep.",
        "goals": ["Halve what a thousand queries cost"],
        "constraints": [
            {"name": "Relevance kept", "description": "NDCG@10 within 1 %", "weight": 90}
        ],
    },
    {
        "title": "Warehouse picking routes",
        "description": "Pickers walk 11 km a shift, a third of it back to where they were.",
        "goals": ["Cut the walk of a shift below 8 km"],
        "constraints": [
            {"name": "No new scanners", "description": "the ones there are", "weight": 100}
        ],
    },
    {
        "title": "Support answers in an hour",
        "description": "Tickets wait 9 hours for a first answer; one in four is reopened.",
        "goals": ["First answer within an hour, nine times in ten"],
        "constraints": [],
    },
)


def add_past(session: Session, project: Project, count: int, last: datetime) -> None:
    """`count` runs of the project, the newest created at `last`, four or five hours apart."""
    dice = Random(11)
    created = [last - timedelta(hours=4.5 * n + dice.uniform(-1.5, 1.5)) for n in range(count)]
    for place, at in enumerate(sorted(created)):
        _add(session, project, dice, at, LABELS[place % len(LABELS)], BROKEN.get(place))


def add_others(session: Session, now: datetime) -> None:
    """Three other projects: one that goes well, one whose key was refused, one not begun."""
    dice = Random(23)
    began = now - timedelta(days=20)
    good, bad, _ = [
        add_project(
            session, **{**fields, "created_at": began + n * timedelta(hours=1), "updated_at": began}
        )
        for n, fields in enumerate(OTHERS)
    ]
    for n in reversed(range(28)):
        _add(session, good, dice, now - timedelta(hours=1.4 + 11 * n), "nightly", None)
    refused = (Status.FAILED, KEY, PhaseName.DESIGN, 0.0)
    for n in reversed(range(17)):
        broken = refused if n < 3 else None
        _add(session, bad, dice, now - timedelta(hours=5.2 + 9 * n), None, broken)


def _add(
    session: Session,
    project: Project,
    dice: Random,
    created: datetime,
    label: str | None,
    broken: Broken | None,
) -> None:
    weather = dice.lognormvariate(0, 0.09)
    phases = list(_phases(dice, weather, broken))
    total = _sum(phases)
    seconds = round(sum(one["duration_seconds"] for one in phases), 3)
    ended = created + timedelta(seconds=seconds)
    made = {one["name"]: one["produced"] for one in phases}
    end = End(*broken[:3]) if broken else End(Status.COMPLETED)
    problem = {name: getattr(project, name) for name in ("title", "description", "goals")}
    run = add_run(
        session,
        project,
        status=end.status,
        label=label,
        ledger="absent",
        config={"mode": "full_search", "num_candidates": 5, "num_scenarios": 8, "concurrency": 4}
        | {"model": "gpt-5-mini", "provider": "openai", "candidates": [], "problem": problem}
        | {"max_retries": 2, "timeout_seconds": 120.0},
        created_at=created,
        started_at=created,
        completed_at=ended,
        updated_at=ended,
        duration_seconds=seconds,
        candidate_count=made.get("design", 0),
        scenario_count=made.get("scenarios", 0),
        evaluation_count=made.get("evaluation", 0),
        **total,
        **error_columns(end, Scrubber(), ended),
    )
    add_attempt(session, run)
    began = created
    for one in phases:
        ended = began + timedelta(seconds=one["duration_seconds"])
        add_phase(session, run, started_at=began, completed_at=ended, **one)
        began = ended


def _phases(dice: Random, weather: float, broken: Broken | None) -> Any:
    for name in map(str, PHASES):
        share, last = 1.0, broken is not None and broken[2] == name
        if broken is not None and last:
            share = broken[3]
        asked = max(1, round(QUESTIONS[name] * share)) if QUESTIONS[name] else 0
        failed = 1 if broken is not None and last and broken[0] == Status.FAILED else 0
        spent = SECONDS[name] * weather * dice.lognormvariate(0, 0.07)
        each = usage(asked, failed_call_count=failed, **_tokens(dice, asked))
        if failed and share == 0:
            # What was refused was not answered, and is not paid for.
            each |= dict.fromkeys(("input_tokens", "output_tokens", "total_tokens"), 0)
            each |= {"cost_pico": 0}
        yield {
            "name": name,
            "status": broken[0] if broken and last else Status.COMPLETED,
            "duration_seconds": round(spent * max(share, 0.2), 3),
            "expected": EXPECTED[name],
            "produced": round(EXPECTED[name] * share),
            **(each if asked else {}),
        }
        if last:
            return


def _tokens(dice: Random, calls: int) -> dict[str, int]:
    read = calls * 668
    written = round(calls * 680 * dice.lognormvariate(0, 0.06))
    return {
        "input_tokens": read,
        "output_tokens": written,
        "total_tokens": read + written,
        "cost_pico": read * PICO_IN + written * PICO_OUT,
    }


def _sum(phases: list[dict[str, Any]]) -> dict[str, Any]:
    names = (
        "call_count failed_call_count input_tokens output_tokens total_tokens cost_pico "
        "wasted_cost_pico"
    ).split()
    calls = sum(one.get("call_count", 0) for one in phases)
    return {
        **{name: sum(one.get(name) or 0 for one in phases) for name in names},
        "providers": {"openai": calls},
        "models": {"gpt-5-mini": calls},
    }
