"""Estimates, held against what the runs then took: over healthy histories, before each run that
has ten comparable ones (completed, of the same mode) behind it."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from statistics import median

from tests.health.histories import History, Maker, a_maker, plain

from crucible.services.estimating import from_history
from crucible.services.past_runs import WINDOW, Figures, PastRun

KINDS = ("plain", "changing sizes", "heavy tails")
METRICS = ("tokens", "cost_pico", "duration_seconds")
ENOUGH = 10
PLAYS = 120
NEAR = 0.25


@dataclass(frozen=True)
class Guess:
    kind: str
    noise: str
    metric: str
    near: bool
    """p50 within a quarter of what it was."""
    covered: bool
    """Not more than p90."""


def histories(seeds: Iterable[int]) -> Iterable[History]:
    """Not those of the judge's bench: seeds are set apart by their sign."""
    for seed in seeds:
        turn, kind = divmod(seed // 2, len(KINDS))
        made: Maker = a_maker(Random(-1 - seed), seed, turn)
        yield plain(seed, KINDS[kind], made)


def foreseeable(seed: int) -> tuple[str, float]:
    """Noise, and the share of durations within a quarter of their true median: what no estimate
    can beat that knows neither the weather nor the calls of the run to come."""
    dice = Random(f"foreseeable {seed}")
    made = a_maker(dice, seed, seed)
    durations = []
    for step in made.steps(PLAYS):
        if step.run.completed:
            durations.append(_actual(step.run.total, "duration_seconds"))
    middle = median(durations)
    near = sum(abs(middle / each - 1) <= NEAR for each in durations)
    return made.setting.noise.name, near / len(durations)


def replay(history: History) -> list[Guess]:
    guesses: list[Guess] = []
    past: list[PastRun] = []
    for step in history.steps:
        run = step.run
        if run.completed and sum(old.completed for old in past) >= ENOUGH:
            guesses += _guesses(history, past[-WINDOW:], run)
        past.append(run)
    return guesses


def _guesses(history: History, past: list[PastRun], run: PastRun) -> list[Guess]:
    forecast = from_history(past, run.size, run.model or "")
    assert forecast is not None, "ten runs that completed tell something"
    found = []
    for metric in METRICS:
        guess, actual = getattr(forecast, metric), _actual(run.total, metric)
        assert guess is not None, f"{metric} of all runs is known"
        near = abs(guess.p50 / actual - 1) <= NEAR
        covered = actual <= guess.p90
        found.append(Guess(history.kind, history.noise, metric, near, covered))
    return found


def _actual(figures: Figures, metric: str) -> float:
    return float(getattr(figures, metric))
