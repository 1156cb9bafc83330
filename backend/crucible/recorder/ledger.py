"""The ledger of calls: a row before each attempt leaves, settled when it has returned."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from crucible.ids import new_id
from crucible.llm.asking import CallEnd
from crucible.llm.prices import Price, PriceList
from crucible.llm.protocol import LanguageModel, Prompt
from crucible.llm.usage import Usage
from crucible.recorder import entries
from crucible.recorder.budget import Bound, Budget, Limits, bound
from crucible.recorder.entries import Entry, Pending, Settlement
from crucible.recorder.groups import Groups
from crucible.recorder.recorder import RunRecorder
from crucible.recorder.totals import Settled
from crucible.scrub import Scrubber

DETAIL_LIMIT = 1000
SUBJECT_LIMIT = 500
FREE = Price(0, "free: embedded model")
FREE_ERROR = Price(0, "free: error answer without usage")


@dataclass(frozen=True)
class Sent:
    """An attempt under way."""

    id: str
    attempt: int
    sent_at: datetime
    started: float
    most: Bound


class Ledger:
    """A `llm.asking.CallLog` that writes through a run's recorder."""

    def __init__(
        self,
        recorder: RunRecorder,
        model: LanguageModel,
        *,
        prices: PriceList,
        scrub: Scrubber,
        budget: Mapping[str, Any] | None = None,
        capture_content: bool = False,
    ) -> None:
        self._recorder = recorder
        self._model = model
        self._prices = prices
        self._scrub = scrub
        self._capture = capture_content
        self._served: str | None = None
        self._groups: Groups[Entry] = Groups(partial(entries.write, recorder))
        self._budget = Budget(
            Limits.of(budget),
            recorder.used(),
            elapsed=recorder.elapsed_seconds,
            check=self.check,
        )

    def check(self) -> None:
        self._recorder.control.check()

    def note(self, text: str) -> None:
        self._recorder.note(text)

    def begin(self, prompt: Prompt, subject: str, attempt: int) -> Sent:
        """Raises RunFailure when the run's budget has no room for the call, Stopped, LeaseLost."""
        clock = self._recorder.clock
        most = bound(self._model, self._served, self._prices, prompt, clock.now())
        self._budget.take(most)
        try:
            pending = self._pending(prompt, subject, attempt, most)
            self._groups.submit(pending)
        except BaseException:
            self._budget.give_back(most, None)
            raise
        sent_at = pending.sent_at or clock.now()
        return Sent(pending.row["id"], attempt, sent_at, clock.monotonic(), most)

    def _pending(self, prompt: Prompt, subject: str, attempt: int, most: Bound) -> Pending:
        model = self._model
        row = {
            "id": new_id(),
            "subject": self._scrub.line(subject, SUBJECT_LIMIT),
            "cost_pico": 0 if model.free else None,
            "price_source": FREE.source if model.free else None,
            "reserved_tokens": most.tokens,
            "reserved_pico": most.pico or None,
            "prompt": self._content(prompt.messages),
        }
        return Pending(row, model.provider, model.model, attempt, model.free)

    def settle(self, handle: Sent, end: CallEnd, product: Sequence[Any] | None) -> None:
        price = self._price(end, handle.sent_at)
        tokens = _tokens(end)
        self._served = end.model_served or self._served
        self._groups.submit(self._settlement(handle, end, product, price, tokens))
        self._budget.give_back(
            handle.most,
            Bound(
                handle.most.tokens if tokens is None else tokens,
                handle.most.pico if price.cost_pico is None else price.cost_pico,
            ),
        )

    def _settlement(
        self,
        handle: Sent,
        end: CallEnd,
        product: Sequence[Any] | None,
        price: Price,
        tokens: int | None,
    ) -> Settlement:
        model = self._model
        latency = round(self._recorder.clock.monotonic() - handle.started, 3)
        served = self._scrub.line(end.model_served, 200) if end.model_served else None
        row = {
            **_usage_columns(end.usage),
            "outcome": end.outcome,
            "error_kind": end.error_kind,
            "error_detail": self._detail(end),
            "http_status": end.http_status,
            "model_served": served,
            "cost_pico": price.cost_pico,
            "price_source": price.source,
            "reserved_tokens": handle.most.tokens if tokens is None else None,
            "reserved_pico": handle.most.pico if price.cost_pico is None else None,
            "latency_seconds": latency,
            "answer": self._content(end.answer),
        }
        call = Settled(handle.attempt, end.outcome, end.usage, price.cost_pico, model.free)
        return Settlement(handle.id, row, call, model.model, served, product)

    def _price(self, end: CallEnd, sent_at: datetime) -> Price:
        if self._model.free:
            return FREE
        if end.known_free and not end.usage.reported:
            return FREE_ERROR
        model = self._model
        return self._prices.price(model.provider, end.model_served, model.model, end.usage, sent_at)

    def _detail(self, end: CallEnd) -> str | None:
        return self._scrub.line(end.error_detail, DETAIL_LIMIT) if end.error_detail else None

    def _content(self, content: Any) -> str | None:
        if not self._capture or content is None:
            return None
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        return self._scrub(text)


def _usage_columns(usage: Usage) -> dict[str, int | None]:
    return {name: getattr(usage, name) for name in Usage.parts()}


def _tokens(end: CallEnd) -> int | None:
    """Tokens the call used; None where that is not known."""
    return 0 if end.known_free and not end.usage.reported else end.usage.total_tokens
