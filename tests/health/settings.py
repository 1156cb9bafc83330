"""How projects live: one as usual, and its healthy variants."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.health.records import Model, given_size
from tests.health.simulator import Noise, World
from tests.health.troubles import KINDS

from crucible.models.values import Mode
from crucible.services.past_runs import Size

SIZES = ((3, 4, 4), (5, 8, 4), (8, 12, 4), (5, 8, 1))
"""Candidates, scenarios, calls in flight."""
PER_MILLION = 10**6
"""A dollar a million tokens is so many pico-dollars a token."""


@dataclass(frozen=True)
class Setting:
    """How a project lives."""

    world: World
    noise: Noise
    model: Model
    sizes: Callable[[Random, int], Size]
    models: Callable[[Random, int], Model]
    luck: Callable[[Random, int], float]
    """A factor on the run's weather."""
    gap: Callable[[Random, int], float]
    """Seconds to the next run."""
    retry_rate: float
    failures: float
    kinds: tuple[str, ...]
    live: float = 0.2
    """Share of steps at which another run is under way."""


Variant = Callable[[Random, Setting, int], Setting]


def usual(dice: Random, size: Size, noise: Noise) -> Setting:
    """A project like any other; the provider may be a fast one or a slow machine."""
    read = dice.choice((0.15, 0.25, 0.4, 1.0, 3.0)) * PER_MILLION
    model = Model("model-a", int(read), int(read * dice.choice((4, 5, 8))))
    world = World(
        problem_tokens=round(600 * dice.lognormvariate(0, 0.5)),
        first_token_seconds=dice.uniform(0.3, 1.2),
        tokens_per_second=dice.choice((12.0, 30.0, 50.0, 80.0, 120.0)),
    )
    return Setting(
        world,
        noise,
        model,
        sizes=lambda dice, number: size,
        models=lambda dice, number: model,
        luck=lambda dice, number: 1.0,
        gap=lambda dice, number: 600 * dice.lognormvariate(0, 1),
        retry_rate=dice.uniform(0, 0.04),
        failures=dice.choice((0.0, 0.01)),
        kinds=tuple(dice.sample(KINDS, 3)),
    )


def _plain(dice: Random, usual: Setting, length: int) -> Setting:
    return usual


def _heavy_tails(dice: Random, usual: Setting, length: int) -> Setting:
    """Weather like Student's t with four degrees of freedom; a few runs 2.5-5 times slower.
    None is more than 5 times slower: that is no weather any more."""
    share, width = dice.uniform(0.02, 0.05), usual.noise.weather

    def luck(dice: Random, number: int) -> float:
        wide = (4 / dice.gammavariate(2, 2)) ** 0.5
        tail = dice.uniform(2.5, 5) if dice.random() < share else 1.0
        return float(min(5.0, tail * dice.lognormvariate(0, width * wide)))

    return replace(usual, luck=luck, noise=replace(usual.noise, weather=0.0))


def _changing_sizes(dice: Random, usual: Setting, length: int) -> Setting:
    def sizes(dice: Random, number: int) -> Size:
        return Size(candidates=dice.randint(2, 12), scenarios=dice.randint(2, 10))

    return replace(usual, sizes=sizes)


def _size_step(dice: Random, usual: Setting, length: int) -> Setting:
    when, first, then = dice.randint(5, length - 5), *dice.sample(SIZES[:3], 2)

    def sizes(dice: Random, number: int) -> Size:
        return given_size(*(first if number < when else then), Mode.FULL_SEARCH)

    return replace(usual, sizes=sizes)


def _rare_failures(dice: Random, usual: Setting, length: int) -> Setting:
    return replace(usual, failures=dice.uniform(0.01, 0.05), kinds=KINDS)


def _nights(dice: Random, usual: Setting, length: int) -> Setting:
    """Bursts by day, nothing by night, sometimes nothing over a weekend."""
    a_day = dice.randint(4, 12)

    def gap(dice: Random, number: int) -> float:
        if number % a_day:
            return dice.uniform(5, 300)
        return dice.choice((14, 14, 14, 62)) * 3600 * dice.uniform(0.9, 1.1)

    return replace(usual, gap=gap)


def _two_models(dice: Random, usual: Setting, length: int) -> Setting:
    """Taken in turns or at random, at prices that differ by up to a fifth."""
    old = usual.model
    near = dice.uniform(0.8, 1.2)
    other = Model("model-b", int((old.input_pico or 0) * near), int((old.output_pico or 0) * near))
    in_turns = dice.random() < 0.5

    def models(dice: Random, number: int) -> Model:
        return (old, other)[number % 2 if in_turns else dice.randrange(2)]

    return replace(usual, models=models)


def _mixed_modes(dice: Random, usual: Setting, length: int) -> Setting:
    def sizes(dice: Random, number: int) -> Size:
        size = usual.sizes(dice, number)
        mode = dice.choice((Mode.FULL_SEARCH, Mode.EVAL_ONLY, Mode.SEEDED))
        return given_size(size.candidates, size.scenarios, size.concurrency, mode)

    return replace(usual, sizes=sizes)


def _live_runs(dice: Random, usual: Setting, length: int) -> Setting:
    return replace(usual, live=1.0)


def _drift(dice: Random, usual: Setting, length: int) -> Setting:
    """Calls grow slower or faster by up to a fifth over the history."""
    whole = dice.uniform(-0.2, 0.2)
    return replace(usual, luck=lambda dice, number: 1 + whole * number / length)


def _free(dice: Random, usual: Setting, length: int) -> Setting:
    """A model of one's own, or one whose price nobody ever knew."""
    price = dice.choice((0, None))
    model = Model("model-own", price, price)
    return replace(usual, model=model, models=lambda dice, number: model)


HEALTHY: dict[str, Variant] = {
    "plain": _plain,
    "heavy tails": _heavy_tails,
    "changing sizes": _changing_sizes,
    "step of size": _size_step,
    "rare failures": _rare_failures,
    "nightly gaps": _nights,
    "two models": _two_models,
    "mixed modes": _mixed_modes,
    "live runs": _live_runs,
    "drift of up to 20 %": _drift,
    "free or never priced": _free,
}
