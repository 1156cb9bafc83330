from typing import Any

from flask import Response

from crucible.api.blueprint import Blueprint
from crucible.api.database import reading
from crucible.api.revalidating import revalidated
from crucible.api.state import state
from crucible.schemas import TrendsQuerySchema, TrendsSchema
from crucible.services import projects
from crucible.services.revision import Moments
from crucible.services.trends import trends

blueprint = Blueprint(
    "trends", __name__, url_prefix="/api", description="A project's runs over time."
)


@blueprint.route("/projects/<project_id>/runs/trends")
@blueprint.tagged
@blueprint.query(TrendsQuerySchema)
@blueprint.answers(200, TrendsSchema)
@blueprint.problems(_404="No such project.", _409="The reference fits several projects.")
def get_trends(query: dict[str, Any], project_id: str) -> Response:
    """Runs over time, and which failures come again"""
    session, now = reading(), state().clock.now()

    def build() -> Any:
        return trends(session, projects.resolve_project(session, project_id), now, **query)

    return revalidated(session, build, Moments(day=True))
