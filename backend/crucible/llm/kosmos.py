"""An installed Kosmos as a language model: its own model and key, our ledger and prices.

Kosmos is asked through `kosmos.core.llm.get_provider()`; its errors and answers are those of
`kosmos/core/providers` in https://github.com/jimmc414/Kosmos. Nothing of it is believed that its
provider did not say: its prices are old, and where a server reports no tokens it makes some up.
"""

import importlib
import importlib.util
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from crucible.errors import Precondition
from crucible.llm.kosmos_failures import failure_of, timed_out
from crucible.llm.kosmos_stdout import stdout_to_stderr
from crucible.llm.openai_compatible import MAX_BODY_BYTES, TOO_LONG
from crucible.llm.protocol import Prompt, Reply
from crucible.llm.replies import model_name
from crucible.llm.shape import Shape, request_body
from crucible.llm.usage import UNREPORTED, Usage, read_usage
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
    takes_token_limit = True
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
            raise failure_of(error, self._scrub) from error
        return self._reply(answer)

    def close(self) -> None:
        """Nothing to close: Kosmos keeps one provider for the whole process."""

    def _wait_for(self, generate: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        """The answer or the error. Raises ProviderFailure when neither comes in time."""
        box: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                with stdout_to_stderr():  # some of its libraries print when a call fails
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
        raise timed_out(f"Kosmos timed out (no answer within {self._timeout:g} s)")

    def _reply(self, answer: Any) -> Reply:
        raw, metadata = _get(answer, "raw_response"), _get(answer, "metadata")
        cached = bool(_get(metadata, "cache_hit"))
        if cached:
            self._note(CACHE_NOTE)
        self._compare_provider(_get(_get(answer, "usage"), "provider"))
        text, finish = _get(answer, "content"), _get(answer, "finish_reason")
        too_long = isinstance(text, str) and len(text) > MAX_BODY_BYTES
        return Reply(
            # One that is too long is here already; it goes no further.
            text=text if isinstance(text, str) and not too_long else None,
            problem=TOO_LONG if too_long else None,
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
        with _opening, stdout_to_stderr():
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
