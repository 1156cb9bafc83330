"""What a call costs: genai-prices at the moment of the call, and the user's own file before it.

Sources: https://github.com/pydantic/genai-prices for the tables; the file named by
CRUCIBLE_PRICES for what it adds or overrides (its form is in docs/metrics.md).
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from crucible.errors import ConfigError
from crucible.llm.usage import Usage

log = logging.getLogger(__name__)

PICO_PER_USD = 10**12
MILLION = 1_000_000
# The largest cost that the ledger's 64-bit column holds, far above any real call.
MAX_PICO = 2**62
LARGEST_FILE = 10 * 10**6
"""Of a user's own prices, in bytes."""
# Of tokens, by which a bound may be too high.
_STEP = 64
_KEPT = 1000


@dataclass(frozen=True)
class Price:
    cost_pico: int | None
    source: str | None
    """Where the price came from and which version of it; None when there is no price."""


UNPRICED = Price(None, None)


@dataclass(frozen=True)
class OwnPrice:
    """USD per million tokens, from the user's file."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None
    cache_write: Decimal | None

    def cost(self, usage: Usage) -> Decimal | None:
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
        plain = usage.input_tokens - cached - written
        return (
            plain * self.input
            + cached * (self.input if self.cached_input is None else self.cached_input)
            + written * (self.input if self.cache_write is None else self.cache_write)
            + usage.output_tokens * self.output
        ) / MILLION


def require_readable(file: str | None) -> None:
    """Raises ConfigError where `PriceList` would: before anything rests on it."""
    PriceList(file)


class PriceList:
    """Prices of one provider's models.

    `file` is the path of the user's own price list, or None. Raises ConfigError when it cannot
    be read, naming what is wrong with it.
    """

    def __init__(self, file: str | None = None) -> None:
        self._own, self._own_source = _read_file(file) if file else ({}, "")
        self._ceilings: dict[tuple[Any, ...], int | None] = {}

    def price(
        self, provider: str, served: str | None, asked: str, usage: Usage, at: datetime
    ) -> Price:
        """The cost of a call by the model that served, else the one asked for."""
        if not usage.reported:
            return UNPRICED
        for model in dict.fromkeys(m for m in (served, asked) if m):
            found = self._one(provider, model, usage, at)
            if found.cost_pico is not None:
                return found
        return UNPRICED

    def ceiling(
        self, provider: str, models: Sequence[str], sent: int, received: int, at: datetime
    ) -> int | None:
        """Pico-dollars that a call of so many tokens costs at most, by the dearest of `models`;
        None where none has a price.

        For tokens rounded up and by the minute, so that the calls of a phase, which are much
        alike, need few looks into the table.
        """
        rounded = -(-sent // _STEP) * _STEP
        minute = at.replace(second=0, microsecond=0)
        key = (provider, *models, rounded, received, minute)
        kept = self._ceilings  # another thread may begin anew
        if key not in kept:
            usage = Usage(rounded, received, 0, 0, 0)
            found = [
                self.price(provider, model, models[0], usage, minute).cost_pico
                for model in dict.fromkeys(models)
            ]
            costs = [pico for pico in found if pico is not None]
            if len(kept) >= _KEPT:
                kept = self._ceilings = {}
            kept[key] = max(costs, default=None)
        return kept[key]

    def _one(self, provider: str, model: str, usage: Usage, at: datetime) -> Price:
        own = self._own.get((provider, model))
        if own is not None:
            return _price(own.cost(usage), f"{self._own_source}:{model}")
        try:
            return _table_price(provider, model, usage, at)
        # A price table that stumbles must not break a run: the call is unpriced, and says so.
        except Exception:  # noqa: BLE001 - see above
            log.warning("no price for %s of %s", model, provider, exc_info=True)
            return UNPRICED


def _table_price(provider: str, model: str, usage: Usage, at: datetime) -> Price:
    import genai_prices  # noqa: PLC0415 - 150 ms that only a paid call needs

    counts = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_input_tokens or None,
        cache_write_tokens=usage.cache_write_tokens or None,
        output_reasoning_tokens=usage.reasoning_tokens or None,
    )
    try:
        found = genai_prices.calc_price(
            counts, model, provider_id=provider, genai_request_timestamp=at
        )
    except LookupError:
        return UNPRICED
    return _price(
        found.total_price, f"genai-prices {_table_version()}:{found.provider.id}/{found.model.id}"
    )


@cache
def _table_version() -> str:
    return version("genai-prices")


def _price(usd: Decimal | None, source: str) -> Price:
    if usd is None:
        return UNPRICED
    pico = int((usd * PICO_PER_USD).to_integral_value(ROUND_HALF_EVEN))
    return Price(pico, source[:300]) if 0 <= pico <= MAX_PICO else UNPRICED


def _read_file(file: str) -> tuple[Mapping[tuple[str, str], OwnPrice], str]:
    path = Path(file)
    try:
        path = path.expanduser()
        data = json.loads(_content(path), parse_float=Decimal)
        prices = {(p["provider"], p["model"]): _own_price(p) for p in data["prices"]}
    except OSError as error:
        raise ConfigError(f"CRUCIBLE_PRICES: {path} cannot be read: {error.strerror}") from None
    # RuntimeError: a home of nobody's, lists within lists without end.
    except (ValueError, KeyError, TypeError, ArithmeticError, RuntimeError) as error:
        raise ConfigError(
            f"CRUCIBLE_PRICES: {path} is not a price list ({type(error).__name__}: {error}); "
            "docs/metrics.md shows its form"
        ) from None
    return prices, f"{path.name} {data.get('version', 'unversioned')}"


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # a pipe would be waited for, a device has no end
        raise ConfigError(f"CRUCIBLE_PRICES: {path} is no file")
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ConfigError(
            f"CRUCIBLE_PRICES: {path} is larger than {LARGEST_FILE // 10**6} MB, too large for a "
            "price list"
        )
    return content


def _own_price(entry: Mapping[str, Any]) -> OwnPrice:
    def usd(name: str, *, required: bool = False) -> Decimal | None:
        value = entry.get(name)
        if value is None:
            if required:
                raise KeyError(name)
            return None
        amount = Decimal(str(value))
        if not amount.is_finite() or amount < 0:
            raise ValueError(f"{name} must be a price of at least 0")
        return amount

    dear, cheap = (
        usd("input_usd_per_million", required=True),
        usd("output_usd_per_million", required=True),
    )
    assert dear is not None and cheap is not None
    return OwnPrice(
        dear, cheap, usd("cached_input_usd_per_million"), usd("cache_write_usd_per_million")
    )
