"""What a call writes: its row before it is sent, its end after; several calls' in one
transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update

from crucible.errors import Unavailable
from crucible.llm.asking import Stopped
from crucible.models import LLMCall
from crucible.models.values import Outcome
from crucible.recorder.lease import LeaseLost
from crucible.recorder.recorder import RunRecorder
from crucible.recorder.totals import Settled

_CALLS: Table = LLMCall.__table__  # type: ignore[assignment]
_INSERT = insert(_CALLS)
_SETTLE = update(_CALLS).where(_CALLS.c.id == bindparam("call_id"))


@dataclass
class Pending:
    """A call that is about to leave."""

    row: Mapping[str, Any]
    """Columns of its row, as far as the caller knows them."""
    provider: str
    model: str
    attempt: int
    free: bool
    sent_at: datetime | None = None
    """Filled in when it is written."""


@dataclass(frozen=True)
class Settlement:
    """A call that has come to its end."""

    call_id: str
    row: Mapping[str, Any]
    """Columns that its row gets."""
    call: Settled
    asked: str
    served: str | None
    product: Sequence[Any] | None
    """What it paid for."""


Entry = Pending | Settlement


def write(recorder: RunRecorder, entries: Sequence[Entry]) -> Sequence[BaseException | None]:
    """Commits all in one transaction; None for each that is committed, else what it met.

    Of a run that is to stop, ends are written and calls that have not left are refused. Where
    something is wrong with the group's data, each is written on its own: one that cannot be
    written takes no other with it.
    """
    try:
        return _together(recorder, entries)
    except (LeaseLost, Stopped, Unavailable) as error:
        return [error] * len(entries)
    except Exception as error:  # noqa: BLE001 - each thread raises its own
        if len(entries) == 1:
            return [error]
        return [found for entry in entries for found in write(recorder, [entry])]


def _together(recorder: RunRecorder, entries: Sequence[Entry]) -> Sequence[BaseException | None]:
    settled = [entry for entry in entries if isinstance(entry, Settlement)]
    pending = [entry for entry in entries if isinstance(entry, Pending)]
    refused: Stopped | None = None
    with recorder.writing() as session:
        try:
            recorder.control.check()  # the lease's proof may have brought a request to stop
        except Stopped as stopped:
            if not settled:
                raise
            refused, pending = stopped, []
        now, connection = recorder.clock.now(), session.connection()
        _settle(connection, settled, now)
        _add(recorder, connection, pending, now)
        product = [item for entry in settled for item in entry.product or ()]
        made = recorder.insert(connection, product)
        _count(recorder, connection, settled, pending, made)
    return [refused if isinstance(entry, Pending) else None for entry in entries]


def _add(
    recorder: RunRecorder, connection: Connection, pending: Sequence[Pending], now: datetime
) -> None:
    if not pending:
        return
    common = {
        "run_id": recorder.run_id,
        "run_attempt": recorder.attempt,
        "phase": recorder.open_phase.name,
        "outcome": Outcome.PENDING,
        "sent_at": now,
    }
    rows = []
    for entry in pending:
        entry.sent_at = now
        of_call = {
            "provider": entry.provider,
            "model_asked": entry.model,
            "attempt": entry.attempt,
        }
        rows.append({**common, **of_call, **entry.row})
    connection.execute(_INSERT, rows)


def _settle(connection: Connection, settled: Sequence[Settlement], now: datetime) -> None:
    if settled:
        rows = [{"call_id": e.call_id, "settled_at": now, **e.row} for e in settled]
        connection.execute(_SETTLE, rows)


def _count(
    recorder: RunRecorder,
    connection: Connection,
    settled: Sequence[Settlement],
    pending: Sequence[Pending],
    made: Mapping[str, int],
) -> None:
    run, phase = recorder.totals.copy(), recorder.open_phase.totals.copy()
    for totals in (run, phase):
        for end in settled:
            totals.settle(end.call, end.asked, end.served)
        for sent in pending:
            totals.send(sent.provider, sent.model, sent.attempt, sent.free)
    recorder.set_totals(connection, run, phase, made)
