"""Query strings."""

import marshmallow as ma

from crucible.models.values import Mode, Outcome, PhaseName, Status
from crucible.schemas.fields import Input, QueryWhole, Text, choice
from crucible.services.query import AGO

SORTS = ("created_at", "duration_seconds", "cost_usd", "total_tokens")
MOMENT = "RFC 3339 with a zone, or a time ago such as `30m`, `24h`, `7d`."


def _moment(description: str) -> Text:
    forms = [{"format": "date-time"}, {"pattern": AGO}]
    metadata = {"description": f"{description} {MOMENT}", "pattern": None, "anyOf": forms}
    return Text(1, 64, load_default=None, metadata=metadata)


class RunQuerySchema(Input):
    error_messages = {"unknown": "there is no such parameter", "type": "takes parameters"}

    limit = QueryWhole(1, 200, load_default=20, metadata={"description": "Runs a page."})
    cursor = Text(
        1,
        500,
        load_default=None,
        metadata={"description": "`next_cursor` of the page before, with the same sort."},
    )
    status = ma.fields.List(
        choice(Status, "Where a run is in its life."),
        load_default=list,
        metadata={"description": "Only runs in this state; repeat for several."},
    )
    mode = choice(Mode, "Only runs of this mode.", load_default=None)
    since = _moment("Created then or later.")
    until = _moment("Created before.")
    updated_since = _moment("Changed then or later.")
    sort = choice(
        [sign + key for key in SORTS for sign in ("-", "")],
        "Order; `-` = descending. Unknown sorts below everything, ties by id.",
        load_default="-created_at",
    )
    q = Text(
        1,
        200,
        load_default=None,
        metadata={"description": "Text in label or error summary, whatever the case of A to Z."},
    )


class CallQuerySchema(Input):
    error_messages = {"unknown": "there is no such parameter", "type": "takes parameters"}

    limit = QueryWhole(1, 500, load_default=100, metadata={"description": "Calls a page."})
    cursor = Text(
        1, 500, load_default=None, metadata={"description": "`next_cursor` of the page before."}
    )
    phase = choice(PhaseName, "Only calls of this phase.", load_default=None)
    outcome = choice(Outcome, "Only calls with this outcome.", load_default=None)


class RunReferenceQuerySchema(Input):
    error_messages = {"unknown": "there is no such parameter", "type": "takes parameters"}

    project_id = Text(
        1,
        300,
        load_default=None,
        metadata={
            "description": "The project that a number counts in: its id, an unambiguous prefix of "
            "8 or more characters, or its title. Needed for a number when there are several."
        },
    )


class NoQuerySchema(Input):
    """Takes no parameter."""

    error_messages = {"unknown": "there is no such parameter", "type": "takes parameters"}
