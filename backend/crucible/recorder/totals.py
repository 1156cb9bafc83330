"""Totals over calls: exact, with unknown kept apart from zero."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from crucible.llm.usage import Usage
from crucible.models.values import Outcome

ANSWERED = (Outcome.OK, Outcome.INVALID)


@dataclass(frozen=True)
class Settled:
    """What a call adds to the totals once its fate is known."""

    attempt: int
    outcome: Outcome
    usage: Usage
    cost_pico: int | None
    free: bool = False
    """Known to cost nothing since before it was sent."""


@dataclass
class Totals:
    """Field names are those of `models.usage.UsageColumns`, costs in whole pico-dollars."""

    call_count: int = 0
    failed_call_count: int = 0
    retry_count: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    unmetered_call_count: int = 0
    cost_pico: int | None = None
    unpriced_call_count: int = 0
    wasted_cost_pico: int | None = None
    providers: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)

    def send(self, provider: str, model: str, attempt: int, free: bool) -> None:
        """Counts one more call, sent and not settled: unpriced, unless it is free."""
        self.call_count += 1
        self.retry_count += attempt > 1
        if free:
            self._add_cost(0, wasted=False)
        else:
            self.unpriced_call_count += 1
        self.providers = _plus_one(self.providers, provider)
        self.models = _plus_one(self.models, model)

    def settle(self, call: Settled, asked: str, served: str | None) -> None:
        """A call that `send` counted has settled."""
        self.failed_call_count += call.outcome is not Outcome.OK
        if served and served != asked:
            self.models = _plus_one(_minus_one(self.models, asked), served)
        self._add_tokens(call)
        if call.cost_pico is not None and not call.free:
            self.unpriced_call_count -= 1
            self._add_cost(call.cost_pico, wasted=call.outcome is not Outcome.OK)

    def lose(self, count: int) -> None:
        """`count` calls in flight have been given up: tokens and price of them stay unknown."""
        self.failed_call_count += count

    def _add_cost(self, pico: int, *, wasted: bool) -> None:
        self.cost_pico = (self.cost_pico or 0) + pico
        self.wasted_cost_pico = (self.wasted_cost_pico or 0) + (pico if wasted else 0)

    def _add_tokens(self, call: Settled) -> None:
        usage = call.usage
        if not usage.reported:
            self.unmetered_call_count += call.outcome in ANSWERED
            return
        for name in usage.parts():
            self._add(name, getattr(usage, name))
        self._add("total_tokens", usage.total_tokens)

    def _add(self, name: str, amount: int | None) -> None:
        if amount is not None:
            setattr(self, name, (getattr(self, name) or 0) + amount)

    def copy(self) -> "Totals":
        return Totals(**self.columns())

    def columns(self) -> dict[str, Any]:
        """Column values for a run or phase row."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def of_row(cls, row: Any) -> "Totals":
        """The totals a run or phase row holds."""
        return cls(**{f.name: getattr(row, f.name) for f in fields(cls)})


def _plus_one(counts: Mapping[str, int], key: str) -> dict[str, int]:
    return {**counts, key: counts.get(key, 0) + 1}


def _minus_one(counts: Mapping[str, int], key: str) -> dict[str, int]:
    left = {**counts, key: counts.get(key, 0) - 1}
    return {name: count for name, count in left.items() if count > 0}
