"""The history's sums as metrics, in Prometheus' text format or in OpenMetrics'.

Nearly all are gauges. They are sums over the runs that are kept, so they fall when runs are
deleted; of a counter, Prometheus would take that for a restart and count all that is left a second
time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from crucible.errors import ErrorKind
from crucible.models.values import PhaseName, Status
from crucible.services.tallies import Sums, Told
from crucible.services.tallies.blocks import PHASE_SECONDS, RUN_SECONDS, UNKNOWN
from crucible.services.usage import usd

OTHER = "other"
MODELS = 20
"""Models told of one by one: those with the most calls."""
LONGEST = 120
"""Characters of a title or a model's name."""
VERDICTS = ("ok", "degraded", "failing", "unknown")
_VERSIONS = ("0.0.1", "0.0.4", "1.0.0")
_KINDS = (*ErrorKind, UNKNOWN)


@dataclass(frozen=True)
class Described:
    """A metric as it is documented; `labels` in the order of its values."""

    name: str
    type: Any
    labels: tuple[str, ...]
    help: str

    def empty(self) -> Any:
        # Histograms add `le`; all take their labels by name.
        return self.type(self.name, self.help, labels=self.labels)


_GAUGE, _HISTOGRAM = GaugeMetricFamily, GaugeHistogramMetricFamily
_OF_CALLS = ("project", "model")

RUNS = Described("crucible_runs", _GAUGE, ("project", "mode", "status"), "Runs in the history.")
FAILED = Described("crucible_runs_failed", _GAUGE, ("project", "kind"), "Runs that failed.")
RUN_TOOK = Described(
    "crucible_run_duration_seconds",
    _HISTOGRAM,
    ("project", "status"),
    "What runs took that ended, over all their attempts.",
)
LAST_END = Described(
    "crucible_last_run_end_timestamp_seconds",
    _GAUGE,
    ("project", "status"),
    "When a run last ended so.",
)
CALLS = {
    "call_count": Described(
        "crucible_llm_calls", _GAUGE, _OF_CALLS, "Calls sent to a provider, those in flight too."
    ),
    "failed_call_count": Described(
        "crucible_llm_calls_failed", _GAUGE, _OF_CALLS, "Of these, those without a usable answer."
    ),
    "retry_count": Described(
        "crucible_llm_calls_retried",
        _GAUGE,
        _OF_CALLS,
        "Of these, those after the first for the same question.",
    ),
    "unmetered_call_count": Described(
        "crucible_llm_calls_unmetered",
        _GAUGE,
        _OF_CALLS,
        "Of these, those that were answered without a count of tokens.",
    ),
    "unpriced_call_count": Described(
        "crucible_llm_calls_unpriced",
        _GAUGE,
        _OF_CALLS,
        "Of these, those without a known price: above 0, the cost is a lower bound.",
    ),
}
TOKENS = Described(
    "crucible_llm_tokens", _GAUGE, (*_OF_CALLS, "kind"), "Tokens in and out, as reported."
)
TOKEN_KINDS = {"input_tokens": "input", "output_tokens": "output"}
WITHIN = Described(
    "crucible_llm_tokens_within",
    _GAUGE,
    (*_OF_CALLS, "kind"),
    "Parts of the tokens: cached_input and cache_write of the input, reasoning of the output.",
)
WITHIN_KINDS = {
    "cached_input_tokens": "cached_input",
    "cache_write_tokens": "cache_write",
    "reasoning_tokens": "reasoning",
}
COSTS = {
    "cost_pico": Described(
        "crucible_llm_cost_usd", _GAUGE, _OF_CALLS, "What calls with a known price cost."
    ),
    "wasted_cost_pico": Described(
        "crucible_llm_wasted_cost_usd",
        _GAUGE,
        _OF_CALLS,
        "Of this, what went to calls whose answer was not used.",
    ),
}
PHASE_TOOK = Described(
    "crucible_phase_duration_seconds",
    _HISTOGRAM,
    ("phase",),
    "What phases took that ended, one by one for each attempt.",
)
PHASES = {
    "call_count": Described(
        "crucible_phase_llm_calls", _GAUGE, ("phase",), "Calls sent to a provider."
    ),
    "failed_call_count": Described(
        "crucible_phase_llm_calls_failed",
        _GAUGE,
        ("phase",),
        "Of these, those without a usable answer.",
    ),
    "cost_pico": Described(
        "crucible_phase_cost_usd", _GAUGE, ("phase",), "What calls with a known price cost."
    ),
}
HEALTH = Described(
    "crucible_project_health",
    _GAUGE,
    ("project", "verdict"),
    "1 for the verdict on the project's newest runs, 0 for the others.",
)
TITLE = Described(
    "crucible_project", InfoMetricFamily, ("project",), "The title of a project, as `title`."
)
PROJECTS = Described("crucible_projects", _GAUGE, (), "Projects.")
LIVE = Described(
    "crucible_runs_live", _GAUGE, ("status",), "Runs that wait for a worker, or have one."
)
HEARTBEAT = Described(
    "crucible_oldest_heartbeat_age_seconds",
    _GAUGE,
    (),
    "How long the most silent worker of a running run has been silent.",
)
WAITING = Described(
    "crucible_oldest_waiting_age_seconds",
    _GAUGE,
    (),
    "How long the run has waited that has waited longest for a worker.",
)
MOST = Described(
    "crucible_max_active_runs", _GAUGE, (), "Runs that are executed at the same time at most."
)
CHANGES = Described(
    "crucible_changes", CounterMetricFamily, (), "Changes written to the history, heartbeats too."
)
BUILD = Described("crucible_build", InfoMetricFamily, (), "The version, as `version`.")
SCRAPE = Described(
    "crucible_scrape_duration_seconds", _GAUGE, (), "What it took to read these figures."
)
METRICS: tuple[Described, ...] = (
    RUNS,
    FAILED,
    RUN_TOOK,
    LAST_END,
    *CALLS.values(),
    TOKENS,
    WITHIN,
    *COSTS.values(),
    PHASE_TOOK,
    *PHASES.values(),
    HEALTH,
    TITLE,
    PROJECTS,
    LIVE,
    HEARTBEAT,
    WAITING,
    MOST,
    CHANGES,
    BUILD,
    SCRAPE,
)
"""In the order in which they are sent."""


def exposition(
    told: Told, accept: str, *, version: str, max_active: int | None, clean: Callable[[str], str]
) -> tuple[bytes, str]:
    """The metrics and their media type, in the format that suits an `Accept` header.

    `clean` makes others' words fit to be shown: names of models, titles of projects.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_History(told, version, max_active, clean))
    encode, media_type = choose_encoder(_known(accept))
    return encode(registry), media_type


def _known(accept: str) -> str:
    """Without formats whose version is none: the library would fail over it, or claim it."""

    def version(part: str) -> str:
        words = (word.strip() for word in part.split(";"))
        return next((w[8:] for w in words if w.startswith("version=")), _VERSIONS[0])

    return ",".join(part for part in accept.split(",") if version(part) in _VERSIONS)


class _History(Collector):
    def __init__(
        self, told: Told, version: str, max_active: int | None, clean: Callable[[str], str]
    ) -> None:
        self._told = told
        self._version = version
        self._max_active = max_active
        self._clean = clean
        self._sums: dict[str, Sums] = dict(told.projects)
        if told.others.runs:
            self._sums[OTHER] = told.others

    def collect(self) -> Iterator[Any]:
        values = dict(self._values())
        for metric in METRICS:
            family = metric.empty()
            for labels, value in values.get(metric.name, ()):
                if isinstance(value, tuple):
                    family.add_metric(labels, *value)
                else:
                    family.add_metric(labels, value)
            yield family

    def _values(self) -> Iterator[tuple[str, Iterable[tuple[Sequence[str], Any]]]]:
        told = self._told
        yield RUNS.name, self._runs()
        yield FAILED.name, self._failed()
        yield RUN_TOOK.name, self._run_took()
        yield LAST_END.name, self._last_end()
        for column, metric in CALLS.items():
            yield metric.name, self._of_models(column)
        yield TOKENS.name, self._of_kinds(TOKEN_KINDS)
        yield WITHIN.name, self._of_kinds(WITHIN_KINDS)
        for column, metric in COSTS.items():
            yield metric.name, self._of_models(column)
        yield PHASE_TOOK.name, self._phase_took()
        for column, metric in PHASES.items():
            yield metric.name, self._of_phases(column)
        yield HEALTH.name, self._health()
        yield TITLE.name, self._titles()
        yield PROJECTS.name, [((), told.project_count)]
        yield LIVE.name, [((Status.CREATED,), told.waiting), ((Status.RUNNING,), told.running)]
        yield HEARTBEAT.name, _known_only(told.oldest_heartbeat_seconds)
        yield WAITING.name, _known_only(told.oldest_waiting_seconds)
        yield MOST.name, _known_only(self._max_active)
        yield CHANGES.name, [((), told.revision)]
        yield BUILD.name, [((), {"version": self._version})]
        yield SCRAPE.name, [((), told.took_seconds)]

    def _runs(self) -> Iterator[tuple[Sequence[str], int]]:
        for project, sums in self._sums.items():
            for mode in sorted({str(key[1]) for key in sums.counts if key[0] == "runs"}):
                for status in Status:
                    yield (project, mode, status), sums.counts.get(("runs", mode, status), 0)

    def _failed(self) -> Iterator[tuple[Sequence[str], int]]:
        # Also those of which there is none: a first failure is seen only beside a 0 before it.
        for project, sums in self._sums.items():
            for kind in _KINDS:
                yield (project, kind), sums.counts.get(("failed", kind), 0)

    def _run_took(self) -> Iterator[tuple[Sequence[str], Any]]:
        for project, sums in self._sums.items():
            for status in sorted({str(key[1]) for key in sums.counts if key[0] == "took_ms"}):
                counts = [sums.counts.get(("took", status, n), 0) for n in _places(RUN_SECONDS)]
                took = sums.counts[("took_ms", status)]
                yield (project, status), _histogram(RUN_SECONDS, counts, took)

    def _last_end(self) -> Iterator[tuple[Sequence[str], float]]:
        for project, sums in self._sums.items():
            for status, at in sorted(sums.ended.items()):
                yield (project, status), at.timestamp()

    def _of_models(self, column: str) -> Iterator[tuple[Sequence[str], Any]]:
        for project, sums in self._sums.items():
            for model, amount in self._by_model(sums, column).items():
                yield (project, model), usd(amount) if column in COSTS else amount

    def _of_kinds(self, kinds: Mapping[str, str]) -> Iterator[tuple[Sequence[str], int]]:
        for project, sums in self._sums.items():
            for column, kind in kinds.items():
                for model, amount in self._by_model(sums, column).items():
                    yield (project, model, kind), amount

    def _by_model(self, sums: Sums, column: str) -> Mapping[str, int]:
        # Added up under the names that are shown: two may come to the same.
        found: dict[str, int] = defaultdict(int)
        for key, amount in sums.counts.items():
            if key[0] == column:
                found[self._models.get(str(key[1]), OTHER)] += amount
        return found

    @cached_property
    def _models(self) -> Mapping[str, str]:
        """Names to show of the models with the most calls."""
        calls: dict[str, int] = defaultdict(int)
        for sums in self._sums.values():
            for key, amount in sums.counts.items():
                if key[0] in CALLS or key[0] in COSTS or key[0] in TOKEN_KINDS:
                    calls[str(key[1])] += amount if key[0] == "call_count" else 0
        most = sorted(calls, key=lambda name: (-calls[name], name))[:MODELS]
        return {name: self._clean(name) or UNKNOWN for name in most}

    def _phase_took(self) -> Iterator[tuple[Sequence[str], Any]]:
        for name in PhaseName:
            counts = [self._added(("phase_took", name, n)) or 0 for n in _places(PHASE_SECONDS)]
            took = self._added(("phase_took_ms", name)) or 0
            yield (name,), _histogram(PHASE_SECONDS, counts, took)

    def _of_phases(self, column: str) -> Iterator[tuple[Sequence[str], Any]]:
        for name in PhaseName:
            amount = self._added(("phase", column, name))
            if amount is not None:
                yield (name,), usd(amount) if column in COSTS else amount

    def _added(self, key: tuple[str | int, ...]) -> int | None:
        known = [sums.counts[key] for sums in self._sums.values() if key in sums.counts]
        return sum(known) if known else None

    def _health(self) -> Iterator[tuple[Sequence[str], int]]:
        for project, verdict in self._told.verdicts.items():
            for each in VERDICTS:
                yield (project, each), int(each == verdict)

    def _titles(self) -> Iterator[tuple[Sequence[str], Mapping[str, str]]]:
        for project in self._told.projects:
            yield (project,), {"title": self._clean(self._told.titles.get(project, ""))}


def _known_only(value: float | None) -> list[tuple[Sequence[str], float]]:
    return [] if value is None else [((), value)]


def _places(bounds: Sequence[float]) -> range:
    return range(len(bounds) + 1)


def _histogram(
    bounds: Sequence[float], counts: Sequence[int], milliseconds: int
) -> tuple[Any, float]:
    """Buckets as they are sent, each with all before it, and the sum in seconds."""
    names = [*map(floatToGoString, bounds), "+Inf"]
    upto = [sum(counts[: place + 1]) for place in _places(bounds)]
    return list(zip(names, upto, strict=True)), milliseconds / 1000
