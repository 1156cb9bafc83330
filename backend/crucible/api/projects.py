from typing import Any

from flask import Response

from crucible.api.blueprint import Blueprint
from crucible.api.database import db, reading, writing
from crucible.api.json import answer
from crucible.api.revalidating import revalidated
from crucible.api.state import state
from crucible.db import Database
from crucible.schemas import (
    NoQuerySchema,
    ProjectInputSchema,
    ProjectListSchema,
    ProjectSchema,
)
from crucible.services import projects, retention
from crucible.services.revision import Moments

blueprint = Blueprint(
    "projects", __name__, url_prefix="/api/projects", description="Problems to work on."
)
_no_such = blueprint.problems(_404="No such project.", _409="The reference fits several projects.")


@blueprint.route("")
@blueprint.tagged
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, ProjectListSchema)
def list_projects(_query: dict[str, Any]) -> Response:
    """All projects, newest first"""
    session, now = reading(), state().clock.now()
    return revalidated(
        session,
        lambda: {"projects": projects.list_projects(session, now=now)},
        Moments.of_projects(now),
    )


@blueprint.route("", methods=["POST"])
@blueprint.query(NoQuerySchema)
@blueprint.body(ProjectInputSchema)
@blueprint.answers(201, ProjectSchema)
def create_project(_query: dict[str, Any], body: dict[str, Any]) -> Response:
    """Makes a project"""
    with writing() as session:
        made = projects.create_project(session, state().clock, body)
    return answer(made, 201, Location=f"/api/projects/{made['id']}")


@blueprint.route("/<project_id>")
@blueprint.tagged
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, ProjectSchema)
@_no_such
def get_project(_query: dict[str, Any], project_id: str) -> Response:
    """One project"""
    session, now = reading(), state().clock.now()

    def build() -> Any:
        found = projects.resolve_project(session, project_id)
        return projects.get_project(session, found, now=now)

    return revalidated(session, build, Moments.of_projects(now))


@blueprint.route("/<project_id>", methods=["PUT"])
@blueprint.query(NoQuerySchema)
@blueprint.body(ProjectInputSchema)
@blueprint.answers(200, ProjectSchema)
@_no_such
def replace_project(_query: dict[str, Any], body: dict[str, Any], project_id: str) -> Response:
    """Replaces a project's problem

    Runs keep the problem as it stood when they were asked for.
    """
    with writing() as session:
        found = projects.resolve_project(session, project_id)
        changed = projects.replace_project(session, state().clock, found, body)
    return answer(changed)


@blueprint.route("/<project_id>", methods=["DELETE"])
@blueprint.query(NoQuerySchema)
@blueprint.answers(204)
@blueprint.problems(_404="No such project.", _409="A run of it is live.")
def delete_project(_query: dict[str, Any], project_id: str) -> Response:
    """Deletes a project and its runs"""
    with writing() as session:
        found = projects.resolve_project(session, project_id)
        projects.require_idle(session, found)
    # Not in one transaction: workers of other projects want to write meanwhile.
    retention.forget_runs(Database(db.engine), state().clock, found)
    with writing() as session:
        projects.delete_project(session, found)
    return Response(status=204)
