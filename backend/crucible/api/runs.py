from collections.abc import Mapping
from typing import Any

from flask import Response, request

from crucible.api.blueprint import Blueprint
from crucible.api.database import reading, writing
from crucible.api.json import answer
from crucible.api.state import state
from crucible.schemas import (
    CallPageSchema,
    CallQuerySchema,
    NoQuerySchema,
    ResultsSchema,
    RunDetailSchema,
    RunInputSchema,
    RunPageSchema,
    RunQuerySchema,
    RunSummarySchema,
)
from crucible.services import projects, results, runs
from crucible.services.query import parse_moment

blueprint = Blueprint(
    "runs", __name__, url_prefix="/api", description="Runs of the pipeline and what they made."
)
_no_such_run = blueprint.problems(_404="No such run.", _409="The reference fits several runs.")
_no_such_project = blueprint.problems(
    _404="No such project.", _409="The reference fits several projects."
)


_start_refusals = blueprint.problems(
    _404="No such project.",
    _409="The reference fits several projects, or the key came with another request before.",
)
_IDEMPOTENCY_KEY = (
    "Any text of the caller's: a start that is sent again with it starts no second run, it gives "
    "the first one."
)


@blueprint.route("/runs/summary")
@blueprint.query(RunQuerySchema)
@blueprint.answers(200, RunPageSchema)
def list_runs(query: dict[str, Any]) -> Response:
    """A page of run summaries across projects"""
    return _page(query, None)


@blueprint.route("/projects/<project_id>/runs/summary")
@blueprint.query(RunQuerySchema)
@blueprint.answers(200, RunPageSchema)
@_no_such_project
def list_project_runs(query: dict[str, Any], project_id: str) -> Response:
    """A page of a project's run summaries"""
    return _page(query, projects.resolve_project(reading(), project_id))


def _page(query: Mapping[str, Any], project_id: str | None) -> Response:
    now = state().clock.now()
    moments = {
        name: parse_moment(query[name], now, field=name) if query[name] is not None else None
        for name in ("since", "until", "updated_since")
    }
    asked = runs.RunQuery(
        project_id=project_id,
        limit=query["limit"],
        cursor=query["cursor"],
        statuses=tuple(query["status"]),
        mode=query["mode"],
        sort=query["sort"],
        q=query["q"],
        **moments,
    )
    return answer(runs.list_runs(reading(), asked, now))


@blueprint.route("/projects/<project_id>/runs", methods=["POST"])
@blueprint.query(NoQuerySchema)
@blueprint.body(RunInputSchema, required=False)
@blueprint.answers(202, RunSummarySchema, description="It was recorded and will be picked up.")
@_start_refusals
@blueprint.takes_header("Idempotency-Key", 255, _IDEMPOTENCY_KEY)
def start_run(_query: dict[str, Any], body: dict[str, Any], project_id: str) -> Response:
    """Starts a run"""
    here = state()
    with writing() as session:
        found = projects.resolve_project(session, project_id)
        key = request.headers.get("Idempotency-Key")
        run_id = runs.start_run(session, here.clock, here.settings, found, body, key)
        summary = runs.get_summary(session, run_id, here.clock.now())
    here.wake()
    return answer(summary, 202, Location=summary["links"]["self"])


@blueprint.route("/runs/<run_id>")
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, RunDetailSchema)
@_no_such_run
def get_run(_query: dict[str, Any], run_id: str) -> Response:
    """One run in detail"""
    session = reading()
    found = runs.resolve_run(session, run_id)
    return answer(runs.get_run(session, found, state().clock.now()))


@blueprint.route("/runs/<run_id>/calls")
@blueprint.query(CallQuerySchema)
@blueprint.answers(200, CallPageSchema)
@_no_such_run
def list_calls(query: dict[str, Any], run_id: str) -> Response:
    """A run's calls to its model, in the order they were sent"""
    session = reading()
    return answer(runs.list_calls(session, runs.resolve_run(session, run_id), **query))


@blueprint.route("/runs/<run_id>/results")
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, ResultsSchema)
@_no_such_run
def get_results(_query: dict[str, Any], run_id: str) -> Response:
    """What a run made, ranked"""
    session = reading()
    return answer(results.get_results(session, runs.resolve_run(session, run_id)))
