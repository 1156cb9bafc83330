"""Limits on runs: their one stored form, and whether they can be held."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import Invalid
from crucible.llm.prices import PICO_PER_USD, PriceList
from crucible.llm.usage import Usage
from crucible.recorder.budget import Limits, Used

KEYS = ("max_cost_usd", "max_total_tokens", "max_llm_calls", "max_duration_seconds")


def stored(budget: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """All four keys, None = no limit; None when nothing is limited."""
    found = {key: (budget or {}).get(key) for key in KEYS}
    return found if any(value is not None for value in found.values()) else None


def require_room(
    session: Session, run_id: str, duration_seconds: float | None, budget: Mapping[str, Any]
) -> None:
    """Raises Invalid for limits that the run has used up already: it could only fail again."""
    limits, used = Limits.of(budget), Used.of_run(session, run_id)
    pairs = (
        ("max_cost_usd", limits.cost_pico, used.pico, f"${used.pico / PICO_PER_USD:g}"),
        ("max_total_tokens", limits.total_tokens, used.tokens, f"{used.tokens:,} tokens"),
        ("max_llm_calls", limits.llm_calls, used.calls, f"{used.calls:,} calls"),
        (
            "max_duration_seconds",
            limits.duration_seconds,
            duration_seconds or 0,
            f"{duration_seconds or 0:g} s",
        ),
    )
    for name, most, spent, shown in pairs:
        if most is not None and spent and most <= spent:
            takes = f"takes more than the {shown} that the run has used or reserved already"
            raise Invalid.field(f"budget.{name}", takes)


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
