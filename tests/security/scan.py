"""Each kind of answer that a server gives, and the headers that it must and must not have."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.security.real import NAME, TOKEN, Answer, Server

from crucible.api.security import HEADERS

PROBLEM = "application/problem+json"
HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
JSON = "application/json"
NEVER = ("Server", "Via", "X-Powered-By", "Access-Control-Allow-Origin",
         "Access-Control-Allow-Credentials", "X-AspNet-Version", "WWW-Authenticate")  # fmt: skip
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LARGE = b'{"title": "' + b"x" * 3_000_000 + b'"}'
STRANGER = "127.0.0.77"
"""Where wrong tokens come from."""


@dataclass
class Kind:
    name: str
    asked: Callable[[Server], Answer]
    status: int
    type: str | None
    caching: str | None
    vary: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Headers that this kind alone has."""


def get(
    path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> Callable[[Server], Answer]:
    return lambda server: server.ask(method, path, body, **headers)


def raw(sent: bytes) -> Callable[[Server], Answer]:
    return lambda server: server.raw(sent)


def _asset(server: Server) -> str | None:
    found = re.search(rb'src="(/assets/[^"]+\.js)"', server.ask("GET", "/").body)
    return found[1].decode() if found else None


def _unchanged(server: Server) -> Answer:
    tag = server.ask("GET", "/api/projects", **BEARER).one("ETag")
    return server.ask("GET", "/api/projects", If_None_Match=str(tag), **BEARER)


def _deleted(server: Server) -> Answer:
    made = json.loads(server.ask("POST", "/api/projects", b'{"title": "x"}', **BEARER).body)
    return server.ask("DELETE", f"/api/projects/{made['id']}", **BEARER)


def _too_often(server: Server) -> Answer:
    wrong = {"Authorization": "Bearer wrong", "source": STRANGER}
    for _ in range(10):
        server.ask("GET", "/api/projects", **wrong)
    return server.ask("GET", "/api/projects", **wrong)


def kinds(server: Server) -> Iterator[Kind]:
    signing = json.dumps({"token": TOKEN}).encode()
    private, kept = "no-store, private", "no-cache, private"
    squeezed = ("Accept-Encoding",)
    both = ("Authorization", "Cookie", *squeezed)
    wrong = b'{"token": "wrong"}'
    yield Kind("the page", get("/"), 200, HTML, "no-cache", squeezed, ("ETag",))
    yield Kind("an address of the page", get("/projects/x/runs"), 200, HTML, "no-cache", squeezed)
    if asset := _asset(server):
        immutable = "public, max-age=31536000, immutable"
        script = "text/javascript; charset=utf-8"
        yield Kind("a file of the page", get(asset), 200, script, immutable, squeezed)
    yield Kind("no such file", get("/none"), 404, PROBLEM, "no-store", (*squeezed, "Accept"))
    person = get("/none", Accept="text/html")
    yield Kind("no such page", person, 404, HTML, "no-cache", (*squeezed, "Accept"))
    yield Kind("health", get("/api/health"), 200, JSON, "no-store", squeezed)
    yield Kind("session", get("/api/session"), 200, JSON, "no-store", squeezed)
    yield Kind("signed in", get("/api/session", "POST", signing), 204, None, "no-store", squeezed,
               ("Set-Cookie",))  # fmt: skip
    yield Kind("signed out", get("/api/session", "DELETE"), 204, None, "no-store", squeezed,
               ("Set-Cookie",))  # fmt: skip
    yield Kind("wrong token", get("/api/session", "POST", wrong, source=STRANGER), 401, PROBLEM,
               "no-store", squeezed, ("WWW-Authenticate",))  # fmt: skip
    yield Kind("no token", get("/api/projects"), 401, PROBLEM, private, both,
               ("WWW-Authenticate",))  # fmt: skip
    yield Kind("too many tries", _too_often, 429, PROBLEM, private, both, ("Retry-After",))
    cookie = server.cookie()
    yield Kind("a list, by token", get("/api/projects", **BEARER), 200, JSON, kept, both, ("ETag",))
    yield Kind("a list, by cookie", get("/api/projects", Cookie=cookie), 200, JSON, kept, both)
    yield Kind("its headers", get("/api/projects", "HEAD", **BEARER), 200, JSON, kept, both)
    yield Kind("unchanged", _unchanged, 304, None, kept, both, ("ETag",))
    yield Kind("made", get("/api/projects", "POST", b'{"title": "x"}', **BEARER), 201, JSON,
               private, both, ("Location",))  # fmt: skip
    yield Kind("deleted", _deleted, 204, None, private, both)
    yield Kind("OPTIONS", get("/api/projects", "OPTIONS", **BEARER), 204, None, private, both,
               ("Allow",))  # fmt: skip
    yield Kind("OpenAPI document", get("/api/openapi.json", **BEARER), 200, JSON, private, both)
    zipped = get("/api/openapi.json", Accept_Encoding="gzip", **BEARER)
    yield Kind("the same, compressed", zipped, 200, JSON, private, both, ("Content-Encoding",))
    yield Kind("document for people", get("/api/docs", **BEARER), 200, HTML, kept, both)
    yield Kind("its style", get("/api/docs.css", **BEARER), 200, CSS, kept, both)
    yield Kind("its other address", get("/api/docs/", **BEARER), 308, HTML, private, both,
               ("Location",))  # fmt: skip
    figures = "text/plain; version=0.0.4; charset=utf-8"
    yield Kind("metrics", get("/metrics", **BEARER), 200, figures, private, (*both, "Accept"))
    yield Kind(
        "not JSON", get("/api/projects", "POST", b"{", **BEARER), 400, PROBLEM, private, both
    )
    evil = get("/api/projects", "POST", b"{}", Origin="http://evil.example", **BEARER)
    yield Kind("foreign page", evil, 403, PROBLEM, private, both)
    yield Kind("no such run", get("/api/runs/none", **BEARER), 404, PROBLEM, private, both)
    yield Kind("wrong method", get("/api/projects", "PATCH", **BEARER), 405, PROBLEM, private, both,
               ("Allow",))  # fmt: skip
    yield Kind("body over 2 MiB", get("/api/projects", "POST", LARGE, **BEARER), 413, PROBLEM,
               private, both)  # fmt: skip
    plain = get("/api/projects", "POST", b"{}", Content_Type="text/plain", **BEARER)
    yield Kind("body of another type", plain, 415, PROBLEM, private, both)
    yield Kind("foreign host", get("/", Host=f"evil.{NAME}"), 421, PROBLEM, "no-store", squeezed)
    yield Kind("wrong parameter", get("/api/runs/summary?limit=0", **BEARER), 422, PROBLEM, private,
               both)  # fmt: skip
    # What waitress answers before the application is asked.
    yield Kind("not HTTP", raw(b"hello there\r\n\r\n"), 400, PROBLEM, "no-store")
    huge = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n"
    yield Kind("body over 4 MiB", raw(huge), 413, PROBLEM, "no-store")
    long = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 66_000 + b"\r\n\r\n"
    yield Kind("headers over 64 KiB", raw(long), 431, PROBLEM, "no-store")
    odd = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: rot13\r\n\r\n"
    yield Kind("unknown transfer", raw(odd), 501, PROBLEM, "no-store")


def faults(kind: Kind, answer: Answer) -> list[str]:
    """What is wrong with it, in words; nothing, when all is as it should be."""
    found = []
    if answer.status != kind.status:
        found.append(f"status {answer.status} instead of {kind.status}")
    expected = {**HEADERS, "Content-Type": kind.type, "Cache-Control": kind.caching}
    for name, value in expected.items():
        if answer.all(name) != ([] if value is None else [value]):
            found.append(f"{name}: {answer.all(name)} instead of {value}")
    if vary(answer) != sorted(kind.vary):
        found.append(f"Vary: {vary(answer)} instead of {kind.vary}")
    for name in ("Date", "X-Request-Id", *kind.also):
        if answer.one(name) is None:
            found.append(f"{name} is missing")
    if kind.status not in (204, 304) and answer.one("Content-Length") is None:
        found.append("its length is missing")
    for name in {*NEVER, "Set-Cookie", "WWW-Authenticate"} - set(kind.also):
        if answer.all(name):
            found.append(f"{name}: {answer.all(name)}")
    whole = repr(answer.headers).encode() + answer.body
    if TOKEN.encode() in whole:
        found.append("it shows the token")
    if any(word in whole.lower() for word in (b"waitress", b"werkzeug", b"gunicorn", b"python")):
        found.append("it names what it is made of")
    return found


def vary(answer: Answer) -> list[str]:
    return sorted(each.strip() for each in (answer.one("Vary") or "").split(",") if each)


def table(server: Server) -> tuple[str, list[str]]:
    """A line for each kind of answer, and everything that is wrong with any."""
    lines = ["| Answer | Status | Type | Cache-Control | Vary | Besides | Missing or too much |",
             "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    wrong = []
    for kind in kinds(server):
        answer = kind.asked(server)
        found = faults(kind, answer)
        wrong += [f"{kind.name}: {each}" for each in found]
        shown = [kind.name, answer.status, (answer.one("Content-Type") or "-").partition(";")[0],
                 answer.one("Cache-Control") or "-", ", ".join(vary(answer)) or "-",
                 ", ".join(kind.also) or "-", "; ".join(found) or "nothing"]  # fmt: skip
        lines.append("| " + " | ".join(map(str, shown)) + " |")
    return "\n".join(lines), wrong
