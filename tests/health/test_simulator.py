"""The bench is no better than its simulator: its runs add up, and its labels are true."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from statistics import median
from typing import Any

import pytest
from tests.health.histories import GRACE, History, history
from tests.health.records import Model
from tests.health.settings import HEALTHY
from tests.health.simulator import NOISES, Conditions, Simulator, World
from tests.health.troubles import TROUBLES

from crucible.models.values import PhaseName
from crucible.services.past_runs import PastRun, Size

SUMS = (
    "calls",
    "failed_calls",
    "retries",
    "input_tokens",
    "output_tokens",
    "tokens",
    "cost_pico",
    "unmetered_calls",
    "unpriced_calls",
)
WORLD = World(problem_tokens=600, first_token_seconds=0.5, tokens_per_second=50.0)
CONDITIONS = Conditions(Model("model-a", 1, 4), NOISES[0])


def everything(histories: list[History]) -> Iterator[PastRun]:
    for one in histories:
        for step in one.steps:
            yield step.run
            yield from step.live


def test_phases_add_up_to_the_run(histories: list[History]) -> None:
    for run in everything(histories):
        for name in SUMS:
            parts = [getattr(phase, name) for phase in run.phases.values()]
            known = [part for part in parts if part is not None]
            whole = getattr(run.total, name)
            assert whole == (sum(known) if known else whole if not parts else None), (run, name)


def test_phases_of_a_run_that_ended_take_as_long_as_it_does(histories: list[History]) -> None:
    for one in histories:
        for run in (step.run for step in one.steps):
            spans = [phase.duration_seconds or 0.0 for phase in run.phases.values()]
            assert sum(spans) == pytest.approx(run.total.duration_seconds, abs=0.01)
            assert run.completed_at is not None
            taken = (run.completed_at - run.created_at).total_seconds()
            assert taken == pytest.approx(run.total.duration_seconds, abs=0.01)


def test_counts_are_those_of_the_phases(histories: list[History]) -> None:
    for run in everything(histories):
        made = run.phases.get(PhaseName.EVALUATION)
        assert run.evaluation_count == (made.produced if made else 0)
        assert (run.evaluation_count or 0) <= run.size.pairs
        assert (run.error_kind is None) == (run.status != "failed")


def test_runs_follow_each_other(histories: list[History]) -> None:
    for one in histories:
        runs = [step.run for step in one.steps]
        assert [run.number for run in runs] == list(range(1, len(runs) + 1))
        for step, after in zip(one.steps, one.steps[1:], strict=False):
            assert step.run.completed_at is not None
            assert step.run.completed_at < step.now < after.run.created_at
            assert all((r.updated_at or r.created_at) <= step.now for r in step.live)


def test_a_seed_makes_one_history_and_its_half_is_independent_of_the_other() -> None:
    assert history(17) == history(17)
    assert history(16).kind == history(17).kind
    assert history(16).steps != history(17).steps


def test_halves_hold_every_kind_at_every_noise_and_size(histories: list[History]) -> None:
    for half in (histories[::2], histories[1::2]):
        assert len({h.kind for h in half}) == len(TROUBLES) + len(HEALTHY) + 1
        assert {h.noise for h in half} == {noise.name for noise in NOISES}
        assert {h.size for h in half} == {"3x4/4", "5x8/4", "8x12/4", "5x8/1"}


def test_labels_say_when_trouble_is_there(histories: list[History]) -> None:
    for one in histories:
        hit = [place for place, step in enumerate(one.steps) if step.hit]
        if one.expected is None:
            assert not hit
            assert not any(one.may_speak(step, "COST_SPIKE") for step in range(len(one.steps)))
            continue
        assert hit[0] == one.onset
        assert not one.may_speak(hit[0] - 1, one.expected.code)
        assert all(one.may_speak(step, one.expected.code) for step in hit)
        if one.end is not None:
            assert hit[-1] < one.end
            assert not one.may_speak(one.end + GRACE, "COST_SPIKE")


def durations(phase: str | None, met: Conditions) -> float:
    simulator = Simulator(Random(1), WORLD)
    made = [simulator.run(1, Size(), met, history(1).steps[0].now) for _ in range(40)]
    found = [(run.phases[phase] if phase else run.total).duration_seconds for run in made]
    return median(value for value in found if value is not None)


@pytest.mark.parametrize("slow", ["design", "scenarios", "evaluation"])
def test_a_phase_that_is_three_times_slower_takes_three_times_as_long(slow: str) -> None:
    usual, hit = CONDITIONS, replace(CONDITIONS, slow={slow: 3.0})
    assert durations(slow, hit) / durations(slow, usual) == pytest.approx(3, rel=0.1)
    other = "scenarios" if slow != "scenarios" else "design"
    assert durations(other, hit) / durations(other, usual) == pytest.approx(1, rel=0.1)


def test_more_calls_in_flight_take_less_time() -> None:
    simulator, start = Simulator(Random(1), WORLD), history(1).steps[0].now
    one, four = (
        simulator.run(1, Size(concurrency=count), CONDITIONS, start).phases["evaluation"]
        for count in (1, 4)
    )
    assert (one.duration_seconds or 0) / (four.duration_seconds or 1) == pytest.approx(4, rel=0.3)


def fewer_candidates(run: PastRun) -> bool:
    return (run.candidate_count or 0) < run.size.candidates


@pytest.mark.parametrize(
    ("kind", "true"),
    [
        ("failure streak", lambda run: run.status == "failed"),
        ("new kind of error", lambda run: run.status == "failed"),
        ("model x3 dearer", lambda run: run.model == "model-dear"),
        ("usage no longer reported", lambda run: run.total.tokens is None),
        ("price no longer known", lambda run: run.total.unpriced_calls > 0),
        (
            "a third of the candidates missing",
            lambda run: run.candidate_count < run.size.candidates,
        ),
    ],
)
def test_hit_runs_show_it_and_earlier_ones_do_not(
    kind: str, true: Callable[[Any], bool], histories: list[History]
) -> None:
    found = [one for one in histories if one.kind == kind]
    assert found
    for one in found:
        # A run may fail before it shows what it was hit by, and by chance at any time.
        hit = [true(step.run) for step in one.steps if step.hit]
        before = [true(step.run) for step in one.steps[: one.onset]]
        assert sum(hit) >= len(hit) - 1
        assert sum(before) <= 2
