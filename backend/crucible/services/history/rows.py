"""One imported line, a run summary, as rows of runs, phases and attempts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crucible.clock import seconds_between
from crucible.errors import RunFailure
from crucible.models.values import LIVE, PHASES, PhaseName, Status
from crucible.recorder.ends import End, error_columns
from crucible.scrub import Scrubber
from crucible.services import ledger_sums, usage
from crucible.services.history.checks import Wrong

Fields = dict[str, Any]

_IN_USD = {"cost_pico": "cost_usd", "wasted_cost_pico": "wasted_cost_usd"}
_BREAKDOWN = {
    "call_count": "llm_calls",
    "failed_call_count": "failed_calls",
    "retry_count": "retries",
}


def run_of(line: Mapping[str, Any]) -> Fields:
    same = (
        "id number project_id status label created_at started_at completed_at duration_seconds "
        "candidate_count scenario_count evaluation_count budget estimate"
    ).split()
    total = (line["llm_usage"] or {}).get("total")
    return {
        **{name: line[name] for name in same},
        "mode": line["mode"] or "full_search",
        "attempt": line["attempt"] or 1,
        # Whatever it was: the calls are not in the line, and neither is what the run made.
        "ledger": "absent",
        "config": line["config"] or {},
        "notes": (line["metrics"] or {}).get("notes") or [],
        **dict.fromkeys(("idempotency_key", "request_digest", "owner", "heartbeat_at")),
        "updated_at": line["updated_at"] or line["completed_at"] or line["created_at"],
        **_error(line),
        **_usage(total),
    }


def _error(line: Mapping[str, Any]) -> Fields:
    error = line["error"] or {}
    message = error.get("message")
    return {
        "error_kind": error.get("kind"),
        "error_phase": error.get("phase"),
        "error_summary": line["error_summary"],
        # A summary shows its own line where nobody said anything.
        "error_message": None if message == line["error_summary"] else message,
        "error_hint": error.get("hint"),
        "error_fingerprint": error.get("fingerprint"),
        "error_occurred_at": error.get("occurred_at"),
    }


def _usage(shown: Mapping[str, Any] | None) -> Fields:
    """The columns of a usage object. Counts and maps cannot be unknown: what lacks is 0, {}."""
    found = shown or {}
    return {
        name: otherwise if (value := found.get(_IN_USD.get(name, name))) is None else value
        for name, otherwise in ledger_sums.NOTHING.items()
    }


def phases_of_line(line: Mapping[str, Any]) -> Iterator[Fields]:
    metrics = line["metrics"] or {}
    timings = metrics.get("phase_timings") or {}
    resources = metrics.get("resource_breakdown") or {}
    used = (line["llm_usage"] or {}).get("phases") or {}
    progress = line["progress"] or {}
    for position, name in enumerate(PHASES):
        if name not in timings and name not in resources and name not in used:
            if name != progress.get("phase"):
                continue
        made = resources.get(name) or _made(progress, name)
        yield {
            "run_id": line["id"],
            "attempt": _attempt_of(line, position),
            "position": position,
            "name": str(name),
            **_timing(line, name, timings.get(name) or {}),
            "expected": made.get("expected"),
            "produced": made.get("produced"),
            **_phase_usage(used.get(name), made),
        }


def _made(progress: Mapping[str, Any], name: PhaseName) -> Mapping[str, Any]:
    """What a line without a breakdown says of the phase it ended in."""
    if progress.get("phase") != name:
        return {}
    return {"expected": progress["expected"], "produced": progress["done"]}


def _attempt_of(line: Mapping[str, Any], position: int) -> int:
    """The attempt a phase is counted to: the last, unless the run ended in an earlier phase than
    an attempt before had come to."""
    ended_in = (line["progress"] or {}).get("phase")
    if ended_in is not None and position > PHASES.index(ended_in):
        return 1
    return line["attempt"] or 1


def _timing(line: Mapping[str, Any], name: PhaseName, timing: Mapping[str, Any]) -> Fields:
    status = timing.get("status") or _likely(line, name)
    if status in LIVE and line["status"] not in LIVE:
        status = line["status"]  # nothing goes on in a run that has ended
    return {
        "status": status,
        "started_at": timing.get("started_at"),
        "completed_at": timing.get("completed_at"),
        "duration_seconds": timing.get("duration_seconds"),
    }


def _likely(line: Mapping[str, Any], name: PhaseName) -> str:
    """How a phase ended that no timing tells of: a run goes on only after one that completed."""
    last = (line["error"] or {}).get("phase") or (line["progress"] or {}).get("phase")
    return str(line["status"]) if name == last else Status.COMPLETED.value


def _phase_usage(used: Mapping[str, Any] | None, made: Mapping[str, Any]) -> Fields:
    """Counts stand in two places of a summary: what one lacks, the other may have."""
    counts = {column: made.get(name) for column, name in _BREAKDOWN.items()}
    told = {name: value for name, value in (used or {}).items() if value is not None}
    return _usage(counts | told)


def phases_by_attempt(line: Mapping[str, Any]) -> Iterator[Fields]:
    refuse_twice(line, "phases", ("attempt", "name"))
    for phase in sorted(line["phases"], key=lambda each: each["attempt"]):
        name = PhaseName(phase["name"])
        yield {
            "run_id": line["id"],
            "attempt": phase["attempt"],
            "position": PHASES.index(name),
            "name": str(name),
            **_timing(line, name, phase),
            "expected": phase["expected"],
            "produced": phase["produced"],
            **_usage(phase["usage"]),
        }


def attempts_of(line: Mapping[str, Any]) -> list[Fields]:
    refuse_twice(line, "attempts", ("attempt",))
    return [{"run_id": line["id"], **attempt} for attempt in line["attempts"] or []]


def refuse_twice(line: Mapping[str, Any], field: str, names: Sequence[str]) -> None:
    seen: set[Any] = set()
    for position, row in enumerate(line[field] or []):
        key = tuple(row[name] for name in names)
        if key in seen:
            wrong = Wrong(f"takes an {' and '.join(names)} that no other of them has")
            raise wrong.under(names[0]).under(position).under(field)
        seen.add(key)


def end(
    run: Fields, phases: Sequence[Fields], attempts: Sequence[Fields], failure: RunFailure
) -> None:
    """Ends a run that was live where its line was written, at its last sign of life."""
    at = _last_sign(run, phases)
    last = phases[-1] if phases else None
    if last is not None and last["completed_at"] is None:
        _close(last, at)
    for phase in phases:
        phase["status"] = Status.FAILED.value if phase["status"] in LIVE else phase["status"]
    ended_in = PhaseName(last["name"]) if last is not None else None
    error = error_columns(End(Status.FAILED, failure, ended_in), Scrubber(), at)
    for attempt in attempts:
        if attempt["completed_at"] is None:
            _close(attempt, at)
            attempt.update(
                {name: error[name] for name in ("error_kind", "error_summary")},
                status=Status.FAILED.value,
            )
    if attempts:
        spans = [attempt["duration_seconds"] or 0.0 for attempt in attempts]
        run["duration_seconds"] = round(sum(spans), 3)
    elif run["started_at"] is not None and run["attempt"] == 1:
        run["duration_seconds"] = seconds_between(run["started_at"], at)
    run.update(error, status=Status.FAILED.value, completed_at=at)


def _last_sign(run: Fields, phases: Sequence[Fields]) -> datetime:
    moments: list[datetime | None] = [run["updated_at"], run["started_at"]]
    moments += [phase[name] for phase in phases for name in ("started_at", "completed_at")]
    return max(moment for moment in moments if moment is not None)


def _close(row: Fields, at: datetime) -> None:
    row["completed_at"] = at
    if row["started_at"] is not None:
        row["duration_seconds"] = seconds_between(row["started_at"], at)


PHASE_COLUMNS = (
    *("run_id attempt position name status started_at completed_at duration_seconds".split()),
    *("expected", "produced"),
    *usage.COLUMNS,
)
ATTEMPT_COLUMNS = (
    "run_id attempt status started_at completed_at duration_seconds error_kind error_summary"
).split()
RUN_COLUMNS = (
    *(
        "id number project_id status mode label attempt ledger config budget estimate notes "
        "created_at started_at completed_at updated_at duration_seconds candidate_count "
        "scenario_count evaluation_count error_kind error_phase error_summary error_message "
        "error_hint error_fingerprint error_occurred_at idempotency_key request_digest owner "
        "heartbeat_at"
    ).split(),
    *usage.COLUMNS,
)
