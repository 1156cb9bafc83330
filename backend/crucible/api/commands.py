from typing import Any

from flask import Response

from crucible.api.blueprint import Blueprint
from crucible.api.database import writing
from crucible.api.json import answer
from crucible.api.state import state
from crucible.schemas import NoQuerySchema, ResumeInputSchema, RunSummarySchema
from crucible.services import queueing, runs

blueprint = Blueprint(
    "commands", __name__, url_prefix="/api", description="What can be asked of a run that exists."
)
_refusals = blueprint.problems(
    _404="No such run.", _409="The run's state does not allow it, or the reference fits several."
)


@blueprint.route("/runs/<run_id>/cancel", methods=["POST"])
@blueprint.query(NoQuerySchema)
@blueprint.answers(202, RunSummarySchema, description="It will stop within the time of one call.")
@_refusals
def cancel_run(_query: dict[str, Any], run_id: str) -> Response:
    """Asks a live run to stop; what it made is kept"""
    here = state()
    with writing() as session:
        found = runs.resolve_run(session, run_id)
        runs.cancel_run(session, here.clock, found)
        summary = runs.get_summary(session, found, here.clock.now())
    here.cancel(found)
    return answer(summary, 202, Location=summary["links"]["self"])


@blueprint.route("/runs/<run_id>/resume", methods=["POST"])
@blueprint.query(NoQuerySchema)
@blueprint.body(ResumeInputSchema, required=False)
@blueprint.answers(202, RunSummarySchema, description="It is `created` again, with its error gone.")
@_refusals
def resume_run(_query: dict[str, Any], body: dict[str, Any], run_id: str) -> Response:
    """Lets a failed or cancelled run go on; only what is missing is done and paid for"""
    here = state()
    summary = queueing.resume(
        writing,
        here,
        here.clock,
        here.settings,
        lambda session: runs.resolve_run(session, run_id),
        body.get("budget"),
    )
    return answer(summary, 202, Location=summary["links"]["self"])
