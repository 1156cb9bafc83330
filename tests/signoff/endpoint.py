"""The provider of the sign-off: answers, limits its rate, changes its key, keeps a bill."""

import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.story.model import ScriptedModel
from tests.stub_model import StubModel, schema_name

KEY, NEXT_KEY = "sk-sign-off-first-4e1c", "sk-sign-off-second-9b7a"
MODEL = "gpt-5-mini"
INPUT_USD, OUTPUT_USD = Decimal("0.25") / 10**6, Decimal("2.00") / 10**6
"""What a token of this model costs by its provider's public list."""
LIMIT = (
    "Rate limit reached for gpt-5-mini on requests per min (RPM): Limit 500, Used 500, "
    "Requested 1. Please try again in 120ms."
)
SECONDS = {"design": 1.6, "scenarios": 1.2, "evaluation": 0.6}


@dataclass(frozen=True)
class Bill:
    """What the provider counted between two moments."""

    requests: int
    answered: int
    refused: int
    input_tokens: int
    output_tokens: int

    @property
    def cost_usd(self) -> Decimal:
        return self.input_tokens * INPUT_USD + self.output_tokens * OUTPUT_USD


@dataclass
class Endpoint(ScriptedModel):
    pace: float = 1.0
    """Of `SECONDS`, how long an answer takes."""
    quota: int | None = None
    """Requests that the rate limit still lets through; None: all."""
    key: str = KEY
    held: int = 0
    """Requests that have come and wait for their answer."""
    _passing: int | None = None
    _free: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__post_init__()
        # A caller that was killed takes no answer.
        self._server.handle_error = self._hung_up  # type: ignore[method-assign]

    def receive(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        behaviour = StubModel.receive(self, body, headers)
        if headers.get("Authorization") != f"Bearer {self.key}":
            return "status 401: Incorrect API key provided."
        if behaviour == "ok":
            time.sleep(self.pace * SECONDS[schema_name(body)] * self.dice.lognormvariate(0, 0.2))
            if schema_name(body) == "evaluation":
                self._pass_or_wait()
        return behaviour

    def _decide(self, n: int, body: Mapping[str, Any]) -> str:
        if self.quota is None:
            return "ok"
        self.quota -= 1
        return "ok" if self.quota >= 0 else f"status 429: {LIMIT}"

    def hold_after(self, evaluations: int) -> None:
        """So many more evaluations are answered; further ones wait, in flight, until `let_go`."""
        self._free.clear()
        self._passing = evaluations

    def let_go(self) -> None:
        self._passing = None
        self._free.set()

    def _pass_or_wait(self) -> None:
        with self._lock:
            if self._passing is None:
                return
            self._passing -= 1
            if self._passing >= 0:
                return
            self.held += 1
        self._free.wait()
        with self._lock:
            self.held -= 1

    def _hung_up(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            raise

    def mark(self) -> tuple[int, int]:
        """This moment, for `bill`."""
        with self._lock:
            return len(self.requests), len(self.charges)

    def bill(self, since: tuple[int, int]) -> Bill:
        with self._lock:
            charges = self.charges[since[1] :]
            return Bill(
                len(self.requests) - since[0],
                sum(charge.status == 200 for charge in charges),
                sum(charge.status != 200 for charge in charges),
                sum(charge.input_tokens or 0 for charge in charges),
                sum(charge.output_tokens or 0 for charge in charges),
            )
