"""A project's runs over time: sums by UTC day that agree with the list, and failure patterns."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from tests.seed import add_phase, add_project, add_run, failed, live
from tests.services.moving import line, taken

from crucible.db import Database
from crucible.errors import Invalid
from crucible.models import Project
from crucible.services.listing import RunQuery, list_runs
from crucible.services.trends import trends

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
LEAST = timedelta(milliseconds=1)
DAY = timedelta(days=1)
NO_RUNS = {
    "run_count": 0,
    "by_status": {},
    "failures_by_kind": {},
    "cost_usd": 0,
    "unpriced_call_count": 0,
    "total_tokens": 0,
}


@pytest.fixture
def project(session: Session) -> Project:
    return add_project(session)


def used(pico: int | None, tokens: int | None = 100, unpriced: int = 0) -> dict[str, Any]:
    return {
        "call_count": 2,
        "cost_pico": pico,
        "total_tokens": tokens,
        "unpriced_call_count": unpriced,
    }


def by_date(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {day.pop("date"): day for day in answer["days"]}


def numbers(answer: dict[str, Any]) -> list[int]:
    return [run["number"] for run in answer["runs"]]


def test_a_project_without_runs_has_all_its_days_and_nothing_else(
    session: Session, project: Project
) -> None:
    answer = trends(session, project.id, NOW)

    assert (answer["runs"], answer["failures"]) == ([], [])
    assert (answer["project_id"], answer["generated_at"]) == (
        project.id,
        "2026-11-22T12:00:00.000Z",
    )
    days = by_date(answer)
    assert list(days) == [(MIDNIGHT - DAY * back).date().isoformat() for back in range(13, -1, -1)]
    assert all(day == NO_RUNS for day in days.values())


def test_a_day_begins_and_ends_at_midnight_in_utc(session: Session, project: Project) -> None:
    for created in (
        MIDNIGHT - DAY - LEAST,
        MIDNIGHT - DAY,
        MIDNIGHT - LEAST,
        MIDNIGHT,
        MIDNIGHT + DAY - LEAST,
        MIDNIGHT + DAY,
    ):
        add_run(session, project, created_at=created, **failed())

    answer = trends(session, project.id, NOW, days=2)

    assert {date: day["run_count"] for date, day in by_date(answer).items()} == {
        "2026-11-21": 2,
        "2026-11-22": 2,
    }
    assert [failure["count"] for failure in answer["failures"]] == [4]
    assert numbers(answer) == [1, 2, 3, 4, 5, 6]


def test_days_are_those_of_utc_wherever_the_clock_is(session: Session, project: Project) -> None:
    elsewhere = datetime.fromisoformat("2026-11-23T05:00:00+13:00")  # 22 November, 16:00 UTC
    add_run(session, project, created_at=MIDNIGHT)

    days = by_date(trends(session, project.id, elsewhere, days=1))

    assert days["2026-11-22"]["run_count"] == 1


def test_sums_of_days_are_those_of_the_list_to_the_digit(
    session: Session, project: Project
) -> None:
    dear = 9 * 10**18  # pico-dollars: two of these leave 64 bits
    for hours, pico, tokens in (
        (1, 1, 3),
        (2, 100_000_000_000, 10**15),
        (3, 200_000_000_000, None),
        (30, dear, 7),
        (31, dear, 5),
    ):
        created = NOW - timedelta(hours=hours)
        add_run(session, project, created_at=created, **used(pico, tokens, unpriced=hours))
    listed = list_runs(session, RunQuery(project_id=project.id), NOW)["runs"]

    days = by_date(trends(session, project.id, NOW, days=2))

    assert days["2026-11-22"]["cost_usd"] == 0.300000000001
    assert days["2026-11-22"]["total_tokens"] == 10**15 + 3
    assert days["2026-11-21"]["cost_usd"] == 18_000_000
    for date, day in days.items():
        totals = [run["llm_usage"]["total"] for run in listed if run["created_at"][:10] == date]
        pico = sum(round(total["cost_usd"] * 10**12) for total in totals)
        assert day["cost_usd"] == pico / 10**12
        assert day["total_tokens"] == sum(total["total_tokens"] or 0 for total in totals)
        assert day["unpriced_call_count"] == sum(total["unpriced_call_count"] for total in totals)


def test_an_unknown_cost_is_never_zero(session: Session, project: Project) -> None:
    add_run(session, project, created_at=NOW - DAY * 2, **used(None, None, unpriced=2))
    add_run(session, project, created_at=NOW - DAY, **used(None, None, unpriced=1))
    add_run(session, project, created_at=NOW - DAY, **used(0, 0))

    _, unknown, partly, none = trends(session, project.id, NOW, days=4)["days"]

    assert (unknown["cost_usd"], unknown["total_tokens"]) == (None, None)
    assert unknown["unpriced_call_count"] == 2
    assert (partly["cost_usd"], partly["total_tokens"]) == (0, 0)
    assert partly["unpriced_call_count"] == 1
    assert (none["run_count"], none["cost_usd"], none["total_tokens"]) == (0, 0, 0)


@pytest.mark.parametrize("ledger", ["absent", "purged"])
def test_totals_count_whatever_became_of_the_calls(
    session: Session, project: Project, ledger: str
) -> None:
    add_run(session, project, created_at=NOW, ledger=ledger, **used(5 * 10**11, 42))

    answer = trends(session, project.id, NOW)

    assert (answer["days"][-1]["cost_usd"], answer["days"][-1]["total_tokens"]) == (0.5, 42)
    assert (answer["runs"][0]["cost_usd"], answer["runs"][0]["total_tokens"]) == (0.5, 42)


def test_runs_are_the_newest_in_order_of_time_with_the_figures_of_the_list(
    session: Session, project: Project
) -> None:
    add_run(session, project, created_at=NOW - DAY * 400, **used(1))
    add_run(session, project, created_at=NOW - DAY * 40, mode="seeded", **used(7, 9, 1), **failed())
    add_run(session, project, created_at=NOW - DAY, status="cancelled", error_kind="cancelled")
    add_run(session, project, **live(NOW - timedelta(seconds=30), created_at=NOW - timedelta(1)))
    add_run(session, add_project(session), created_at=NOW)
    listed = list_runs(session, RunQuery(project_id=project.id, limit=3), NOW)["runs"]

    runs = trends(session, project.id, NOW, limit=3)["runs"]

    assert [run["number"] for run in runs] == [2, 3, 4]
    for run, summary in zip(runs, reversed(listed), strict=True):
        total = (summary["llm_usage"] or {}).get("total", {})
        assert run == {
            **{name: summary[name] for name in run if name in summary},
            "cost_usd": total.get("cost_usd"),
            "unpriced_call_count": total.get("unpriced_call_count", 0),
            "total_tokens": total.get("total_tokens"),
            "error_kind": (summary["error"] or {}).get("kind"),
        }
    assert runs[-1]["duration_seconds"] == 30


def test_a_day_tells_how_its_runs_ended_and_why(session: Session, project: Project) -> None:
    for fields in (
        failed(),
        failed(error_kind="internal"),
        failed(),
        {"status": "cancelled", "error_kind": "cancelled"},
        {"status": "completed"},
        live(NOW),
        failed(error_kind=None, error_fingerprint=None, error_phase=None, error_summary=None),
    ):
        add_run(session, project, created_at=NOW, **fields)

    answer = trends(session, project.id, NOW, days=1)

    assert answer["days"][0]["by_status"] == {
        "running": 1,
        "completed": 1,
        "failed": 4,
        "cancelled": 1,
    }
    # The kind of the imported one is not known; a cancelled run did not fail.
    assert answer["days"][0]["failures_by_kind"] == {"provider_rate_limited": 2, "internal": 1}
    assert list(answer["days"][0]["failures_by_kind"]) == ["provider_rate_limited", "internal"]


def test_a_resumed_run_counts_once_as_what_it_is_now(session: Session, project: Project) -> None:
    run = add_run(
        session,
        project,
        created_at=NOW - DAY,
        started_at=NOW - DAY,
        status="created",
        attempt=2,
        completed_at=None,
        duration_seconds=12.5,
        **used(10**12, 60, 1),
    )
    add_phase(session, run, "design", status="failed")

    answer = trends(session, project.id, NOW, days=2)

    assert (answer["runs"][0]["status"], answer["runs"][0]["duration_seconds"]) == ("created", 12.5)
    assert answer["days"][0]["by_status"] == {"created": 1}
    assert (answer["days"][0]["failures_by_kind"], answer["failures"]) == ({}, [])
    assert answer["days"][0]["cost_usd"] == 1


def test_failures_are_patterns_with_their_first_and_last_run(
    session: Session, project: Project
) -> None:
    add_run(session, project, created_at=NOW - DAY * 30, **failed())  # before these days
    first = add_run(session, project, created_at=NOW - DAY * 3, **failed())
    rare = add_run(
        session,
        project,
        created_at=NOW - DAY,
        **failed(
            error_fingerprint="d00f",
            error_kind="provider_auth",
            error_phase=None,
            error_summary="Run failed: provider answered 401",
        ),
    )
    last = add_run(
        session, project, created_at=NOW - DAY * 2, **failed(error_summary="Evaluation failed: no")
    )
    add_run(session, add_project(session), created_at=NOW, **failed())

    assert trends(session, project.id, NOW)["failures"] == [
        {
            "fingerprint": "abc",
            "kind": "provider_rate_limited",
            "phase": "evaluation",
            "error_summary": "Evaluation failed: no",
            "count": 2,
            "first_run": {"id": first.id, "number": 2, "created_at": "2026-11-19T12:00:00.000Z"},
            "last_run": {
                "id": last.id,
                "number": 4,
                "created_at": "2026-11-20T12:00:00.000Z",
                "completed_at": "2026-11-20T12:00:10.000Z",
            },
        },
        {
            "fingerprint": "d00f",
            "kind": "provider_auth",
            "phase": None,
            "error_summary": "Run failed: provider answered 401",
            "count": 1,
            "first_run": {"id": rare.id, "number": 3, "created_at": "2026-11-21T12:00:00.000Z"},
            "last_run": {
                "id": rare.id,
                "number": 3,
                "created_at": "2026-11-21T12:00:00.000Z",
                "completed_at": "2026-11-21T12:00:10.000Z",
            },
        },
    ]


def test_the_ten_most_frequent_failures_come_first_and_then_the_newest(
    session: Session, project: Project
) -> None:
    for pattern in range(12):
        for again in range(2 if pattern == 3 else 1):
            created = NOW - timedelta(hours=pattern, minutes=again)
            fingerprint = f"{pattern:x}"
            add_run(session, project, created_at=created, **failed(error_fingerprint=fingerprint))

    failures = trends(session, project.id, NOW)["failures"]

    assert [failure["fingerprint"] for failure in failures] == list("3012456789")


def test_runs_created_at_the_same_moment_are_told_apart(session: Session, project: Project) -> None:
    for fingerprint in ("a", "b", "a"):
        add_run(session, project, created_at=NOW, **failed(error_fingerprint=fingerprint))

    failures = trends(session, project.id, NOW)["failures"]

    assert [
        (f["fingerprint"], f["count"], f["first_run"]["number"], f["last_run"]["number"])
        for f in failures
    ] == [("a", 2, 1, 3), ("b", 1, 2, 2)]


def test_imported_history_that_knows_little_is_shown(database: Database) -> None:
    created = "2026-11-22T08:00:00.000Z"
    taken(
        database,
        line(id="run-1", status="failed", created_at=created),
        line(id="run-2", status="completed", created_at=created),
        line(id="run-3", status="running", created_at=created),
    )
    with database.reading() as session:
        answer = trends(session, "project-1", NOW, days=1)

    assert answer["days"] == [
        {
            **NO_RUNS,
            "date": "2026-11-22",
            "run_count": 3,
            "by_status": {"completed": 1, "failed": 2},
            "failures_by_kind": {"worker_lost": 1},
            "cost_usd": None,
            "total_tokens": None,
        }
    ]
    assert {(f["kind"], f["count"], f["last_run"]["id"]) for f in answer["failures"]} == {
        (None, 1, "run-1"),
        ("worker_lost", 1, "run-3"),
    }


@pytest.mark.parametrize(
    ("field", "asked"),
    [("limit", {"limit": 0}), ("limit", {"limit": 201}), ("days", {"days": 0}),
     ("days", {"days": 91})],
)  # fmt: skip
def test_what_is_wrong_is_named(session: Session, field: str, asked: dict[str, int]) -> None:
    with pytest.raises(Invalid) as raised:
        trends(session, "p", NOW, **asked)

    assert list(raised.value.errors) == [field]


@contextmanager
def statements(session: Session) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []
    engine = session.get_bind()

    def note(_c: Any, _cur: Any, statement: str, bound: Any, *_rest: Any) -> None:
        seen.append((statement, bound))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.sqlite
def test_all_of_it_walks_indexes_and_days_and_failures_those_alone(
    session: Session, project: Project
) -> None:
    for fields in ({}, failed(), live(NOW)):
        add_run(session, project, created_at=NOW, **fields)

    with statements(session) as seen:
        trends(session, project.id, NOW)
    plans = [
        [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", bound)]
        for one, bound in seen
        if "FROM crucible_runs" in one
    ]

    walk = "SEARCH crucible_runs USING {} (project_id=? AND {})"
    covering = "COVERING INDEX ix_crucible_runs_project_{}"
    stretch = "created_at>? AND created_at<?"
    by_status = "INDEX ix_crucible_runs_project_status_created"
    title = "SEARCH crucible_projects USING INDEX sqlite_autoindex_crucible_projects_1 (id=?) "
    assert plans == [
        [walk.format(by_status, f"status=? AND {stretch}"), f"{title}LEFT-JOIN"],
        [
            "SEARCH crucible_runs USING INDEX ix_crucible_runs_project_created (project_id=?)",
            f"{title}LEFT-JOIN",
        ],
        # Here what is sorted are groups, of which there are few, not runs.
        [walk.format(covering.format("days"), stretch), "USE TEMP B-TREE FOR GROUP BY"],
        [
            walk.format(covering.format("failures"), f"status=? AND {stretch}"),
            "USE TEMP B-TREE FOR GROUP BY",
            "USE TEMP B-TREE FOR ORDER BY",
        ],
        [walk.format(covering.format("failures"), "status=? AND created_at=?")],
        ["SEARCH crucible_runs USING INDEX sqlite_autoindex_crucible_runs_1 (id=?)"],
    ]


def test_it_takes_as_many_statements_however_many_runs_there_are(
    session: Session, project: Project
) -> None:
    counts = []
    for more in (1, 20):
        for _ in range(more):
            add_run(session, project, created_at=NOW, **failed(error_fingerprint=str(more)))
        with statements(session) as seen:
            trends(session, project.id, NOW)
        counts.append(len(seen))

    assert counts[0] == counts[1]
