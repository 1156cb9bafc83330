"""Why one run cost more than another: the difference split by cause, exactly.

Per phase, spend on answers that were used is U = a x t x p: `a` calls whose answer was used, `t`
tokens a call, `p` price a token. Each factor's part of the change of U is its Shapley value: the
mean, over all orders in which the factors could have changed one after the other, of what its own
change did. The parts add up to the change and do not depend on an order, and swapping the runs
swaps every sign. Source: L. S. Shapley, "A value for n-person games" (1953), used as an exact
decomposition as in B. W. Ang, F. L. Liu, E. P. Chew, "Perfect decomposition techniques in energy
and environmental analysis", Energy Policy 31 (2003).

What is left of the change, spend on calls whose answer was not used, is `retries`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from math import prod

CALLS, TOKENS, PRICE, RETRIES = "calls", "tokens", "price", "retries"
CAUSES = (CALLS, TOKENS, PRICE, RETRIES)
DIGITS = 15
"""Decimal digits that a JSON number keeps, whatever they are."""

Parts = dict[str, Fraction]


@dataclass(frozen=True)
class Used:
    """Calls of one phase whose answer was used: how many, and what they cost."""

    calls: int
    tokens: Fraction | None
    """Tokens a call; None when no call reported any."""
    pico: int
    price: str | None = None
    """What their price was taken from, where one and the same was taken for all of them."""


@dataclass(frozen=True)
class Spend:
    """A run's cost in pico-dollars, and the part of it that went to used answers, by phase."""

    total: int
    used: Mapping[str, Used]


def causes(base: Spend, head: Spend) -> Parts | None:
    """The parts of `head.total - base.total`, by cause, in pico-dollars; they add up exactly.

    None when tokens and price cannot be told apart, since one side's tokens are not known.
    """
    parts: Parts = dict.fromkeys(CAUSES, Fraction(0))
    for phase in {**base.used, **head.used}:
        found = _of_phase(base.used.get(phase), head.used.get(phase))
        if found is None:
            return None
        for cause, part in found.items():
            parts[cause] += part
    parts[RETRIES] = head.total - base.total - sum(parts.values(), Fraction(0))
    return parts


def shapley(base: Mapping[str, Fraction], head: Mapping[str, Fraction]) -> Parts:
    """The part of each factor in the change of the product of all of them."""
    parts: Parts = dict.fromkeys(base, Fraction(0))
    orders = list(permutations(base))
    for order in orders:
        now = dict(base)
        for factor in order:
            before = prod(now.values())
            now[factor] = head[factor]
            parts[factor] += Fraction(prod(now.values()) - before)
    return {factor: part / len(orders) for factor, part in parts.items()}


def _of_phase(base: Used | None, head: Used | None) -> Parts | None:
    before, after = base.pico if base else 0, head.pico if head else 0
    if base is None or head is None or not base.calls or not head.calls:
        return {CALLS: Fraction(after - before)}
    if before == after == 0:
        return {}
    if base.price is not None and base.price == head.price:
        # The same price list: what a token costs on average moves with the mix of input, output
        # and cached tokens alone, and a longer prompt is no dearer price.
        return shapley(_factors(base, _cost_a_call), _factors(head, _cost_a_call))
    if not base.tokens or not head.tokens:
        return None
    return shapley(_factors(base, _tokens_and_price), _factors(head, _tokens_and_price))


def _factors(used: Used, of_a_call: Callable[[Used], Parts]) -> Parts:
    return {CALLS: Fraction(used.calls), **of_a_call(used)}


def _cost_a_call(used: Used) -> Parts:
    return {TOKENS: Fraction(used.pico, used.calls)}


def _tokens_and_price(used: Used) -> Parts:
    tokens = used.tokens or Fraction(0)
    return {TOKENS: tokens, PRICE: used.pico / (used.calls * tokens)}


def grain(*figures: int | Fraction) -> int:
    """1, or the power of ten below which the greatest of these has no digit that a JSON number
    could carry: figures rounded to it still add up when they are read as decimals."""
    digits = len(str(int(max((abs(Fraction(each)) for each in figures), default=0)) + 1))
    return int(10 ** max(0, digits - DIGITS))


def apportioned(parts: Parts, total: int) -> dict[str, int]:
    """The parts as whole numbers that add up to `total`: cut, then the rest goes to those that
    lost most (largest remainders). Swapping the signs of everything swaps those of the answer."""
    cut = {name: int(part) for name, part in parts.items()}  # towards zero
    rest = total - sum(cut.values())
    sign = 1 if rest > 0 else -1
    neediest = sorted(parts, key=lambda name: (cut[name] - parts[name]) * sign)
    for place in range(abs(rest)):
        cut[neediest[place % len(neediest)]] += sign
    return cut
