"""What a run is to take: calls, tokens, cost and time, with the basis in words.

Fields, method and limits are in docs/metrics.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.config import Settings
from crucible.models.values import PHASES, Status
from crucible.services import estimate_words as words
from crucible.services.estimating import Forecast, Range, from_history
from crucible.services.list_prices import Calls, ListPrices
from crucible.services.past_runs import Size, past_runs
from crucible.services.requested import Requested, requested
from crucible.services.usage import PICO, usd

READ = 50
"""Completed runs that are read: so many of the project, and so many of all."""
INPUT_ROOM, OUTPUT_ROOM = 1.25, 4.0
"""From a p50 that only prompts tell to its p90: some calls are repeated, and a model that reasons
writes several times what it answers."""
MOST_TOKENS, MOST_PICO, MOST_SECONDS = 10**15, 10**6 * PICO, 10.0**10
"""No figure is greater, whatever history was imported."""


def estimate(
    session: Session,
    clock: Clock,
    settings: Settings,
    project_id: str,
    request: Mapping[str, Any],
) -> dict[str, Any]:
    """What a run would take that is not started, as the contract has it: `calls`; p50 and p90 of
    `tokens`, `cost_usd` and `duration_seconds` (null = not known); `basis` (`kind`, `runs`,
    `note`); and `warnings`, a sentence for each limit that it would probably reach.

    Raises what starting it would raise; writes nothing.
    """
    asked = requested(session, clock, settings, project_id, request)
    return estimated(session, clock, settings, asked)


def shown(kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A run's estimate as it was kept; what an imported one lacks is null."""
    if kept is None:
        return None
    lacking = dict.fromkeys(("calls", "tokens", "cost_usd", "duration_seconds", "basis"))
    basis = kept.get("basis")
    return {
        **lacking,
        **kept,
        "basis": basis and {"same_model": None, **basis},
        "warnings": kept.get("warnings") or [],
    }


def warm(settings: Settings, clock: Clock) -> None:
    """Loads the price tables: 150 ms the first time, which must not pass under a write lock."""
    ListPrices(settings, settings.llm_model, clock.now()).cost([Calls(1, 1000, 100)])


def estimated(
    session: Session, clock: Clock, settings: Settings, asked: Requested
) -> dict[str, Any]:
    """The same for a request that keeps the rules of a start."""
    model, size = str(asked.config["model"]), _size(asked.config)
    past = past_runs(session, asked.project.id, (Status.COMPLETED,), READ)
    history = from_history(past, size, model)
    likely = _likely(history, asked.config, size, schema_is_sent=settings.llm != "local")
    prices = ListPrices(settings, model, clock.now())
    known_cost = history.cost_pico if history and not prices.free else None
    cost = known_cost or _cost(likely, prices)
    duration, elsewhere = _duration(session, history, size, model)
    figures = {
        "calls": sum(size.calls(phase) for phase in PHASES),
        "tokens": _shown(_tokens(likely), lambda value: min(round(value), MOST_TOKENS)),
        "cost_usd": _shown(cost, lambda value: usd(min(round(value), MOST_PICO))),
        "duration_seconds": _shown(duration, lambda value: round(min(value, MOST_SECONDS), 3)),
    }
    basis = words.Basis(
        model=model,
        history=history,
        priced=cost is not None,
        free=prices.free,
        price_source=None if known_cost else prices.source,
        elsewhere=elsewhere,
    )
    return {
        **figures,
        "basis": words.basis(basis),
        "warnings": words.warnings(figures, asked.budget),
    }


def _size(config: Mapping[str, Any]) -> Size:
    return Size(
        mode=config["mode"],
        candidates=config["num_candidates"],
        scenarios=config["num_scenarios"],
        given=len(config["candidates"]),
        concurrency=config["concurrency"],
    )


def _likely(
    history: Forecast | None, config: dict[str, Any], size: Size, *, schema_is_sent: bool
) -> tuple[list[Calls], list[Calls]]:
    """The calls with what they take: as likely more as less, and in nine of ten runs less."""
    if history and history.tokens:
        # Where runs do not tell tokens in from tokens out, all count as the dearer ones.
        tokens, share = history.tokens, history.input_share or 0.0
        calls = sum(size.calls(phase) for phase in PHASES)
        each = (tokens.p50 / calls, tokens.p90 / calls)
        p50, p90 = ([Calls(calls, one * share, one * (1 - share))] for one in each)
        return p50, p90
    from crucible.services import prompt_sizes  # noqa: PLC0415 - marshmallow: only without history

    made = prompt_sizes.calls(config, size, schema_is_sent=schema_is_sent)
    roomy = [
        replace(
            each,
            input_tokens=each.input_tokens * INPUT_ROOM,
            output_tokens=each.output_tokens * OUTPUT_ROOM,
        )
        for each in made
    ]
    return made, roomy


def _tokens(likely: tuple[Sequence[Calls], Sequence[Calls]]) -> Range:
    p50, p90 = (sum(each.tokens for each in calls) for calls in likely)
    return Range(p50, p90)


def _cost(likely: tuple[Sequence[Calls], Sequence[Calls]], prices: ListPrices) -> Range | None:
    p50, p90 = (prices.cost(calls) for calls in likely)
    return None if p50 is None or p90 is None else Range(p50, max(p50, p90))


def _duration(
    session: Session, history: Forecast | None, size: Size, model: str
) -> tuple[Range | None, int]:
    """Seconds; and how many runs of other projects tell them, where none of this one does."""
    if history and history.duration_seconds:
        return history.duration_seconds, 0
    anywhere = past_runs(session, None, (Status.COMPLETED,), READ)
    found = from_history([run for run in anywhere if run.model == model], size, model)
    if found is None or found.duration_seconds is None:
        return None, 0
    return found.duration_seconds, found.runs


def _shown(found: Range | None, form: Callable[[float], float | None]) -> dict[str, float | None]:
    if found is None:
        return {"p50": None, "p90": None}
    return {"p50": form(found.p50), "p90": form(found.p90)}
