"""Who may ask: this machine's own pages and programs, under this server's own name."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, HTTPException

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Misdirected(HTTPException):
    code = 421
    name = "Misdirected Request"
    description = "this server does not answer under that name"


def register_guards(app: Flask, bound_host: str) -> None:
    bound = bound_host.strip("[]").lower()

    @app.before_request
    def _guard() -> None:
        # A page elsewhere can point its own name at this machine: the name gives it away.
        host = _hostname(f"//{request.headers.get('Host', '')}")
        if host is None or not (host == bound or _is_loopback(host)):
            raise Misdirected
        if request.method not in SAFE_METHODS:
            _refuse_foreign_origin()

    @app.after_request
    def _headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _refuse_foreign_origin() -> None:
    origin = request.headers.get("Origin")
    if origin is None:  # not a browser, or its own page before it had an origin to send
        return
    if _netloc(origin) != request.headers.get("Host", "").lower():
        raise Forbidden("a page of another origin may not change anything here")


def _netloc(origin: str) -> str | None:
    """`host:port` of an origin, None for one that is opaque or broken."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") else None


def _hostname(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises for one that is not a number
        return parts.hostname
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
