from contextlib import suppress
from typing import Any

from flask import Response

from crucible.api.blueprint import Blueprint
from crucible.api.database import db
from crucible.api.json import answer
from crucible.api.state import state
from crucible.db import Database
from crucible.errors import CrucibleError
from crucible.schemas import HealthSchema, NoQuerySchema
from crucible.services.identity import history_id

blueprint = Blueprint(
    "health", __name__, url_prefix="/api", description="Whether this server can serve."
)


@blueprint.route("/health")
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, HealthSchema, description="It can serve.")
@blueprint.also(503, HealthSchema, "It cannot; `database` says why.")
def health(_query: dict[str, Any]) -> Response:
    """Whether this server can serve.

    Calls no model.
    """
    found = state().health()
    found["database"]["id"] = _id() if found["database"]["ok"] else None
    return answer(found, 200 if found["status"] == "ok" else 503)


def _id() -> str | None:
    # It was there a moment ago; if it is no longer, that is for the next question.
    with suppress(CrucibleError), Database(db.engine).reading() as session:
        return history_id(session)
    return None
