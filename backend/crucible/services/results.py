"""What a run made, ranked."""

from typing import Any

from sqlalchemy.orm import Session


def get_results(session: Session, run_id: str) -> dict[str, Any]:
    raise NotImplementedError
