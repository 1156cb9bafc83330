"""Stand-ins that need no server and no waiting."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crucible.llm.asking import CallEnd
from crucible.llm.protocol import Prompt, Reply
from crucible.llm.usage import Usage


class FakeClock:
    """Stands still until it is told to move; wall and monotonic time may move apart."""

    def __init__(self, start: datetime | None = None) -> None:
        self.wall = start or datetime(2026, 11, 22, 8, 51, tzinfo=UTC)
        self.mono = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.mono

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += seconds


class FakeModel:
    """Answers from a script: texts to reply with, or exceptions to raise."""

    provider = "openai"
    model = "gpt-5-mini"
    free = False
    takes_token_limit = True
    concurrency: int | None = None
    notes: Sequence[str] = ()

    def __init__(self, *script: str | Reply | Exception) -> None:
        self.script = list(script)
        self.prompts: list[Prompt] = []

    def send(self, prompt: Prompt) -> Reply:
        self.prompts.append(prompt)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, Reply) else Reply(step, self.model, Usage(10, 5, 0, 0, 0))

    def close(self) -> None:
        pass


class NullLog:
    """A call log that keeps a list and forbids nothing."""

    def __init__(self, on_check: Callable[[], None] | None = None) -> None:
        self.begun: list[tuple[str, int]] = []
        self.ends: list[CallEnd] = []
        self.products: list[Any] = []
        self.notes: list[str] = []
        self._on_check = on_check or (lambda: None)

    def check(self) -> None:
        self._on_check()

    def begin(self, prompt: Prompt, subject: str, attempt: int) -> int:
        self.begun.append((subject, attempt))
        return len(self.begun) - 1

    def settle(self, handle: int, end: CallEnd, product: Any) -> None:
        self.ends.append(end)
        self.products.append(product)

    def note(self, text: str) -> None:
        self.notes.append(text)
