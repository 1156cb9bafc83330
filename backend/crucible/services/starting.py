"""Starting a run: once for each key, with what it is to take."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import Conflict, Invalid
from crucible.models import Project, Run
from crucible.recorder.create import Idempotency, insert_run
from crucible.services.estimates import estimated
from crucible.services.requested import requested

MAX_KEY = 255


def start_run(
    session: Session,
    clock: Clock,
    settings: Settings,
    project_id: str,
    request: Mapping[str, Any],
    idempotency_key: str | None = None,
) -> str:
    """Records a `created` run and returns its id; does not commit.

    `request` is a body of the contract, validated by its schema; keys may be missing. A key that
    has started a run of this project before gives that run again. The estimate is kept with it.
    Call `estimates.warm` before the session holds the write lock. Raises Invalid naming the
    field, Precondition when no run can work, NotFound for the project, Conflict for a key that
    came with another request.
    """
    # Of two that come with the same key at once, the second sees what the first has started; and
    # nobody deletes the project meanwhile.
    turn = select(Project.id).where(Project.id == project_id)
    session.execute(turn.with_for_update(key_share=True))
    if known := started_before(session, project_id, request, idempotency_key):
        return known
    idempotency = _idempotency(idempotency_key, request)
    asked = requested(session, clock, settings, project_id, request)
    return insert_run(
        session,
        clock,
        project=asked.project,
        mode=asked.config["mode"],
        label=request.get("label"),
        budget=asked.budget,
        idempotency=idempotency,
        config=asked.config,
        estimate=estimated(session, clock, settings, asked),
    )


def _idempotency(key: str | None, request: Mapping[str, Any]) -> Idempotency | None:
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        takes = f"takes 1 to {MAX_KEY} printable characters"
        raise Invalid.field("Idempotency-Key", takes)
    asked = json.dumps(request, sort_keys=True, ensure_ascii=True)
    return Idempotency(key, hashlib.sha256(asked.encode()).hexdigest())


def started_before(
    session: Session, project_id: str, request: Mapping[str, Any], idempotency_key: str | None
) -> str | None:
    """The run that this key has started; None without a key. Raises Invalid, Conflict."""
    asked = _idempotency(idempotency_key, request)
    if asked is None:
        return None
    row = session.execute(
        select(Run.id, Run.request_digest).where(
            Run.project_id == project_id, Run.idempotency_key == asked.key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_digest != asked.digest:
        raise Conflict("this Idempotency-Key has started a run with another request")
    return str(row.id)
