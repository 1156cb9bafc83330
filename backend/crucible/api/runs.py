from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, request

from crucible.api.blueprint import Blueprint
from crucible.api.database import reading, writing
from crucible.api.json import answer
from crucible.api.revalidating import revalidated
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
    RunReferenceQuerySchema,
    RunSummarySchema,
)
from crucible.services import estimates, projects, queueing, results, runs
from crucible.services.query import is_ago, parse_moment
from crucible.services.revision import Moments

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
@blueprint.tagged
@blueprint.query(RunQuerySchema)
@blueprint.answers(200, RunPageSchema)
def list_runs(query: dict[str, Any]) -> Response:
    """A page of run summaries across projects"""
    return _page(query, None)


@blueprint.route("/projects/<project_id>/runs/summary")
@blueprint.tagged
@blueprint.query(RunQuerySchema)
@blueprint.answers(200, RunPageSchema)
@_no_such_project
def list_project_runs(query: dict[str, Any], project_id: str) -> Response:
    """A page of a project's run summaries"""
    return _page(query, project_id)


def _page(query: Mapping[str, Any], project: str | None) -> Response:
    now = state().clock.now()
    moments = {
        name: parse_moment(query[name], now, field=name) if query[name] is not None else None
        for name in ("since", "until", "updated_since")
    }
    session = reading()

    def build() -> Any:
        found = projects.resolve_project(session, project) if project is not None else None
        return runs.list_runs(session, _asked(query, moments, found), now)

    return revalidated(session, build, _moving(query, moments))


def _moving(query: Mapping[str, Any], moments: Mapping[str, datetime | None]) -> Moments:
    """The bounds that move with the clock: those given as a time ago."""
    moving = {name: at for name, at in moments.items() if at is not None and is_ago(query[name])}
    return Moments(
        created=[moving[name] for name in ("since", "until") if name in moving],
        updated=[moving[name] for name in ("updated_since",) if name in moving],
    )


def _asked(
    query: Mapping[str, Any], moments: Mapping[str, datetime | None], project_id: str | None
) -> runs.RunQuery:
    return runs.RunQuery(
        project_id=project_id,
        limit=query["limit"],
        cursor=query["cursor"],
        statuses=tuple(query["status"]),
        mode=query["mode"],
        sort=query["sort"],
        q=query["q"],
        **moments,
    )


@blueprint.route("/projects/<project_id>/runs", methods=["POST"])
@blueprint.query(NoQuerySchema)
@blueprint.body(RunInputSchema, required=False)
@blueprint.answers(202, RunSummarySchema, description="It was recorded and will be picked up.")
@_start_refusals
@blueprint.takes_header("Idempotency-Key", 255, _IDEMPOTENCY_KEY)
def start_run(_query: dict[str, Any], body: dict[str, Any], project_id: str) -> Response:
    """Starts a run"""
    here = state()
    estimates.warm(here.settings, here.clock)
    summary = queueing.start(
        writing,
        here,
        here.clock,
        here.settings,
        lambda session: projects.resolve_project(session, project_id),
        body,
        request.headers.get("Idempotency-Key"),
    )
    return answer(summary, 202, Location=summary["links"]["self"])


@blueprint.route("/runs/<run_id>")
@blueprint.tagged
@blueprint.query(RunReferenceQuerySchema)
@blueprint.answers(200, RunDetailSchema)
@_no_such_run
def get_run(query: dict[str, Any], run_id: str) -> Response:
    """One run in detail"""
    session, now = reading(), state().clock.now()

    def build() -> Any:
        named = query["project_id"]
        project_id = None if named is None else projects.resolve_project(session, named)
        return runs.get_run(session, runs.resolve_run(session, run_id, project_id), now)

    return revalidated(session, build)


@blueprint.route("/runs/<run_id>/calls")
@blueprint.tagged
@blueprint.query(CallQuerySchema)
@blueprint.answers(200, CallPageSchema)
@_no_such_run
def list_calls(query: dict[str, Any], run_id: str) -> Response:
    """A run's calls to its model, in the order they were sent"""
    session = reading()
    return revalidated(
        session, lambda: runs.list_calls(session, runs.resolve_run(session, run_id), **query)
    )


@blueprint.route("/runs/<run_id>/results")
@blueprint.tagged
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, ResultsSchema)
@_no_such_run
def get_results(_query: dict[str, Any], run_id: str) -> Response:
    """What a run made, ranked"""
    session = reading()
    return revalidated(
        session, lambda: results.get_results(session, runs.resolve_run(session, run_id))
    )
