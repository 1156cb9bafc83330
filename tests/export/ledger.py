"""Holds what a collector received against the ledger, span by span."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import select
from tests.export.collector import Collector, Received
from tests.lab import Lab

from crucible.export import otel_spans
from crucible.export.otel_spans import nanoseconds
from crucible.models import LLMCall, RunAttempt, RunPhase
from crucible.services.usage import usd

TOKENS = {
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cached_input_tokens",
    "gen_ai.usage.cache_write.input_tokens": "cache_write_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "cache_write_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
}


def known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def times(each: Received) -> tuple[int, int]:
    return each.span.start_time_unix_nano, each.span.end_time_unix_nano


def at(start: datetime | None, end: datetime | None) -> tuple[int, int]:
    assert start is not None and end is not None
    # A call that was lost is settled at its run's last sign of life, which may be a moment before
    # it was sent; no span ends before it starts.
    return nanoseconds(start), nanoseconds(max(start, end))


def attempts(lab: Lab, run_id: str) -> list[RunAttempt]:
    with lab.database.reading() as session:
        found = select(RunAttempt).where(RunAttempt.run_id == run_id)
        return list(session.scalars(found.order_by(RunAttempt.attempt)))


def phases(lab: Lab, run_id: str, attempt: int) -> list[RunPhase]:
    with lab.database.reading() as session:
        found = select(RunPhase).where(RunPhase.run_id == run_id, RunPhase.attempt == attempt)
        return list(session.scalars(found.order_by(RunPhase.position)))


def equal_to_the_ledger(lab: Lab, collector: Collector, run_id: str) -> None:
    """Each span that came is a row, and each row of an ended attempt came as a span."""
    row = lab.row(run_id)
    roots = [each for each in collector.spans if not each.parent]
    assert len(roots) == len(attempts(lab, run_id))
    seen = 0
    for attempt, root in zip(attempts(lab, run_id), roots, strict=True):
        everywhere = {
            "crucible.run.id": run_id,
            "crucible.run.number": row.number,
            "crucible.run.attempt": attempt.attempt,
            "crucible.project.id": row.project_id,
        }
        of_attempt = phases(lab, run_id, attempt.attempt)
        error = attempt.error_kind if attempt.status == "failed" else None
        assert root.name == f"run {row.mode}"
        assert times(root) == at(attempt.started_at, attempt.completed_at)
        assert root.error == error
        assert root.attributes == known(
            everywhere
            | {"crucible.run.mode": row.mode, "crucible.status": attempt.status}
            | {"error.type": error}
            | totals(of_attempt)
        )
        under = collector.under(root)
        assert [each.name for each in under] == [f"phase {phase.name}" for phase in of_attempt]
        for phase, each in zip(of_attempt, under, strict=True):
            error = attempt.error_kind if phase.status == "failed" else None
            assert times(each) == at(phase.started_at, phase.completed_at)
            assert each.error == error
            assert each.attributes == known(
                everywhere
                | {"crucible.phase": phase.name, "crucible.status": phase.status}
                | {"crucible.expected": phase.expected, "crucible.produced": phase.produced}
                | {"error.type": error}
                | totals([phase])
            )
            calls = [
                call
                for call in lab.calls(run_id)
                if (call.run_attempt, call.phase) == (attempt.attempt, phase.name)
            ]
            got = {each.id: each for each in collector.under(each)}
            assert len(got) == len(calls)
            for call in calls:
                span = got[otel_spans.span_id("call", call.id).to_bytes(8)]
                of_call(span, call, everywhere, attempt)
            seen += len(calls)
    assert seen == len(lab.calls(run_id))
    assert len(collector.spans) == len({each.id for each in collector.spans})


def totals(rows: list[RunPhase]) -> dict[str, Any]:
    def total(name: str) -> int | None:
        values = [value for row in rows if (value := getattr(row, name)) is not None]
        return sum(values) if values else None

    names = "call_count failed_call_count retry_count input_tokens output_tokens".split()
    return {f"crucible.{name}": total(name) for name in [*names, "unpriced_call_count"]} | {
        "crucible.cost_usd": usd(total("cost_pico"))
    }


def of_call(
    span: Received, call: LLMCall, everywhere: Mapping[str, Any], attempt: RunAttempt
) -> None:
    error = None if call.outcome == "ok" else call.error_kind or attempt.error_kind
    assert span.name == f"chat {call.model_asked}"
    assert span.span.kind == Span.SPAN_KIND_CLIENT
    assert times(span) == at(call.sent_at, call.settled_at)
    assert span.error == error
    found = span.attributes
    assert found.pop("server.address") == "127.0.0.1"
    assert found.pop("server.port") > 0
    assert found == known(
        {
            **everywhere,
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": call.provider,
            "gen_ai.request.model": call.model_asked,
            "gen_ai.response.model": call.model_served,
            **{name: getattr(call, column) for name, column in TOKENS.items()},
            "http.response.status_code": call.http_status,
            "crucible.call.id": call.id,
            "crucible.call.attempt": call.attempt,
            "crucible.phase": call.phase,
            "crucible.outcome": call.outcome,
            "crucible.cost_usd": usd(call.cost_pico),
            "crucible.latency_seconds": call.latency_seconds,
            "error.type": error,
        }
    )
