"""Health and errors on the wire."""

import marshmallow as ma

from crucible.schemas.fields import Input, Output, Text, count, flag, nested, text, word


class DatabaseHealthSchema(Output):
    ok = flag("Whether it can be read and has the schema this version needs.")
    revision = text("The revision of its schema.", nullable=True)
    needed = text("The revision this version needs.")
    id = text(
        "Opaque: the same wherever the same history is served. Null where it is empty or cannot be "
        "read.",
        nullable=True,
    )
    note = text("What is wrong with it.", nullable=True)


class ExecutorHealthSchema(Output):
    kind = text("What executes runs: `embedded`, `celery` or `none`.")
    running = flag("Whether runs are being picked up.")
    active = count("Runs at work; null where they cannot be counted.", nullable=True)
    max_active = count(
        "Runs at work at the same time, at most; null where each worker has its own limit.",
        nullable=True,
    )
    note = text("Why runs are not being picked up.", nullable=True)


class LLMHealthSchema(Output):
    kind = text("`local`, `openai` or `kosmos`.")
    provider = text("Whose prices apply.", nullable=True)
    model = text("The model asked when a run names none.", nullable=True)
    ready = flag("Whether a run could start; no model is called to find out.")
    note = text("What is missing, or worth knowing.", nullable=True)


class HealthSchema(Output):
    status = word(("ok", "unavailable"), "Whether this server can serve.")
    version = text("Version of Int Crucible.")
    database = nested(DatabaseHealthSchema, "Where history is kept.")
    executor = nested(ExecutorHealthSchema, "What executes runs.")
    llm = nested(LLMHealthSchema, "The configured model.")


class SessionSchema(Output):
    required = flag("Whether this server asks for a token.")
    signed_in = flag("Whether this browser has a cookie that holds. False where none is asked for.")


class SessionInputSchema(Input):
    token = Text(
        1, 1000, required=True, metadata={"description": "The server's `CRUCIBLE_API_TOKEN`."}
    )


class ProblemSchema(Output):
    """`application/problem+json` (RFC 9457)."""

    type = text("`about:blank`, or a name for this sort of problem.")
    title = text("The sort of problem, in words.")
    status = count("HTTP status.")
    detail = text("This problem, in words.")
    code = text("The sort of problem, for programs.")
    errors = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.List(ma.fields.String()),
        required=True,
        metadata={"description": "Messages by field or parameter; empty when none is to blame."},
    )
    hint = text("What to do next.", nullable=True)
    request_id = text(
        "The request's id, as in `X-Request-Id` and in the server's log.", nullable=True
    )
