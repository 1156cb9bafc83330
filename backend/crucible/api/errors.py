"""Every error becomes problem+json, here and nowhere else."""

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Flask, Response, request
from sqlalchemy.exc import DatabaseError
from werkzeug.exceptions import HTTPException

from crucible.api.blueprint import PROBLEM_JSON
from crucible.db import translated_errors
from crucible.errors import CrucibleError, Invalid, Unavailable
from crucible.scrub import Scrubber

log = logging.getLogger(__name__)

_CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "not_json",
    421: "foreign_host",
}


def register_errors(app: Flask, scrub: Scrubber) -> None:
    def problem(
        status: int,
        code: str,
        title: str,
        detail: str,
        errors: Mapping[str, list[str]] | None = None,
        hint: str | None = None,
    ) -> Response:
        body = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": scrub(detail),
            "code": code,
            "errors": {scrub(n): [scrub(m) for m in found] for n, found in (errors or {}).items()},
            "hint": hint,
        }
        # A name that a client sent may hold what UTF-8 cannot.
        clean = _encodable(body)
        return Response(orjson.dumps(clean), status=status, mimetype=PROBLEM_JSON)

    def ours(error: CrucibleError) -> Response:
        if error.status >= 500:
            log.error("%s %s: %s", request.method, request.path, scrub(error.message))
        errors = error.errors if isinstance(error, Invalid) else None
        return problem(error.status, error.code, error.title, error.message, errors, error.hint)

    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:  # a redirect to the canonical form of an address
            return Response(status=status, headers=error.get_headers())
        response = problem(
            status, _CODES.get(status, "http"), error.name, error.description or error.name
        )
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
        return response

    def database(error: DatabaseError) -> Response:
        return ours(_translated(error))

    def unexpected(error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return problem(
            500,
            "internal",
            "Internal error",
            "This is a fault in Int Crucible; the server's log has the details.",
        )

    app.register_error_handler(CrucibleError, ours)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(DatabaseError, database)
    app.register_error_handler(Exception, unexpected)


def _translated(error: DatabaseError) -> CrucibleError:
    try:
        with translated_errors():
            raise error
    except Unavailable as unavailable:
        return unavailable
    except DatabaseError:
        return Unavailable(f"the database cannot be used: {error.orig}")


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return value
