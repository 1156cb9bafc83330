from typing import Any

from flask import Response

from crucible.api.blueprint import Blueprint
from crucible.api.database import reading
from crucible.api.revalidating import revalidated
from crucible.api.state import state
from crucible.schemas import ComparisonSchema, NoQuerySchema
from crucible.services import compare

blueprint = Blueprint(
    "compare", __name__, url_prefix="/api", description="Two runs, set against each other."
)


@blueprint.route("/runs/<run_id>/compare/<other>")
@blueprint.tagged
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, ComparisonSchema)
@blueprint.problems(_404="No such run.", _409="A reference fits several runs.")
def compare_runs(_query: dict[str, Any], run_id: str, other: str) -> Response:
    """What took longer and why it cost more: `other` (head) against `run_id` (base)"""
    session, now = reading(), state().clock.now()

    def build() -> Any:
        base, head = compare.resolve_both(session, run_id, other)
        return compare.compare_runs(session, base, head, now)

    return revalidated(session, build)
