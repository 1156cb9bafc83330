"""What a run of a given size takes, going by others: so that a bigger run is not an anomaly.

A phase's time, tokens or cost is taken to grow with its work; its rate is the median over the
runs given. A run's expectation is the sum over its phases.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from crucible.models.values import PhaseName
from crucible.services.past_runs import Figures, PastRun, Size

PHASES = (PhaseName.DESIGN, PhaseName.SCENARIOS, PhaseName.EVALUATION)
"""Those that call a model; ranking takes milliseconds."""
PROMPT = 3
"""The question itself weighs about as much as this many candidates or scenarios in the answer."""


class Metric(StrEnum):
    DURATION = "duration_seconds"
    TOKENS = "total_tokens"
    COST = "cost_usd"


_VALUES: dict[Metric, Callable[[Figures], float | None]] = {
    Metric.DURATION: lambda figures: figures.duration_seconds,
    # A sum over calls of which some did not tell is no measure of what the others take.
    Metric.TOKENS: lambda figures: None if figures.unmetered_calls else figures.tokens,
    Metric.COST: lambda figures: None if figures.unpriced_calls else figures.cost_pico,
}


def value(figures: Figures, metric: Metric) -> float | None:
    """Seconds, tokens or pico-dollars; None where not all of it is known."""
    return _VALUES[metric](figures)


def work(size: Size, phase: str, metric: Metric) -> float:
    """How much a phase has to do: answers that a single call writes, or evaluations; in time,
    evaluations in flight together count as one."""
    if phase == PhaseName.DESIGN:
        return PROMPT + size.candidates if size.designed else 0
    if phase == PhaseName.SCENARIOS:
        return PROMPT + size.scenarios
    if phase != PhaseName.EVALUATION:
        return 0
    return max(1.0, size.pairs / size.concurrency) if metric is Metric.DURATION else size.pairs


def _whole_work(size: Size, metric: Metric) -> float:
    """The same of a run whose phases are not on record."""
    return PROMPT + work(size, PhaseName.EVALUATION, metric)


@dataclass(frozen=True)
class Rates:
    """What one unit of work takes, by phase; or of the whole run, where phases are not known."""

    metric: Metric
    phases: dict[str, float]
    whole: float | None

    def expected(self, size: Size, phase: str | None = None) -> float | None:
        """What a run of this size, or one phase of it, is to take."""
        if phase is not None:
            rate = self.phases.get(phase)
            return None if rate is None else rate * work(size, phase, self.metric)
        if self.whole is not None:
            return self.whole * _whole_work(size, self.metric)
        needed = [phase for phase in PHASES if work(size, phase, self.metric)]
        if not all(phase in self.phases for phase in needed):
            return None
        return sum(self.phases[phase] * work(size, phase, self.metric) for phase in needed)


def rates(runs: Sequence[PastRun], metric: Metric) -> Rates:
    """From runs that completed; those whose figure is not known do not count."""
    by_phase: dict[str, list[float]] = {phase: [] for phase in PHASES}
    whole: list[float] = []
    with_phases = 0
    for run in runs:
        if (total := value(run.total, metric)) is None:
            continue
        whole.append(total / _whole_work(run.size, metric))
        found = {name: _rate(run, name, metric) for name in PHASES}
        with_phases += found[PhaseName.EVALUATION] is not None
        for name, rate in found.items():
            if rate is not None:
                by_phase[name].append(rate)
    if not whole or with_phases * 2 < len(whole):
        return Rates(metric, {}, median(whole) if whole else None)
    return Rates(metric, {name: median(found) for name, found in by_phase.items() if found}, None)


def _rate(run: PastRun, phase: str, metric: Metric) -> float | None:
    figures = run.phases.get(phase)
    amount = work(run.size, phase, metric)
    # A phase that asked nothing (given candidates, a resumed run) has no rate.
    if figures is None or not amount or not figures.calls:
        return None
    found = value(figures, metric)
    return None if found is None else found / amount
