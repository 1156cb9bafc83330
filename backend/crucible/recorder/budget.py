"""Limits on a run, held by reserving before each call what it could cost at most."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crucible.errors import ErrorKind, RunFailure
from crucible.llm.prices import PICO_PER_USD, PriceList
from crucible.llm.protocol import LanguageModel, Prompt
from crucible.models import LLMCall, Run

# What a chat format adds around each message, generously.
MESSAGE_OVERHEAD_TOKENS = 32
RECHECK_SECONDS = 1.0


@dataclass(frozen=True)
class Limits:
    """None = no limit."""

    cost_pico: int | None = None
    total_tokens: int | None = None
    llm_calls: int | None = None
    duration_seconds: float | None = None

    @classmethod
    def of(cls, budget: Mapping[str, Any] | None) -> "Limits":
        """From the wire form, with `max_*` keys that may be missing or null."""
        asked = budget or {}
        usd = asked.get("max_cost_usd")
        return cls(
            cost_pico=None if usd is None else int(Decimal(str(usd)) * PICO_PER_USD),
            total_tokens=asked.get("max_total_tokens"),
            llm_calls=asked.get("max_llm_calls"),
            duration_seconds=asked.get("max_duration_seconds"),
        )


@dataclass(frozen=True)
class Bound:
    """The most that one call can use. `pico` is None where no price is known."""

    tokens: int
    pico: int | None
    holds: bool = True
    """False when the endpoint takes no token limit: then there is no most."""


def bound(
    model: LanguageModel, served: str | None, prices: PriceList, prompt: Prompt, at: datetime
) -> Bound:
    """An upper bound: a token is at least one byte of what is sent, and the answer ends at its
    token limit. The price is the dearer of the model asked for and the one that served last."""
    texts = "".join(message["content"] for message in prompt.messages)
    schema = json.dumps(prompt.schema, ensure_ascii=False)
    # Sent once as the format, and once more in words to a server that refuses it.
    sent = len(texts.encode("utf-8", "replace")) + 2 * len(schema.encode("utf-8", "replace"))
    sent += MESSAGE_OVERHEAD_TOKENS * (len(prompt.messages) + 1)
    if model.free:
        return Bound(sent + prompt.max_tokens, 0, model.takes_token_limit)
    names = (model.model, served or model.model)
    pico = prices.ceiling(model.provider, names, sent, prompt.max_tokens, at)
    return Bound(sent + prompt.max_tokens, pico, model.takes_token_limit)


class Budget:
    """What a run has used and reserved, against its limits. Safe to use from several threads.

    A call whose price or tokens stay unknown keeps its reservation: the provider may have charged
    for it.
    """

    def __init__(
        self,
        limits: Limits,
        used: "Used",
        *,
        elapsed: Callable[[], float],
        check: Callable[[], None],
    ) -> None:
        self._limits = limits
        self._used = used
        self._in_flight = 0
        self._elapsed = elapsed
        self._check = check
        self._changed = threading.Condition()

    def take(self, most: Bound) -> None:
        """Reserves room for one call; waits while others are in flight whose settling may leave
        room. Raises RunFailure when there is none to be had, or what `check` raises."""
        with self._changed:
            while (lacking := self._lacking(most)) is not None:
                if self._in_flight == 0:
                    raise RunFailure(ErrorKind.BUDGET_EXCEEDED, lacking)
                self._changed.wait(RECHECK_SECONDS)
                self._check()
            self._used = self._used.plus(calls=1, tokens=most.tokens, pico=most.pico or 0)
            self._in_flight += 1

    def give_back(self, most: Bound, used: Bound | None) -> None:
        """The call has ended: `used` replaces what was reserved; None = it was never sent."""
        with self._changed:
            if used is None:
                self._used = self._used.plus(-1, -most.tokens, -(most.pico or 0))
            else:
                self._used = self._used.plus(
                    0, used.tokens - most.tokens, (used.pico or 0) - (most.pico or 0)
                )
            self._in_flight -= 1
            self._changed.notify_all()

    def _lacking(self, most: Bound) -> str | None:
        """Which limit the call does not fit into, in words."""
        limits, used = self._limits, self._used
        if limits.duration_seconds is not None and self._elapsed() >= limits.duration_seconds:
            return f"the limit of {limits.duration_seconds:g} s is reached"
        if limits.llm_calls is not None and used.calls + 1 > limits.llm_calls:
            calls = "1 call" if limits.llm_calls == 1 else f"{limits.llm_calls:,} calls"
            return f"the limit of {calls} is reached"
        if not most.holds and (limits.total_tokens is not None or limits.cost_pico is not None):
            return "the endpoint takes no token limit, so the run's limits cannot be held"
        if limits.total_tokens is not None and used.tokens + most.tokens > limits.total_tokens:
            return (
                f"the next call could use {most.tokens:,} tokens and "
                f"{max(0, limits.total_tokens - used.tokens):,} of {limits.total_tokens:,} are left"
            )
        if limits.cost_pico is None:
            return None
        if most.pico is None:
            return "no price is known for the model, so the limit in dollars cannot be held"
        if used.pico + most.pico > limits.cost_pico:
            left = max(0, limits.cost_pico - used.pico)
            return (
                f"the next call could cost {_usd(most.pico)} and {_usd(left)} of "
                f"{_usd(limits.cost_pico)} is left"
            )
        return None


@dataclass(frozen=True)
class Used:
    """Settled use and reservations together."""

    calls: int = 0
    tokens: int = 0
    pico: int = 0

    def plus(self, calls: int, tokens: int, pico: int) -> "Used":
        return Used(self.calls + calls, self.tokens + tokens, self.pico + pico)

    @classmethod
    def of_run(cls, session: Session, run_id: str) -> "Used":
        """From the ledger: what earlier attempts used, reservations of unknown calls included.

        Of a run whose earlier calls were deleted, its totals count, and from the ledger only
        what is reserved.
        """
        row = session.execute(
            select(
                func.count(LLMCall.id),
                func.coalesce(func.sum(LLMCall.input_tokens + LLMCall.output_tokens), 0),
                func.coalesce(func.sum(LLMCall.cost_pico), 0),
                func.coalesce(func.sum(LLMCall.reserved_tokens), 0),
                func.coalesce(func.sum(LLMCall.reserved_pico), 0),
            ).where(LLMCall.run_id == run_id)
        ).one()
        calls, tokens, pico, *reserved = (int(value or 0) for value in row)
        run = session.execute(
            select(Run.call_count, Run.total_tokens, Run.cost_pico).where(
                Run.id == run_id, Run.ledger == "purged"
            )
        ).one_or_none()
        if run is not None:
            calls, tokens, pico = run.call_count, run.total_tokens or 0, run.cost_pico or 0
        return cls(calls, tokens, pico).plus(0, *reserved)


def _usd(pico: int) -> str:
    return f"${Decimal(pico) / PICO_PER_USD:.6f}".rstrip("0").rstrip(".")
