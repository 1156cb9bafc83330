"""An installed Kosmos as a language model: its own model and key, our ledger and prices.

Kosmos is asked through `kosmos.core.llm.get_provider()`; its errors and answers are those of
`kosmos/core/providers` in https://github.com/jimmc414/Kosmos. Nothing of it is believed that its
provider did not say: its prices are old, and where a server reports no tokens it makes some up.
"""

import importlib
import importlib.util
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TextIO, cast

from crucible.errors import ErrorKind, Precondition
from crucible.llm.openai_compatible import REASONS, RETRYABLE
from crucible.llm.protocol import Prompt, ProviderFailure, Reply
from crucible.llm.replies import model_name
from crucible.llm.shape import Shape, request_body
from crucible.llm.usage import UNREPORTED, Usage, read_usage
from crucible.models.values import Outcome
from crucible.scrub import Scrubber

INSTALL = (
    "Install it next to Int Crucible (pip install git+https://github.com/jimmc414/Kosmos) and "
    "start again, or set CRUCIBLE_LLM to openai or local."
)
SET_UP = (
    "Give Kosmos its provider and key as its own documentation says; "
    '`python -c "from kosmos.core.llm import get_provider; get_provider()"` shows what it lacks.'
)
RETRIES_NOTE = (
    "Kosmos retries out of sight: each call stands for its last attempt, and what earlier "
    "attempts cost is not in the figures."
)
CACHE_NOTE = (
    "Some answers came from Kosmos's disk cache: such a call counts with 0 tokens, for nothing "
    "was used."
)
# A cache hit sent nothing to a provider, so nothing was used. Its tokens are those of the call
# that filled the cache, which was charged where that call was made; "not reported" would be
# wrong too, and would make the call unpriced.
NOTHING_USED = Usage(0, 0, 0, 0, 0)
# Kosmos takes no response format, so that the schema has to be asked for in words.
IN_WORDS = Shape(response_format="text")
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


def require_installed() -> None:
    """Raises Precondition when there is no Kosmos. Imports nothing of it: that takes seconds."""
    spec = None
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec("kosmos")
    # Others have used the name, and any folder called kosmos can be imported.
    folders = (spec.submodule_search_locations if spec else None) or ()
    if not any(any(Path(folder, "core").glob("llm*")) for folder in folders):
        raise Precondition("CRUCIBLE_LLM=kosmos, and Kosmos is not installed", hint=INSTALL)


class Kosmos:
    """Kosmos's provider, for one run. One `send` is one `generate`.

    Its request cannot be interrupted: one that takes longer than `timeout_seconds` is left behind
    in its thread, as a call that timed out and may have been charged.
    """

    free = False
    concurrency: int | None = None

    def __init__(self, *, model: str, provider: str, timeout_seconds: float) -> None:
        """`model` is what the run asks for; Kosmos answers with its own. Raises Precondition."""
        self._client = _open()
        own = getattr(self._client, "model", None)
        self.model = own[:200] if isinstance(own, str) and own else model
        self.provider = provider
        self.notes: Sequence[str] = (RETRIES_NOTE,)
        self._lock = threading.Lock()
        self._timeout = timeout_seconds
        key = getattr(self._client, "api_key", None)
        self._scrub = Scrubber([key] if isinstance(key, str) else [])
        if self.model != model:
            self._note(f"The run asks for {model}; Kosmos answers with its own, {self.model}.")

    def send(self, prompt: Prompt) -> Reply:
        system, text = _in_words(self.model, prompt)
        answer, error = self._wait_for(
            partial(
                self._client.generate,
                text,
                system=system,
                max_tokens=prompt.max_tokens,
                temperature=prompt.temperature,
            )
        )
        if error is not None:
            raise _failure(error, self._scrub) from error
        return self._reply(answer)

    def close(self) -> None:
        """Nothing to close: Kosmos keeps one provider for the whole process."""

    def _wait_for(self, generate: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        """The answer or the error. Raises ProviderFailure when neither comes in time."""
        box: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                with _stdout_to_stderr():  # some of its libraries print when a call fails
                    found = generate()
            except BaseException as error:  # noqa: BLE001 - whatever it was, the call ended so
                box.put((None, error))
            else:
                box.put((found, None))

        # A daemon: one that was left behind must not keep the process from ending.
        threading.Thread(target=work, name="kosmos", daemon=True).start()
        try:
            return box.get(timeout=self._timeout)
        except queue.Empty:
            pass
        self._note(
            f"Calls to Kosmos were given up after {self._timeout:g} s. It cannot be told to stop: "
            "they may have been answered and charged later."
        )
        raise _timed_out(f"Kosmos timed out (no answer within {self._timeout:g} s)")

    def _reply(self, answer: Any) -> Reply:
        raw, metadata = _get(answer, "raw_response"), _get(answer, "metadata")
        cached = bool(_get(metadata, "cache_hit"))
        if cached:
            self._note(CACHE_NOTE)
        self._compare_provider(_get(_get(answer, "usage"), "provider"))
        text, finish = _get(answer, "content"), _get(answer, "finish_reason")
        return Reply(
            text=text if isinstance(text, str) else None,
            # Kosmos names the model it asked for, its provider the one that served.
            model_served=_model(raw) or _model(answer),
            usage=NOTHING_USED if cached else _usage(raw),
            cut_off=finish in ("length", "max_tokens"),
            refused=finish in ("refusal", "content_filter") and not text,
        )

    def _compare_provider(self, said: Any) -> None:
        if isinstance(said, str) and said and self.provider not in said.split("/"):
            self._note(
                f"Kosmos says that {said[:40]} answered, and prices are those of {self.provider}: "
                "CRUCIBLE_LLM_PROVIDER names whose prices apply."
            )

    def _note(self, text: str) -> None:
        with self._lock:
            if text not in self.notes:
                self.notes = (*self.notes, text)


_opening = threading.Lock()


def _open() -> Any:
    """Kosmos's provider. The first time imports it, which takes seconds and prints."""
    require_installed()
    try:
        with _opening, _stdout_to_stderr():
            return importlib.import_module("kosmos.core.llm").get_provider()
    except Exception as error:
        # Its words may quote a key; the hint says how to see them.
        what = f"Kosmos is installed and could not be set up ({type(error).__name__})"
        raise Precondition(what, hint=SET_UP) from error


def _in_words(model: str, prompt: Prompt) -> tuple[str | None, str]:
    """System text and prompt, with the schema asked for in words.

    Kosmos takes one prompt: an answer to be repaired is quoted in it.
    """
    system, parts = [], []
    for message in request_body(model, prompt, IN_WORDS)["messages"]:
        # Its SDKs stumble over characters that UTF-8 cannot carry.
        content = message["content"].encode("utf-8", "replace").decode()
        if message["role"] == "system":
            system.append(content)
        elif message["role"] == "assistant":
            parts.append(f"Your answer was:\n{content}")
        else:
            parts.append(content)
    return "\n\n".join(system) or None, "\n\n".join(parts)


def _get(thing: Any, name: str) -> Any:
    """Answers are objects of an SDK, or mappings where they came through a command."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _model(thing: Any) -> str | None:
    return model_name({"model": _get(thing, "model")})


def _usage(raw: Any) -> Usage:
    """Tokens as the provider reported them, in OpenAI's words or in Anthropic's.

    `usage` of Kosmos itself is never read: it may be an estimate from the length of the texts.
    """
    block = _get(raw, "usage")
    sent = _get(block, "prompt_tokens")
    if sent is not None:
        prompt = _get(block, "prompt_tokens_details")
        parts = {
            name: _get(prompt, name)
            for name in ("cached_tokens", "cache_write_tokens", "cache_creation_tokens")
        }
        received = _get(block, "completion_tokens")
        thought = _get(_get(block, "completion_tokens_details"), "reasoning_tokens")
    else:
        parts = {
            "cached_tokens": _get(block, "cache_read_input_tokens"),
            "cache_write_tokens": _get(block, "cache_creation_input_tokens"),
        }
        sent = _sum(_get(block, "input_tokens"), *parts.values())
        received, thought = _get(block, "output_tokens"), None
    if not sent:  # none, or 0 where nobody counted: no request of ours is empty
        return UNREPORTED
    return read_usage(
        {
            "usage": {
                "prompt_tokens": sent,
                "completion_tokens": received,
                "prompt_tokens_details": {k: v for k, v in parts.items() if v is not None},
                "completion_tokens_details": {"reasoning_tokens": thought},
            }
        }
    )


def _sum(plain: Any, *parts: Any) -> int | None:
    """Anthropic counts cached tokens beside the others, we count them among them."""
    counts = [plain, *(part for part in parts if part is not None)]
    return sum(counts) if all(type(count) is int and count >= 0 for count in counts) else None


def _failure(error: BaseException, scrub: Scrubber) -> ProviderFailure:
    """What became of a call, from the error below the one that Kosmos raises.

    The last attempt of its SDK decides, as the note on retries says.
    """
    raw = _innermost(error)
    causes = [{kind.__name__ for kind in type(cause).__mro__} for cause in _causes(raw)]
    detail = scrub(str(error))[:2000]
    if any(names & NEVER_CONNECTED for names in causes):
        return _unreachable("Kosmos could not reach its provider", detail, sent=False)
    if any(names & TIMED_OUT for names in causes):
        return _timed_out("Kosmos's provider timed out", detail)
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


def _timed_out(reason: str, detail: str | None = None) -> ProviderFailure:
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


class _Stdout:
    """Stands in for stdout: what threads inside Kosmos write goes to stderr, all else through.

    Python's stdout belongs to every thread, and the answer of a command may be on its way through
    it. The file descriptor below is left alone: it cannot be told apart by thread.
    """

    def __init__(self, real: Any) -> None:
        self.real = real

    def _target(self) -> Any:
        # Kosmos's modules may have taken hold of this one at import; a call is inside again.
        return (sys.stderr or self.real) if threading.get_ident() in _inside else self.real

    def write(self, text: str) -> int:
        return int(self._target().write(text))

    def flush(self) -> None:
        self._target().flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


_inside: set[int] = set()
_guard = threading.Lock()


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """What this thread prints goes to stderr: stdout carries the answer of a command alone."""
    mine = threading.get_ident()
    with _guard:
        _inside.add(mine)
        if not isinstance(sys.stdout, _Stdout):
            sys.stdout = cast(TextIO, _Stdout(sys.stdout))
    try:
        yield
    finally:
        with _guard:
            _inside.discard(mine)
            if not _inside and isinstance(sys.stdout, _Stdout):
                sys.stdout = sys.stdout.real
