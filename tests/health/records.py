"""What a simulated run leaves behind, as `services.past_runs` would read it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crucible.models.values import Mode, PhaseName, Status
from crucible.services.past_runs import Figures, PastRun, Size


@dataclass(frozen=True)
class Model:
    """Prices in pico-dollars a token; None = nobody knows."""

    name: str
    input_pico: int | None
    output_pico: int | None


@dataclass(frozen=True)
class Call:
    attempt: int
    latency: float
    ok: bool
    answered: bool
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_pico: int | None = 0


@dataclass(frozen=True)
class Phase:
    name: str
    calls: tuple[Call, ...]
    seconds: float
    expected: int
    produced: int
    error: str | None = None


def live(run: PastRun, now: datetime, silent_seconds: float) -> PastRun:
    """A run that got as far as this one did and has said nothing since."""
    names = list(run.phases)
    phases = dict(run.phases)
    phases[names[-1]] = replace(phases[names[-1]], duration_seconds=None)
    heard = now - timedelta(seconds=silent_seconds)
    return replace(
        run,
        status=Status.RUNNING,
        created_at=heard - timedelta(seconds=run.total.duration_seconds or 0.0),
        completed_at=None,
        updated_at=heard,
        total=replace(run.total, duration_seconds=None),
        phases=phases,
        error_kind=None,
        error_phase=None,
        error_fingerprint=None,
        error_summary=None,
    )


def waiting(number: int, size: Size, model: str, now: datetime, seconds: float) -> PastRun:
    """A run that nobody has picked up for so long."""
    since = now - timedelta(seconds=seconds)
    return PastRun(
        id=f"run-{number:04}",
        number=number,
        status=Status.CREATED,
        size=size,
        created_at=since,
        updated_at=since,
        model=model,
        candidate_count=0,
        scenario_count=0,
        evaluation_count=0,
    )


def figures(calls: Iterable[Call], model: str) -> Figures:
    """Totals as the recorder makes them: unknown is kept apart from zero."""
    found = list(calls)
    metered = [call for call in found if call.input_tokens is not None]
    priced = [call.cost_pico for call in found if call.cost_pico is not None]
    read = sum(call.input_tokens or 0 for call in metered) if metered else None
    given = sum(call.output_tokens or 0 for call in metered) if metered else None
    return Figures(
        calls=len(found),
        failed_calls=sum(not call.ok for call in found),
        retries=sum(call.attempt > 1 for call in found),
        input_tokens=read,
        output_tokens=given,
        tokens=None if read is None or given is None else read + given,
        cost_pico=sum(priced) if priced else None,
        unmetered_calls=sum(call.answered and call.input_tokens is None for call in found),
        unpriced_calls=sum(call.cost_pico is None for call in found),
        models={model: len(found)} if found else {},
    )


def ended(
    number: int, size: Size, model: Model, phases: list[Phase], created_at: datetime
) -> PastRun:
    of_phase = {
        phase.name: replace(
            figures(phase.calls, model.name),
            duration_seconds=round(phase.seconds, 3),
            expected=phase.expected,
            produced=phase.produced,
        )
        for phase in phases
    }
    seconds = round(math.fsum(f.duration_seconds or 0.0 for f in of_phase.values()), 3)
    ended = created_at + timedelta(seconds=seconds)
    made = {name: found.produced or 0 for name, found in of_phase.items()}
    last = phases[-1]
    words = f"{last.name.capitalize()} failed: {last.error}" if last.error else None
    return PastRun(
        id=f"run-{number:04}",
        number=number,
        status=Status.FAILED if last.error else Status.COMPLETED,
        size=size,
        created_at=created_at,
        completed_at=ended,
        updated_at=ended,
        total=replace(
            figures((call for phase in phases for call in phase.calls), model.name),
            duration_seconds=seconds,
        ),
        phases=of_phase,
        model=model.name,
        candidate_count=made.get(PhaseName.DESIGN, 0),
        scenario_count=made.get(PhaseName.SCENARIOS, 0),
        evaluation_count=made.get(PhaseName.EVALUATION, 0),
        error_kind=last.error,
        error_phase=last.name if last.error else None,
        error_fingerprint=f"{last.error}/{last.name}" if last.error else None,
        error_summary=words,
    )


def given_size(candidates: int, scenarios: int, concurrency: int, mode: str) -> Size:
    given = {Mode.EVAL_ONLY: candidates, Mode.SEEDED: candidates // 2}.get(Mode(mode), 0)
    return Size(mode, candidates, scenarios, given, concurrency)
