"""Every error becomes problem+json, here and nowhere else."""

import logging
import traceback
from collections.abc import Mapping
from itertools import islice
from typing import Any

import orjson
from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from crucible.api.blueprint import PROBLEM_JSON
from crucible.api.requests import current_id
from crucible.db import translated_errors
from crucible.errors import Ambiguous, CrucibleError, Invalid, Precondition, Unavailable
from crucible.errors import NotFound as NothingThere
from crucible.scrub import Scrubber

log = logging.getLogger(__name__)

MOST_ERRORS = 50
"""Fields named in one answer: a body may have a hundred thousand wrong ones."""
LONGEST, LONGEST_NAME = 1000, 300

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


_ECHOES = (Invalid, NothingThere, Ambiguous)
# What looks like a key goes, whichever keys this server has.
_BY_SHAPE = Scrubber()


class Problems:
    """The handlers of an application. What they log, and what they say of this server, is scrubbed
    of its secrets. What repeats the sender is not: whoever asks with guesses would see which of
    them was removed."""

    def __init__(self, scrub: Scrubber) -> None:
        self._scrub = scrub

    def register(self, app: Flask) -> None:
        app.register_error_handler(CrucibleError, self.ours)
        app.register_error_handler(HTTPException, self.http)
        app.register_error_handler(DBAPIError, self.database)
        app.register_error_handler(PoolTimeout, self.database)
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
            retry_after=error.retry_after,
            scrub=_BY_SHAPE if _repeats_sender(error) else self._scrub,
        )

    def http(self, error: HTTPException) -> Response:
        status = error.code or 500
        detail = error.description or error.name
        response = self._problem(
            status,
            code=_CODES.get(status, "http"),
            title=error.name,
            detail=_DETAILS.get(detail, detail),
            hint=getattr(error, "hint", None),
            scrub=_BY_SHAPE if status < 500 else self._scrub,
        )
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
        return response

    def database(self, error: DBAPIError | PoolTimeout) -> Response:
        try:
            with translated_errors():
                raise error
        except Unavailable as unavailable:
            return self.ours(unavailable)
        except DBAPIError:
            return self.unexpected(error)  # a broken constraint or statement is a fault of ours

    def unexpected(self, error: Exception) -> Response:
        # Formatted here: a traceback shows the error's text, which may quote anything.
        trace = "".join(traceback.format_exception(error))
        log.error("%s failed\n%s", self._asked(), self._scrub(trace))
        return self._problem(
            500,
            code=CrucibleError.code,
            title=CrucibleError.title,
            detail="This is a fault in Int Crucible; the server's log has the details.",
            scrub=self._scrub,
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
        scrub: Scrubber,
        errors: Mapping[str, list[str]] | None = None,
        hint: str | None = None,
        retry_after: int | None = None,
    ) -> Response:
        line = scrub.line
        named = islice((errors or {}).items(), MOST_ERRORS)
        body = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": line(detail, LONGEST),
            "code": code,
            "errors": {
                line(n, LONGEST_NAME): [line(m, LONGEST) for m in found[:MOST_ERRORS]]
                for n, found in named
            },
            "hint": hint,
            "request_id": current_id(),
        }
        response = Response(orjson.dumps(_encodable(body)), status=status, mimetype=PROBLEM_JSON)
        if retry_after is not None:
            response.headers["Retry-After"] = str(retry_after)
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response


def _repeats_sender(error: CrucibleError) -> bool:
    # A precondition is about this server and what it was set to.
    return isinstance(error, _ECHOES) and not isinstance(error, Precondition)


def _encodable(value: Any) -> Any:
    """The same without halves of surrogate pairs: a name that a client sent may hold some."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return value
