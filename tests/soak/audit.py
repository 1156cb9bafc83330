"""What must hold when all is over: of the history, and of what the endpoint was asked."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from tests.soak.commands import Failed, differences
from tests.soak.world import World

from crucible.db import Database
from crucible.models import LLMCall, Run
from crucible.models.values import LIVE, Outcome


@dataclass
class Audit:
    runs: int = 0
    attempts: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """Of the errors of those that failed."""
    calls: int = 0
    """Of the runs that are left."""
    purged_calls: int = 0
    """Those among them that were deleted while the run and its totals stayed."""
    unknown: int = 0
    """Calls that were in flight, or about to be sent, when the server was killed."""
    unsent: int = 0
    """Calls that were recorded and never came: the server was killed between the two."""
    requests: int = 0
    """Of all runs, as the endpoint counted them."""
    requests_of_deleted: int = 0
    wrong: list[str] = field(default_factory=list)


def audit(database: Database, world: World, requests: Mapping[str, int], environ: Any) -> Audit:
    """Nobody may be at work on the database any more."""
    found = Audit(requests=sum(requests.values()))
    _runs(database, world, requests, found)
    _verify(environ, found)
    url = environ["CRUCIBLE_DATABASE_URL"]
    if url.startswith("sqlite:///"):
        _file(url.removeprefix("sqlite:///"), found)
    return found


def _runs(database: Database, world: World, requests: Mapping[str, int], found: Audit) -> None:
    with database.reading() as session:
        runs = list(session.scalars(select(Run)))
        rows = session.execute(
            select(LLMCall.run_id, LLMCall.outcome, func.count()).group_by(
                LLMCall.run_id, LLMCall.outcome
            )
        )
        ledger: dict[str, Counter[str]] = {}
        for run_id, outcome, count in rows:
            ledger.setdefault(run_id, Counter())[outcome] = count
    for run in runs:
        found.runs += 1
        found.attempts += run.attempt
        found.statuses[run.status] += 1
        if run.error_kind:
            found.kinds[run.error_kind] += 1
        found.calls += run.call_count
        _run(run, ledger.get(run.id, Counter()), requests.get(run.config["model"], 0), found)
    left = {run.config["model"] for run in runs}
    found.requests_of_deleted = sum(n for model, n in requests.items() if model not in left)
    labels = Counter(run.label for run in runs)
    found.wrong += [f"{label} was started {n} times" for label, n in labels.items() if n > 1]
    _kept(world, {run.id for run in runs}, found)


def _run(run: Run, calls: Counter[str], asked: int, found: Audit) -> None:
    name = f"run {run.id}"
    if run.status in LIVE:
        found.wrong.append(f"{name} is left {run.status}")
    if calls[Outcome.PENDING]:
        found.wrong.append(f"{name} has a call that never was settled")
    if run.ledger == "complete" and calls.total() != run.call_count:
        found.wrong.append(f"{name} says {run.call_count} calls, its ledger {calls.total()}")
    found.purged_calls += run.call_count - calls.total()
    found.unknown += calls[Outcome.UNKNOWN]
    # A call is recorded before it is sent: one that was recorded as the server was killed may
    # never have been sent, and is `unknown`. Of a purged call nobody can tell.
    unsent = run.call_count - asked
    found.unsent += unsent
    if not 0 <= unsent <= calls[Outcome.UNKNOWN] + run.call_count - calls.total():
        found.wrong.append(
            f"{name} has {run.call_count} calls ({calls[Outcome.UNKNOWN]} unknown), and the "
            f"endpoint got {asked} requests of it"
        )


def _kept(world: World, left: set[str], found: Audit) -> None:
    """Whose start was confirmed is there, unless somebody deleted it."""
    for run_id, (project, at) in world.started.items():
        if run_id in left or project in world.deleted or at < world.purged_before:
            continue
        found.wrong.append(f"run {run_id} was confirmed, and is not there")


def _verify(environ: Any, found: Audit) -> None:
    try:
        looked_at, wrong = differences(environ)
    except Failed as error:
        found.wrong.append(str(error))
        return
    found.wrong += [f"verify: {each}" for each in wrong]
    if looked_at != found.runs:
        found.wrong.append(f"verify looked at {looked_at} of {found.runs} runs")


def _file(path: str, found: Audit) -> None:
    with closing(sqlite3.connect(path)) as opened:
        whole = opened.execute("PRAGMA integrity_check").fetchall()
        dangling = opened.execute("PRAGMA foreign_key_check").fetchall()
    if whole != [("ok",)]:
        found.wrong.append(f"integrity_check: {whole[:5]}")
    if dangling:
        found.wrong.append(f"foreign_key_check: {dangling[:5]}")
