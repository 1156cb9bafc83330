"""Recomputes what a run says of itself: totals from its calls, counts and ranking from what it
made, times and states from its attempts and phases."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import rfc3339, seconds_between
from crucible.errors import NotFound
from crucible.models import CandidateRow, Project, Run, RunAttempt
from crucible.models.values import LIVE, PHASES, PhaseName, Status
from crucible.pipeline.ranking import rank
from crucible.services import ledger_sums, results, usage
from crucible.services.summary import RUN_COLUMNS, phases_of

Row = Mapping[str, Any]
_SHOWN = {
    "cost_pico": "cost in pico-dollars",
    "wasted_cost_pico": "wasted cost in pico-dollars",
}
_COUNTS = (
    ("candidate_count", PhaseName.DESIGN),
    ("scenario_count", PhaseName.SCENARIOS),
    ("evaluation_count", PhaseName.EVALUATION),
)


@dataclass
class Findings:
    covered: list[str] = field(default_factory=list)
    not_covered: list[str] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)

    def compare(self, what: str, stored: Any, recomputed: Any) -> None:
        if not _same(stored, recomputed):
            found = {"what": what, "stored": stored, "recomputed": recomputed}
            self.differences.append(found)


@dataclass(frozen=True)
class Subject:
    """A run and the rows that belong to its history."""

    run: Row
    phases: Sequence[Row]
    attempts: Sequence[Row]

    @property
    def id(self) -> str:
        return str(self.run["id"])

    @property
    def live(self) -> bool:
        return self.run["status"] in LIVE

    @property
    def last(self) -> Row | None:
        """The attempt that it ended in; None if that never began: a run that waits to go on can
        be stopped before anybody takes it up."""
        found = [row for row in self.attempts if row["attempt"] == self.run["attempt"]]
        return found[-1] if found else None


def verify_run(session: Session, run_id: str) -> dict[str, Any]:
    """`{run_id, number, ok, covered, not_covered, differences: [{what, stored, recomputed}]}`.
    Checks only what the ledger covers and says what it does not. Raises NotFound."""
    subject = _subject(session, run_id)
    findings = Findings()
    _check_ledger(session, subject, findings)
    _check_counts(session, subject, findings)
    _check_times(subject, findings)
    _check_states(subject, findings)
    _check_ranking(session, subject, findings)
    return {
        "run_id": run_id,
        "number": subject.run["number"],
        "ok": not findings.differences,
        "covered": findings.covered,
        "not_covered": findings.not_covered,
        "differences": findings.differences,
    }


def verify_all(session: Session) -> Iterator[dict[str, Any]]:
    """`verify_run` of every run, oldest first."""
    for run_id in list(session.scalars(select(Run.id).order_by(Run.created_at, Run.id))):
        yield verify_run(session, run_id)


def _subject(session: Session, run_id: str) -> Subject:
    run = session.execute(
        select(*RUN_COLUMNS, Run.config, Run.lease_token)
        .join(Project, Project.id == Run.project_id)
        .where(Run.id == run_id)
    ).one_or_none()
    if run is None:
        raise NotFound(f"there is no run {run_id}")
    attempts = session.execute(
        select(
            RunAttempt.attempt,
            RunAttempt.status,
            RunAttempt.started_at,
            RunAttempt.completed_at,
            RunAttempt.duration_seconds,
        )
        .where(RunAttempt.run_id == run_id)
        .order_by(RunAttempt.attempt)
    )
    phases = phases_of(session, [run_id]).get(run_id, [])
    return Subject(run._asdict(), phases, [row._asdict() for row in attempts])


def _check_ledger(session: Session, subject: Subject, findings: Findings) -> None:
    if subject.run["ledger"] != "complete":
        why = {"absent": "came without its calls", "purged": "has had its calls deleted"}
        findings.not_covered.append(
            f"token and cost totals: the run {why.get(subject.run['ledger'], 'has no ledger')}"
        )
        return
    of_run = ledger_sums.of_run(session, subject.id)
    of_phases = ledger_sums.of_phases(session, subject.id)
    _compare_totals("run", subject.run, of_run, findings)
    for phase in subject.phases:
        key = (phase["attempt"], phase["name"])
        _compare_totals(_name(phase), phase, of_phases.pop(key, ledger_sums.NOTHING), findings)
    for (attempt, name), sums in of_phases.items():
        what = f"calls of {name} in attempt {attempt}, which never began"
        findings.compare(what, 0, sums["call_count"])
    _compare_totals("run, against its phases", subject.run, _sum(subject.phases), findings)
    pending = 0 if subject.live else ledger_sums.pending(session, subject.id)
    findings.compare("calls in flight of a run that ended", 0, pending)
    findings.covered.append(
        f"totals of the run and its phases, from {of_run['call_count']:,} calls"
    )


def _sum(phases: Sequence[Row]) -> Row:
    return usage.added(phases) if phases else ledger_sums.NOTHING


def _compare_totals(whose: str, stored: Row, recomputed: Row, findings: Findings) -> None:
    for column in usage.COLUMNS:
        what = f"{whose}: {_SHOWN.get(column, column)}"
        findings.compare(what, stored[column], recomputed[column])


def _check_counts(session: Session, subject: Subject, findings: Findings) -> None:
    if subject.run["ledger"] == "absent":
        findings.not_covered.append("counts and ranking: what the run made is not on record")
        return
    made = ledger_sums.made(session, subject.id)
    for column, phase in _COUNTS:
        findings.compare(column, subject.run[column] or 0, made[column])
        produced = sum(row["produced"] or 0 for row in subject.phases if row["name"] == phase)
        findings.compare(f"produced in {phase}", produced, made[column])
    findings.covered.append("counts, from what it made")


def _check_times(subject: Subject, findings: Findings) -> None:
    for phase in subject.phases:
        _compare_span(f"duration of {_name(phase)}", phase, findings)
    for attempt in subject.attempts:
        _compare_span(f"duration of attempt {attempt['attempt']}", attempt, findings)
    if subject.live:
        findings.not_covered.append("its duration and end: the run is live")
        return
    if not subject.attempts:
        if subject.run["ledger"] == "absent":
            findings.not_covered.append("its duration: it came without its attempts")
        return
    spans = [row["duration_seconds"] or 0.0 for row in subject.attempts]
    findings.compare("duration", subject.run["duration_seconds"], round(sum(spans), 3))
    for what, row in (("started_at", subject.attempts[0]), ("completed_at", subject.last)):
        if row is not None:
            findings.compare(what, rfc3339(subject.run[what]), rfc3339(row[what]))
    findings.covered.append("durations, from its attempts and phases")


def _compare_span(what: str, row: Row, findings: Findings) -> None:
    if any(row[name] is None for name in ("started_at", "completed_at", "duration_seconds")):
        return
    span = seconds_between(row["started_at"], row["completed_at"])
    findings.compare(what, row["duration_seconds"], span)


def _check_states(subject: Subject, findings: Findings) -> None:
    run = subject.run
    if subject.live:
        return
    absent = run["ledger"] == "absent"
    for phase in subject.phases:
        findings.compare(f"{_name(phase)} is under way", phase["status"] == Status.RUNNING, False)
    if subject.last is not None:
        findings.compare("status, against its last attempt", run["status"], subject.last["status"])
    completed = {row["name"] for row in subject.phases if row["status"] == Status.COMPLETED}
    if run["status"] == Status.COMPLETED and not absent:
        left = ", ".join(name for name in PHASES if name not in completed)
        findings.compare("phases that a completed run did not complete", "", left)
        findings.compare("attempts that it completed in", 1, int(subject.last is not None))
    has_error = run["error_kind"] is not None
    if not absent:
        findings.compare("has an error", has_error, run["status"] != Status.COMPLETED)
    held = run["lease_token"] is not None or run["attempt_started_at"] is not None
    findings.compare("is held by a worker", held, False)
    findings.covered.append("states of run, attempts and phases")


def _check_ranking(session: Session, subject: Subject, findings: Findings) -> None:
    ranked = any(
        row["name"] == PhaseName.RANKING and row["status"] == Status.COMPLETED
        for row in subject.phases
    )
    if not ranked or subject.run["ledger"] == "absent":
        return
    standings = rank(
        results.constraints_of(subject.run["config"] or {}),
        results.candidates_of(session, subject.id),
        len(results.scenarios_of(session, subject.id)),
        results.evaluations_of(session, subject.id),
    )
    stored = _stored_ranking(session, subject.id)
    for standing in standings:
        row = stored[standing.candidate_id]
        for name, value in row.items():
            what = f"{name} of candidate {standing.candidate_id}"
            findings.compare(what, value, getattr(standing, name))
    findings.covered.append("ranking, from its evaluations")


def _stored_ranking(session: Session, run_id: str) -> dict[str, dict[str, Any]]:
    names = ("rank", "P", "R", "I", "weighted_satisfaction")
    rows = session.execute(
        select(CandidateRow.id, *(getattr(CandidateRow, name) for name in names)).where(
            CandidateRow.run_id == run_id
        )
    )
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


def _name(phase: Row) -> str:
    again = f" (attempt {phase['attempt']})" if phase["attempt"] > 1 else ""
    return f"{phase['name']}{again}"


def _same(stored: Any, recomputed: Any) -> bool:
    if isinstance(stored, float) and isinstance(recomputed, float):
        return math.isclose(stored, recomputed, rel_tol=1e-12, abs_tol=1e-12)
    return bool(stored == recomputed)
