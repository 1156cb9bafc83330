"""What a finding is, before it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from crucible.services.past_runs import PastRun


class Code(StrEnum):
    FAILURE_STREAK = "FAILURE_STREAK"
    FAILURE_RATE = "FAILURE_RATE"
    ERROR_KIND_NEW = "ERROR_KIND_NEW"
    DURATION_REGRESSION = "DURATION_REGRESSION"
    COST_SPIKE = "COST_SPIKE"
    TOKEN_SPIKE = "TOKEN_SPIKE"
    RETRY_STORM = "RETRY_STORM"
    YIELD_DROP = "YIELD_DROP"
    TELEMETRY_MISSING = "TELEMETRY_MISSING"
    RUN_STALLED = "RUN_STALLED"


class Measure(StrEnum):
    """What `observed` and `baseline` are."""

    STREAK = "consecutive_failures"
    FAILURE_RATE = "failure_rate"
    FAILED_RUNS = "failed_runs"
    DURATION = "duration_seconds"
    PHASE_DURATION = "phase_duration_seconds"
    COST = "cost_usd"
    TOKENS = "total_tokens"
    RETRY_RATE = "retries_per_question"
    YIELD = "yield"
    METERED = "metered_share"
    PRICED = "priced_share"
    SILENCE = "silent_seconds"


class Severity(StrEnum):
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Anomaly:
    """One finding. Figures are in the unit of `metric`; a cost is in pico-dollars until shown."""

    code: Code
    severity: Severity
    metric: Measure
    runs: Sequence[PastRun]
    """The runs that are out of line, oldest first; never empty."""
    observed: float | None
    baseline: float | None
    sample_size: int
    """Earlier runs that it was compared with."""
    phase: str | None = None
    model: str | None = None
    """The model that newly served these runs."""
    before: PastRun | None = None
    """A run from before, to compare with."""
    kind: str | None = None
    """The kind of error, where one stands behind it."""
    judged: int = 0
    """Of how many newest runs `runs` are a part; 0 = they are all of them."""

    @property
    def since(self) -> PastRun:
        return self.runs[0]

    @property
    def ratio(self) -> float | None:
        if self.observed is None or not self.baseline:
            return None
        return self.observed / self.baseline
