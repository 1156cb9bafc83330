"""One provider for the process. `DoubleProvider.plan(n, prompt)` scripts it, from call 0."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from kosmos.core.providers.base import LLMResponse, ProviderAPIError, UsageStats

print("Warning: anthropic package not installed")  # noqa: T201 - as the real one does


class DoubleProvider:
    """`plan` gives the SDK's answer, or a ready LLMResponse, or raises what the SDK raises."""

    def __init__(self) -> None:
        self.model = "gpt-5-mini"
        self.api_key = "kosmos-own-key-77aa"
        self.plan: Callable[[int, str], Any] = lambda n, prompt: raw_answer("{}")
        self.calls: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def generate(
        self,
        prompt: str,
        system: str | None = None,
        max_tokens: int = 4096,
        temperature: float = 0.7,
        stop_sequences: list[str] | None = None,
        **kwargs: Any,
    ) -> LLMResponse:
        with self._lock:
            number = len(self.calls)
            self.calls.append(
                {
                    "prompt": prompt,
                    "system": system,
                    "max_tokens": max_tokens,
                    "temperature": temperature,
                }
            )
        try:
            raw = self.plan(number, prompt)
            return raw if isinstance(raw, LLMResponse) else self._response(raw, prompt)
        except Exception as error:
            print("Give Feedback / Get Help")  # noqa: T201 - as one of its libraries does
            raise ProviderAPIError("openai", f"Generation failed: {error}", raw_error=error) from (
                error
            )

    def _response(self, raw: Any, prompt: str) -> LLMResponse:
        text = raw.choices[0].message.content
        if raw.usage:
            counts = (raw.usage.prompt_tokens, raw.usage.completion_tokens)
        else:  # silently made up
            counts = (len(prompt) // 4, len(text) // 4)
        return LLMResponse(
            content=text,
            usage=self.stats(*counts),
            model=self.model,
            finish_reason=raw.choices[0].finish_reason,
            raw_response=raw,
            metadata={"provider_type": "openai"},
        )

    def stats(self, sent: int, received: int, provider: str = "openai") -> UsageStats:
        """At the prices of 2024."""
        cost = (sent * 30 + received * 60) / 1_000_000
        now = datetime.now(UTC)
        return UsageStats(sent, received, sent + received, cost, self.model, provider, now)


def raw_answer(text: Any, **changes: Any) -> SimpleNamespace:
    """A chat completion as an object of the SDK: a dated model, cached and reasoning tokens."""
    usage = SimpleNamespace(
        prompt_tokens=1000,
        completion_tokens=100,
        total_tokens=1100,
        prompt_tokens_details=SimpleNamespace(cached_tokens=400, audio_tokens=0),
        completion_tokens_details=SimpleNamespace(reasoning_tokens=60),
    )
    finish = changes.pop("finish_reason", "stop")
    choice = SimpleNamespace(message=SimpleNamespace(content=text), finish_reason=finish)
    fields = {"model": "gpt-5-mini-2025-08-07", "usage": usage, "choices": [choice], **changes}
    return SimpleNamespace(**fields)


_default: DoubleProvider | None = None


def get_provider() -> DoubleProvider:
    global _default
    if _default is None:
        _default = DoubleProvider()
    return _default
