"""Serves the page that was built into the package."""

from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory

WEB = Path(__file__).resolve().parents[1] / "_web"
YEAR_SECONDS = 31_536_000
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Int Crucible</title>
<p>This installation has no page. In a checkout, run <code>make page</code>; else install it again
from a wheel that <code>make build</code> made. The API under <a href="/api/health">/api</a> and the
command <code>crucible</code> work without it.</p></html>
"""

# Where an unknown address is told as data, whoever asks.
_NOT_PAGES = ("api", "metrics", "assets")

blueprint = Blueprint("pages", __name__)


@blueprint.route("/")
@blueprint.route("/projects", strict_slashes=False)
@blueprint.route("/projects/<path:_rest>")
@blueprint.route("/runs/<_rest>", strict_slashes=False)
@blueprint.route("/runs/<_rest>/results", strict_slashes=False)
def index(_rest: str = "") -> Response:
    """The one document of the page: its own router reads the address."""
    return _document()


@blueprint.after_app_request
def nowhere(response: Response) -> Response:
    """A person who came to an unknown address reads so in the page, not in JSON.

    A look at the answer rather than a handler of its own: which addresses there are is known when
    all routes have been tried, and programs keep the problem that was made for them.
    """
    if response.status_code != 404 or request.path.lstrip("/").split("/")[0] in _NOT_PAGES:
        return response
    if _is_navigation():
        response.close()
        # Whole, whatever part or change of it was asked for: a 304 would be a blank page.
        response = _document(conditional=False)
        response.status_code = 404
    response.vary.add("Accept")
    return response


def _is_navigation() -> bool:
    """A browser asks for HTML by name when somebody follows a link; its scripts do not."""
    asked = {kind.split(";")[0].strip() for kind in request.accept_mimetypes.values()}
    return request.method in ("GET", "HEAD") and "text/html" in asked


def _document(*, conditional: bool = True) -> Response:
    if not (WEB / "index.html").is_file():
        return Response(_NOT_BUILT, mimetype="text/html")
    response = send_from_directory(WEB, "index.html", conditional=conditional)
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
