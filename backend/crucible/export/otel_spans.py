"""An attempt's rows as spans, after OpenTelemetry's conventions for generative AI.

All of a span follows from the rows: made twice, it is the same span, with the same ids.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status as SpanStatus
from opentelemetry.trace.status import StatusCode

from crucible import __version__
from crucible.export.otel_ledger import Attempt
from crucible.models.values import Outcome, Status
from crucible.scrub import Scrubber

SCOPE = InstrumentationScope("crucible", __version__)
SERVICE = "int-crucible"
# The conventions' names of providers, where they differ from those that prices go by.
PROVIDERS = {
    "aws": "aws.bedrock",
    "azure": "azure.ai.openai",
    "google": "gcp.gen_ai",
    "mistral": "mistral_ai",
    "x-ai": "x_ai",
}
UNKNOWN_ERROR = "_OTHER"
"""The conventions' word where no kind of error is on record."""
_NAME_LIMIT = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PICO = 10**12

Attributes = dict[str, str | int | float | None]


def resource() -> Resource:
    """Ours; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before it."""
    ours = {
        "service.name": SERVICE,
        "service.version": __version__,
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": sdk_version,
    }
    given = OTELResourceDetector().detect().attributes
    # Bytes that are no text would keep everything from being sent.
    sendable = {_text(key): _text(str(value)) for key, value in given.items()}
    return Resource(ours).merge(Resource(sendable))


def _text(given: str) -> str:
    return given.encode(errors="replace").decode()


def trace_id(run_id: str, attempt: int) -> int:
    return int.from_bytes(_digest("trace", run_id, str(attempt))[:16])


def span_id(*what: str) -> int:
    return int.from_bytes(_digest("span", *what)[:8])


def _digest(*what: str) -> bytes:
    return hashlib.sha256("\n".join(("int-crucible", *what)).encode()).digest()


class Spans:
    """Of one attempt."""

    def __init__(self, attempt: Attempt, of: Resource, scrub: Scrubber) -> None:
        self._attempt = attempt
        self._resource = of
        self._scrub = scrub
        self._names: dict[str, str] = {}
        self._run_id: str = attempt.run.id
        self._trace = trace_id(self._run_id, attempt.due.attempt)
        self._root = self._context("run", self._run_id, str(attempt.due.attempt))
        self._phases = {phase.name: self._phase_context(phase.name) for phase in attempt.phases}
        self._everywhere: Attributes = {
            "crucible.run.id": self._run_id,
            "crucible.run.number": attempt.run.number,
            "crucible.run.attempt": attempt.due.attempt,
            "crucible.project.id": attempt.run.project_id,
        }

    def frame(self) -> list[ReadableSpan]:
        """The run and its phases."""
        return [self._run(), *map(self._phase, self._attempt.phases)]

    def _run(self) -> ReadableSpan:
        attempt, row = self._attempt, self._attempt.row
        totals = {name: attempt.total(name) for name in _SHOWN_TOTALS}
        return self._span(
            f"run {attempt.run.mode}",
            self._root,
            None,
            (row.started_at, row.completed_at),
            {"crucible.run.mode": attempt.run.mode, "crucible.status": row.status},
            _totals(totals),
            error=self._error() if row.status == Status.FAILED else None,
            links=self._earlier(),
        )

    def _phase(self, phase: Any) -> ReadableSpan:
        return self._span(
            f"phase {phase.name}",
            self._phases[phase.name],
            self._root,
            (phase.started_at, phase.completed_at),
            {
                "crucible.phase": phase.name,
                "crucible.status": phase.status,
                "crucible.expected": phase.expected,
                "crucible.produced": phase.produced,
            },
            _totals({name: getattr(phase, name) for name in _SHOWN_TOTALS}),
            error=self._error() if phase.status == Status.FAILED else None,
        )

    def call(self, call: Any) -> ReadableSpan:
        failed = call.outcome != Outcome.OK
        asked = self._name(call.model_asked)
        return self._span(
            f"chat {asked}",
            self._context("call", call.id),
            self._phases.get(call.phase, self._root),
            (call.sent_at, call.settled_at),
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": self._name(PROVIDERS.get(call.provider, call.provider)),
                "gen_ai.request.model": asked,
                "gen_ai.response.model": call.model_served and self._name(call.model_served),
                **_usage(call),
                **self._attempt.due.server,
                "http.response.status_code": call.http_status,
                "crucible.call.id": call.id,
                "crucible.call.attempt": call.attempt,
                "crucible.phase": call.phase,
                "crucible.outcome": call.outcome,
                "crucible.cost_usd": _usd(call.cost_pico),
                "crucible.latency_seconds": call.latency_seconds,
            },
            # One in flight when the attempt ended has no error of its own.
            error=call.error_kind or self._error() if failed else None,
            kind=SpanKind.CLIENT,
        )

    def _span(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        times: tuple[datetime | None, datetime | None],
        *attributes: Attributes,
        error: str | None,
        kind: SpanKind = SpanKind.INTERNAL,
        links: tuple[Link, ...] = (),
    ) -> ReadableSpan:
        row = self._attempt.row
        start = times[0] or row.started_at
        end = max(start, times[1] or row.completed_at or start)
        found = self._everywhere | _merged(attributes) | {"error.type": error}
        failed = SpanStatus(StatusCode.ERROR, error) if error else SpanStatus(StatusCode.UNSET)
        return ReadableSpan(
            name,
            context,
            parent,
            self._resource,
            {key: value for key, value in found.items() if value is not None},
            (),
            links,
            kind,
            status=failed,
            start_time=nanoseconds(start),
            end_time=nanoseconds(end),
            instrumentation_scope=SCOPE,
        )

    def _error(self) -> str:
        return self._attempt.row.error_kind or UNKNOWN_ERROR

    def _earlier(self) -> tuple[Link, ...]:
        """To the attempt that this one went on from, in a trace of its own."""
        if (before := self._attempt.due.attempt - 1) < 1:
            return ()
        context = SpanContext(
            trace_id(self._run_id, before),
            span_id("run", self._run_id, str(before)),
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        return (Link(context, {"crucible.run.attempt": before}),)

    def _phase_context(self, name: str) -> SpanContext:
        return self._context("phase", self._run_id, str(self._attempt.due.attempt), name)

    def _context(self, *what: str) -> SpanContext:
        flags = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(self._trace, span_id(*what), is_remote=False, trace_flags=flags)

    def _name(self, text: str) -> str:
        """As it may be sent. A run has few, and a pattern costs more than a look."""
        if text not in self._names:
            self._names[text] = self._scrub.line(text, _NAME_LIMIT)
        return self._names[text]


_SHOWN_TOTALS = (
    "call_count failed_call_count retry_count input_tokens output_tokens cost_pico "
    "unpriced_call_count"
).split()


def _totals(totals: Mapping[str, int | None]) -> Attributes:
    """Under names of our own: whoever sums the conventions' names over all spans of a trace must
    not count a token twice."""
    shown: Attributes = {
        f"crucible.{name}": value for name, value in totals.items() if name != "cost_pico"
    }
    return shown | {"crucible.cost_usd": _usd(totals["cost_pico"])}


def _usage(call: Any) -> Attributes:
    return {
        "gen_ai.usage.input_tokens": call.input_tokens,
        "gen_ai.usage.output_tokens": call.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": call.cached_input_tokens,
        "gen_ai.usage.cache_write.input_tokens": call.cache_write_tokens,
        # Its name until the summer of 2026, which is what most look for.
        "gen_ai.usage.cache_creation.input_tokens": call.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning_tokens,
    }


def _usd(pico: int | None) -> float | None:
    return None if pico is None else pico / _PICO


def nanoseconds(moment: datetime) -> int:
    """Since 1970. Not by way of a float, which would be off by some."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def _merged(parts: tuple[Attributes, ...]) -> Attributes:
    return {key: value for part in parts for key, value in part.items()}
