"""`GET /metrics`, for Prometheus. Not under `/api`, and not in its document: it is no JSON."""

from typing import Any

from flask import Blueprint, Flask, Response, current_app, request

import crucible
from crucible.api.blueprint import nameless
from crucible.api.database import reading
from crucible.api.state import state
from crucible.errors import Invalid
from crucible.scrub import Scrubber
from crucible.services.tallies import Tallies

blueprint = Blueprint("metrics", __name__)
_TALLIES = "crucible-tallies"
# Titles are anybody's words: as for errors, what is removed must not tell this server's secrets.
_BY_SHAPE = Scrubber()


def register(app: Flask) -> None:
    app.extensions[_TALLIES] = Tallies()
    app.register_blueprint(blueprint)


@blueprint.route("/metrics")
def metrics() -> Response:
    """Sums over the history as it stands in the database, in the format that is asked for."""
    # Who scrapes needs it, and nobody else: it is left out of what serving waits for.
    from crucible.export import prometheus  # noqa: PLC0415

    for name in request.args:
        raise Invalid.field(name, "there is no such parameter") if name else nameless()
    here = state()
    tallies: Tallies = current_app.extensions[_TALLIES]
    body, media_type = prometheus.exposition(
        tallies.tell(reading, here.clock),
        request.headers.get("Accept", ""),
        version=crucible.__version__,
        max_active=_max_active(here.settings),
        clean=lambda text: _BY_SHAPE.line(text, prometheus.LONGEST),
    )
    response = Response(body, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def _max_active(settings: Any) -> int | None:
    """Of the process that executes; a fleet of workers may be of any size."""
    return settings.max_active_runs if settings.executor == "embedded" else None
