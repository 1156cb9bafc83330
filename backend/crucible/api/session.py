from typing import Any

from flask import Response

from crucible.api.access import access
from crucible.api.blueprint import Blueprint
from crucible.api.json import answer
from crucible.errors import NoTokenNeeded
from crucible.schemas import NoQuerySchema, SessionInputSchema, SessionSchema

blueprint = Blueprint(
    "session", __name__, url_prefix="/api", description="Signing in, where a token is asked for."
)


@blueprint.route("/session")
@blueprint.query(NoQuerySchema)
@blueprint.answers(200, SessionSchema)
def get_session(_query: dict[str, Any]) -> Response:
    """Whether this server asks for a token, and whether this browser has signed in"""
    here = access()
    return answer({"required": here.required, "signed_in": here.signed_in()})


@blueprint.route("/session", methods=["POST"])
@blueprint.query(NoQuerySchema)
@blueprint.body(SessionInputSchema)
@blueprint.answers(204, description="Signed in for 30 days: the cookie `crucible_session` is set.")
@blueprint.problems(
    _401="This is not the server's token.",
    _409="This server asks for no token.",
    _429="Too many wrong tokens came from this address.",
)
def sign_in(_query: dict[str, Any], body: dict[str, Any]) -> Response:
    """Signs this browser in

    The cookie is `HttpOnly` and `SameSite=Strict`; it is not the token, and holds until the server
    has another one.
    """
    here = access()
    if not here.required:
        raise NoTokenNeeded(
            "this server asks for no token", hint="Ask it for anything: it answers without."
        )
    here.judge(body["token"].strip())
    response = Response(status=204)
    here.admit(response)
    return response


@blueprint.route("/session", methods=["DELETE"])
@blueprint.query(NoQuerySchema)
@blueprint.answers(204, description="Signed out: the cookie is gone.")
def sign_out(_query: dict[str, Any]) -> Response:
    """Signs this browser out"""
    response = Response(status=204)
    access().dismiss(response)
    return response
