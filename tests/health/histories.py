"""Histories with labels, each made from its seed alone.

Every second one is healthy. Kinds, sizes and noises take turns, so that the tuning half (even
seeds) and the reported half (odd seeds) hold the same mixture.

Assumptions: runs of a project follow each other and do not overlap; a history is of one mode and
one size unless its kind says otherwise; half of the histories have one failed run in a hundred.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from tests.health.records import given_size, live, waiting
from tests.health.settings import HEALTHY, SIZES, Setting, usual
from tests.health.simulator import NOISES, Conditions, Simulator
from tests.health.troubles import RECOVERABLE, TROUBLES, Expected, Stage, Trouble, phase_of

from crucible.errors import ErrorKind
from crucible.models.values import Mode, PhaseName
from crucible.services.past_runs import PastRun, Size

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
GRACE, GRACE_OF_RATE = 3, 6
"""Healthy runs after a trouble during which speaking of it is no false alarm."""


@dataclass(frozen=True)
class Step:
    """What is there to be judged after a run has ended."""

    run: PastRun
    now: datetime
    live: tuple[PastRun, ...] = ()
    hit: bool = False
    """By the trouble."""


@dataclass(frozen=True)
class History:
    seed: int
    kind: str
    size: str
    noise: str
    steps: tuple[Step, ...]
    healthy: bool = True
    goal: bool = True
    expected: Expected | None = None
    allowed: frozenset[str] = frozenset()
    onset: int | None = None
    """The first step with trouble, and the first one after it."""
    end: int | None = None

    def may_speak(self, step: int, code: str) -> bool:
        """Whether an alarm at this step is about trouble that is there, or was just now."""
        if self.onset is None or step < self.onset:
            return False
        grace = GRACE_OF_RATE if code == "FAILURE_RATE" else GRACE
        return self.end is None or step < self.end + grace


RECOVERED = "recovered trouble"
_TURNS = len(HEALTHY) + 3
"""Recovered trouble has three turns: it has so many kinds of its own."""


def history(seed: int) -> History:
    """The history of a seed: even = tuning half, odd = reported half."""
    dice = Random(seed)
    turn, healthy = divmod(seed // 2, 2)
    if not healthy:
        round_, place = divmod(turn, len(TROUBLES))
        return _troubled(a_maker(dice, seed, round_ + place), TROUBLES[place], recovers=False)
    round_, place = divmod(turn, _TURNS)
    made = a_maker(dice, seed, round_ + place)
    if place >= len(HEALTHY):
        return _troubled(made, dice.choice(RECOVERABLE), recovers=True)
    kind = list(HEALTHY)[place]
    return plain(seed, kind, made)


def plain(seed: int, kind: str, made: "Maker") -> History:
    """A healthy history of this kind."""
    length = made.dice.randint(20, 70)
    made.setting = HEALTHY[kind](made.dice, made.setting, length)
    steps = tuple(made.steps(length))
    return History(seed, kind, made.size_name, made.setting.noise.name, steps)


def a_maker(dice: Random, seed: int, turn: int) -> "Maker":
    which, noise = divmod(turn, len(NOISES))
    candidates, scenarios, concurrency = SIZES[which % len(SIZES)]
    size = given_size(candidates, scenarios, concurrency, Mode.FULL_SEARCH)
    name = f"{candidates}x{scenarios}/{concurrency}"
    return Maker(seed, dice, usual(dice, size, NOISES[noise]), size, name)


def _troubled(made: "Maker", make: Callable[[Random, Stage], Trouble], recovers: bool) -> History:
    dice = made.dice
    setting = made.setting
    seen = setting.kinds
    trouble = make(dice, Stage(setting.world, setting.model, made.size, seen))
    if trouble.expected.code == "FAILURE_RATE":
        made.setting = replace(setting, failures=0.03)
    onset = dice.randint(12, 55)
    lasts = dice.randint(3, 8) if recovers else dice.randint(*trouble.runs)
    lasts = max(lasts, trouble.runs[0])
    hits = _hits(dice, trouble, lasts)
    after = dice.randint(6, 20) if recovers else 0
    steps = tuple(made.steps(onset + lasts + after, trouble, {onset + hit for hit in hits}))
    return History(
        made.seed,
        RECOVERED if recovers else trouble.kind,
        made.size_name,
        setting.noise.name,
        steps,
        healthy=recovers,
        goal=trouble.goal,
        expected=trouble.expected,
        allowed=trouble.allowed,
        onset=onset,
        end=onset + lasts if recovers else None,
    )


def _hits(dice: Random, trouble: Trouble, lasts: int) -> list[int]:
    """The first run is always hit: that is where the trouble begins."""
    while True:
        hits = [n for n in range(lasts) if n == 0 or dice.random() < trouble.share]
        if len(hits) >= trouble.at_least:
            return hits


@dataclass
class Maker:
    """Plays a setting, run after run."""

    seed: int
    dice: Random
    setting: Setting
    size: Size
    size_name: str
    _number: int = field(default=0, init=False)

    def steps(
        self, length: int, trouble: Trouble | None = None, hits: set[int] | None = None
    ) -> Iterator[Step]:
        at = START
        for number in range(length):
            self._number = number
            hit = trouble is not None and number in (hits or set())
            size = self.setting.sizes(self.dice, number)
            met = self._met(size)
            if trouble is not None and hit:
                met = trouble.change(self.dice, replace(met, failure=None))
            run = self._play(number + 1, size, met, at)
            assert run.completed_at is not None
            now = run.completed_at + timedelta(seconds=self.dice.uniform(0.1, 60))
            others = self._stalled(trouble, now) if trouble and trouble.stalled and hit else None
            yield Step(run, now, others if others is not None else self._live(now), hit)
            at = now + timedelta(seconds=self.setting.gap(self.dice, number + 1))

    def _met(self, size: Size) -> Conditions:
        setting, dice = self.setting, self.dice
        noise = setting.noise
        luck = setting.luck(dice, self._number)
        failure = None
        if dice.random() < setting.failures:
            kind = dice.choice(setting.kinds)
            failure = (kind, phase_of(dice, kind, size))
        return Conditions(
            setting.models(dice, self._number),
            noise,
            weather=luck * dice.lognormvariate(0, noise.weather),
            retry_rate=setting.retry_rate,
            failure=failure,
        )

    def _play(self, number: int, size: Size, met: Conditions, at: datetime) -> PastRun:
        return Simulator(self.dice, self.setting.world).run(number, size, met, at)

    def _live(self, now: datetime) -> tuple[PastRun, ...]:
        """One more run, quiet for at most three calls, two minutes or a Retry-After; behind it
        perhaps another one that waits for its turn, however long."""
        if self.dice.random() >= self.setting.live:
            return ()
        run = self._cut(now)
        answer = 90 if PhaseName.EVALUATION in run.phases else 120 * run.size.candidates
        quiet = min(120.0, self.setting.world.seconds(answer) * self.dice.uniform(0, 3))
        if self.dice.random() < 0.2:
            quiet = max(quiet, self.dice.uniform(0, 60))
        under_way = live(run, now, quiet)
        if self.dice.random() < 0.2:
            wait = self.dice.uniform(1, 1800)
            return (under_way, waiting(run.number + 1, run.size, run.model or "", now, wait))
        return (under_way,)

    def _stalled(self, trouble: Trouble, now: datetime) -> tuple[PastRun, ...]:
        silent = self.dice.uniform(600, 1800)
        if trouble.stalled == "created":
            number, model = self._number + 2, self.setting.model.name
            return (waiting(number, self.size, model, now, silent),)
        return (live(self._cut(now), now, silent),)

    def _cut(self, now: datetime) -> PastRun:
        """A run as it stands somewhere before its end."""
        size = self.setting.sizes(self.dice, self._number + 1)
        places = [PhaseName.SCENARIOS, *[PhaseName.EVALUATION] * 3]
        places += [PhaseName.DESIGN] if size.designed else []
        failure = (ErrorKind.INTERNAL, self.dice.choice(places))
        met = replace(self._met(size), failure=failure)
        return self._play(self._number + 2, size, met, now)
