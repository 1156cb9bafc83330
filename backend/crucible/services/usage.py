"""Totals over calls, from columns to the contract's `llm_usage` and back to sums."""

from collections.abc import Iterable, Mapping
from typing import Any

from crucible.models.usage import UsageColumns

PICO = 10**12
COLUMNS = tuple(name for name in UsageColumns.__annotations__)
_MAPS = ("providers", "models")


def usd(pico: int | None) -> float | None:
    """US dollars as the JSON number nearest to the exact sum; unknown stays unknown."""
    return None if pico is None else pico / PICO


def shown(totals: Mapping[str, Any]) -> dict[str, Any]:
    """Totals by column name, as the contract's usage object."""
    return {
        "call_count": totals["call_count"],
        "failed_call_count": totals["failed_call_count"],
        "retry_count": totals["retry_count"],
        "input_tokens": totals["input_tokens"],
        "output_tokens": totals["output_tokens"],
        "total_tokens": totals["total_tokens"],
        "cached_input_tokens": totals["cached_input_tokens"],
        "cache_write_tokens": totals["cache_write_tokens"],
        "reasoning_tokens": totals["reasoning_tokens"],
        "unmetered_call_count": totals["unmetered_call_count"],
        "cost_usd": usd(totals["cost_pico"]),
        "unpriced_call_count": totals["unpriced_call_count"],
        "wasted_cost_usd": usd(wasted(totals)),
        "providers": totals["providers"] or {},
        "models": totals["models"] or {},
    }


def wasted(totals: Mapping[str, Any]) -> int | None:
    """Pico-dollars that went to calls whose answer was not used."""
    found: int | None = totals["wasted_cost_pico"]
    if found is None and totals["call_count"] and not totals["failed_call_count"]:
        return 0  # no price is known, but nothing was wasted either
    return found


def known(totals: Mapping[str, Any]) -> bool:
    """Whether there is anything to show: calls were made, or totals came with imported history."""
    return bool(totals["call_count"]) or any(
        totals[name] is not None for name in ("total_tokens", "cost_pico")
    )


def added(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums of totals by column name; NULL only where no row has a value."""
    found = list(rows)
    sums = {name: _sum(row[name] for row in found) for name in COLUMNS if name not in _MAPS}
    return sums | {name: _merged(row[name] for row in found) for name in _MAPS}


def _sum(values: Iterable[int | None]) -> int | None:
    present = [value for value in values if value is not None]
    return sum(present) if present else None


def _merged(maps: Iterable[Mapping[str, int] | None]) -> dict[str, int]:
    merged: dict[str, int] = {}
    for counts in maps:
        for name, count in (counts or {}).items():
            merged[name] = merged.get(name, 0) + count
    return merged
