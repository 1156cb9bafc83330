from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from tests.seed import START, add_phase, add_project, add_run, failed

from crucible.errors import Invalid
from crucible.models import Project
from crucible.services.listing import SORT_COLUMNS, RunQuery, list_runs
from crucible.services.query import encode_cursor

NOW = START + timedelta(days=1)


def listed(session: Session, **asked: Any) -> list[int]:
    return [run["number"] for run in list_runs(session, RunQuery(**asked), NOW)["runs"]]


@pytest.fixture
def project(session: Session) -> Project:
    return add_project(session)


def test_newest_runs_come_first(session: Session, project: Project) -> None:
    for _ in range(3):
        add_run(session, project)

    assert listed(session) == [3, 2, 1]
    assert listed(session, sort="created_at") == [1, 2, 3]


@pytest.mark.parametrize("sort", [sign + key for key in SORT_COLUMNS for sign in ("", "-")])
def test_paging_gives_every_run_once_whatever_the_order(
    session: Session, project: Project, sort: str
) -> None:
    for n in range(23):
        known = n % 3 or None  # ties, and unknown values
        add_run(
            session,
            project,
            created_at=START + timedelta(seconds=n // 2),
            duration_seconds=known and known / 3,
            cost_pico=known,
            total_tokens=known,
        )
    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = list_runs(session, RunQuery(limit=5, sort=sort, cursor=cursor), NOW)
        seen += page["runs"]
        cursor = page["next_cursor"]
        assert page["has_more"] == (cursor is not None)
        if cursor is None:
            break

    assert sorted(run["number"] for run in seen) == list(range(1, 24))
    ids = [run["id"] for run in list_runs(session, RunQuery(limit=50, sort=sort), NOW)["runs"]]
    assert [run["id"] for run in seen] == ids


def test_unknown_values_sort_below_everything(session: Session, project: Project) -> None:
    for cost in (5, None, 0):
        add_run(session, project, cost_pico=cost)

    assert listed(session, sort="cost_usd") == [2, 3, 1]
    assert listed(session, sort="-cost_usd") == [1, 3, 2]


def test_paging_is_stable_while_rows_are_added(session: Session, project: Project) -> None:
    for _ in range(4):
        add_run(session, project)
    first = list_runs(session, RunQuery(limit=2), NOW)
    add_run(session, project)

    assert listed(session, limit=2, cursor=first["next_cursor"]) == [2, 1]


def test_filters(session: Session, project: Project) -> None:
    other = add_project(session)
    add_run(session, other, label="other")
    add_run(session, project, **failed(label="50% off_peak"))
    add_run(session, project, mode="seeded", status="cancelled")
    add_run(session, project, updated_at=START + timedelta(hours=9))

    assert listed(session, project_id=project.id) == [3, 2, 1]
    assert listed(session, statuses=("failed",)) == [1]
    assert listed(session, statuses=("cancelled", "failed"), project_id=project.id) == [2, 1]
    assert listed(session, mode="seeded") == [2]
    assert listed(session, updated_since=START + timedelta(hours=8)) == [3]
    assert listed(session, q="OFF_peak") == [1]
    assert listed(session, q="answered 429") == [1]
    assert listed(session, q="%") == [1]
    assert listed(session, q="off-peak") == []


def test_since_is_inclusive_and_until_is_not(session: Session, project: Project) -> None:
    for minute in range(3):
        add_run(session, project, created_at=START + timedelta(minutes=minute))
    one, two = START + timedelta(minutes=1), START + timedelta(minutes=2)

    assert listed(session, since=one) == [3, 2]
    assert listed(session, since=one, until=two) == [2]


def test_total_is_exact_up_to_a_thousand_and_null_beyond(
    session: Session, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.services.listing.COUNT_LIMIT", 3)
    for _ in range(3):
        add_run(session, project)

    assert list_runs(session, RunQuery(limit=1), NOW)["total"] == 3
    add_run(session, project, **failed())
    assert list_runs(session, RunQuery(limit=1), NOW)["total"] is None
    assert list_runs(session, RunQuery(statuses=("failed",)), NOW)["total"] == 1


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("sort", {"sort": "name"}),
        ("sort", {"sort": "--created_at"}),
        ("limit", {"limit": 0}),
        ("limit", {"limit": 201}),
        ("status", {"statuses": ("done",)}),
        ("mode", {"mode": "fast"}),
        ("q", {"q": "\udcff"}),
        ("cursor", {"cursor": "x"}),
        ("cursor", {"cursor": "é"}),
        ("cursor", {"cursor": encode_cursor("created_at", "2026-11-22", "a")}),
        ("cursor", {"cursor": encode_cursor("-created_at", "yesterday", "a")}),
        ("cursor", {"cursor": encode_cursor("-created_at", "0001-01-01T00:00:00+23:00", "a")}),
        ("cursor", {"cursor": encode_cursor("-created_at", 5, "a")}),
        ("cursor", {"cursor": encode_cursor("-cost_usd", 10**30, "a"), "sort": "-cost_usd"}),
        ("cursor", {"cursor": encode_cursor("-cost_usd", float("nan"), "a"), "sort": "-cost_usd"}),
        ("cursor", {"cursor": encode_cursor("-cost_usd", True, "a"), "sort": "-cost_usd"}),
        # A JSON escape for half of a surrogate pair, which no database can be asked about.
        ("cursor", {"cursor": "WyItY29zdF91c2QiLDEsIlx1ZDgwMCJd", "sort": "-cost_usd"}),
    ],
)
def test_what_is_wrong_is_named(session: Session, field: str, asked: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as raised:
        list_runs(session, RunQuery(**asked), NOW)

    assert list(raised.value.errors) == [field]


Statement = tuple[str, Any]


@contextmanager
def statements(session: Session) -> Iterator[list[Statement]]:
    seen: list[Statement] = []
    engine = session.get_bind()

    def note(_c: Any, _cur: Any, statement: str, bound: Any, *_rest: Any) -> None:
        seen.append((statement, bound))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_page_costs_three_statements_however_many_runs(
    session: Session, project: Project
) -> None:
    for _ in range(30):
        add_phase(session, add_run(session, project), "design")

    with statements(session) as seen:
        list_runs(session, RunQuery(limit=30, project_id=project.id), NOW)

    assert len(seen) == 3  # runs with their project, phases of these, the bounded count


def plan(session: Session, **asked: Any) -> str:
    """How SQLite would find the rows of the page."""
    with statements(session) as seen:
        list_runs(session, RunQuery(**asked), NOW)
    statement, bound = seen[0]
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)
    return "\n".join(str(row[3]) for row in rows)


FILTERS: list[dict[str, Any]] = [
    {},
    {"mode": "seeded"},
    {"q": "x"},
    {"updated_since": START},
    {"statuses": ("failed",)},
]


@pytest.mark.parametrize("of_project", [False, True])
@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("sort", [sign + key for key in SORT_COLUMNS for sign in ("", "-")])
def test_lists_walk_an_index_and_sort_nothing(
    session: Session, project: Project, sort: str, filters: dict[str, Any], of_project: bool
) -> None:
    scope = {"project_id": project.id} if of_project else {}
    key = {"-created_at": "2026-11-22T08:00:00+00:00"}.get(sort, 5)
    cursors = [None] if sort == "created_at" else [None, encode_cursor(sort, key, "a")]
    for cursor in cursors:
        found = plan(session, sort=sort, cursor=cursor, **filters, **scope)

        assert "USING INDEX ix_crucible_runs_" in found
        assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("moments", [{"since": START}, {"since": START, "until": NOW}])
@pytest.mark.parametrize("status", [(), ("failed",)])
def test_a_stretch_of_time_is_found_by_index(
    session: Session, project: Project, moments: dict[str, Any], status: tuple[str, ...]
) -> None:
    for scope in ({}, {"project_id": project.id}):
        found = plan(session, statuses=status, **moments, **scope)

        assert "created_at>?" in found
        assert "TEMP B-TREE" not in found


def test_several_statuses_are_one_short_walk_each(session: Session, project: Project) -> None:
    found = plan(session, statuses=("failed", "cancelled"), project_id=project.id)

    walks = "SEARCH crucible_runs USING COVERING INDEX ix_crucible_runs_project_status_created"
    assert found.count(walks) == 2
    assert "SCAN crucible_runs" not in found
