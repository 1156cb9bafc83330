"""Any endpoint that speaks OpenAI's chat completions, over pooled connections."""

import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ReadTimeoutError,
)

from crucible.clock import Clock, SystemClock
from crucible.errors import CrucibleError, ErrorKind, Precondition
from crucible.llm.connections import Connections
from crucible.llm.protocol import Prompt, ProviderFailure, Reply
from crucible.llm.replies import decode, error_message, model_name, read_reply
from crucible.llm.shape import Shape, adapted, request_body
from crucible.llm.usage import UNREPORTED, read_usage
from crucible.llm.watch import Watch
from crucible.models.values import Outcome

CONNECT_SECONDS = 10.0
# Stands for an answer that came and cannot be read: no JSON, whatever it was.
UNREADABLE = b"(its answer cannot be decoded)"
# A reader of ours may not be filled up by an endpoint that never stops talking. The longest answer
# that is ever asked for takes a tenth of this; an error says what it has to say at its beginning.
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_ERROR_BYTES = 256 * 1024
TOO_LONG = f"it is longer than {MAX_BODY_BYTES // 2**20} MB, and was not read to its end"
REASONS = {
    400: "bad request",
    401: "not authorised",
    402: "payment required",
    403: "forbidden",
    404: "not found",
    408: "request timeout",
    413: "request too large",
    422: "request refused",
    429: "rate limited",
    500: "server error",
    502: "bad gateway",
    503: "unavailable",
    504: "gateway timeout",
    529: "overloaded",
}
RETRYABLE = {408, 409, 425, 429}


class OpenAICompatible:
    """One endpoint and model, for one run: what the endpoint refuses is learned and kept.

    A subclass may override `endpoint`, which gives the base address for the duration of a call,
    and `body`.
    """

    free = False
    concurrency: int | None = None
    trust_env = True
    """Whether a proxy and certificates named in the environment are used."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str | None,
        model: str,
        provider: str = "openai",
        timeout_seconds: float = 120.0,
        connections: int = 4,
        clock: Clock | None = None,
    ) -> None:
        self.model = model
        self.provider = provider
        self.notes: Sequence[str] = ()
        self._base_url = base_url
        self._timeout = timeout_seconds
        self._clock = clock or SystemClock()
        self._shape = Shape()
        self._lock = threading.Lock()
        self._connections = Connections(api_key, connections, trust_env=self.trust_env)

    def send(self, prompt: Prompt) -> Reply:
        """One HTTP attempt. Raises ProviderFailure."""
        shape = self._shape
        try:
            with self.endpoint() as base_url:
                status, headers, raw = self._post(base_url, self.body(prompt, shape))
        except CrucibleError as error:
            raise _no_endpoint(error) from error
        if 200 <= status < 300:
            if len(raw) > MAX_BODY_BYTES:
                return Reply(None, None, UNREPORTED, problem=TOO_LONG)
            return read_reply(decode(raw))
        content = decode(raw)
        failure = self._failure(status, headers, content)
        if status in (400, 422) and self._adapt(shape, failure.detail or ""):
            failure.adapted = True
        raise failure

    @property
    def takes_token_limit(self) -> bool:
        return "max_tokens" not in self._shape.dropped

    def endpoint(self) -> AbstractContextManager[str]:
        return nullcontext(self._base_url)

    def body(self, prompt: Prompt, shape: Shape) -> dict[str, Any]:
        return request_body(self.model, prompt, shape)

    def close(self) -> None:
        self._connections.close()

    def _post(self, base_url: str, body: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body."""
        deadline = self._clock.monotonic() + self._timeout
        timeout = Timeout(connect=min(CONNECT_SECONDS, self._timeout), read=self._timeout)
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        watch = Watch(self._timeout)
        try:
            with (
                watch,
                self._connections.post(f"{base_url}/chat/completions", data, timeout) as response,
            ):
                return response.status, response.headers, self._read(response, deadline)
        except (requests.RequestException, HTTPError, LocationValueError) as error:
            expired = requests.ReadTimeout("the answer did not end in time")
            raise self._no_answer(expired if watch.expired else error) from error

    def _read(self, response: BaseHTTPResponse, deadline: float) -> bytes:
        """The body, within the deadline: a trickle of bytes cannot keep a call alive for ever. Of
        one that is too long a little more than the limit."""
        good = 200 <= response.status < 300
        limit, read = MAX_BODY_BYTES if good else MAX_ERROR_BYTES, bytearray()
        try:
            # `read1` gives what has come; a larger read would wait, past the deadline, for more.
            while chunk := response.read1(65536, decode_content=True):
                read += chunk
                if len(read) > limit:
                    break
                if self._clock.monotonic() > deadline:
                    raise requests.ReadTimeout("the answer did not end in time")
        except DecodeError:
            return UNREADABLE
        return bytes(read)

    def _no_answer(self, error: Exception) -> ProviderFailure:
        detail = _cause(error)
        never_sent = _never_connected(error)
        if isinstance(error, requests.Timeout | ReadTimeoutError) and not never_sent:
            return ProviderFailure(
                ErrorKind.PROVIDER_UNREACHABLE,
                Outcome.TIMEOUT,
                f"provider timed out (no answer within {self._timeout:g} s)",
                detail,
                retryable=True,
            )
        reason = (
            "provider could not be reached" if never_sent else "provider hung up before answering"
        )
        return ProviderFailure(
            ErrorKind.PROVIDER_UNREACHABLE,
            Outcome.ERROR,
            reason,
            detail,
            retryable=True,
            sent=not never_sent,
        )

    def _failure(self, status: int, headers: Mapping[str, str], content: Any) -> ProviderFailure:
        words = REASONS.get(status, "error" if status >= 400 else "a redirect, not followed")
        failure = ProviderFailure(
            kind=_kind(status),
            outcome=Outcome.ERROR,
            reason=f"provider answered {status} ({words})",
            detail=error_message(content),
            http_status=status,
            retryable=status in RETRYABLE or status >= 500,
            retry_after=self._retry_after(headers),
        )
        if isinstance(content, Mapping):
            failure.usage = read_usage(content)
            failure.model_served = model_name(content)
        return failure

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        value = (headers.get("Retry-After") or "").strip()
        if not value:
            return None
        try:
            seconds = float(value)
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(value) - self._clock.now()).total_seconds()
            except (ValueError, TypeError):
                return None
        # NaN compares false with everything and so falls to the lower bound.
        return seconds if 0 < seconds < 1e9 else 0.0

    def _adapt(self, used: Shape, message: str) -> bool:
        """Changes the form of later requests after a refusal; True when asking again may help."""
        with self._lock:
            if used != self._shape:  # another call in flight has already learned it
                return True
            changed, note = adapted(used, message)
            if changed is None:
                return False
            self._shape = changed
            self.notes = (*self.notes, note)
            return True


def _no_endpoint(error: CrucibleError) -> ProviderFailure:
    missing = isinstance(error, Precondition)
    return ProviderFailure(
        ErrorKind.PRECONDITION if missing else ErrorKind.PROVIDER_UNREACHABLE,
        Outcome.ERROR,
        "the embedded model could not be started",
        error.message,
        sent=False,
        hint=error.hint,
    )


def _kind(status: int) -> ErrorKind:
    if status in (401, 403):
        return ErrorKind.PROVIDER_AUTH
    if status == 429:
        return ErrorKind.PROVIDER_RATE_LIMITED
    return ErrorKind.PROVIDER_ERROR


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = [error]
    for arg in error.args:
        if isinstance(arg, BaseException):
            found += _causes(arg)
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        found += _causes(reason)
    return found


def _never_connected(error: Exception) -> bool:
    never = (requests.ConnectTimeout, NewConnectionError, ConnectTimeoutError)
    return any(isinstance(cause, never) for cause in _causes(error))


def _cause(error: Exception) -> str:
    return str(_causes(error)[-1])[:2000]
