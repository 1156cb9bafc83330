from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import NO_TOTALS, START, add_phase, add_project, add_run, failed, live

from crucible.errors import HINTS, ErrorKind
from crucible.models import Run
from crucible.services.health import health
from crucible.services.runs import get_run, get_summary

CALLED = {**NO_TOTALS, "call_count": 2, "providers": {"openai": 2}, "models": {"m": 2}}


def summary(session: Session, run: Run, seconds: float = 3600) -> dict[str, Any]:
    session.expire_all()
    return get_summary(session, run.id, START + timedelta(seconds=seconds))


def test_times_are_utc_with_milliseconds(session: Session) -> None:
    shown = summary(session, add_run(session, add_project(session), created_at=START))

    assert shown["created_at"] == "2026-11-22T08:00:00.000Z"
    assert shown["completed_at"] == "2026-11-22T08:00:10.000Z"


def test_a_run_that_made_no_call_has_no_usage(session: Session) -> None:
    assert summary(session, add_run(session, add_project(session)))["llm_usage"] is None


def test_unknown_cost_and_tokens_are_null_and_never_zero(session: Session) -> None:
    run = add_run(
        session,
        add_project(session),
        **{**CALLED, "failed_call_count": 1, "unpriced_call_count": 2},
    )
    total = summary(session, run)["llm_usage"]["total"]

    assert total["cost_usd"] is None
    assert total["input_tokens"] is None
    assert total["wasted_cost_usd"] is None
    assert total["unpriced_call_count"] == 2


def test_nothing_is_wasted_where_no_call_failed(session: Session) -> None:
    run = add_run(session, add_project(session), **CALLED)

    assert summary(session, run)["llm_usage"]["total"]["wasted_cost_usd"] == 0


def test_cost_is_the_number_nearest_to_the_exact_sum(session: Session) -> None:
    run = add_run(session, add_project(session), **{**CALLED, "cost_pico": 421_300_000_001})

    assert summary(session, run)["llm_usage"]["total"]["cost_usd"] == 0.421300000001


def test_imported_totals_are_shown_without_calls(session: Session) -> None:
    totals = {**NO_TOTALS, "cost_pico": 10**12}
    run = add_run(session, add_project(session), ledger="absent", **totals)

    assert summary(session, run)["llm_usage"]["total"]["cost_usd"] == 1.0


def test_only_phases_that_began_are_listed_in_pipeline_order(session: Session) -> None:
    run = add_run(session, add_project(session), **CALLED)
    for name in ("evaluation", "design", "scenarios"):
        add_phase(session, run, name)
    shown = summary(session, run)

    order = ["design", "scenarios", "evaluation"]
    assert list(shown["metrics"]["phase_timings"]) == order
    assert list(shown["metrics"]["resource_breakdown"]) == order
    assert list(shown["llm_usage"]["phases"]) == order


def test_a_live_run_and_its_phase_run_to_now(session: Session) -> None:
    run = add_run(session, add_project(session), **live())
    add_phase(session, run, "design", status="running", completed_at=None, duration_seconds=None)
    shown = summary(session, run, seconds=12.3456)

    assert shown["duration_seconds"] == 12.346 or shown["duration_seconds"] == 12.345
    assert (
        shown["metrics"]["phase_timings"]["design"]["duration_seconds"]
        == (shown["duration_seconds"])
    )


def test_a_resumed_run_adds_to_the_time_it_had(session: Session) -> None:
    run = add_run(session, add_project(session), **live(duration_seconds=30.5, attempt=2))

    assert summary(session, run, seconds=2)["duration_seconds"] == 32.5


def test_a_run_that_never_started_has_no_duration(session: Session) -> None:
    run = add_run(
        session,
        add_project(session),
        status="created",
        started_at=None,
        completed_at=None,
        duration_seconds=None,
    )
    shown = summary(session, run)

    assert shown["duration_seconds"] is None
    assert shown["progress"] is None
    assert shown["metrics"] == {"phase_timings": {}, "resource_breakdown": {}, "notes": []}


def test_phases_of_several_attempts_are_merged(session: Session) -> None:
    run = add_run(session, add_project(session), attempt=2, **CALLED)
    one = {"call_count": 1, "cost_pico": 5, "providers": {"openai": 1}, "models": {"a": 1}}
    first = {**one, "status": "failed", "expected": 40, "produced": 31, "failed_call_count": 1}
    add_phase(session, run, "evaluation", attempt=1, **first)
    later = START + timedelta(minutes=5)
    second = {**one, "expected": 9, "produced": 9, "models": {"b": 1}, "started_at": later}
    add_phase(session, run, "evaluation", attempt=2, duration_seconds=3.5, **{**second})
    shown = summary(session, run)

    assert shown["metrics"]["phase_timings"]["evaluation"] == {
        "status": "completed",
        "started_at": "2026-11-22T08:01:00.000Z",
        "completed_at": "2026-11-22T08:05:02.000Z",
        "duration_seconds": 5.5,
    }
    assert shown["metrics"]["resource_breakdown"]["evaluation"] == {
        "expected": 40,
        "produced": 40,
        "llm_calls": 2,
        "failed_calls": 1,
        "retries": 0,
    }
    assert shown["llm_usage"]["phases"]["evaluation"]["models"] == {"a": 1, "b": 1}
    assert shown["progress"] == {"phase": "evaluation", "done": 40, "expected": 40}


def test_a_failed_run_says_where_and_why(session: Session) -> None:
    run = add_run(session, add_project(session), **failed())
    add_phase(session, run, "design")
    add_phase(session, run, "evaluation", status="failed", expected=40, produced=31)
    shown = summary(session, run)

    assert shown["progress"] == {"phase": "evaluation", "done": 31, "expected": 40}
    assert shown["error"] == {
        "kind": "provider_rate_limited",
        "phase": "evaluation",
        "message": "429: slow down",
        "hint": "Wait.",
        "fingerprint": "abc",
        "occurred_at": "2026-11-22T08:00:00.000Z",
    }


def test_who_cannot_resume_a_run_is_not_told_to(session: Session) -> None:
    project = add_project(session)
    for kind, hint in HINTS.items():
        came = add_run(
            session, project, **failed(error_kind=kind, error_hint=hint, ledger="absent")
        )
        here = add_run(session, project, **failed(error_kind=kind, error_hint=hint))
        told = summary(session, came)["error"]["hint"]
        assert "resum" not in told.lower() and told.endswith("so start a new run.")
        assert summary(session, here)["error"]["hint"] == hint
    last = add_run(
        session,
        project,
        **failed(error_hint=HINTS[ErrorKind.PROVIDER_AUTH], ledger="absent"),
        completed_at=START + timedelta(days=9),
    )
    assert summary(session, last)["error"]["hint"] == (
        "Check CRUCIBLE_LLM_API_KEY (or OPENAI_API_KEY) and that the key may use this model. "
        "Its work did not come with it, so start a new run."
    )
    judged = health(session, project.id, START)["last_failure"]
    assert (judged["run_id"], judged["hint"]) == (last.id, summary(session, last)["error"]["hint"])


def test_detail_fills_what_imported_history_lacks_with_null(session: Session) -> None:
    run = add_run(session, add_project(session), config={})
    shown = get_run(session, run.id, FakeClock().now())

    assert shown["config"]["mode"] == "full_search"
    assert shown["config"]["problem"] is None
    assert shown["config"]["candidates"] == []
    assert shown["worker"] is None
    assert shown["attempts"] == []
