from typing import Any

from flask import Response

from crucible.api.blueprint import Blueprint
from crucible.api.database import reading
from crucible.api.revalidating import revalidated
from crucible.api.state import state
from crucible.schemas import NoQuerySchema
from crucible.schemas.verdict import VerdictSchema
from crucible.services import health as service
from crucible.services import projects
from crucible.services.revision import Moments

blueprint = Blueprint(
    "verdict", __name__, url_prefix="/api", description="Whether something is going wrong."
)
_no_such_project = blueprint.problems(
    _404="No such project.", _409="The reference fits several projects."
)


@blueprint.route("/projects/<project_id>/runs/health")
@blueprint.tagged
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, VerdictSchema)
@_no_such_project
def get_verdict(_query: dict[str, Any], project_id: str) -> Response:
    """Whether something is going wrong: a verdict with its evidence, the last failure, and what a
    run usually takes"""
    session, now = reading(), state().clock.now()

    def build() -> Any:
        return service.health(session, projects.resolve_project(session, project_id), now)

    return revalidated(session, build, Moments(silence=True))
