"""Serves the page that was built into the package."""

from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory

WEB = Path(__file__).resolve().parents[1] / "_web"
YEAR_SECONDS = 31_536_000
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Int Crucible</title>
<p>The page has not been built: run <code>make web</code>, or use the API under
<a href="/api/health">/api</a> and the command <code>crucible</code>.</p></html>
"""

blueprint = Blueprint("pages", __name__)


@blueprint.route("/")
@blueprint.route("/projects/<path:_rest>")
@blueprint.route("/runs/<_rest>/results")
def index(_rest: str = "") -> Response:
    """The one document of the page: its own router reads the address."""
    if not (WEB / "index.html").is_file():
        return Response(_NOT_BUILT, mimetype="text/html")
    response = send_from_directory(WEB, "index.html")
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.route("/assets/<path:name>")
def asset(name: str) -> Response:
    """A file whose name carries the hash of its content."""
    if "\0" in name:
        abort(404)
    response = send_from_directory(WEB / "assets", name)
    response.cache_control.no_cache = None
    response.cache_control.public = True
    response.cache_control.max_age = YEAR_SECONDS
    response.cache_control.immutable = True
    return response


@blueprint.route("/<name>")
def file(name: str) -> Response:
    """A file beside the document, such as its icon."""
    if "\0" in name or name == "index.html":
        abort(404)
    response = send_from_directory(WEB, name)
    response.headers["Cache-Control"] = "no-cache"
    return response
