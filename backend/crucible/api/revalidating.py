"""ETag and If-None-Match: an answer that has not changed is not built again."""

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

import crucible
from crucible.api.json import answer
from crucible.api.state import state
from crucible.services.revision import NONE, Moments, state_of

# May be kept, and must be asked about each time.
CACHING = "no-cache"


def revalidated(session: Session, build: Callable[[], Any], moments: Moments = NONE) -> Response:
    """What `build` makes, with its tag; 304 without building it if the client has it already.

    `session` must come from `reading()`, which notices dead workers. The tag is read before the
    answer, in the same session: a change between the two leaves the older tag on the newer
    answer, and the next question finds it changed.
    """
    tag = _tag(state_of(session, state().clock.now(), moments))
    asked = request.if_none_match
    if asked.contains_weak(tag) and not asked.star_tag:
        return _marked(Response(status=304), tag)
    made = _marked(answer(build()), tag)
    # `*` asks whether there is anything at all, which only building it tells.
    return _marked(Response(status=304), tag) if asked.star_tag else made


def _tag(found: list[Any]) -> str:
    question = request.path, sorted(request.args.items(multi=True))
    # Another version may answer the same question otherwise. Not as JSON: a path may hold halves
    # of surrogate pairs.
    whole = repr((crucible.__version__, state().started, question, found))
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:24]


def _marked(response: Response, tag: str) -> Response:
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = CACHING
    return response
