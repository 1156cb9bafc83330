"""A run made up from its single calls, so that its noise is what calls would give it.

What is assumed, and is not measured anywhere:

- A call takes (time to the first token + output tokens / speed), times a lognormal factor of its
  own, times the run's weather. Lengths of answers are lognormal, half as wide as latencies.
- Calls of one run know nothing of each other but for the weather, which is the same for all of
  its phases. Weather of one run says nothing of the next.
- A question's first attempt fails with the retry rate; after waiting or a repair, the next one
  fails four times less often. A 429 is quick and free; an unreadable answer costs what any does.
- Nothing times out, however long an answer takes.
- Prompts and answers are about as long as those of `pipeline/prompts.py`; an evaluation asks no
  more in a larger run, but for the list of titles.
"""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from tests.health.records import Call, Model, Phase, ended

from crucible.errors import ErrorKind
from crucible.models.values import PhaseName
from crucible.services.past_runs import PastRun, Size

ATTEMPTS = 3
EVALUATION_TOKENS = 90
LOST_IN_A_ROW = 5


@dataclass(frozen=True)
class Noise:
    """Widths of the lognormal factors: of a run, and of a call."""

    name: str
    weather: float
    call: float


NOISES = (
    Noise("calm", 0.05, 0.2),
    Noise("usual", 0.1, 0.3),
    Noise("rough", 0.2, 0.45),
    Noise("wild", 0.25, 0.6),
)
WILD = NOISES[-1].name
"""Calls half of which take twice or half as long as others: shown, beyond what goals are for."""


@dataclass(frozen=True)
class World:
    """What is the same for all runs of a history."""

    problem_tokens: int
    first_token_seconds: float
    tokens_per_second: float

    def prompt_tokens(self, phase: str, size: Size) -> int:
        listed = {
            PhaseName.DESIGN: 220 + 60 * size.given,
            PhaseName.SCENARIOS: 180 + 8 * size.candidates,
            PhaseName.EVALUATION: 420 + 8 * size.candidates,
        }
        return self.problem_tokens + listed[PhaseName(phase)]

    def seconds(self, output: float) -> float:
        return self.first_token_seconds + output / self.tokens_per_second


@dataclass(frozen=True)
class Conditions:
    """What a run meets. A trouble is a change of these."""

    model: Model
    noise: Noise
    weather: float = 1.0
    slow: Mapping[str, float] = field(default_factory=dict)
    """How many times longer calls of a phase take."""
    more_prompt: int = 0
    """Input tokens that every call has on top."""
    slower_start: float = 1.0
    """How many times longer the first token takes."""
    retry_rate: float = 0.02
    unreadable: float = 0.2
    """Share of failed attempts that gave a (billed) answer; the others met a (free) 429."""
    retry_after: float = 0.0
    pairs_lost: float = 0.0
    refused: bool = True
    """Lost pairs are refused at once; else they are unreadable twice, and billed."""
    candidates_short: int = 0
    reported: bool = True
    """Whether answers say what they used."""
    failure: tuple[str, str] | None = None
    """Kind, and the phase it happens in."""


@dataclass(frozen=True)
class Asked:
    """A question with all its attempts; seconds include the waiting between them."""

    calls: tuple[Call, ...]
    seconds: float
    ok: bool


@dataclass(frozen=True)
class Simulator:
    """Plays runs. The dice are the only source of chance."""

    dice: Random
    world: World

    def run(self, number: int, size: Size, met: Conditions, created_at: datetime) -> PastRun:
        phases: list[Phase] = []
        candidates = size.candidates
        for name in (PhaseName.DESIGN, PhaseName.SCENARIOS, PhaseName.EVALUATION):
            phase = self._phase(name, size, candidates, met)
            if name == PhaseName.DESIGN:
                candidates = phase.produced
            phases.append(phase)
            if phase.error:
                break
        else:
            seconds = self.dice.uniform(0.005, 0.03)
            phases.append(Phase(PhaseName.RANKING, (), seconds, candidates, candidates))
        return ended(number, size, met.model, phases, created_at)

    def _phase(self, name: PhaseName, size: Size, candidates: int, met: Conditions) -> Phase:
        if name == PhaseName.EVALUATION:
            return self._evaluation(size, candidates, met)
        if name == PhaseName.DESIGN:
            return self._design(size, met)
        output = 60 + 65 * size.scenarios
        return self._single(name, size, met, output, size.scenarios, size.scenarios)

    def _design(self, size: Size, met: Conditions) -> Phase:
        made = max(1, size.candidates - met.candidates_short)
        if not size.designed:
            seconds = self.dice.uniform(0.005, 0.02)
            return Phase(PhaseName.DESIGN, (), seconds, size.candidates, size.candidates)
        output = 60 + 120 * (made - size.given)
        return self._single(PhaseName.DESIGN, size, met, output, size.candidates, made)

    def _single(
        self, name: str, size: Size, met: Conditions, output: float, expected: int, made: int
    ) -> Phase:
        if met.failure and met.failure[1] == name:
            asked = self._last_words(name, size, met, output)
            return Phase(name, asked.calls, asked.seconds, expected, 0, met.failure[0])
        asked = self._ask(name, size, met, output)
        if asked.ok:
            return Phase(name, asked.calls, asked.seconds, expected, made)
        kind = _kind_of(asked.calls[-1])
        return Phase(name, asked.calls, asked.seconds, expected, 0, kind)

    def _evaluation(self, size: Size, candidates: int, met: Conditions) -> Phase:
        name, pairs = PhaseName.EVALUATION, candidates * size.scenarios
        failure = met.failure[0] if met.failure and met.failure[1] == name else None
        reached = int(pairs * self.dice.uniform(0, 0.9)) if failure else pairs
        slots = [0.0] * size.concurrency
        calls: list[Call] = []
        made = 0
        for number in range(pairs):
            if number < reached:
                asked = self._pair(size, met)
            elif failure == ErrorKind.PROVIDER_RATE_LIMITED and number < reached + LOST_IN_A_ROW:
                asked = self._last_words(name, size, met, EVALUATION_TOKENS)
            elif failure and number == reached:
                asked = self._last_words(name, size, met, EVALUATION_TOKENS)
            else:
                break
            # The next pair goes to the slot that is free first.
            heapq.heapreplace(slots, slots[0] + asked.seconds)
            calls += asked.calls
            made += asked.ok
        error = failure or (None if made else _kind_of(calls[-1]))
        return Phase(name, tuple(calls), max(slots), pairs, made, error)

    def _pair(self, size: Size, met: Conditions) -> Asked:
        if self.dice.random() >= met.pairs_lost:
            return self._ask(PhaseName.EVALUATION, size, met, EVALUATION_TOKENS)
        if met.refused:
            call = _free(1, self.dice.uniform(0.1, 0.5))
            return Asked((call,), call.latency, False)
        return self._unreadable_twice(PhaseName.EVALUATION, size, met, EVALUATION_TOKENS)

    def _ask(self, phase: str, size: Size, met: Conditions, output: float) -> Asked:
        calls: list[Call] = []
        seconds, repaired = 0.0, False
        for attempt in range(1, ATTEMPTS + 1):
            rate = met.retry_rate if attempt == 1 else met.retry_rate / 4
            if self.dice.random() >= rate:
                calls.append(self._answer(phase, size, met, output, attempt, ok=True))
                return Asked(tuple(calls), seconds + calls[-1].latency, True)
            if self.dice.random() < met.unreadable:
                calls.append(self._answer(phase, size, met, output, attempt, ok=False))
                seconds += calls[-1].latency
                if repaired:
                    break
                repaired = True
            else:
                calls.append(_free(attempt, self.dice.uniform(0.05, 0.4)))
                seconds += calls[-1].latency + self._pause(attempt, met)
        return Asked(tuple(calls), seconds, False)

    def _pause(self, attempt: int, met: Conditions) -> float:
        return max(0.5 * 2 ** (attempt - 1) * self.dice.uniform(0.75, 1.25), met.retry_after)

    def _answer(
        self, phase: str, size: Size, met: Conditions, output: float, attempt: int, *, ok: bool
    ) -> Call:
        width = met.noise.call
        given = max(1, round(output * self.dice.lognormvariate(0, width / 2)))
        shown = given if attempt > 1 else 0
        read = self.world.prompt_tokens(phase, size) + met.more_prompt + shown
        start = self.world.first_token_seconds * met.slower_start
        latency = (start + given / self.world.tokens_per_second) * met.weather
        latency *= met.slow.get(phase, 1.0) * self.dice.lognormvariate(0, width)
        if not met.reported:
            return Call(attempt, latency, ok, True, cost_pico=None)
        return Call(attempt, latency, ok, True, read, given, _cost(met.model, read, given))

    def _unreadable_twice(self, phase: str, size: Size, met: Conditions, output: float) -> Asked:
        calls = tuple(self._answer(phase, size, met, output, n, ok=False) for n in (1, 2))
        return Asked(calls, math.fsum(call.latency for call in calls), False)

    def _last_words(self, phase: str, size: Size, met: Conditions, output: float) -> Asked:
        """The question that ends a run."""
        assert met.failure is not None
        kind = met.failure[0]
        if kind in (ErrorKind.BUDGET_EXCEEDED, ErrorKind.INTERNAL):
            return Asked((), 0.0, False)
        if kind == ErrorKind.INVALID_RESPONSE:
            return self._unreadable_twice(phase, size, met, output)
        if kind == ErrorKind.WORKER_LOST:
            sent = Call(1, 0.0, False, False, cost_pico=None)
            return Asked((sent,), 0.0, False)
        times = 1 if kind == ErrorKind.PROVIDER_AUTH else ATTEMPTS
        cost = None if kind == ErrorKind.PROVIDER_UNREACHABLE else 0
        calls = tuple(
            Call(n, self.dice.uniform(0.05, 0.4), False, False, cost_pico=cost)
            for n in range(1, times + 1)
        )
        waited = math.fsum(self._pause(n, met) for n in range(1, times))
        return Asked(calls, waited + math.fsum(call.latency for call in calls), False)


def _free(attempt: int, latency: float) -> Call:
    return Call(attempt, latency, False, False)


def _cost(model: Model, read: int, given: int) -> int | None:
    if model.input_pico is None or model.output_pico is None:
        return None
    return model.input_pico * read + model.output_pico * given


def _kind_of(call: Call) -> str:
    return ErrorKind.INVALID_RESPONSE if call.answered else ErrorKind.PROVIDER_RATE_LIMITED
