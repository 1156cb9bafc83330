"""What every provider of Kosmos gives and raises."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass
class UsageStats:
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: float | None = None
    model: str | None = None
    provider: str | None = None
    timestamp: datetime | None = None


@dataclass
class LLMResponse:
    """Behaves like its text: an empty one is falsy."""

    content: str
    usage: UsageStats
    model: str
    finish_reason: str | None = None
    raw_response: Any = None
    metadata: dict[str, Any] | None = None

    def __str__(self) -> str:
        return self.content

    def __bool__(self) -> bool:
        return bool(self.content)

    def __len__(self) -> int:
        return len(self.content)

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __getitem__(self, key: Any) -> str:
        return self.content[key]


class ProviderAPIError(Exception):
    """Kosmos leaves `status_code` empty; the real one is that of `raw_error`."""

    def __init__(
        self,
        provider: str,
        message: str,
        status_code: int | None = None,
        raw_error: Exception | None = None,
        recoverable: bool = True,
    ) -> None:
        self.provider = provider
        self.message = message
        self.status_code = status_code
        self.raw_error = raw_error
        self.recoverable = recoverable
        super().__init__(f"[{provider}] {message}")
