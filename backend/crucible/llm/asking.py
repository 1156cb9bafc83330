"""Asks a question until there is a usable answer: retries, backoff, one repair.

Every HTTP attempt is announced to a call log before it leaves and settled after it returned.
"""

import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from crucible.errors import ErrorKind, RunFailure
from crucible.llm.protocol import (
    InvalidAnswer,
    LanguageModel,
    Prompt,
    ProviderFailure,
    Question,
    Reply,
)
from crucible.llm.usage import UNREPORTED, Usage
from crucible.models.values import Outcome

T = TypeVar("T")
BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 30.0
MAX_RETRY_AFTER = 120.0
PROVIDER_KINDS = (ErrorKind.PROVIDER_RATE_LIMITED, ErrorKind.PROVIDER_ERROR)


@dataclass(frozen=True)
class CallEnd:
    """How an attempt ended."""

    outcome: Outcome
    usage: Usage = UNREPORTED
    model_served: str | None = None
    error_kind: ErrorKind | None = None
    error_detail: str | None = None
    http_status: int | None = None
    known_free: bool = False
    answer: str | None = None


class CallLog(Protocol):
    """Where attempts are written down. `Handle` is the log's own."""

    def check(self) -> None:
        """Raises when no further call may be sent."""
        ...

    def begin(self, prompt: Prompt, subject: str, attempt: int) -> Any:
        """Writes the attempt down; raises when that is not possible, and then nothing is sent."""
        ...

    def settle(self, handle: Any, end: CallEnd, product: Any) -> None:
        """Writes its end down, together with the product it paid for (None if unusable)."""
        ...

    def note(self, text: str) -> None: ...


class Stopped(Exception):
    """The run has been told to stop; no further call is sent."""


@dataclass(eq=False)
class Exhausted(Exception):
    """A question without an answer after all that was allowed."""

    failure: RunFailure
    cause: str
    """The last failure's reason, without how often it came."""

    @property
    def provider_error(self) -> bool:
        return self.failure.kind in PROVIDER_KINDS

    def __str__(self) -> str:
        return self.failure.reason


class Asker:
    """The model that phases receive: metered, patient, and honest about what it got.

    `wait` sleeps for the given seconds and returns True when the run was stopped meanwhile.
    """

    def __init__(
        self,
        model: LanguageModel,
        log: CallLog,
        *,
        max_retries: int = 2,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._model = model
        self._log = log
        self._max_retries = max_retries
        self._wait = wait or _sleep
        self._noted: set[str] = set()

    def ask(self, question: Question[T]) -> T:
        """The parsed answer. Raises Exhausted, Stopped, or what the log raises."""
        conversation = _Conversation(
            self._model, self._log, self._max_retries, self._wait, question
        )
        try:
            return conversation.run()
        finally:
            self._pass_on_notes()

    def _pass_on_notes(self) -> None:
        for note in self._model.notes:
            if note not in self._noted:
                self._noted.add(note)
                self._log.note(note)


class _Conversation(Generic[T]):
    """One question, from its first attempt to its answer or end."""

    def __init__(
        self,
        model: LanguageModel,
        log: CallLog,
        max_retries: int,
        wait: Callable[[float], bool],
        question: Question[T],
    ) -> None:
        self._model = model
        self._log = log
        self._wait = wait
        self._question = question
        self._prompt = question.prompt
        self._attempt = 0
        self._same_failure = ("", 0)
        self._retries_left = max_retries
        self._repairs_left = 1

    def run(self) -> T:
        while True:
            self._log.check()
            self._attempt += 1
            handle = self._log.begin(self._prompt, self._question.subject, self._attempt)
            try:
                reply = self._model.send(self._prompt)
            except ProviderFailure as failure:
                self._log.settle(handle, _failed(failure), None)
                self._after_failure(failure)
                continue
            try:
                product = self._question.parse(_decode(reply))
            except InvalidAnswer as problem:
                self._log.settle(handle, _unusable(reply, str(problem)), None)
                self._after_unusable(reply, problem)
                continue
            self._log.settle(handle, _usable(reply), product)
            return product

    def _after_failure(self, failure: ProviderFailure) -> None:
        if failure.adapted:
            return
        reason, times = self._same_failure
        self._same_failure = (failure.reason, times + 1 if failure.reason == reason else 1)
        if not self._worth_another(failure):
            raise Exhausted(self._give_up(failure), failure.reason)
        self._retries_left -= 1
        if self._wait(self._pause(failure)):
            raise Stopped

    def _worth_another(self, failure: ProviderFailure) -> bool:
        # A provider that asks for more patience than a run has is not asked again too early.
        patient = (failure.retry_after or 0.0) <= MAX_RETRY_AFTER
        return failure.retryable and self._retries_left > 0 and patient

    def _pause(self, failure: ProviderFailure) -> float:
        """Doubles from half a second, with jitter; a Retry-After is honoured as the least."""
        doubled = BACKOFF_SECONDS * float(2 ** min(self._attempt - 1, 10))
        pause = min(doubled, MAX_BACKOFF_SECONDS) * random.uniform(0.75, 1.25)
        return max(pause, failure.retry_after or 0.0)

    def _give_up(self, failure: ProviderFailure) -> RunFailure:
        count = self._same_failure[1]
        times = f" {count} times in a row" if count > 1 else ""
        if (failure.retry_after or 0.0) > MAX_RETRY_AFTER:
            times += f" and asks to wait {failure.retry_after:.0f} s"
        return RunFailure(failure.kind, failure.reason + times, failure.detail, failure.hint)

    def _after_unusable(self, reply: Reply, problem: InvalidAnswer) -> None:
        if self._repairs_left == 0:
            reason = f"the model's answer could not be used, even after a repair: {problem}"
            raise Exhausted(RunFailure(ErrorKind.INVALID_RESPONSE, reason), reason)
        self._repairs_left -= 1
        self._prompt = _repair(self._question.prompt, reply, str(problem))


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _repair(prompt: Prompt, reply: Reply, problem: str) -> Prompt:
    """The question again with the bad answer and what is wrong with it.

    An answer cut off at its limit is not shown again: it would fill the context for nothing; it
    gets twice the room instead.
    """
    complaint = f"That answer could not be used: {problem}. Answer again, as JSON that follows the "
    complaint += "schema exactly, complete and with nothing around it."
    if reply.cut_off or not reply.text:
        shorter = {"role": "user", "content": complaint + " Keep every text short."}
        limit = prompt.max_tokens * (2 if reply.cut_off else 1)
        return replace(prompt, messages=[*prompt.messages, shorter], max_tokens=limit)
    shown = {"role": "assistant", "content": reply.text[:8000]}
    asked = {"role": "user", "content": complaint}
    return replace(prompt, messages=[*prompt.messages, shown, asked])


_FENCE = re.compile(r"```[a-zA-Z]*[ \t\r]*\n")


def _unfenced(text: str) -> str:
    """What stands between the fences of a code block, if the whole text is one.

    Not by one expression: models fall into endless blanks, over which it would go again and again.
    """
    block = text.strip()
    opening = _FENCE.match(block)
    if opening is None or not block.endswith("```") or len(block) < opening.end() + 3:
        return text
    return block[opening.end() : -3]


def _decode(reply: Reply) -> Any:
    if reply.problem:
        raise InvalidAnswer(reply.problem)
    if reply.refused:
        raise InvalidAnswer("the model refused")
    if reply.text is None or not reply.text.strip():
        raise InvalidAnswer("it is empty")
    try:
        return json.loads(_unfenced(reply.text), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        cut = ", it was cut off at the token limit" if reply.cut_off else ""
        raise InvalidAnswer(f"it is not JSON{cut}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _failed(failure: ProviderFailure) -> CallEnd:
    return CallEnd(
        outcome=failure.outcome,
        usage=failure.usage,
        model_served=failure.model_served,
        error_kind=failure.kind,
        error_detail=failure.detail or failure.reason,
        http_status=failure.http_status,
        known_free=not failure.sent
        or (failure.outcome is Outcome.ERROR and (failure.http_status or 0) >= 400),
    )


def _unusable(reply: Reply, problem: str) -> CallEnd:
    return CallEnd(
        outcome=Outcome.INVALID,
        usage=reply.usage,
        model_served=reply.model_served,
        error_kind=ErrorKind.INVALID_RESPONSE,
        error_detail=problem,
        http_status=200,
        answer=reply.text,
    )


def _usable(reply: Reply) -> CallEnd:
    return CallEnd(
        outcome=Outcome.OK,
        usage=reply.usage,
        model_served=reply.model_served,
        http_status=200,
        answer=reply.text,
    )
