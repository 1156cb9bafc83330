"""Sums over runs, a block at a time, added up by the database itself.

A block is a thousand numbers of one project. A number is given once and never changes, so a run
stays in its block for life, and a block is one stretch of an index.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session

from crucible.models import Run, RunPhase
from crucible.models.values import LIVE, Status
from crucible.services.usage import COLUMNS, PICO

SIZE = 1_000
RUN_SECONDS = (1, 5, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200)
PHASE_SECONDS = (0.1, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
"""Upper bounds of what durations are counted by; beyond the last there is one more."""
MONEY = ("cost_pico", "wasted_cost_pico")
USAGE = tuple(name for name in COLUMNS if name not in ("providers", "models", "total_tokens"))
PHASE_USAGE = ("call_count", "failed_call_count", "cost_pico")
UNKNOWN = "unknown"

Block = tuple[str, int]
"""A project's id, and a run's number in thousands."""
Key = tuple[str | int, ...]
Row = Mapping[Any, Any]


@dataclass
class Sums:
    """Of the runs of a block, or of several.

    Keys: `("runs", mode, status)`, `("failed", kind)`, `("took", status, bucket)`,
    `("took_ms", status)`, `(column, model)`, `("phase_took", name, bucket)`,
    `("phase_took_ms", name)`, `("phase", column, name)`. Costs are whole pico-dollars, durations
    whole milliseconds. A sum that no run knows has no key: it is unknown, not 0.
    """

    counts: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    ended: dict[str, datetime] = field(default_factory=dict)
    """The last end of a run, by its status."""
    latest: datetime | None = None
    """The last change of a run."""
    runs: int = 0
    numbers: int = 0
    """The sum of the runs' numbers."""

    def add(self, key: Key, amount: int | None) -> None:
        if amount is not None:
            self.counts[key] += amount

    def end(self, status: str, at: datetime | None) -> None:
        if at is not None:
            self.ended[status] = max(at, self.ended.get(status, at))

    def change(self, at: datetime) -> None:
        self.latest = at if self.latest is None else max(at, self.latest)

    def merge(self, other: "Sums") -> None:
        for key, amount in other.counts.items():
            self.counts[key] += amount
        for status, at in other.ended.items():
            self.end(status, at)
        if other.latest is not None:
            self.change(other.latest)
        self.runs += other.runs
        self.numbers += other.numbers


def bucket_of(seconds: float, bounds: Sequence[float] = RUN_SECONDS) -> int:
    return next((place for place, bound in enumerate(bounds) if seconds <= bound), len(bounds))


def read(session: Session, blocks: Iterable[Block]) -> dict[Block, Sums]:
    """The sums of these blocks; one without runs is left out."""
    where = _within(blocks)
    found: dict[Block, Sums] = defaultdict(Sums)
    for row in session.execute(_RUNS.where(where)).mappings():
        _add_runs(found[row["project_id"], row["block"]], row)
    for row in session.execute(_PHASES.where(where)).mappings():
        _add_phases(found[row["project_id"], row["block"]], row)
    return dict(found)


def _within(blocks: Iterable[Block]) -> ColumnElement[bool]:
    ranges = [
        and_(Run.project_id == project_id, Run.number.between(first * SIZE, last * SIZE + SIZE - 1))
        for project_id, of_project in groupby(sorted(blocks), lambda block: block[0])
        for first, last in _stretches(place for _, place in of_project)
    ]
    return or_(*ranges)


def _stretches(places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each stretch without a gap."""
    first = last = None
    for place in places:
        if first is None or last is None or place != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = place
        last = place
    if first is not None and last is not None:
        yield first, last


def block_of() -> ColumnElement[int]:
    # Written out, here and below: PostgreSQL takes two parameters for two things, and would find
    # another expression in the groups than in what is selected.
    return Run.number.op("/")(literal_column(str(SIZE))).label("block")


def _bucket(seconds: Any, bounds: Sequence[float]) -> ColumnElement[int]:
    whens: list[tuple[Any, Any]] = [
        (seconds <= literal_column(repr(bound)), literal_column(str(place)))
        for place, bound in enumerate(bounds)
    ]
    unknown: tuple[Any, Any] = (seconds.is_(None), literal_column("-1"))
    return case(unknown, *whens, else_=literal_column(str(len(bounds)))).label("bucket")


def _milliseconds(seconds: Any) -> ColumnElement[int]:
    """In whole ones, so that a sum does not depend on the order of what is added."""
    return func.sum(cast(func.round(seconds * 1000), BigInteger)).label("ms")


def _sums(table: type[Run] | type[RunPhase], names: Iterable[str]) -> Iterator[ColumnElement[Any]]:
    for name in names:
        column = getattr(table, name)
        if name in MONEY:
            # In two parts, so that neither can leave 64 bits.
            yield func.sum(column.op("/")(PICO)).label(f"{name}_whole")
            yield func.sum(column % PICO).label(f"{name}_rest")
        else:
            yield func.sum(column).label(name)


def _grouped(keys: Sequence[Any], *sums: Any) -> Any:
    return select(*keys, *sums).group_by(*(getattr(key, "element", key) for key in keys))


_RUNS = _grouped(
    (
        Run.project_id,
        block_of(),
        Run.mode,
        Run.status,
        Run.error_kind,
        _bucket(Run.duration_seconds, RUN_SECONDS),
        cast(Run.models, Text).label("models"),
    ),
    func.count().label("runs"),
    func.sum(Run.number).label("numbers"),
    _milliseconds(Run.duration_seconds),
    func.max(Run.completed_at).label("completed_at"),
    func.max(Run.updated_at).label("updated_at"),
    *_sums(Run, USAGE),
)
_PHASES = _grouped(
    (
        Run.project_id,
        block_of(),
        RunPhase.name,
        _bucket(RunPhase.duration_seconds, PHASE_SECONDS),
    ),
    func.count().label("phases"),
    _milliseconds(RunPhase.duration_seconds),
    *_sums(RunPhase, PHASE_USAGE),
).join(RunPhase, RunPhase.run_id == Run.id)


def _add_runs(sums: Sums, row: Row) -> None:
    sums.runs += row["runs"]
    sums.numbers += int(row["numbers"])
    sums.change(row["updated_at"])
    _add_ends(sums, row)
    model = _main(row["models"])
    for name in USAGE:
        # Without a call or a figure that came with imported history there is nothing to tell.
        amount = _amount(row, name)
        if amount or amount is not None and row["call_count"]:
            sums.add((name, model), amount)


def add_ended(sums: Sums, run: Row) -> None:
    """Counts a run by its end, the duration of which is in it."""
    seconds = run["duration_seconds"]
    _add_ends(sums, {**run, "runs": 1, "bucket": bucket_of(seconds), "ms": round(seconds * 1000)})


def _add_ends(sums: Sums, row: Row) -> None:
    status, runs = row["status"], row["runs"]
    sums.add(("runs", row["mode"], status), runs)
    if status in LIVE:
        return
    sums.end(status, row["completed_at"])
    if status == Status.FAILED:
        sums.add(("failed", row["error_kind"] or UNKNOWN), runs)
    if row["bucket"] >= 0:
        sums.add(("took", status, row["bucket"]), runs)
        sums.add(("took_ms", status), int(row["ms"]))


def _add_phases(sums: Sums, row: Row) -> None:
    name = row["name"]
    if row["bucket"] >= 0:
        sums.add(("phase_took", name, row["bucket"]), row["phases"])
        sums.add(("phase_took_ms", name), row["ms"])
    for column in PHASE_USAGE:
        sums.add(("phase", column, name), _amount(row, column))


def _amount(row: Row, name: str) -> int | None:
    if name not in MONEY:
        found = row[name]
        return None if found is None else int(found)
    whole = row[f"{name}_whole"]
    return None if whole is None else int(whole) * PICO + int(row[f"{name}_rest"])


@lru_cache(maxsize=4096)
def _main(models: str | None) -> str:
    """The model that answered most of a run's calls."""
    calls: dict[str, int] = json.loads(models or "{}") or {}
    return min(calls, key=lambda name: (-calls[name], name), default=UNKNOWN)
