"""What calls that were not made would cost, at the prices of this moment."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crucible.config import Settings
from crucible.errors import ConfigError
from crucible.llm.prices import UNPRICED, Price, PriceList
from crucible.llm.usage import MAX_TOKENS, Usage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Calls:
    """Calls of one kind, and what each takes."""

    count: int
    input_tokens: float
    output_tokens: float

    @property
    def tokens(self) -> float:
        return self.count * (self.input_tokens + self.output_tokens)


class ListPrices:
    """Prices of one model, of the provider in the settings. The embedded model is free."""

    def __init__(self, settings: Settings, model: str, now: datetime) -> None:
        self.free = settings.llm == "local"
        self.source: str | None = None
        """Where the last price that was known came from."""
        self._settings, self._model, self._now = settings, model, now
        self._list: PriceList | None = None

    def cost(self, calls: Sequence[Calls]) -> int | None:
        """Pico-dollars; None when no price is known. A call at a time: some prices rise with the
        length of the prompt."""
        found = [self._one(each.input_tokens, each.output_tokens) for each in calls]
        known = [
            pico * each.count for pico, each in zip(found, calls, strict=True) if pico is not None
        ]
        return sum(known) if len(known) == len(calls) else None

    def _one(self, input_tokens: float, output_tokens: float) -> int | None:
        if self.free:
            return 0
        sent, received = (min(round(n), MAX_TOKENS) for n in (input_tokens, output_tokens))
        price = self._price(Usage(sent, received, 0, 0, 0))
        self.source = price.source or self.source
        return price.cost_pico

    def _price(self, usage: Usage) -> Price:
        settings = self._settings
        try:
            self._list = self._list or PriceList(settings.prices)
        except ConfigError as error:
            # A run is started without a price list, so it is estimated without one.
            log.warning("no price for an estimate: %s", error)
            return UNPRICED
        return self._list.price(settings.llm_provider, None, self._model, usage, self._now)
