"""The goals of `make bench-health`, held loosely over a few histories of every kind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from tests.health import page
from tests.health.bench import forecast
from tests.health.histories import History, history
from tests.health.score import CODES, Found, Judge, precision, score, tally
from tests.health.settings import HEALTHY
from tests.health.troubles import TROUBLES

from crucible.services.health.judge import judge
from crucible.services.past_runs import PastRun

ROUND = 4 * len(TROUBLES)
BRIEF = ("FAILURE_RATE", "ERROR_KIND_NEW")
"""Seen in full only after more runs than a short trouble has."""


@pytest.fixture(scope="module")
def found(histories: list[History]) -> list[Found]:
    """Every trouble of the size that the goals are for, three times or more, and half as many
    healthy histories. Of both halves: nothing is fixed here."""
    later = [history(seed) for seed in range(ROUND, 2 * ROUND, 4)]
    troubled = [h for h in (*histories, *later) if not h.healthy and h.goal]
    healthy = [h for h in histories[::2] if h.healthy]
    return [score(one, judge) for one in (*troubled, *healthy)]


def test_each_code_has_histories(found: list[Found]) -> None:
    assert {f.expected for f in found if f.expected} >= set(CODES)
    assert all(len(page.goal_of(found, code)) >= 3 for code in CODES)
    assert {f.kind for f in found} >= set(HEALTHY)


@pytest.mark.parametrize("code", [c for c in CODES if c != "DURATION_REGRESSION"])
def test_trouble_is_found(found: list[Found], code: str) -> None:
    counted = tally(page.goal_of(found, code))
    assert counted.ever >= 0.75
    assert code in BRIEF or counted.soon >= 0.7


def test_slowness_is_found_where_it_is_most_of_the_run(found: list[Found]) -> None:
    """A third of the noise levels hides three times of anything."""
    whole = [f for f in found if f.kind in ("every call x3 slower", "evaluation x3 slower")]
    assert tally(whole).ever >= 0.6


def test_few_alarms_are_false(found: list[Found]) -> None:
    healthy = [f for f in found if f.healthy]
    assert sum(f.false_alarm for f in healthy) <= 0.1 * len(healthy)
    for code in CODES:
        right, raised = precision(found, code)
        assert right >= 0.7 * raised, code


def test_estimates_hold() -> None:
    guesses = [guess for seed in range(0, 36, 2) for guess in forecast(seed)]
    for metric in ("tokens", "cost_pico", "duration_seconds"):
        near, covered = page.shares([g for g in guesses if g.metric == metric])
        assert covered >= 0.8, metric
        assert near >= (0.6 if metric == "duration_seconds" else 0.9), metric


@dataclass(frozen=True)
class Said:
    code: str
    phase: str | None = None
    model: str | None = None
    observed: float | None = None
    baseline: float | None = None


@dataclass(frozen=True)
class Judgement:
    verdict: str
    anomalies: Sequence[Any]


def crying(code: str, at: int, phase: str | None = None) -> Judge:
    """Says one thing once the run of this number has ended."""

    def says(past: Sequence[PastRun], live: Sequence[PastRun], now: datetime) -> Judgement:
        if past[-1].number <= at:
            return Judgement("ok", ())
        return Judgement("degraded", (Said(code, phase),))

    return says


def of_kind(kind: str, histories: Sequence[History]) -> Any:
    return next(one for one in histories if one.kind == kind)


def test_an_alarm_over_a_healthy_history_is_false(histories: list[History]) -> None:
    told = score(of_kind("plain", histories), crying("COST_SPIKE", 5))
    assert told.false_alarm and told.false == {"COST_SPIKE"} and not told.right


def test_an_alarm_counts_from_the_onset_on(
    histories: list[History],
) -> None:
    trouble = of_kind("evaluation x3 slower", histories)
    told = score(trouble, crying("DURATION_REGRESSION", trouble.onset + 1, "evaluation"))
    assert told.delay == 2 and told.right == {"DURATION_REGRESSION"} and not told.false_alarm
    early = score(trouble, crying("DURATION_REGRESSION", trouble.onset - 1, "evaluation"))
    assert early.early and early.false == {"DURATION_REGRESSION"}


def test_naming_another_phase_is_false_and_none_is_little(
    histories: list[History],
) -> None:
    trouble = of_kind("evaluation x3 slower", histories)
    other = score(trouble, crying("DURATION_REGRESSION", trouble.onset, "design"))
    assert other.false == {"DURATION_REGRESSION"} and other.delay is None
    none = score(trouble, crying("DURATION_REGRESSION", trouble.onset))
    assert not none.false and none.delay is None


def test_trouble_that_ended_may_be_spoken_of_for_three_runs(histories: list[History]) -> None:
    trouble = of_kind("recovered trouble", histories)

    def says(past: Sequence[PastRun], live: Sequence[PastRun], now: datetime) -> Judgement:
        within = trouble.onset < past[-1].number <= trouble.end + limit
        return Judgement("degraded", (Said("COST_SPIKE"),)) if within else Judgement("ok", ())

    limit = 3
    assert not score(trouble, says).false_alarm
    limit = 4
    assert score(trouble, says).false_alarm


def test_goals_that_are_missed_are_named(found: list[Found]) -> None:
    wrong = [replace(f, false_alarm=f.healthy, delay=None) for f in found]
    words = page.missed(wrong, [])
    assert any("false alarms on 100.0%" in word for word in words)
    assert any("FAILURE_STREAK" in word for word in words)
