"""Makes up the life of a run: plausible, and consistent in every sum. Nothing here happened."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from crucible.errors import ErrorKind, RunFailure
from crucible.models.values import PHASES, Mode, PhaseName, Status
from crucible.recorder.ends import NO_ERROR, End, error_columns
from crucible.recorder.totals import Totals
from crucible.scrub import Scrubber
from crucible.services import usage
from crucible.services.history.spending import CONCURRENCY, MODELS, Calls, Model

Row = dict[str, Any]
TRIES = 3
LABEL = "sample"
_SCRUB = Scrubber()
_IN_A_ROW = 5
_SIZES = (((3, 4), 15), ((5, 8), 65), ((8, 8), 12), ((8, 12), 8))
_JSON = "the model's answer could not be used, even after a repair: it is not a JSON object"
_FAILURES = tuple(
    (weight, ErrorKind(kind), PhaseName(phase), reason)
    for weight, kind, phase, reason in (
        (26, "provider_rate_limited", "evaluation", "provider answered 429 (rate limited)"),
        (12, "provider_error", "evaluation", "provider answered 503 (unavailable)"),
        (14, "provider_unreachable", "design", "provider could not be reached"),
        (8, "provider_auth", "design", "provider answered 401 (not authorised)"),
        (16, "invalid_response", "scenarios", _JSON),
        (12, "worker_lost", "evaluation", "the process that ran it died"),
        (12, "budget_exceeded", "evaluation", "the limit of {calls} calls is reached"),
    )
)


@dataclass(frozen=True)
class Weather:
    """What a stretch of time is like: how slow, how failing."""

    slow: float = 1.0
    failing: float = 0.11
    trouble: float = 0.02
    """The share of calls that fail and are tried again."""


@dataclass
class Life:
    """A run while it is made up. Times are whole milliseconds, none after `room`."""

    dice: Random
    created: datetime
    room: int
    model: Model
    mode: Mode
    candidates: int
    scenarios: int
    weather: Weather
    run_id: str
    at: int = 0
    phases: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    evaluated: int = 0
    limit: int | None = None
    """Calls that its budget allows."""

    @property
    def pairs(self) -> int:
        return self.candidates * self.scenarios

    @property
    def given(self) -> list[dict[str, str]]:
        """Candidates that were not asked of the model."""
        count = {Mode.EVAL_ONLY: self.candidates, Mode.SEEDED: 2}.get(self.mode, 0)
        return [{"title": f"Given design {n + 1}", "description": ""} for n in range(count)]

    def pass_by(self, seconds: float) -> None:
        self.at = min(self.room, self.at + max(1, round(seconds * 1000)))

    def moment(self, at: int | None = None) -> datetime:
        return self.created + timedelta(milliseconds=self.at if at is None else at)


def made_up(dice: Random, created: datetime, now: datetime, weather: Weather) -> Life:
    """A run of some size, mode and model, not yet begun."""
    (candidates, scenarios), *_ = dice.choices(
        [size for size, _ in _SIZES], [weight for _, weight in _SIZES]
    )
    model, *_ = dice.choices([model for _, model in MODELS], [weight for weight, _ in MODELS])
    mode, *_ = dice.choices(list(Mode), (86, 5, 9))
    room = max(0, int((now - created).total_seconds() * 1000))
    run_id = new_id(dice, created)
    return Life(dice, created, room, model, Mode(mode), candidates, scenarios, weather, run_id)


def new_id(dice: Random, moment: datetime) -> str:
    """A UUIDv7 from these dice, so that the same seed makes the same history."""
    milliseconds = int(moment.timestamp() * 1000)
    bits = milliseconds << 80 | 0x7 << 76 | dice.getrandbits(12) << 64 | 0b10 << 62
    return str(uuid.UUID(int=bits | dice.getrandbits(62)))


def live_through(life: Life) -> Row:
    """Lets it happen; answers with the columns of the run."""
    dice = life.dice
    fate = dice.random()
    if fate < 0.005:
        return _row(life, _never_begun(life), None)
    life.pass_by(dice.expovariate(1 / 0.3))
    started = life.at
    end, budget = _first_end(life, fate)
    _attempt(life, 1, end)
    if end.failure and end.failure.kind is not ErrorKind.BUDGET_EXCEEDED and dice.random() < 0.25:
        life.pass_by(dice.uniform(30, 1800))
        end = End(Status.COMPLETED)
        _attempt(life, 2, end)
    return _row(life, end, budget) | {"started_at": life.moment(started)}


def _never_begun(life: Life) -> End:
    life.pass_by(life.dice.uniform(1, 20))
    why = "stopped by request before it was begun"
    return End(Status.CANCELLED, RunFailure(ErrorKind.CANCELLED, why))


def _first_end(life: Life, fate: float) -> tuple[End, Mapping[str, Any] | None]:
    if fate < 0.04:
        phase, *_ = life.dice.choices(PHASES[:3], (1, 1, 8))
        why = RunFailure(ErrorKind.CANCELLED, "stopped by request")
        return End(Status.CANCELLED, why, phase), None
    if fate > 0.04 + life.weather.failing:
        return End(Status.COMPLETED), None
    (_, kind, phase, reason), *_ = life.dice.choices(_FAILURES, [f[0] for f in _FAILURES])
    if kind is ErrorKind.BUDGET_EXCEEDED:
        life.limit = calls = 8 + round(life.pairs * life.dice.uniform(0.2, 0.8))
        budget = dict.fromkeys(("max_cost_usd", "max_total_tokens", "max_duration_seconds"))
        failure = RunFailure(kind, reason.format(calls=calls))
        return End(Status.FAILED, failure, phase), {**budget, "max_llm_calls": calls}
    if kind in (ErrorKind.PROVIDER_RATE_LIMITED, ErrorKind.PROVIDER_ERROR):
        reason = f"{reason} for {_IN_A_ROW} evaluations in a row"
    if phase is PhaseName.DESIGN and life.mode is Mode.EVAL_ONLY:
        phase = PhaseName.SCENARIOS  # nothing is asked for designs that were given
    return End(Status.FAILED, RunFailure(kind, reason), phase), None


def _attempt(life: Life, number: int, end: End) -> None:
    begun = life.at
    done = {row["name"] for row in life.phases if row["status"] == Status.COMPLETED}
    for phase in PHASES:
        if phase in done:
            continue
        if phase is end.phase:
            _phase(life, number, phase, end)
            break
        _phase(life, number, phase, None)
    error = error_columns(end, _SCRUB, life.moment())
    life.attempts.append(
        {
            "run_id": life.run_id,
            "attempt": number,
            "status": str(end.status),
            "started_at": life.moment(begun),
            "completed_at": life.moment(),
            "duration_seconds": (life.at - begun) / 1000,
            "error_kind": error["error_kind"],
            "error_summary": error["error_summary"],
        }
    )


def _phase(life: Life, attempt: int, phase: PhaseName, end: End | None) -> None:
    """One phase of an attempt, up to its end or to where the run ended."""
    begun = life.at
    expected, produced, totals = _work(life, phase, end)
    life.phases.append(
        {
            "run_id": life.run_id,
            "attempt": attempt,
            "position": PHASES.index(phase),
            "name": str(phase),
            "status": str(end.status if end else Status.COMPLETED),
            "started_at": life.moment(begun),
            "completed_at": life.moment(),
            "duration_seconds": (life.at - begun) / 1000,
            "expected": expected,
            "produced": produced,
            **totals.columns(),
        }
    )


def _work(life: Life, phase: PhaseName, end: End | None) -> tuple[int, int, Totals]:
    """What the phase was to make, what it made, and its calls; time passes."""
    if phase is PhaseName.RANKING:
        life.pass_by(life.dice.uniform(0.004, 0.04))
        return life.candidates, life.candidates, Totals()
    if phase is PhaseName.EVALUATION:
        expected = life.pairs - life.evaluated
        calls = _evaluate(life, expected, end)
        life.evaluated += calls.ok
        made = calls.ok
    else:
        expected = life.candidates if phase is PhaseName.DESIGN else life.scenarios
        already = sum(row["produced"] for row in life.phases if row["name"] == phase)
        given = len(life.given) if phase is PhaseName.DESIGN else 0
        made = max(0, given - already) if end else expected - already
        calls = _ask_once(life, end) if given < expected else Calls()
    things = 1 if phase is PhaseName.EVALUATION else expected
    one = life.model.seconds * life.weather.slow * life.dice.lognormvariate(0, 0.25)
    life.pass_by(calls.seconds(one if phase is PhaseName.EVALUATION else 1.8 * one))
    return expected, made, calls.totals(life.dice, life.model, phase, things)


def _ask_once(life: Life, end: End | None) -> Calls:
    """Design and scenarios: one question."""
    if end is None or end.failure is None:
        return _troubled(life, 1)
    if end.status is Status.CANCELLED:
        return Calls(asked=1, unknown=1)
    if end.failure.kind is ErrorKind.INVALID_RESPONSE:
        return Calls(asked=1, invalid=2)
    return Calls(asked=1, refused=1 if end.failure.kind is ErrorKind.PROVIDER_AUTH else TRIES)


def _evaluate(life: Life, pairs: int, end: End | None) -> Calls:
    if end is None or end.failure is None:
        lost = life.dice.randint(1, 3) if life.dice.random() < 0.05 else 0
        calls = _troubled(life, pairs - lost)
        return replace(calls, asked=pairs, unanswered=calls.unanswered + lost * TRIES)
    if life.limit is not None:
        ok = min(pairs - 1, life.limit - sum(row["call_count"] for row in life.phases))
        return Calls(asked=ok, ok=ok)
    calls = _troubled(life, round(pairs * life.dice.uniform(0.1, 0.8)))
    left = pairs - calls.asked
    if end.status is Status.CANCELLED:
        return calls
    if end.failure.kind is ErrorKind.WORKER_LOST:
        flying = min(CONCURRENCY, left)
        return replace(calls, asked=calls.asked + flying, unknown=flying)
    gone = min(_IN_A_ROW, left)
    return replace(calls, asked=calls.asked + gone, refused=calls.refused + gone * TRIES)


def _troubled(life: Life, questions: int) -> Calls:
    """Questions that all were answered in the end, some of them not at once."""
    failing = sum(life.dice.random() < life.weather.trouble for _ in range(questions))
    kinds = life.dice.choices(("refused", "unanswered", "invalid"), (70, 12, 18), k=failing)
    counts = {kind: kinds.count(kind) for kind in ("refused", "unanswered", "invalid")}
    return Calls(asked=questions, ok=questions, **counts)


def _row(life: Life, end: End, budget: Mapping[str, Any] | None) -> Row:
    made = {str(phase): 0 for phase in PHASES}
    for row in life.phases:
        made[row["name"]] += row["produced"]
    spans = [attempt["duration_seconds"] for attempt in life.attempts]
    ended = life.moment()
    missing = end.status is Status.COMPLETED and life.evaluated < life.pairs
    shortfall = f"{life.evaluated} of {life.pairs} evaluations came; the ranking is from these."
    return {
        "id": life.run_id,
        "status": str(end.status),
        "mode": str(life.mode),
        "label": LABEL,
        "attempt": max(1, len(life.attempts)),
        "ledger": "absent",
        "budget": budget,
        "notes": [shortfall] if missing else [],
        "created_at": life.created,
        "started_at": None,
        "completed_at": ended,
        "updated_at": ended,
        "duration_seconds": round(sum(spans), 3) if spans else None,
        "candidate_count": made[PhaseName.DESIGN],
        "scenario_count": made[PhaseName.SCENARIOS],
        "evaluation_count": made[PhaseName.EVALUATION],
        **(error_columns(end, _SCRUB, ended) if end.failure else NO_ERROR),
        **(usage.added(life.phases) if life.phases else Totals().columns()),
    }
