"""What every model of language offers, and what it says when it fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from crucible.errors import ErrorKind
from crucible.llm.usage import UNREPORTED, Usage
from crucible.models.values import Outcome

T = TypeVar("T")
Message = Mapping[str, str]


@dataclass(frozen=True)
class Prompt:
    """One HTTP attempt's worth of asking."""

    name: str
    """`design`, `scenarios` or `evaluation`: the name the schema travels under."""
    messages: Sequence[Message]
    schema: Mapping[str, Any]
    temperature: float
    max_tokens: int


@dataclass(frozen=True)
class Reply:
    """A 2xx answer, whatever it says."""

    text: str | None
    """None when the answer held no text at all."""
    model_served: str | None
    usage: Usage
    cut_off: bool = False
    """The answer ended at the token limit."""
    refused: bool = False
    problem: str | None = None
    """Why it is no answer at all, in our words."""


@dataclass(eq=False)
class ProviderFailure(Exception):
    """An attempt that brought no answer.

    `reason` is ours and safe to show; `detail` may quote the provider.
    """

    kind: ErrorKind
    outcome: Outcome
    reason: str
    detail: str | None = None
    http_status: int | None = None
    retryable: bool = False
    retry_after: float | None = None
    """Seconds the provider asked to wait."""
    sent: bool = True
    """False when no connection came about, so that nothing can have been charged."""
    usage: Usage = UNREPORTED
    model_served: str | None = None
    hint: str | None = None
    """What to do, where it is more than the kind's own hint."""
    adapted: bool = False
    """The request's form was refused and has been changed: asking again at once makes sense."""

    def __str__(self) -> str:
        return self.reason


class LanguageModel(Protocol):
    provider: str
    model: str
    free: bool
    """Every call is known to cost nothing."""
    concurrency: int | None
    """Calls it can answer at once, None for as many as are asked."""
    notes: Sequence[str]
    """How requests had to be changed for this endpoint, in words."""

    @property
    def takes_token_limit(self) -> bool:
        """Whether an answer ends at the limit that a prompt names."""
        ...

    def send(self, prompt: Prompt) -> Reply:
        """One HTTP attempt. Raises ProviderFailure."""
        ...

    def close(self) -> None: ...


class InvalidAnswer(Exception):
    """The answer could not be used; the text says why, in our own words."""


@dataclass(frozen=True)
class Question(Generic[T]):
    """Something to ask until there is a usable answer."""

    prompt: Prompt
    subject: str
    """What it is for, in words a person recognises in the ledger."""
    parse: Callable[[Any], T]
    """Turns the decoded JSON into the answer; raises InvalidAnswer."""
