"""What past runs foretell of the next one."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.seed import START

from crucible.models.values import PhaseName
from crucible.services.estimating import Forecast, Range, from_history
from crucible.services.past_runs import Figures, PastRun, Size
from crucible.services.rates import Metric, work

USUAL = Size(candidates=5, scenarios=8)
SIZES = (Size(candidates=3, scenarios=4), USUAL, Size(candidates=8, scenarios=12))
SECONDS = {PhaseName.DESIGN: 1.0, PhaseName.SCENARIOS: 0.5, PhaseName.EVALUATION: 4.0}
TOKENS = {PhaseName.DESIGN: 200, PhaseName.SCENARIOS: 100, PhaseName.EVALUATION: 1_000}
PICO_A_TOKEN = 500_000


def past_run(number: int = 1, size: Size = USUAL, factor: float = 1.0, **fields: Any) -> PastRun:
    """A run that took `factor` times what is usual for its size."""
    phases = {}
    for name in SECONDS:
        tokens = round(TOKENS[name] * work(size, name, Metric.TOKENS) * factor)
        phases[name] = Figures(
            duration_seconds=SECONDS[name] * work(size, name, Metric.DURATION) * factor,
            calls=size.calls(name),
            input_tokens=tokens * 3 // 4,
            tokens=tokens,
            cost_pico=tokens * PICO_A_TOKEN,
        )
    sums: dict[str, Any] = {
        name: sum(getattr(phase, name) for phase in phases.values())
        for name in ("duration_seconds", "calls", "input_tokens", "tokens", "cost_pico")
    }
    made: dict[str, Any] = {
        "id": str(number),
        "number": number,
        "status": "completed",
        "size": size,
        "created_at": START + timedelta(minutes=number),
        "total": Figures(**sums),
        "phases": phases,
        "model": "gpt-5-mini",
    }
    return PastRun(**{**made, **fields})


def with_cost(run: PastRun, pico: int | None, **figures: Any) -> PastRun:
    changed = {name: replace(phase, cost_pico=pico) for name, phase in run.phases.items()}
    return replace(run, total=replace(run.total, cost_pico=pico, **figures), phases=changed)


def foretold(past: Sequence[PastRun], size: Size = USUAL, model: str = "gpt-5-mini") -> Forecast:
    found = from_history(past, size, model)
    assert found is not None
    return found


def ranges(found: Forecast) -> list[Range]:
    given = (found.duration_seconds, found.tokens, found.cost_pico)
    assert all(each is not None for each in given)
    return [each for each in given if each is not None]


def test_without_a_run_that_completed_there_is_nothing_to_tell() -> None:
    assert from_history([], USUAL, "gpt-5-mini") is None
    assert from_history([past_run(status="failed")], USUAL, "gpt-5-mini") is None


def test_runs_of_one_size_foretell_another() -> None:
    found = foretold([past_run(n, USUAL) for n in range(5)], SIZES[2])

    actual = past_run(size=SIZES[2]).total
    assert found.duration_seconds and found.tokens and found.cost_pico
    assert found.duration_seconds.p50 == pytest.approx(actual.duration_seconds)
    assert found.tokens.p50 == pytest.approx(actual.tokens, rel=0.01)
    assert found.cost_pico.p50 == pytest.approx(actual.cost_pico, rel=0.01)
    assert found.input_share == pytest.approx(0.75)
    assert found.runs == 5


def test_one_run_foretells_with_room_above() -> None:
    for each in ranges(foretold([past_run()])):
        assert each.p90 > 1.3 * each.p50


def test_room_above_shrinks_as_steady_runs_come() -> None:
    rooms = []
    for count in (1, 4, 8, 20):
        found = foretold([past_run(n) for n in range(count)]).tokens
        assert found is not None
        rooms.append(found.p90 / found.p50)

    assert rooms == sorted(rooms, reverse=True)
    assert rooms[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("unknown", [{"cost_pico": None}, {"unpriced_calls": 1}])
def test_a_cost_that_is_not_wholly_known_is_not_foretold(unknown: dict[str, Any]) -> None:
    runs = [past_run(n) for n in range(5)]
    hidden = [replace(run, total=replace(run.total, **unknown)) for run in runs]

    found = foretold(hidden)

    assert found.cost_pico is None
    assert found.tokens is not None


def test_free_runs_foretell_exactly_nothing_to_pay() -> None:
    assert foretold([with_cost(past_run(n), 0) for n in range(12)]).cost_pico == Range(0, 0)


def test_cost_follows_what_the_newest_run_was() -> None:
    free = [with_cost(past_run(n), 0) for n in range(5)]
    paid = [past_run(n) for n in range(5)]

    assert foretold([*paid, free[0]]).cost_pico == Range(0, 0)
    found = foretold([*free, paid[0]]).cost_pico
    assert found is not None
    assert found.p50 == pytest.approx(paid[0].total.cost_pico)


def test_three_runs_with_the_model_count_alone() -> None:
    others = [past_run(n, factor=5.0, model="gpt-5") for n in range(20)]
    same = [past_run(n) for n in range(20, 23)]

    found = foretold(others + same)

    assert (found.runs, found.same_model) == (3, True)
    assert found.tokens and found.tokens.p50 == pytest.approx(same[0].total.tokens)


def test_runs_with_other_models_tell_time_and_tokens_widely_and_no_cost() -> None:
    others = [past_run(n) for n in range(20)]

    found = foretold(others, model="gpt-5")

    assert not found.same_model
    assert found.cost_pico is None
    assert found.tokens and found.tokens.p90 > 1.8 * found.tokens.p50
    assert found.duration_seconds


def test_level_is_followed_within_a_few_runs() -> None:
    before = [past_run(n) for n in range(30)]
    after = [past_run(n, factor=2.5) for n in range(30, 36)]

    found = foretold(before + after).duration_seconds

    assert found and after[0].total.duration_seconds
    assert found.p50 == pytest.approx(after[0].total.duration_seconds)


def test_runs_without_phases_are_enough() -> None:
    runs = [replace(past_run(n), phases={}) for n in range(4)]

    found = foretold(runs).duration_seconds

    assert found and found.p50 == pytest.approx(runs[0].total.duration_seconds)


def test_runs_that_were_given_their_candidates_foretell_one_that_is_not() -> None:
    given_all = Size(mode="eval_only", candidates=5, scenarios=8, given=5)
    found = foretold([past_run(n, given_all) for n in range(4)])

    evaluated = past_run(size=given_all).total.tokens
    assert found.tokens and evaluated
    assert found.tokens.p50 == pytest.approx(evaluated, rel=0.1)


@given(
    st.lists(
        st.tuples(st.floats(0.1, 10), st.sampled_from(SIZES), st.sampled_from(["m", "other"])),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 49),
    st.integers(1, 49),
)
def test_more_to_do_never_takes_less_and_the_p90_is_never_below(
    runs: list[tuple[float, Size, str]], candidates: int, scenarios: int
) -> None:
    past = [past_run(n, size, factor, model=m) for n, (factor, size, m) in enumerate(runs)]
    sizes = [
        Size(candidates=candidates, scenarios=scenarios),
        Size(candidates=candidates + 1, scenarios=scenarios),
        Size(candidates=candidates + 1, scenarios=scenarios + 1),
    ]
    asked = [foretold(past, size, "m") for size in sizes]

    for found in asked:
        for each in (found.duration_seconds, found.tokens, found.cost_pico):
            assert each is None or each.p50 <= each.p90
    for smaller, bigger in pairwise(asked):
        assert smaller.tokens and bigger.tokens
        assert smaller.duration_seconds and bigger.duration_seconds
        assert smaller.tokens.p50 <= bigger.tokens.p50
        assert smaller.tokens.p90 <= bigger.tokens.p90
        assert smaller.duration_seconds.p50 <= bigger.duration_seconds.p50


@pytest.mark.parametrize("drift", [1.0, 1.03])
def test_nine_in_ten_replayed_runs_stay_below_the_p90(drift: float) -> None:
    dice = Random(7)
    below = near = asked = 0
    for _ in range(12):
        history = [
            past_run(n, dice.choice(SIZES), drift**n * math.exp(dice.gauss(0, 0.12)))
            for n in range(60)
        ]
        for place in range(10, 60, 2):
            run = history[place]
            found = foretold(history[:place], run.size).duration_seconds
            assert found and run.total.duration_seconds
            asked += 1
            below += run.total.duration_seconds <= found.p90
            near += abs(found.p50 / run.total.duration_seconds - 1) <= 0.25

    assert 0.85 <= below / asked <= 0.95
    assert near / asked >= 0.8
