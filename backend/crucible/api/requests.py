"""Every request has an id, which its answer and its lines in the log carry, and one line of its
own when it is done."""

import logging
import re

from flask import Flask, Response, g, request

from crucible import context
from crucible.api.state import state
from crucible.ids import new_id

HEADER = "X-Request-Id"
LONGEST = 128
# It goes back in a header, and into a log, where a blank or a bracket could feign a line.
_SANE = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST}}}")
log = logging.getLogger("crucible.access")


def register_requests(app: Flask) -> None:
    """To be registered before anything else that looks at requests: it begins first and ends
    last."""

    @app.before_request
    def _begin() -> None:
        g.began = state().clock.monotonic()
        given = request.headers.get(HEADER, "")
        g.request_id = given if _SANE.fullmatch(given) else new_id()
        context.request_id.set(g.request_id)

    @app.after_request
    def _end(response: Response) -> Response:
        if response.status_code in (204, 304):
            response.headers.pop("Content-Type", None)  # of nothing
        if (own := current_id()) is not None:
            response.headers[HEADER] = own
            _log(response)
        return response

    @app.teardown_request
    def _forget(_error: BaseException | None) -> None:
        # Threads are used again; what they log between requests belongs to none.
        context.request_id.set(None)


def current_id() -> str | None:
    found: str | None = g.get("request_id")
    return found


def _log(response: Response) -> None:
    # The path alone: a query may quote anything, and is no part of which route it was.
    ms = round((state().clock.monotonic() - g.began) * 1000, 1)
    size = response.content_length or response.calculate_content_length()
    path = state().scrub.line(request.path, 200)
    fields = {
        "method": request.method,
        "path": path,
        "status": response.status_code,
        "ms": ms,
        "bytes": 0 if request.method == "HEAD" else size or 0,
        "run_id": _run_id(),
    }
    log.info("%s %s %s %s ms", request.method, path, response.status_code, ms, extra=fields)


def _run_id() -> str | None:
    """The run asked about, in the words of the address where they may stand in a log."""
    found = (request.view_args or {}).get("run_id")
    return found if isinstance(found, str) and _SANE.fullmatch(found) else None
