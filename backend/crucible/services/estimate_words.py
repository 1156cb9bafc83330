"""What an estimate rests on, and which limits it would reach, in sentences of our own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crucible.services.estimating import ENOUGH, Forecast

LONGEST_NAME = 60
_TABLE = re.compile(r"(genai-prices [\w.+]{1,30}):", re.ASCII)


@dataclass(frozen=True)
class Basis:
    model: str
    history: Forecast | None
    priced: bool
    """Whether the cost is known."""
    free: bool
    price_source: str | None
    """Of the price list, where the cost came from one."""
    elsewhere: int
    """Runs of other projects that tell the time."""


def basis(known: Basis) -> dict[str, Any]:
    """`{kind, runs, same_model, note}`."""
    if known.history:
        kind = "history"
    else:
        kind = "prices" if known.priced else "none"
    return {
        "kind": kind,
        "runs": known.history.runs if known.history else 0,
        "same_model": known.history.same_model if known.history else None,
        "note": "; ".join(filter(None, (_tokens(known), _cost(known), _time(known)))),
    }


def _tokens(known: Basis) -> str:
    history, model = known.history, _name(known.model)
    if history is None:
        return "no completed run of this project to go by: tokens from the length of the prompts"
    runs = "your last run" if history.runs == 1 else f"your last {history.runs} runs"
    if history.same_model:
        told = f"from {runs} with {model}, scaled to this size"
    else:
        told = f"fewer than {ENOUGH} runs with {model} yet: from {runs} with any model"
    return told if history.tokens else f"{told}; tokens from the length of the prompts"


def _cost(known: Basis) -> str:
    model = _name(known.model)
    if known.free:
        return "" if known.history else f"{model} runs on this machine and costs nothing"
    if not known.priced:
        return f"no price is known for {model}"
    if known.price_source is None:
        return ""
    table = _TABLE.match(known.price_source)
    return f"cost from the price of {model} ({table[1] if table else 'your price list'})"


def _time(known: Basis) -> str:
    if not known.elsewhere:
        return "" if known.history else "how long it takes is not known"
    runs = "a run" if known.elsewhere == 1 else f"{known.elsewhere} runs"
    return f"time from {runs} with {_name(known.model)} in other projects"


def _name(model: str) -> str:
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in model)
    return printable if len(printable) <= LONGEST_NAME else printable[: LONGEST_NAME - 1] + "…"


def warnings(figures: Mapping[str, Any], budget: Mapping[str, Any] | None) -> list[str]:
    """A sentence for each limit that is below what the run will probably take."""
    likely = (
        ("max_cost_usd", figures["cost_usd"]["p50"], _dollars),
        ("max_total_tokens", figures["tokens"]["p50"], "{:,} tokens".format),
        ("max_llm_calls", figures["calls"], "{:,} calls".format),
        ("max_duration_seconds", figures["duration_seconds"]["p50"], "{:,.3g} s".format),
    )
    limits = budget or {}
    return [
        f"The run will probably end at its limit of {shown(limits[name])} ({name}): "
        f"it takes about {shown(amount)}."
        for name, amount, shown in likely
        if amount is not None and limits.get(name) is not None and amount > limits[name]
    ]


def _dollars(amount: float) -> str:
    """To two digits that say something."""
    digits = f"{float(f'{amount:.2g}'):.12f}".rstrip("0").rstrip(".")
    return f"${amount:,.2f}" if amount >= 0.1 else f"${digits}"
