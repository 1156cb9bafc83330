"""What all operations of the document have in common: headers, errors, text that can be sent."""

from typing import Any

from crucible.api.access import COOKIE, FREE_PATHS
from crucible.api.blueprint import PROBLEM_JSON

_REF = "#/components"
_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Weak. Changes whenever the answer would; `generated_at` and the growing "
        "duration of a live run aside.",
        "schema": {"type": "string"},
        "example": 'W/"5f0c2a7d9be14d0c8a3e6b21"',
    },
    "Location": {"description": "Where it is found from now on.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds after which the same may well work. Absent where waiting does not "
        "help.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
    "X-Request-Id": {
        "description": "The request's id: the one it came with, or a new one. The server's log has "
        "it too.",
        "schema": {"type": "string"},
    },
}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "description": "`ETag` of an answer to the same question: 304 while it would be the same.",
    "schema": {"type": "string"},
    "example": 'W/"5f0c2a7d9be14d0c8a3e6b21"',
}
_REQUEST_ID = {
    "in": "header",
    "name": "X-Request-Id",
    "description": "An id of the caller's for this request: up to 128 letters, digits, dots, "
    "hyphens and underscores. Any other is replaced.",
    "schema": {"type": "string"},
}
_READ = {
    "401": ("Unauthorized", "The server asks for a token, and this was none or a wrong one."),
    "429": ("TooManyTries", "Too many wrong tokens came from this address."),
    "421": ("Misdirected", "The request names a host that this server does not answer for."),
    "503": ("Unavailable", "The database cannot be used just now."),
}
_WRITE = {"403": ("ForeignOrigin", "A page of another origin asked for a change."), **_READ}
_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The server's `CRUCIBLE_API_TOKEN`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "What `POST /api/session` sets for the token.",
    },
}
_BODY = {
    "400": ("Malformed", "The body is not JSON in UTF-8."),
    "413": ("TooLarge", "The body is larger than 2 MiB."),
    "415": ("NotJson", "The body is not sent as application/json."),
}


def complete(document: dict[str, Any]) -> None:
    """Adds them, in place."""
    components = document["components"]
    components["headers"] = dict(_HEADERS)
    for name, text in {**_WRITE, **_BODY}.values():
        components["responses"][name] = _problem(text)
    components["parameters"] = {"IfNoneMatch": _IF_NONE_MATCH, "RequestId": _REQUEST_ID}
    components["securitySchemes"] = dict(_SCHEMES)
    # Also neither: a server without a token asks for none.
    document["security"] = [{"token": []}, {"session": []}, {}]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                _complete(method, operation, free=path in FREE_PATHS)
    for response in components["responses"].values():
        _add_headers(response, "X-Request-Id")


def _complete(method: str, operation: dict[str, Any], *, free: bool) -> None:
    operation["summary"] = " ".join(operation["summary"].split())
    responses = operation["responses"]
    common = _READ if method == "get" else _WRITE
    if "requestBody" in operation:
        common = {**common, **_BODY}
    for status, (name, _) in common.items():
        if not (free and status in ("401", "429")):
            responses.setdefault(status, {"$ref": f"{_REF}/responses/{name}"})
    if free:
        operation["security"] = []
    operation["parameters"].append({"$ref": f"{_REF}/parameters/RequestId"})
    if "304" in responses:
        operation["parameters"].append({"$ref": f"{_REF}/parameters/IfNoneMatch"})
    for status, response in responses.items():
        if "$ref" not in response:
            _add_headers(response, *_headers_of(status, "304" in responses, method))
    operation["responses"] = dict(sorted(responses.items()))


def _headers_of(status: str, tagged: bool, method: str) -> list[str]:
    found = ["X-Request-Id"]
    if tagged and status in ("200", "304"):
        found.append("ETag")
    if method == "post" and status in ("201", "202"):
        found.append("Location")
    if status == "409":
        found.append("Retry-After")
    return found


def _add_headers(response: dict[str, Any], *names: str) -> None:
    headers = response.setdefault("headers", {})
    headers.update({name: {"$ref": f"{_REF}/headers/{name}"} for name in names})


def _problem(description: str) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": description,
        "content": {PROBLEM_JSON: {"schema": {"$ref": f"{_REF}/schemas/Problem"}}},
    }
    if description in (_READ["429"][1], _READ["503"][1]):
        _add_headers(response, "Retry-After")
    if description is _READ["401"][1]:
        _add_headers(response, "WWW-Authenticate")
    return response
