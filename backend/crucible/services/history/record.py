"""A run's whole record in an exported line: its rows by column name, and back.

    {..., "record": {"run": {...}, "phases": [...], "attempts": [...], "candidates": [...],
                     "scenarios": [...], "evaluations": [...], "missing": [...], "calls": [...]}}

Money stands in it in whole pico-dollars, times in RFC 3339. A run with more rows than one line
should hold is followed by lines `{"continues": <id of the run>, "record": {...}}`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Float, Table
from sqlalchemy.engine import RowMapping

from crucible.clock import rfc3339
from crucible.errors import ErrorKind
from crucible.models import (
    CandidateRow,
    EvaluationRow,
    LLMCall,
    MissingRow,
    Project,
    Run,
    RunAttempt,
    RunPhase,
    ScenarioRow,
    UTCDateTime,
)
from crucible.models.values import PHASES, Mode, Outcome, Status
from crucible.services.history.checks import (
    DEEPEST,
    MOST,
    Check,
    Wrong,
    identity,
    listed,
    moment,
    required,
    shape,
    word,
)

CHUNK = 500
"""Calls or evaluations in one line."""
MOST_PICO = 10**18
_MOST_TEXT = 5_000_000
_HELD = frozenset(
    "lease_token attempt_started_at cancel_requested_at heartbeat_boot_seconds".split()
)
"""What belongs to a worker at work stays where that works."""
CHILDREN: dict[str, Any] = {
    "candidates": CandidateRow,
    "scenarios": ScenarioRow,
    "evaluations": EvaluationRow,
    "missing": MissingRow,
    "calls": LLMCall,
}
"""In the order in which they link to each other."""
PARTS: dict[str, Any] = {"phases": RunPhase, "attempts": RunAttempt, **CHILDREN}


def table(model: Any) -> Table:
    found: Table = model.__table__
    return found


def columns(model: Any) -> tuple[str, ...]:
    """Names of the columns that travel."""
    return tuple(c.name for c in table(model).c if c.computed is None and c.name not in _HELD)


def shown(row: RowMapping | Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON."""
    return {
        name: rfc3339(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


_WORDS: dict[str, Iterable[str]] = {
    "status": Status,
    "mode": Mode,
    "ledger": ("complete", "absent", "purged"),
    "outcome": Outcome,
    "error_kind": ErrorKind,
    "error_phase": PHASES,
    "phase": PHASES,
}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _MOST_TEXT:
        raise Wrong(f"takes text of up to {_MOST_TEXT:,} characters")
    return _storable(value)


def _storable(said: str) -> str:
    """Without what not every database can keep: an older one may hold it."""
    return said.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _json(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise Wrong(f"takes JSON of at most {DEEPEST} levels")
    if isinstance(value, dict):
        return {_storable(key): _json(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_json(each, depth + 1) for each in value]
    if isinstance(value, str):
        return _storable(value)
    return _real(value) if isinstance(value, Decimal | float) else value


def _real(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float, Decimal) or not abs(value) < 1e300:
        raise Wrong("takes a finite number")
    return float(value)


def _whole(most: int) -> Check:
    def check(value: Any) -> int | None:
        if value is None or type(value) is int and -1 <= value <= most:
            return value
        raise Wrong(f"takes a whole number up to {most}")

    return check


def _column(column: Column[Any]) -> Check:
    kind, name = column.type, column.name
    check: Check = _text
    if name == "id" or name.endswith("_id"):
        check = identity if not column.nullable else _text
    elif name in _WORDS:
        check = word(tuple(map(str, _WORDS[name])))
    elif isinstance(kind, UTCDateTime):
        check = moment
    elif isinstance(kind, JSON):
        check = _json
    elif isinstance(kind, Float):
        check = _real
    elif isinstance(kind, BigInteger):
        check = _whole(MOST_PICO if name.endswith("_pico") else MOST)
    return check if column.nullable else required(check)


def _row(model: Any, **otherwise: Check) -> Check:
    of = table(model).c
    return shape({name: _column(of[name]) for name in columns(model)} | otherwise)


_ROWS: dict[str, Check] = {name: _row(model) for name, model in PARTS.items()} | {
    "phases": _row(RunPhase, name=required(word(tuple(map(str, PHASES))))),
    # A call may carry a kind of its own.
    "calls": _row(LLMCall, error_kind=_text),
}
RECORD = shape(
    {
        "run": required(_row(Run)),
        **{name: listed(check, 100_000) for name, check in _ROWS.items()},
    }
)
CONTINUED = shape(
    {
        "continues": required(identity),
        "record": required(
            shape({name: listed(_ROWS[name], 100_000) for name in ("evaluations", "calls")})
        ),
    }
)
PROJECT = shape({"project": required(_row(Project))})


def refuse_strangers(run_id: str, found: Mapping[str, Sequence[Mapping[str, Any]] | None]) -> None:
    """Every row of a record belongs to its run."""
    for name in PARTS:
        for position, row in enumerate(found.get(name) or ()):
            if row["run_id"] != run_id:
                wrong = Wrong(f"takes the id of its run, {run_id}").under("run_id")
                raise wrong.under(position).under(name)


class Links:
    """What the results of one run may link to."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._candidates = {row["id"] for row in found["candidates"] or ()}
        self._scenarios = {row["id"] for row in found["scenarios"] or ()}
        self._pairs: set[tuple[str, str]] = set()

    def refuse_loose(self, found: Mapping[str, Any]) -> None:
        """Links lead to candidates and scenarios of the same run; a pair has one evaluation."""
        for name in ("evaluations", "missing"):
            for position, row in enumerate(found.get(name) or ()):
                pair = row["candidate_id"], row["scenario_id"]
                wrong = None
                if pair[0] not in self._candidates:
                    wrong = Wrong("takes a candidate of its run").under("candidate_id")
                elif pair[1] not in self._scenarios:
                    wrong = Wrong("takes a scenario of its run").under("scenario_id")
                elif name == "evaluations" and pair in self._pairs:
                    wrong = Wrong("takes a pair that has no other").under("scenario_id")
                if wrong is not None:
                    raise wrong.under(position).under(name)
                if name == "evaluations":
                    self._pairs.add(pair)
