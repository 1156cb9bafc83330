"""What a judge says of histories, held against their labels.

An alarm is a code raised at a step of a history. It is false when the history has no trouble then
(`History.may_speak`), when the code is neither expected nor allowed, or when it names a phase or
model that is not the one. A history counts once for a code: as false if one of its alarms is.
Delay: how many runs the trouble had hit when the code was first raised, rightly and in full (with
the phase or model that the label demands); 1 = at once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from tests.health.histories import History, Step

from crucible.services.past_runs import WINDOW, PastRun

CODES = (
    "FAILURE_STREAK",
    "FAILURE_RATE",
    "ERROR_KIND_NEW",
    "DURATION_REGRESSION",
    "COST_SPIKE",
    "TOKEN_SPIKE",
    "RETRY_STORM",
    "YIELD_DROP",
    "TELEMETRY_MISSING",
    "RUN_STALLED",
)
SOON = 3
ALARMED = ("degraded", "failing")
Judge = Callable[[Sequence[PastRun], Sequence[PastRun], datetime], Any]


@dataclass(frozen=True)
class Alarm:
    step: int
    code: str
    phase: str | None
    model: str | None
    observed: float | None
    baseline: float | None


@dataclass(frozen=True)
class Found:
    """What was said of one history."""

    seed: int
    kind: str
    size: str
    noise: str
    healthy: bool
    goal: bool
    expected: str | None
    right: frozenset[str]
    """Codes raised rightly, and those raised falsely, at any step."""
    false: frozenset[str]
    false_alarm: bool
    """The verdict was degraded or failing at a step without trouble, or for a false reason."""
    early: bool
    """The same before the trouble began; of a healthy history, always equal to it."""
    hits: int
    delay: int | None
    """None = never raised."""
    first_false: Alarm | None = None


def alarms(history: History, judge: Judge) -> list[tuple[int, str, list[Alarm]]]:
    """Step, verdict and alarms, after each run from the first on."""
    runs = [step.run for step in history.steps]
    said = []
    for at, step in enumerate(history.steps):
        past = runs[max(0, at + 1 - WINDOW) : at + 1]
        judgement = judge(past, step.live, step.now)
        raised = [
            Alarm(at, str(a.code), a.phase, a.model, a.observed, a.baseline)
            for a in judgement.anomalies
        ]
        said.append((at, str(judgement.verdict), raised))
    return said


def score(history: History, judge: Judge) -> Found:
    right: set[str] = set()
    false: list[Alarm] = []
    false_alarm = early = False
    hits, delay = 0, None
    for at, verdict, raised in alarms(history, judge):
        hits += history.steps[at].hit
        wrong = [alarm for alarm in raised if not _rightly(history, alarm)]
        false += wrong
        right |= {alarm.code for alarm in raised} - {alarm.code for alarm in wrong}
        if delay is None and any(_full(history, alarm) for alarm in raised):
            delay = hits
        alarmed = verdict in ALARMED and (bool(wrong) or not raised)
        false_alarm |= alarmed
        early |= alarmed and (history.onset is None or at < history.onset)
    return Found(
        *(history.seed, history.kind, history.size, history.noise),
        *(history.healthy, history.goal),
        expected=history.expected.code if history.expected else None,
        right=frozenset(right),
        false=frozenset(alarm.code for alarm in false),
        false_alarm=false_alarm,
        early=early,
        hits=_hits(history.steps),
        delay=delay,
        first_false=false[0] if false else None,
    )


def _rightly(history: History, alarm: Alarm) -> bool:
    if not history.may_speak(alarm.step, alarm.code) or history.expected is None:
        return False
    # Of trouble that ended, or is ending, any alarm is right.
    if history.end is not None or alarm.code in history.allowed:
        return True
    expected = history.expected
    return (
        alarm.code == expected.code
        and (expected.phase is None or alarm.phase in (None, expected.phase))
        and (expected.model is None or alarm.model in (None, expected.model))
    )


def _full(history: History, alarm: Alarm) -> bool:
    expected = history.expected
    return (
        expected is not None
        and _rightly(history, alarm)
        and alarm.code == expected.code
        and expected.phase in (None, alarm.phase)
        and expected.model in (None, alarm.model)
    )


def _hits(steps: Iterable[Step]) -> int:
    return sum(step.hit for step in steps)


@dataclass(frozen=True)
class Tally:
    """Of several histories that expect the same."""

    histories: int
    soon: float
    """Share raised within three runs hit, and ever."""
    ever: float
    median_delay: int | None
    p90_delay: int | None


def tally(found: Sequence[Found]) -> Tally:
    delays = sorted(f.delay for f in found if f.delay is not None)
    return Tally(
        len(found),
        _share(sum(delay <= SOON for delay in delays), len(found)),
        _share(len(delays), len(found)),
        _quantile(delays, 0.5),
        _quantile(delays, 0.9),
    )


def precision(found: Sequence[Found], code: str) -> tuple[int, int]:
    """Histories in which the code was raised and never falsely, of those in which it was."""
    raised = [f for f in found if code in f.right or code in f.false]
    return sum(code not in f.false for f in raised), len(raised)


def false_alarms(found: Sequence[Found]) -> tuple[int, int]:
    """Healthy histories with a false alarm, and healthy histories."""
    healthy = [f for f in found if f.healthy]
    return sum(f.false_alarm for f in healthy), len(healthy)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _quantile(ordered: Sequence[int], q: float) -> int | None:
    return ordered[ceil(q * len(ordered)) - 1] if ordered else None
