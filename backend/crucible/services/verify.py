"""Recomputes what a run says of itself."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session


def verify_run(session: Session, run_id: str) -> dict[str, Any]:
    raise NotImplementedError


def verify_all(session: Session) -> Iterator[dict[str, Any]]:
    raise NotImplementedError
