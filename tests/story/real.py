"""The newest runs: the real pipeline, the real recorder, a scripted model. Only their time of day
is not so: each is measured by a clock that is set back, so that they do not all end now."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.story.model import ScriptedModel

from crucible import config
from crucible.clock import SystemClock
from crucible.config import Settings
from crucible.db import Database
from crucible.models.values import Status
from crucible.pipeline.runner import execute
from crucible.recorder.control import Control, Stop
from crucible.recorder.lease import Owner, claim
from crucible.services import estimates, runs

SLOW = 2.2
"""How much longer the provider has taken since a few hours: what the verdict is about."""


@dataclass(frozen=True)
class Planned:
    hours_ago: float
    label: str
    seed: int
    slow: float = 1.0
    answers: int | None = None
    """Evaluations after which the provider answers 429."""
    stopped_after: int | None = None
    """Evaluations after which somebody cancels it."""

    @property
    def ends(self) -> Status:
        if self.stopped_after is not None:
            return Status.CANCELLED
        return Status.COMPLETED if self.answers is None else Status.FAILED


PLANNED = (
    Planned(21.5, "nightly", 1),
    Planned(17.2, "checkout-p99", 2),
    Planned(12.9, "try-cache", 3),
    Planned(9.4, "checkout-p99", 4),
    Planned(6.7, "try-cache", 5, stopped_after=14),
    Planned(4.8, "checkout-p99", 6, slow=SLOW),
    Planned(3.1, "checkout-p99", 7, slow=SLOW * 0.95),
    Planned(1.2, "checkout-p99", 8, slow=SLOW, answers=31),
    Planned(0.55, "checkout-p99", 9, slow=SLOW * 1.05),
)


class EarlierClock(SystemClock):
    def __init__(self, hours: float) -> None:
        self._back = timedelta(hours=hours)

    def now(self) -> datetime:
        return super().now() - self._back


class Watched(ScriptedModel):
    """Tells when enough was answered to be cancelled."""

    control: Control | None = None
    stopped_after: int | None = None

    def _decide(self, n: int, body: Any) -> str:
        behaviour = super()._decide(n, body)
        if self.control and self.evaluations == self.stopped_after:
            self.control.ask_to_stop(Stop.cancelled())
        return behaviour


@contextmanager
def model(seed: int, slow: float, answers: int | None = None) -> Iterator[Watched]:
    made = Watched(seed=seed, slow=slow, answers=answers)
    try:
        yield made
    finally:
        made.close()


def environment(url: str, endpoint: str) -> dict[str, str]:
    return {
        "CRUCIBLE_DATABASE_URL": url,
        "CRUCIBLE_LLM_BASE_URL": endpoint,
        "CRUCIBLE_LLM_API_KEY": "not-needed",
        "CRUCIBLE_LLM_MODEL": "gpt-5-mini",
    }


def run_all(database: Database, url: str, project_id: str) -> list[str]:
    """Runs what is planned, all at once: it takes as long as the slowest. Their ids, oldest
    first."""
    with ThreadPoolExecutor(len(PLANNED)) as pool:
        started = [_start(database, url, project_id, planned, pool) for planned in PLANNED]
        for _, ending in started:
            ending.result()
    return [run_id for run_id, _ in started]


def _start(
    database: Database, url: str, project_id: str, planned: Planned, pool: ThreadPoolExecutor
) -> tuple[str, Any]:
    """Recorded at once, so that numbers follow time; executed beside the others."""
    clock = EarlierClock(planned.hours_ago)
    settings = config.load(environment(url, "http://127.0.0.1:9/v1"))
    estimates.warm(settings, clock)
    request = {"num_candidates": 5, "num_scenarios": 8, "label": planned.label}
    with database.writing() as session:
        run_id = runs.start_run(session, clock, settings, project_id, request)
    return run_id, pool.submit(_execute, database, url, run_id, planned)


def _execute(database: Database, url: str, run_id: str, planned: Planned) -> None:
    clock, control = EarlierClock(planned.hours_ago), Control()
    with model(planned.seed, planned.slow, planned.answers) as endpoint:
        endpoint.control, endpoint.stopped_after = control, planned.stopped_after
        settings: Settings = config.load(environment(url, endpoint.url))
        lease = claim(database, clock, run_id, Owner.current(settings.lease_seconds))
        assert lease is not None
        execute(database, lease, settings=settings, clock=clock, control=control)
