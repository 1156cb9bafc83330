"""One question to one address, believed as far as it makes sense."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

import crucible
from crucible.doctor.case import is_here

SECONDS = 5
LARGEST = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    found: Any
    """The decoded JSON; None where it is none."""

    @property
    def date(self) -> datetime | None:
        """When it was made, by the clock of who made it, to the second."""
        try:
            made = parsedate_to_datetime(self.headers.get("Date", ""))
            age = int(self.headers.get("Age", "0"))
        except (ValueError, TypeError):
            return None
        if made.tzinfo is None or age:  # something on the way kept it
            return None
        return made.astimezone(UTC)


class NoAnswer(Exception):
    """The text says why."""


def ask(url: str, token: str | None = None) -> Answer:
    """GET, without following a redirect. Raises NoAnswer."""
    with requests.Session() as session:
        # Also without a token: it keeps `requests` from looking for a password in ~/.netrc.
        session.auth = _bearer(token)
        session.trust_env = not is_here(urlsplit(url).hostname)
        session.headers.update(
            {"Accept": "application/json", "User-Agent": f"crucible/{crucible.__version__}"}
        )
        try:
            with session.get(url, stream=True, allow_redirects=False, timeout=SECONDS) as response:
                return Answer(response.status_code, response.headers, _json(response))
        # urllib3's own come out of reading a body piece by piece.
        except (requests.RequestException, HTTPError, ValueError, OSError) as error:
            raise NoAnswer(_root(error)) from error


def _bearer(token: str | None) -> Any:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _json(response: requests.Response) -> Any:
    raw = response.raw.read(LARGEST, decode_content=True)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _root(error: BaseException) -> str:
    """The first cause in words: `requests` wraps it in two or three exceptions."""
    cause: Any = error
    while isinstance(
        inner := getattr(cause, "reason", None) or cause.__context__ or cause.__cause__,
        BaseException,
    ):
        cause = inner
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror).lower()
    return str(cause)[:200] or type(cause).__name__
