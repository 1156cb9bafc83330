"""Every error becomes problem+json, here and nowhere else."""

import logging
import traceback
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Flask, Response, request
from sqlalchemy.exc import DatabaseError, OperationalError
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from crucible.api.blueprint import PROBLEM_JSON
from crucible.db import translated_errors
from crucible.errors import CrucibleError, Invalid, Unavailable
from crucible.scrub import Scrubber

log = logging.getLogger(__name__)

_CODES = {
    400: "malformed",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "not_json",
    421: "foreign_host",
}
_DETAILS = {
    NotFound.description: "there is nothing at this address",
    RequestEntityTooLarge.description: "the body is larger than 2 MiB",
}


class Problems:
    """The handlers of an application; all that they say is scrubbed."""

    def __init__(self, scrub: Scrubber) -> None:
        self._scrub = scrub

    def register(self, app: Flask) -> None:
        app.register_error_handler(CrucibleError, self.ours)
        app.register_error_handler(HTTPException, self.http)
        app.register_error_handler(DatabaseError, self.database)
        app.register_error_handler(Exception, self.unexpected)

    def ours(self, error: CrucibleError) -> Response:
        if error.status >= 500:
            log.error("%s: %s", self._asked(), self._scrub(error.message))
        return self._problem(
            error.status,
            code=error.code,
            title=error.title,
            detail=error.message,
            errors=error.errors if isinstance(error, Invalid) else {},
            hint=error.hint,
        )

    def http(self, error: HTTPException) -> Response:
        status = error.code or 500
        detail = error.description or error.name
        response = self._problem(
            status,
            code=_CODES.get(status, "http"),
            title=error.name,
            detail=_DETAILS.get(detail, detail),
        )
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
        return response

    def database(self, error: DatabaseError) -> Response:
        if type(error) not in (OperationalError, DatabaseError):
            return self.unexpected(error)  # a broken constraint or statement is a fault of ours
        return self.ours(_translated(error))

    def unexpected(self, error: Exception) -> Response:
        # Formatted here: a traceback shows the error's text, which may quote anything.
        trace = "".join(traceback.format_exception(error))
        log.error("%s failed\n%s", self._asked(), self._scrub(trace))
        return self._problem(
            500,
            code=CrucibleError.code,
            title=CrucibleError.title,
            detail="This is a fault in Int Crucible; the server's log has the details.",
        )

    def _asked(self) -> str:
        return f"{request.method} {self._scrub.line(request.path, 200)}"

    def _problem(
        self,
        status: int,
        *,
        code: str,
        title: str,
        detail: str,
        errors: Mapping[str, list[str]] | None = None,
        hint: str | None = None,
    ) -> Response:
        scrub = self._scrub
        body = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": scrub(detail),
            "code": code,
            "errors": {scrub(n): [scrub(m) for m in found] for n, found in (errors or {}).items()},
            "hint": hint,
        }
        return Response(orjson.dumps(_encodable(body)), status=status, mimetype=PROBLEM_JSON)


def _translated(error: DatabaseError) -> CrucibleError:
    try:
        with translated_errors():
            raise error
    except Unavailable as unavailable:
        return unavailable
    except DatabaseError:
        return Unavailable(f"the database cannot be used: {error.orig}")


def _encodable(value: Any) -> Any:
    """The same without halves of surrogate pairs: a name that a client sent may hold some."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return value
