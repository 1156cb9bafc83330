"""Who may ask, under which name, from which page; and what a browser may do with the answer."""

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import Forbidden, HTTPException

from crucible.api.access import access, is_closed, is_secure
from crucible.api.addresses import Address, Names, is_foreign_fetch
from crucible.config import Settings

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_UNUSED = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid",
    "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "serial", "usb",
)  # fmt: skip
HEADERS = {
    # Nothing from elsewhere, nothing inline, no eval. `data:` is the empty icon of /api/docs.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer, whoever gives it."""


class Misdirected(HTTPException):
    code = 421
    name = "Misdirected Request"
    description = "this server does not answer under that name"
    hint = (
        "CRUCIBLE_ALLOWED_HOSTS of the server adds names to `localhost` and IP addresses; behind a "
        "proxy, let it pass on `Host`."
    )


def register_guards(app: Flask, settings: Settings) -> None:
    names = Names(frozenset(settings.allowed_hosts))

    @app.before_request
    def _guard() -> Response | None:
        target = request.environ.get("REQUEST_URI", "")
        host = names.asked(request.headers.get("Host", ""), target)
        if host is None:
            raise Misdirected
        if request.method not in SAFE_METHODS:
            _refuse_foreign_pages(names, host)
        if is_closed():
            access().check()
        return _options()

    @app.after_request
    def _headers(response: Response) -> Response:
        _keep_scheme(response)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        closed = is_closed()
        if closed or request.path.startswith("/api/") or response.status_code >= 400:
            response.headers.setdefault("Cache-Control", "no-store")
        if closed and access().required:
            response.cache_control.private = True
            response.vary.update(("Authorization", "Cookie"))
        return response


def _refuse_foreign_pages(names: Names, host: Address) -> None:
    origin = request.headers.get("Origin")
    foreign = is_foreign_fetch(request.headers.get("Sec-Fetch-Site"))
    # Without either header it is not a page.
    if foreign or (origin is not None and not names.is_own_page(origin, host, is_secure())):
        raise Forbidden("a page of another origin may not change anything here")


def _keep_scheme(response: Response) -> None:
    """Sends to another path of this server without a word of its scheme and name: a proxy in front
    may have been asked under others."""
    own = request.host_url
    if response.status_code != 308 or not (response.location or "").startswith(own):
        return
    path = "/" + str(response.location)[len(own) :]
    if not path.startswith("//"):  # that would be a host
        response.location = path
        response.set_data(b"")
        response.headers.pop("Content-Type", None)


def _options() -> Response | None:
    """Which methods an address takes. Flask's own answer is an empty page of HTML."""
    if request.method != "OPTIONS" or request.url_rule is None:
        return None
    response = current_app.make_default_options_response()
    response.status_code = 204
    return response
