"""What Kosmos raises, told in our kinds of failure."""

from collections.abc import Iterator, Mapping

from crucible.errors import ErrorKind
from crucible.llm.openai_compatible import REASONS, RETRYABLE
from crucible.llm.protocol import ProviderFailure
from crucible.llm.usage import read_usage
from crucible.models.values import Outcome
from crucible.scrub import Scrubber

# Errors of its SDKs are told apart by the names of their classes: which of the SDKs (and of the
# HTTP libraries below them) are installed is Kosmos's business.
NEVER_CONNECTED = {
    "ConnectError",
    "ConnectTimeout",
    "ConnectTimeoutError",
    "NewConnectionError",
    "ClientConnectorError",
    "ConnectionRefusedError",
    "gaierror",
}
TIMED_OUT = {"APITimeoutError", "TimeoutException", "Timeout", "TimeoutError"}
HUNG_UP = {"APIConnectionError", "TransportError", "ConnectionError"}


def failure_of(error: BaseException, scrub: Scrubber) -> ProviderFailure:
    """What became of a call, from the error below the one that Kosmos raises.

    The last attempt of its SDK decides, as the note on retries says.
    """
    raw = _innermost(error)
    causes = [{kind.__name__ for kind in type(cause).__mro__} for cause in _causes(raw)]
    detail = scrub.text(str(error), 2000)
    if any(names & NEVER_CONNECTED for names in causes):
        return _unreachable("Kosmos could not reach its provider", detail, sent=False)
    if any(names & TIMED_OUT for names in causes):
        return timed_out("Kosmos's provider timed out", detail)
    # Before the status: one library gives errors without an answer the status 500.
    if any(names & HUNG_UP for names in causes):
        return _unreachable("Kosmos's provider hung up before answering", detail, sent=True)
    recoverable = getattr(error, "recoverable", True) is not False
    status = _status(raw) or _status(error)
    if status is not None:
        return _answered(status, raw, detail, recoverable)
    # An answer that Kosmos could not read ends here too: it may have been charged.
    return ProviderFailure(
        ErrorKind.PROVIDER_ERROR,
        Outcome.ERROR,
        f"Kosmos failed without saying what its provider answered ({type(raw).__name__})",
        detail,
        retryable=recoverable,
    )


def _answered(status: int, raw: BaseException, detail: str, recoverable: bool) -> ProviderFailure:
    kinds = {
        401: ErrorKind.PROVIDER_AUTH,
        403: ErrorKind.PROVIDER_AUTH,
        429: ErrorKind.PROVIDER_RATE_LIMITED,
    }
    return ProviderFailure(
        kinds.get(status, ErrorKind.PROVIDER_ERROR),
        Outcome.ERROR,
        f"Kosmos's provider answered {status} ({REASONS.get(status, 'error')})",
        detail,
        http_status=status,
        retryable=recoverable and (status in RETRYABLE or status >= 500),
        retry_after=_retry_after(raw),
        usage=read_usage(getattr(raw, "body", None)),
    )


def _unreachable(reason: str, detail: str, *, sent: bool) -> ProviderFailure:
    kind = ErrorKind.PROVIDER_UNREACHABLE
    return ProviderFailure(kind, Outcome.ERROR, reason, detail, retryable=True, sent=sent)


def timed_out(reason: str, detail: str | None = None) -> ProviderFailure:
    kind = ErrorKind.PROVIDER_UNREACHABLE
    return ProviderFailure(kind, Outcome.TIMEOUT, reason, detail, retryable=True)


def _innermost(error: BaseException) -> BaseException:
    for _ in range(10):  # never in a circle
        raw = getattr(error, "raw_error", None)
        if not isinstance(raw, BaseException):
            break
        error = raw
    return error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from; `__context__` may hold an earlier attempt."""
    cause: BaseException | None = error
    for _ in range(10):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__


def _status(error: BaseException) -> int | None:
    """The status of an answer that was none; anything else in its place is not believed."""
    value = getattr(error, "status_code", None)
    return value if type(value) is int and 300 <= value <= 599 else None


def _retry_after(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return None
    try:
        seconds = float(headers.get("retry-after") or headers.get("Retry-After") or "")
    except (TypeError, ValueError):
        return None
    # NaN compares false with everything and so falls to the lower bound.
    return seconds if 0 < seconds < 1e9 else 0.0
