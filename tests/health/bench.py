"""The whole bench, over two processes."""

from multiprocessing import get_context

from tests.health.histories import history
from tests.health.replay import Guess, foreseeable, histories, replay
from tests.health.score import Found, score

from crucible.services.health.judge import judge

HALVES = {"tune": 0, "report": 20_001}
"""First seeds. The reported ones are far from any that was looked at while thresholds moved."""
PROCESSES = 2


def judged(seed: int) -> Found:
    return score(history(seed), judge)


def forecast(seed: int) -> list[Guess]:
    return [guess for one in histories([seed]) for guess in replay(one)]


def bench(half: str, count: int) -> tuple[list[Found], list[Guess], list[tuple[str, float]]]:
    """What was said of each history, how good the estimates were, and how good they could be."""
    seeds = range(HALVES[half], HALVES[half] + 2 * count, 2)
    with get_context("fork").Pool(PROCESSES) as pool:
        found = pool.map(judged, seeds, chunksize=8)
        guesses = pool.map(forecast, seeds[: max(36, count // 4)], chunksize=4)
        best = pool.map(foreseeable, range(36))
    return found, [guess for each in guesses for guess in each], best
