from typing import Any

from flask import Response

from crucible.api.blueprint import Blueprint
from crucible.api.json import answer
from crucible.api.state import state
from crucible.schemas import HealthSchema, NoQuerySchema

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
    return answer(found, 200 if found["status"] == "ok" else 503)
