"""What can go wrong, as two trees.

    CrucibleError            a question or command that cannot be answered
      ConfigError            a setting is wrong
      Invalid                a field or parameter is wrong: `errors` names it
        Precondition         what is asked cannot work yet: `hint` says what to do
      NotFound               no such thing
      Conflict               not in this state
        Ambiguous            an abbreviation that fits several things
        NoTokenNeeded        signing in where nobody has to
      Unauthorized           without the server's token
      TooManyTries           too many wrong tokens
      Unavailable            database, server or model out of reach
    RunFailure               a run ends as `failed`; carries one of `ErrorKind`

Each edge translates the first tree once: `api/errors.py` to problem+json, `cli/errors.py` to an
exit code. The second is written into the run by the recorder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CrucibleError(Exception):
    code = "internal"
    status = 500
    exit_code = 1
    title = "Internal error"

    def __init__(
        self, message: str, *, hint: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.retry_after = retry_after
        """Seconds after which the same may well work; None where waiting does not help."""


class ConfigError(CrucibleError):
    code = "config"
    exit_code = 2
    title = "A setting is wrong"


class Invalid(CrucibleError):
    code = "invalid"
    status = 422
    exit_code = 2
    title = "Invalid input"

    def __init__(
        self,
        message: str,
        errors: Mapping[str, list[str]] | None = None,
        *,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.errors = dict(errors or {})

    @classmethod
    def field(cls, name: str, takes: str) -> "Invalid":
        return cls(f"{name}: {takes}", {name: [takes]})


class Precondition(Invalid):
    code = "precondition"
    exit_code = 1
    title = "Not possible yet"


class NotFound(CrucibleError):
    code = "not_found"
    status = 404
    exit_code = 3
    title = "Not found"


class Conflict(CrucibleError):
    code = "conflict"
    status = 409
    title = "Not in this state"


class Ambiguous(Conflict):
    code = "ambiguous"
    exit_code = 2
    title = "Ambiguous"


class NoTokenNeeded(Conflict):
    code = "no_token_needed"
    title = "No token needed"


class Unauthorized(CrucibleError):
    code = "unauthorized"
    status = 401
    title = "Token needed"


class TooManyTries(CrucibleError):
    code = "too_many_tries"
    status = 429
    title = "Too many tries"


class Unavailable(CrucibleError):
    code = "unavailable"
    status = 503
    exit_code = 6
    title = "Not available"


class ErrorKind(StrEnum):
    """Why a run or a call failed. Closed; each has its section in docs/operations.md."""

    PROVIDER_UNREACHABLE = "provider_unreachable"
    PROVIDER_AUTH = "provider_auth"
    PROVIDER_RATE_LIMITED = "provider_rate_limited"
    PROVIDER_ERROR = "provider_error"
    INVALID_RESPONSE = "invalid_response"
    BUDGET_EXCEEDED = "budget_exceeded"
    WORKER_LOST = "worker_lost"
    CANCELLED = "cancelled"
    PRECONDITION = "precondition"
    INTERNAL = "internal"


HINTS: Mapping[ErrorKind, str] = {
    ErrorKind.PROVIDER_UNREACHABLE: (
        "Check that the endpoint in CRUCIBLE_LLM_BASE_URL is up and reachable from here; if it is "
        "only slow, raise CRUCIBLE_LLM_TIMEOUT_SECONDS. Then resume the run: it does and pays for "
        "only what is missing."
    ),
    ErrorKind.PROVIDER_AUTH: (
        "Check CRUCIBLE_LLM_API_KEY (or OPENAI_API_KEY) and that the key may use this model; "
        "restart with the right key, then resume the run."
    ),
    ErrorKind.PROVIDER_RATE_LIMITED: (
        "Wait a minute or lower CRUCIBLE_CONCURRENCY, and look at the account's quota; then resume "
        "the run: it does and pays for only what is missing."
    ),
    ErrorKind.PROVIDER_ERROR: (
        "The provider answered with an error of its own. Look at its message and at the calls of "
        "this run; check the model's name, or resume the run later."
    ),
    ErrorKind.INVALID_RESPONSE: (
        "The model's answers could not be read, even after a repair. Try a model that follows "
        "JSON schemas, or fewer candidates and scenarios; where it is not a chat completion at "
        "all, look at CRUCIBLE_LLM_BASE_URL, which mostly ends in /v1. To see the answers "
        "themselves, set CRUCIBLE_CAPTURE_CONTENT=on and resume the run."
    ),
    ErrorKind.BUDGET_EXCEEDED: "Resume the run with a larger budget.",
    ErrorKind.WORKER_LOST: (
        "Resume the run: everything that had been settled is kept, and only what is missing is "
        "done and paid for."
    ),
    ErrorKind.CANCELLED: "Resume the run to go on where it stopped.",
    ErrorKind.PRECONDITION: "Mend what the message names, then resume the run.",
    ErrorKind.INTERNAL: (
        "This is a fault in Int Crucible. The server's log has the traceback; please report it. "
        "The run can be resumed."
    ),
}


@dataclass(eq=False)
class RunFailure(Exception):
    """Ends a run as failed.

    `reason` is ours alone (it goes into `error_summary`): never a provider's or a user's words.
    `detail` may quote the provider and is scrubbed before it is stored.
    """

    kind: ErrorKind
    reason: str
    detail: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        return self.reason
