"""Limits on runs: their one stored form, and whether they can be held."""

from collections.abc import Mapping
from typing import Any

from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import Invalid
from crucible.llm.prices import PriceList
from crucible.llm.usage import Usage

KEYS = ("max_cost_usd", "max_total_tokens", "max_llm_calls", "max_duration_seconds")


def stored(budget: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """All four keys, None = no limit; None when nothing is limited."""
    found = {key: (budget or {}).get(key) for key in KEYS}
    return found if any(value is not None for value in found.values()) else None


def require_price(
    settings: Settings, clock: Clock, model: str, budget: Mapping[str, Any] | None
) -> None:
    """Raises Invalid for a limit in dollars on a model whose price is not known: it could not be
    held."""
    if not budget or budget.get("max_cost_usd") is None or settings.llm == "local":
        return
    any_usage = Usage(1000, 1000, 0, 0, 0)
    prices = PriceList(settings.prices)
    price = prices.price(settings.llm_provider, None, model, any_usage, clock.now())
    if price.cost_pico is None:
        raise Invalid.field(
            "budget.max_cost_usd",
            f"no price is known for the model {model} of {settings.llm_provider}: give its price "
            "in the file that CRUCIBLE_PRICES names, or limit tokens or calls instead",
        )
