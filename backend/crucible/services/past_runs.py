"""The newest runs that ended, as plain values, for what judges and foretells from history.

A bounded window: what it costs to read does not grow with history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from crucible.models import Run
from crucible.models.values import PHASES, Mode, PhaseName, Status
from crucible.services.lost import overlaid
from crucible.services.summary import hint_of, phases_of
from crucible.services.usage import added

WINDOW = 50
"""Runs that are looked at: as many as the page's strip shows."""
ENDED = (Status.COMPLETED, Status.FAILED)
"""A cancelled run says nothing of how runs go."""


@dataclass(frozen=True)
class Size:
    """What was asked of a run, or is to be."""

    mode: str = Mode.FULL_SEARCH
    candidates: int = 5
    scenarios: int = 8
    given: int = 0
    """Candidates that came with the request."""
    concurrency: int = 4

    @property
    def pairs(self) -> int:
        return self.candidates * self.scenarios

    @property
    def designed(self) -> int:
        """Candidates asked of the model."""
        return 0 if self.mode == Mode.EVAL_ONLY else max(0, self.candidates - self.given)

    def calls(self, phase: str) -> int:
        """Questions a phase asks: exact, from the configuration."""
        asked = {
            PhaseName.DESIGN: 1 if self.designed else 0,
            PhaseName.SCENARIOS: 1,
            PhaseName.EVALUATION: self.pairs,
        }
        return asked.get(PhaseName(phase), 0)

    def made(self, phase: str) -> int:
        """Things a phase is to make."""
        asked = {
            PhaseName.DESIGN: self.candidates,
            PhaseName.SCENARIOS: self.scenarios,
            PhaseName.EVALUATION: self.pairs,
        }
        return asked.get(PhaseName(phase), self.candidates)


@dataclass(frozen=True)
class Figures:
    """What a run or one of its phases took. None = unknown."""

    duration_seconds: float | None = None
    expected: int | None = None
    produced: int | None = None
    calls: int = 0
    failed_calls: int = 0
    retries: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    tokens: int | None = None
    cost_pico: int | None = None
    unmetered_calls: int = 0
    unpriced_calls: int = 0
    models: Mapping[str, int] = field(default_factory=dict)
    """Calls by the model that served, else the one asked."""


@dataclass(frozen=True)
class PastRun:
    """A run that ended, or (with `status` running or created) one that is live."""

    id: str
    number: int
    status: str
    size: Size
    created_at: datetime
    completed_at: datetime | None = None
    updated_at: datetime | None = None
    total: Figures = field(default_factory=Figures)
    phases: Mapping[str, Figures] = field(default_factory=dict)
    """Phases that began, by name."""
    model: str | None = None
    """The model asked."""
    candidate_count: int | None = None
    scenario_count: int | None = None
    evaluation_count: int | None = None
    error_kind: str | None = None
    error_phase: str | None = None
    error_fingerprint: str | None = None
    error_summary: str | None = None
    error_hint: str | None = None
    timeout_seconds: float = 120.0

    @property
    def completed(self) -> bool:
        return self.status == Status.COMPLETED


_COLUMNS = (
    *(
        getattr(Run, name)
        for name in (
            "id number status mode ledger created_at completed_at updated_at duration_seconds "
            "candidate_count scenario_count evaluation_count error_kind error_phase "
            "error_fingerprint error_summary error_hint attempt_started_at call_count "
            "failed_call_count retry_count input_tokens output_tokens total_tokens cost_pico "
            "unmetered_call_count unpriced_call_count models"
        ).split()
    ),
    # The rest of the configuration, the problem above all, may be long: it is not read.
    Run.config["num_candidates"].as_integer().label("asked_candidates"),
    Run.config["num_scenarios"].as_integer().label("asked_scenarios"),
    Run.config["concurrency"].as_integer().label("concurrency"),
    Run.config["timeout_seconds"].as_float().label("timeout_seconds"),
    Run.config["model"].as_string().label("model"),
)


def past_runs(
    session: Session,
    project_id: str | None,
    statuses: Sequence[str] = ENDED,
    limit: int = WINDOW,
) -> list[PastRun]:
    """The newest `limit` runs of a project, or of all of them, in these states, oldest first."""
    within = () if project_id is None else (Run.project_id == project_id,)
    # One short walk over the index for each state, as in `listing`.
    walks = [
        select(Run.id, Run.created_at)
        .where(*within, Run.status == status)
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(limit)
        .subquery()
        for status in statuses
    ]
    ids = union_all(*(select(walk.c.id) for walk in walks))
    newest = (
        select(*_COLUMNS)
        .where(Run.id.in_(ids))
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(limit)
    )
    rows = [row._asdict() for row in session.execute(newest)]
    phases = phases_of(session, [row["id"] for row in rows])
    return [_past(*overlaid(session, row, phases.get(row["id"], []))) for row in reversed(rows)]


def _past(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> PastRun:
    phases = {
        str(name): _phase(of_phase)
        for name in PHASES
        if (of_phase := [phase for phase in rows if phase["name"] == name])
    }
    same = (
        "id number status created_at completed_at updated_at model candidate_count "
        "scenario_count evaluation_count error_kind error_phase error_fingerprint error_summary"
    ).split()
    return PastRun(
        **{name: row[name] for name in same},
        error_hint=hint_of(row),
        size=_size(row, phases),
        total=Figures(duration_seconds=row["duration_seconds"], **_spent(row)),
        phases=phases,
        timeout_seconds=row["timeout_seconds"] or 120.0,
    )


def _phase(rows: Sequence[Mapping[str, Any]]) -> Figures:
    """A phase over all attempts of its run."""
    spans = [row["duration_seconds"] for row in rows if row["duration_seconds"] is not None]
    expected = [row["expected"] for row in rows if row["expected"] is not None]
    made = [row["produced"] for row in rows if row["produced"] is not None]
    return Figures(
        duration_seconds=sum(spans) if spans else None,
        # A later attempt expects only what the earlier ones left undone.
        expected=max(expected, default=None),
        produced=sum(made) if made else None,
        **_spent(added(rows) if len(rows) > 1 else rows[0]),
    )


def _spent(totals: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "calls": totals["call_count"] or 0,
        "failed_calls": totals["failed_call_count"] or 0,
        "retries": totals["retry_count"] or 0,
        "input_tokens": totals["input_tokens"],
        "output_tokens": totals["output_tokens"],
        "tokens": totals["total_tokens"],
        "cost_pico": totals["cost_pico"],
        "unmetered_calls": totals["unmetered_call_count"] or 0,
        "unpriced_calls": totals["unpriced_call_count"] or 0,
        "models": totals["models"] or {},
    }


def _size(row: Mapping[str, Any], phases: Mapping[str, Figures]) -> Size:
    """What was asked; of imported history that does not say, what was made."""

    def asked(name: str, phase: PhaseName, count: str) -> int:
        known = (row[name], getattr(phases.get(phase), "expected", None), row[count])
        return next((int(value) for value in known if value), 1)

    candidates = asked("asked_candidates", PhaseName.DESIGN, "candidate_count")
    mode = row["mode"]
    return Size(
        mode=mode,
        candidates=candidates,
        scenarios=asked("asked_scenarios", PhaseName.SCENARIOS, "scenario_count"),
        given=candidates if mode == Mode.EVAL_ONLY else 0,
        concurrency=row["concurrency"] or 4,
    )
