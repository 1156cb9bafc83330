"""What has changed since an answer was given, in one cheap question.

The revision is bumped by every committed change (`recorder.revision`). What else an answer depends
on is the moment it is asked at, where it counts back from that: such a moment matters only through
the first run behind it, which is one step over an index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crucible.models import Revision, Run
from crucible.models.values import LIVE
from crucible.services import lost

STALL_SECONDS = 10
"""How old the figures of a stall may be: silence grows without a write."""


@dataclass(frozen=True)
class Moments:
    """What an answer reads off the clock."""

    created: Sequence[datetime] = ()
    """Bounds on `created_at` that move with time."""
    updated: Sequence[datetime] = ()
    """The same on `updated_at`."""
    day: bool = False
    """It depends on today's date, in UTC."""
    silence: bool = False
    """It depends on how long live runs have been silent."""

    @classmethod
    def of_projects(cls, now: datetime) -> "Moments":
        """Failures of 24 hours and spend of 7 days."""
        return cls(created=(now - timedelta(hours=24), now - timedelta(days=7)))


NONE = Moments()
_TOTAL = select(select(func.sum(Revision.value)).scalar_subquery())
_LIVE = select(literal(1)).where(Run.status.in_(LIVE)).limit(1).scalar_subquery()


def state_of(session: Session, now: datetime, moments: Moments = NONE) -> list[Any]:
    """Plain values that change whenever an answer would that depends on the database and, of the
    time, on `moments`. A live run's growing duration is no change.

    One statement, whatever the length of the history. Workers that have died must have been
    looked for (`lost.look`): those whose end could not be written are among the values.
    """
    asked = [
        *(_first(Run.created_at, bound) for bound in moments.created),
        *(_first(Run.updated_at, bound) for bound in moments.updated),
        *([_LIVE] if moments.silence else []),
    ]
    row = session.execute(_TOTAL.add_columns(*asked) if asked else _TOTAL).one()
    # Moments only as text: an engine may give them in one of several types.
    found: list[Any] = [int(row[0]), *(str(value) for value in row[1:])]
    if moments.day:
        found.append(now.astimezone(UTC).date().isoformat())
    if moments.silence and row[-1] is not None:
        found.append(int(now.timestamp()) // STALL_SECONDS)
    return [*found, *lost.unwritten(session)]


def _first(column: InstrumentedAttribute[datetime], bound: datetime) -> ColumnElement[Any]:
    """The first run at or behind a bound: while it is the same and nothing was written, the bound
    selects the same runs."""
    return select(func.min(column)).where(column >= bound).scalar_subquery()
