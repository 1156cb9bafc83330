"""Tokens as a provider reported them, believed only as far as they make sense."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# More than any model can read or write in one call; what exceeds it is not a count of tokens.
MAX_TOKENS = 1_000_000_000


@dataclass(frozen=True)
class Usage:
    """`input_tokens` includes cached and cache-write tokens, `output_tokens` includes reasoning.

    A part is None where the provider said nothing of it.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None

    @property
    def reported(self) -> bool:
        return self.input_tokens is not None and self.output_tokens is not None

    @property
    def total_tokens(self) -> int | None:
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens

    @staticmethod
    def parts() -> tuple[str, ...]:
        return (
            "input_tokens",
            "output_tokens",
            "cached_input_tokens",
            "cache_write_tokens",
            "reasoning_tokens",
        )


UNREPORTED = Usage()


def read_usage(body: Any) -> Usage:
    """The `usage` block of an OpenAI-compatible answer.

    Counts that are negative, not whole, absurd or larger than what they are part of are dropped:
    a call whose input or output is not credible counts as unmetered rather than as a lie. A
    provider that reports its totals and no details has zero of each part, as the field's
    definition says; details that contradict the totals are unknown.
    """
    block = body.get("usage") if isinstance(body, Mapping) else None
    if not isinstance(block, Mapping):
        return UNREPORTED
    sent, received = _count(block.get("prompt_tokens")), _count(block.get("completion_tokens"))
    if sent is None or received is None:
        return UNREPORTED
    prompt = _details(block, "prompt_tokens_details")
    completion = _details(block, "completion_tokens_details")
    cached = _part(prompt.get("cached_tokens"), sent)
    written = _part(prompt.get("cache_write_tokens", prompt.get("cache_creation_tokens")), sent)
    if cached is not None and written is not None and cached + written > sent:
        written = None
    return Usage(
        input_tokens=sent,
        output_tokens=received,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=_part(completion.get("reasoning_tokens"), received),
    )


def _details(block: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = block.get(name)
    return found if isinstance(found, Mapping) else {}


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_TOKENS else None


def _part(value: Any, whole: int) -> int | None:
    if value is None:
        return 0
    count = _count(value)
    return count if count is not None and count <= whole else None
