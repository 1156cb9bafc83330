from typing import Any

from flask import Response

from crucible.api.blueprint import Blueprint
from crucible.api.database import reading
from crucible.api.json import answer
from crucible.api.state import state
from crucible.schemas import NoQuerySchema, RunInputSchema
from crucible.schemas.estimates import EstimateSchema
from crucible.services import estimates, projects

blueprint = Blueprint(
    "estimates", __name__, url_prefix="/api", description="What a run would take."
)


@blueprint.route("/projects/<project_id>/runs/estimate", methods=["POST"])
@blueprint.query(NoQuerySchema)
@blueprint.body(RunInputSchema, required=False)
@blueprint.answers(200, EstimateSchema)
@blueprint.problems(_404="No such project.", _409="The reference fits several projects.")
def estimate_run(_query: dict[str, Any], body: dict[str, Any], project_id: str) -> Response:
    """What a run would take: calls, tokens, cost and time

    Takes what a start takes, refuses what it refuses, and starts nothing.
    """
    here = state()
    session = reading()
    found = projects.resolve_project(session, project_id)
    return answer(estimates.estimate(session, here.clock, here.settings, found, body))
