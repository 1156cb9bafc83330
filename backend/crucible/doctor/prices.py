"""Whether the cost of runs will be known."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from crucible.doctor.case import Case
from crucible.doctor.finding import Finding, failed, ok, skipped, warning
from crucible.doctor.installation import AGAIN
from crucible.doctor.model import dollars
from crucible.errors import ConfigError
from crucible.llm.prices import PriceList
from crucible.llm.usage import Usage

SAMPLES = (Usage(1000, 0, 0, 0, 0), Usage(0, 1000, 0, 0, 0))
"""In and out. Few enough for what a price that grows with the prompt begins at."""
TO_A_MILLION = 1000
OLD_DAYS = 365
ADD = "give its prices in a file that CRUCIBLE_PRICES names (docs/metrics.md shows its form)"


def look(case: Case) -> Iterator[Finding]:
    settings = case.settings
    try:
        own = PriceList(settings.prices)
    except ConfigError as error:
        yield failed(error.message, "correct the file, or: unset CRUCIBLE_PRICES")
        return
    if settings.prices:
        changed = datetime.fromtimestamp(Path(settings.prices).expanduser().stat().st_mtime, UTC)
        yield ok(f"{settings.prices} can be read, last changed on {changed:%Y-%m-%d}")
    if settings.llm == "local":
        yield ok("the embedded model costs nothing")
        return
    if settings.llm == "kosmos":
        yield skipped("Kosmos names its model when it is called")
        return
    provider, model = settings.llm_provider, settings.llm_model
    now = case.clock.now()
    into, out = (own.price(provider, None, model, sample, now) for sample in SAMPLES)
    if into.cost_pico is None or out.cost_pico is None or into.source is None:
        yield warning(f"no price is known of {model} of {provider}: costs will be unknown", ADD)
        return
    yield ok(
        f"{model} of {provider}: {dollars(into.cost_pico * TO_A_MILLION)} in, "
        f"{dollars(out.cost_pico * TO_A_MILLION)} out per million tokens, by {into.source}"
    )
    if into.source.startswith("genai-prices"):
        yield from _age(case.clock.now().date())


def _age(today: date) -> Iterator[Finding]:
    """The table does not say when it was made; the youngest price with a date says how old it is
    at most."""
    if (newest := _newest(today)) is None:
        return
    days = (today - newest).days
    said = f"the table's newest dated price is of {newest}, {days} days ago"
    if days > OLD_DAYS:
        yield warning(said, AGAIN)
    else:
        yield ok(said)


def _newest(today: date) -> date | None:
    from genai_prices.data import providers  # noqa: PLC0415 - 150 ms that only a paid model needs

    dates = (
        getattr(getattr(price, "constraint", None), "start_date", None)
        for provider in providers
        for model in provider.models
        if isinstance(model.prices, list)
        for price in model.prices
    )
    return max((found for found in dates if found is not None and found <= today), default=None)
