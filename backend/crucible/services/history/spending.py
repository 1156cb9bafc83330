"""What made-up calls use and cost."""

import math
from dataclasses import dataclass
from random import Random

from crucible.models.values import PhaseName
from crucible.recorder.totals import Totals

CONCURRENCY = 4


@dataclass(frozen=True)
class Model:
    """A model as it answers, and what a token of it costs in pico-dollars; None = no price."""

    name: str
    provider: str
    seconds: float
    price: tuple[int, int, int] | None
    """Of a token in, one of these that was cached, and one out."""
    free: bool = False
    metered: bool = True


MODELS = (
    (70, Model("gpt-5-mini", "openai", 6.0, (250_000, 25_000, 2_000_000))),
    (12, Model("gpt-5", "openai", 11.0, (1_250_000, 125_000, 10_000_000))),
    (9, Model("embedded-sample", "local", 4.0, (0, 0, 0), free=True)),
    (6, Model("in-house-sample", "openai", 5.0, None)),
    (3, Model("gateway-sample", "openai", 5.0, None, metered=False)),
)
_TOKENS = {
    PhaseName.DESIGN: (900, 420),
    PhaseName.SCENARIOS: (1_300, 260),
    PhaseName.EVALUATION: (1_150, 210),
}
"""Of a call: tokens in, and tokens out for each thing it makes."""


@dataclass(frozen=True)
class Calls:
    """Calls of a phase, by what became of them."""

    asked: int = 0
    """Questions; calls beyond these are retries."""
    ok: int = 0
    refused: int = 0
    """An error status, or no connection: known to be free."""
    unanswered: int = 0
    """A timeout: nobody knows what it cost."""
    invalid: int = 0
    unknown: int = 0

    @property
    def count(self) -> int:
        return self.ok + self.refused + self.unanswered + self.invalid + self.unknown

    def seconds(self, one: float) -> float:
        """How long they take, when one takes `one` seconds."""
        answered = math.ceil((self.ok + self.invalid + self.unknown) / CONCURRENCY) * one
        waited = math.ceil(self.unanswered / CONCURRENCY) * 120 + self.refused * 0.4
        return answered + waited + 0.003

    def totals(self, dice: Random, model: Model, phase: PhaseName, things: int) -> Totals:
        """Their totals; each is asked for so many `things`."""
        if not self.count:
            return Totals()
        answered = self.ok + self.invalid
        totals = Totals(
            call_count=self.count,
            failed_call_count=self.count - self.ok,
            retry_count=self.count - self.asked,
            unmetered_call_count=0 if model.metered else answered,
            providers={model.provider: self.count},
            models={model.name: self.count},
        )
        if model.metered and answered:
            _meter(dice, totals, answered, phase, things)
        self._price(totals, model, answered)
        return totals

    def _price(self, totals: Totals, model: Model, answered: int) -> None:
        known = self.refused + (answered if model.price else 0)
        totals.unpriced_call_count = 0 if model.free else self.count - known
        if not known and not model.free:
            return
        totals.cost_pico = totals.wasted_cost_pico = 0
        if model.price and answered:
            into, cached, out = model.price
            fresh = (totals.input_tokens or 0) - (totals.cached_input_tokens or 0)
            totals.cost_pico = (
                fresh * into
                + (totals.cached_input_tokens or 0) * cached
                + (totals.output_tokens or 0) * out
            )
            totals.wasted_cost_pico = totals.cost_pico * self.invalid // answered


def _meter(dice: Random, totals: Totals, answered: int, phase: PhaseName, things: int) -> None:
    into, out = _TOKENS[phase]
    totals.input_tokens = round(answered * into * dice.lognormvariate(0, 0.1))
    totals.output_tokens = round(answered * out * things * dice.lognormvariate(0, 0.15))
    totals.total_tokens = totals.input_tokens + totals.output_tokens
    again = phase is PhaseName.EVALUATION and answered > CONCURRENCY
    totals.cached_input_tokens = int(totals.input_tokens * dice.uniform(0.2, 0.6)) if again else 0
    totals.cache_write_tokens = 0
    totals.reasoning_tokens = int(totals.output_tokens * dice.uniform(0.2, 0.4))
