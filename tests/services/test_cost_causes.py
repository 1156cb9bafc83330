"""The parts of a change of cost add up, and a single cause takes the whole of it."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from crucible.services.cost_causes import (
    CAUSES,
    Parts,
    Spend,
    Used,
    apportioned,
    causes,
    grain,
    shapley,
)

PHASES = ("design", "scenarios", "evaluation")
PICO = st.integers(0, 10**6) | st.integers(0, 10**18)
USED = st.builds(
    Used,
    calls=st.integers(0, 3) | st.integers(0, 10**15),
    tokens=st.none() | st.fractions(0, 10**6, max_denominator=1000),
    pico=PICO,
    price=st.sampled_from([None, "a", "b"]),
).map(lambda used: used if used.calls else replace(used, pico=0))
SPEND = st.builds(
    lambda used, wasted: Spend(wasted + sum(each.pico for each in used.values()), used),
    st.dictionaries(st.sampled_from(PHASES), USED),
    PICO,
)
many = settings(max_examples=300, deadline=None, derandomize=True)


def known(base: Spend, head: Spend) -> Parts:
    found = causes(base, head)
    assert found is not None
    return found


@many
@given(SPEND, SPEND)
def test_causes_add_up_and_change_sign_with_direction(base: Spend, head: Spend) -> None:
    there, back = causes(base, head), causes(head, base)

    if there is None or back is None:
        assert there is back
        return
    assert tuple(there) == CAUSES
    assert sum(there.values()) == head.total - base.total
    assert there == {name: -part for name, part in back.items()}


@many
@given(
    parts=st.dictionaries(
        st.sampled_from(CAUSES), st.fractions(-(10**6), 10**6, max_denominator=60), min_size=1
    )
)
def test_whole_numbers_add_up_near_the_parts(parts: Parts) -> None:
    total = round(sum(parts.values()))
    whole = apportioned(parts, total)

    assert sum(whole.values()) == total
    assert all(abs(whole[name] - part) < 1 for name, part in parts.items())
    negated = apportioned({name: -part for name, part in parts.items()}, -total)
    assert negated == {name: -part for name, part in whole.items()}


@many
@given(st.lists(st.integers(-(10**22), 10**22), min_size=1, max_size=6))
def test_figures_of_one_grain_add_up_as_decimals(figures: list[int]) -> None:
    step = grain(*figures, sum(figures))
    rounded = [round(Fraction(figure, step)) for figure in figures]
    shown = [Decimal(repr(each * step / 10**12)) for each in rounded]

    assert sum(shown) == Decimal(sum(rounded)) * step / 10**12


@many
@given(st.lists(st.tuples(*[st.fractions(0, 100, max_denominator=9)] * 2), min_size=1, max_size=3))
def test_shapley_parts_are_efficient_and_spare_what_did_not_change(
    pairs: list[tuple[Fraction, Fraction]],
) -> None:
    base = {str(n): pair[0] for n, pair in enumerate(pairs)}
    head = {str(n): pair[1] for n, pair in enumerate(pairs)}
    before, after = Fraction(1), Fraction(1)
    for one, other in pairs:
        before, after = before * one, after * other
    found = shapley(base, head)

    assert sum(found.values()) == after - before
    assert all(found[name] == 0 for name in base if base[name] == head[name])


def test_shapley_by_hand() -> None:
    """2 x 3 = 6 becomes 4 x 5 = 20: 14 more. First the calls, (4-2) x 3 = 6, then 4 x (5-3) = 8;
    or first the tokens, 2 x 2 = 4, then 2 x 5 = 10."""
    found = shapley(
        {"calls": Fraction(2), "tokens": Fraction(3)}, {"calls": Fraction(4), "tokens": Fraction(5)}
    )
    assert found == {"calls": 8, "tokens": 6}


# 10 calls of 1,200 tokens at 250 pico-dollars a token.
BASE = Used(calls=10, tokens=Fraction(1200), pico=3_000_000, price="openai/gpt-5-mini")


def only(base: Used, head: Used, wasted: tuple[int, int] = (0, 0)) -> Parts:
    """The causes that took part."""
    found = known(
        Spend(base.pico + wasted[0], {"design": base}),
        Spend(head.pico + wasted[1], {"design": head}),
    )
    return {name: part for name, part in found.items() if part}


def test_more_calls_are_calls() -> None:
    for price in (BASE.price, None):
        base = replace(BASE, price=price)
        assert only(base, replace(base, calls=13, pico=3_900_000)) == {"calls": 900_000}


def test_longer_prompts_are_tokens_although_the_mean_price_fell() -> None:
    # Input is cheaper than output: three times the tokens, twice the cost.
    assert only(BASE, replace(BASE, tokens=Fraction(3600), pico=6_000_000)) == {"tokens": 3_000_000}


def test_a_dearer_model_is_price() -> None:
    assert only(BASE, replace(BASE, pico=12_000_000, price="openai/gpt-5")) == {"price": 9_000_000}


def test_answers_that_were_not_used_are_retries() -> None:
    assert only(BASE, BASE, wasted=(500, 90_000)) == {"retries": 89_500}


def test_a_phase_of_one_side_alone_is_calls() -> None:
    found = known(Spend(0, {}), Spend(BASE.pico, {"evaluation": BASE}))
    assert found == {"calls": 3_000_000, "tokens": 0, "price": 0, "retries": 0}
    assert only(Used(0, None, 0), BASE) == {"calls": 3_000_000}


def test_two_models_at_once_on_one_side_can_still_be_split() -> None:
    mixed = replace(BASE, tokens=Fraction(2400), pico=9_000_000, price=None)
    # Tokens doubled and the mean price rose by half, at the same number of calls.
    assert only(BASE, mixed) == {"tokens": 3_750_000, "price": 2_250_000}


def test_without_tokens_price_and_length_are_not_told_apart() -> None:
    silent = replace(BASE, tokens=None, pico=4_000_000)
    assert causes(*(Spend(each.pico, {"design": each}) for each in (BASE, silent))) is not None
    other = replace(silent, price="openai/gpt-5")
    assert causes(*(Spend(each.pico, {"design": each}) for each in (BASE, other))) is None


def test_free_runs_differ_by_nothing_whatever_is_unknown() -> None:
    free = Used(calls=4, tokens=None, pico=0, price=None)
    assert only(free, replace(free, calls=9)) == {}
