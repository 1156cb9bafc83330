"""The revision: one more with every committed change that a reader could see."""

import zlib

from sqlalchemy import Connection, Table, bindparam, update
from sqlalchemy.orm import Session

from crucible.models import Revision

PARTS = 16
GONE, CAME = 0, 1
"""The parts that count deletions, and runs that came from elsewhere. Each other change falls to one
of the rest, so that whoever keeps something of the history knows which kind there was."""
_TABLE: Table = Revision.__table__  # type: ignore[assignment]
# Made once: it is part of every change.
_ONE_MORE = (
    update(_TABLE).where(_TABLE.c.part == bindparam("of_part")).values(value=_TABLE.c.value + 1)
)


def bump(session: Session | Connection, of: str | int) -> None:
    """Counts the change that `session` is about to commit. Does not commit.

    `of` is the id of the run or project that changed; GONE where runs were deleted, CAME where
    they were added otherwise than by a start. Call it last in the transaction: until the commit it
    holds one of a few rows, the one that falls to `of`.
    """
    part = of if isinstance(of, int) else CAME + 1 + zlib.crc32(of.encode()) % (PARTS - CAME - 1)
    session.execute(_ONE_MORE, {"of_part": part})
