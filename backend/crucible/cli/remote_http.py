"""One server over HTTP: what is sent, what is believed of what comes back, and the errors."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import urllib3

import crucible
from crucible.cli.text import clean
from crucible.errors import (
    Ambiguous,
    ConfigError,
    Conflict,
    CrucibleError,
    Invalid,
    NotFound,
    Precondition,
    Unavailable,
)

CONNECT_SECONDS = 3
SILENCE_SECONDS = 30
WHOLE_SECONDS = 300
"""An answer that drips in without an end is given up then."""
LARGEST = 64 * 2**20
CHUNK = 2**16
NO_SUCH_ADDRESS = "there is nothing at this address"
"""What the API says of a path that it does not have, unlike of a run or project."""
START = "Is `crucible serve` running there? --url and CRUCIBLE_URL name the server to ask."

_BY_CODE: Mapping[str, type[CrucibleError]] = {
    kind.code: kind for kind in (Ambiguous, Conflict, Invalid, NotFound, Precondition, Unavailable)
}
_BY_STATUS: Mapping[int, type[CrucibleError]] = {
    404: NotFound,
    409: Conflict,
    422: Invalid,
    503: Unavailable,
}


class Server:
    """Raises what the database here would raise; Unavailable when there is no such server."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._session = requests.Session()
        # Also without a token: it keeps `requests` from looking for a password in ~/.netrc.
        self._session.auth = _bearer(token)
        # A proxy for the world outside knows nothing of this machine's own addresses.
        self._session.trust_env = not _is_here(url)
        self._session.headers.update(
            {"Accept": "application/json", "User-Agent": f"crucible/{crucible.__version__}"}
        )

    def close(self) -> None:
        self._session.close()

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        return self._ask("GET", path, params=query)

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        # Not by `json=`, which cannot send halves of surrogate pairs; the server refuses them.
        data = None if body is None else json.dumps(body).encode()
        typed = {} if body is None else {"Content-Type": "application/json"}
        return self._ask("POST", path, data=data, headers={**typed, **(headers or {})})

    def strange(self, why: str) -> NoReturn:
        """Raises Unavailable: what answers is not what this command talks to."""
        raise Unavailable(
            f"{self._url} does not answer as an Int Crucible server: {why}",
            hint="Check the address, also its path if the server is behind a proxy.",
        )

    def _ask(self, method: str, path: str, **sent: Any) -> Any:
        with self._translated():
            # A redirect is told, not followed: the token is for the server that was named.
            with self._session.request(
                method,
                self._url + path,
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
                **sent,
            ) as response:
                raw = self._body(response)
        if 300 <= response.status_code < 400:
            to = clean(response.headers.get("Location", "another address"))[:200]
            self.strange(f"it redirects to {to}")
        if response.ok:
            return self._parsed(response, raw)
        return self._refused(response, raw)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.ConnectTimeout:
            self._unreachable(f"no connection within {CONNECT_SECONDS} s")
        except requests.exceptions.Timeout:
            self._unreachable(f"no answer within {SILENCE_SECONDS} s")
        except requests.exceptions.SSLError as error:
            self._unreachable(f"its certificate or TLS is not accepted: {_root(error)}")
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
        ) as error:
            self._unreachable(_root(error))

    def _unreachable(self, why: str) -> NoReturn:
        raise Unavailable(f"{self._url} cannot be reached: {why}", hint=START) from None

    def _body(self, response: requests.Response) -> bytes:
        found, deadline = bytearray(), time.monotonic() + WHOLE_SECONDS
        while some := response.raw.read1(CHUNK, decode_content=True):
            found += some
            if len(found) > LARGEST:
                self.strange(f"it sends more than {LARGEST // 2**20} MB")
            if time.monotonic() > deadline:
                self._unreachable(f"its answer did not end within {WHOLE_SECONDS} s")
        return bytes(found)

    def _parsed(self, response: requests.Response, raw: bytes) -> Any:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            self.strange(f"it sends {clean(kind)[:60] or 'no type'} instead of JSON")
        try:
            return json.loads(raw.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError):
            self.strange("its answer is not JSON")

    def _refused(self, response: requests.Response, raw: bytes) -> NoReturn:
        status = response.status_code
        problem = self._problem(response, raw)
        if status == 401:
            raise CrucibleError(
                f"{self._url} wants a token, or another one: {problem.detail or 'no access'}",
                hint="Put the server's CRUCIBLE_API_TOKEN into CRUCIBLE_API_TOKEN here.",
            )
        if status == 429:
            # Perhaps a proxy's, in words or a shape of its own.
            wait = response.headers.get("Retry-After", "")
            again = f"Ask again in {wait} s." if wait.isdecimal() and len(wait) < 6 else None
            raise CrucibleError(
                f"{self._url} answers nothing for now: {problem.detail or 'too many requests'}",
                hint=problem.hint or again or "Ask again in a minute.",
            )
        if not problem.code:
            self.strange(f"it answers with status {status}")
        if status == 404 and problem.detail == NO_SUCH_ADDRESS:
            self.strange("it does not know what is asked; is it of another version?")
        kind = _BY_CODE.get(problem.code) or _BY_STATUS.get(status, CrucibleError)
        detail = problem.detail or f"the server answers with status {status}"
        if issubclass(kind, Invalid):
            raise kind(detail, problem.errors, hint=problem.hint)
        raise kind(detail, hint=problem.hint)

    def _problem(self, response: requests.Response, raw: bytes) -> "Problem":
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/problem+json":
            return Problem({})
        try:
            found = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError):
            found = {}
        return Problem(found if isinstance(found, dict) else {})


class Problem:
    """What a problem says, without what it has no business to say on a terminal."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.code = _line(found.get("code"))
        self.detail = _line(found.get("detail"))
        self.hint = _line(found.get("hint")) or None
        errors = found.get("errors")
        self.errors = {
            _line(name): [_line(message) for message in messages if isinstance(message, str)]
            for name, messages in (errors.items() if isinstance(errors, dict) else ())
            if isinstance(messages, list)
        }


def _line(found: Any) -> str:
    return clean(found)[:1000] if isinstance(found, str) else ""


def _bearer(token: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    if token and not (token.isascii() and token.isprintable()):
        raise ConfigError("CRUCIBLE_API_TOKEN: its value is not printable ASCII")

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _root(error: BaseException) -> str:
    """The first cause in words: `requests` wraps it in two or three exceptions."""
    cause: Any = error
    while True:
        inner = getattr(cause, "reason", None) or cause.__context__ or cause.__cause__
        if not isinstance(inner, BaseException):
            break
        cause = inner
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror)
    return clean(str(cause))[:200] or type(cause).__name__


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")
