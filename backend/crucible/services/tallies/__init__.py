"""Sums over the whole history, at the price of what changed in it.

Each process keeps the sums of blocks it has read, and reads again only blocks in which something
may have changed since. What it tells is always what the database holds at that moment: nothing is
counted in memory. Only the first time the whole history is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import Clock, seconds_between
from crucible.errors import Unavailable
from crucible.models import Project, Run
from crucible.models.values import Status
from crucible.recorder.revision import CAME, GONE
from crucible.services import lost
from crucible.services.health import health
from crucible.services.tallies import blocks, changes
from crucible.services.tallies.blocks import Block, Sums

__all__ = ["Sums", "Tallies", "Told"]

SHOWN = 50
"""Projects told of one by one: those that changed last."""
BATCH = 20
"""Blocks in one question."""
PATIENCE_SECONDS = 5.0
"""How long blocks are read at one time; Prometheus gives an answer 10 s unless told otherwise."""
RETRY_SECONDS = 15
OVERLAP = timedelta(minutes=10)
"""What clocks of the machines that write may differ by."""


@dataclass(frozen=True)
class Told:
    projects: Mapping[str, Sums]
    """Those that changed last, by id, the last first."""
    others: Sums
    """All others together."""
    titles: Mapping[str, str]
    """Of the former."""
    verdicts: Mapping[str, str]
    """The same."""
    project_count: int
    running: int
    waiting: int
    oldest_heartbeat_seconds: float | None
    oldest_waiting_seconds: float | None
    revision: int
    took_seconds: float


class Tallies:
    """One for a process and a database."""

    def __init__(self) -> None:
        # One at a time: or what was seen of the database earlier could replace what was seen later.
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._sums: dict[Block, Sums] = {}
        self._revisions: dict[int, int] | None = None
        self._numbers: dict[str, int] = {}
        self._live: frozenset[Block] = frozenset()
        self._seen: datetime | None = None
        self._stale: set[Block] = set()
        self._verdicts: dict[str, str] = {}

    def tell(self, reading: Callable[[], Session], clock: Clock) -> Told:
        """The whole history in sums, as it stands in the session that `reading` opens.

        Raises Unavailable when there is more to read than fits into PATIENCE_SECONDS; what was
        read is kept, and the next time goes on from there.
        """
        with self._alone():
            began, now = clock.monotonic(), clock.now()
            session = reading()
            alive = changes.live(session)
            self._look(session, alive, now)
            self._read(session, clock, began)
            shown, others = self._merged()
            _move_lost(session, shown, others)
            return Told(
                projects=shown,
                others=others,
                titles=_titles(session, shown),
                verdicts=self._judged(session, shown, alive, now),
                project_count=len(self._numbers),
                running=alive.running - len(lost.unwritten(session)),
                waiting=alive.waiting,
                oldest_heartbeat_seconds=_age(alive.oldest_heartbeat, now),
                oldest_waiting_seconds=_age(alive.waiting_since, now),
                revision=sum((self._revisions or {}).values()),
                took_seconds=max(0.0, clock.monotonic() - began),
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # Who waits holds a thread of the server.
        if not self._lock.acquire(timeout=max(0, PATIENCE_SECONDS)):
            raise Unavailable("the history is being added up", retry_after=RETRY_SECONDS)
        try:
            yield
        finally:
            self._lock.release()

    def _look(self, session: Session, alive: changes.Live, now: datetime) -> None:
        """Finds out which blocks are to be read again."""
        revisions = changes.revisions(session)
        known = self._revisions
        if known == revisions:
            return
        if known is not None and any(revisions.get(part, 0) < known[part] for part in known):
            self._forget()  # another database, or an older copy of it
            known = None
        numbers = changes.last_numbers(session)
        many = {p for p in (GONE, CAME) if known is None or known.get(p) != revisions.get(p)}
        if len(many) == 2:
            self._sums.clear()  # a run may have gone and another come under its number
        if many:
            self._compare(session)
        else:
            self._stale |= changes.given(self._numbers, numbers)
        self._stale |= self._live | alive.blocks
        if self._seen is not None:
            since = min(self._seen, now) - OVERLAP
            for block, at in changes.updated(session, since).items():
                latest = self._sums[block].latest if block in self._sums else None
                if latest is None or at > latest:
                    self._stale.add(block)
        self._revisions, self._numbers = revisions, numbers
        self._live, self._seen = alive.blocks, now

    def _compare(self, session: Session) -> None:
        """Runs have gone or have come: how many there are, and their numbers, tell in which
        blocks."""
        held: dict[str, dict[Block, changes.Counted]] = {}
        for block, sums in self._sums.items():
            held.setdefault(block[0], {})[block] = (sums.runs, sums.numbers)
        counted = changes.counted(session)
        for project_id in held.keys() | counted.keys():
            known = held.get(project_id, {})
            if _added(known.values()) == counted.get(project_id):
                continue
            found: Mapping[Block, changes.Counted] = {}
            if project_id in counted:
                found = changes.counted_blocks(session, project_id)
            self._stale |= {b for b in known.keys() | found.keys() if known.get(b) != found.get(b)}

    def _read(self, session: Session, clock: Clock, began: float) -> None:
        stale = iter(sorted(self._stale))
        while batch := list(islice(stale, BATCH)):
            if clock.monotonic() - began > PATIENCE_SECONDS:
                raise Unavailable(
                    "the history is being added up for the first time since this process started",
                    retry_after=RETRY_SECONDS,
                )
            found = blocks.read(session, batch)
            for block in batch:
                self._sums.pop(block, None)
                self._verdicts.pop(block[0], None)
            self._sums |= found
            self._stale.difference_update(batch)

    def _merged(self) -> tuple[dict[str, Sums], Sums]:
        """By project those that changed last, and all others together."""
        latest: dict[str, tuple[datetime, str]] = {}
        for (project_id, _), sums in self._sums.items():
            if sums.latest is not None:
                moment = (sums.latest, project_id)
                latest[project_id] = max(moment, latest.get(project_id, moment))
        newest = sorted(latest, key=lambda each: latest[each], reverse=True)[:SHOWN]
        shown = {project_id: Sums() for project_id in newest}
        others = Sums()
        for (project_id, _), sums in self._sums.items():
            shown.get(project_id, others).merge(sums)
        return shown, others

    def _judged(
        self, session: Session, shown: Mapping[str, Sums], alive: changes.Live, now: datetime
    ) -> dict[str, str]:
        # A verdict over runs that ended stands until another one does; a live run's silence grows.
        moving = {project_id for project_id, _ in alive.blocks}
        kept = {p: v for p, v in self._verdicts.items() if p in shown and p not in moving}
        self._verdicts = {p: kept.get(p) or _verdict(session, p, now) for p in shown}
        return dict(self._verdicts)


def _added(counted: Iterable[changes.Counted]) -> changes.Counted | None:
    found = list(counted)
    return (sum(c for c, _ in found), sum(n for _, n in found)) if found else None


def _verdict(session: Session, project_id: str, now: datetime) -> str:
    return str(health(session, project_id, now)["verdict"])


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, seconds_between(moment, now))


def _titles(session: Session, shown: Iterable[str]) -> dict[str, str]:
    rows = session.execute(select(Project.id, Project.title).where(Project.id.in_(list(shown))))
    return {key: value for key, value in rows}


def _move_lost(session: Session, shown: Mapping[str, Sums], others: Sums) -> None:
    """Counts runs whose end could not be written down yet as what they ended as."""
    ids = lost.unwritten(session)
    if not ids:
        return
    for row in session.execute(select(*_LOST).where(Run.id.in_(ids), Run.status == Status.RUNNING)):
        run, _ = lost.overlaid(session, row._asdict(), [])
        sums = shown.get(run["project_id"], others)
        sums.add(("runs", run["mode"], Status.RUNNING), -1)
        blocks.add_ended(sums, run)


_LOST = (
    Run.id,
    Run.project_id,
    Run.mode,
    Run.status,
    Run.attempt_started_at,
    Run.duration_seconds,
)
