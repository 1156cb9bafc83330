from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from tests.seed import START, add_phase, add_project, add_run, failed

from crucible.errors import Invalid
from crucible.models import Project, Run
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
    monkeypatch.setattr("crucible.services.walks.COUNT_LIMIT", 3)
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
        ("cursor", {"cursor": encode_cursor("-cost_usd", 10**320, "a"), "sort": "-cost_usd"}),
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


@pytest.mark.parametrize("runs", [0, 1, 20, 200])
def test_a_page_costs_two_statements_however_many_runs(
    session: Session, project: Project, runs: int
) -> None:
    for _ in range(runs + 1 if runs else 0):
        add_phase(session, add_run(session, project), "design")

    with statements(session) as seen:
        page = list_runs(session, RunQuery(limit=runs or 1, project_id=project.id), NOW)

    assert len(page["runs"]) == runs
    # Runs with their project and the bounded count; phases of these, if there are any.
    assert len(seen) == (2 if runs else 1)


def test_a_page_behind_the_last_run_still_tells_how_many_there_are(
    session: Session, project: Project
) -> None:
    run = add_run(session, project)
    cursor = encode_cursor("-created_at", run.created_at.isoformat(), run.id)
    page = list_runs(session, RunQuery(cursor=cursor), NOW)

    assert (page["runs"], page["total"], page["has_more"]) == ([], 1, False)


CHANGED = {"updated_since": START + timedelta(hours=9)}


ASKED: list[dict[str, Any]] = [
    {},
    {"mode": "seeded"},
    {"mode": "eval_only"},
    {"statuses": ("failed",)},
    {"statuses": ("failed", "cancelled")},
    {"mode": "seeded", "statuses": ("failed", "completed")},
    {"since": START + timedelta(minutes=9), "until": START + timedelta(minutes=20)},
    {"since": START + timedelta(minutes=9), "mode": "full_search"},
    {"q": "REASON"},
    {"q": "reason", "statuses": ("failed",), "mode": "seeded"},
    {"q": "label 1", "until": START + timedelta(minutes=20)},
    {"q": "nothing like this"},
    CHANGED,
    {**CHANGED, "statuses": ("failed", "cancelled"), "mode": "full_search"},
    {**CHANGED, "q": "label"},
]


def _matches(run: Run, asked: dict[str, Any]) -> bool:
    """What a query asks for, said once more without a database."""
    return (
        run.project_id == asked.get("project_id", run.project_id)
        and run.status in asked.get("statuses", (run.status,))
        and run.mode == asked.get("mode", run.mode)
        and asked.get("since", run.created_at) <= run.created_at
        and run.created_at < asked.get("until", NOW)
        and asked.get("updated_since", run.updated_at) <= run.updated_at
        and asked.get("q", "").lower() in f"{run.label}|{run.error_summary}".lower()
    )


def _pages(session: Session, asked: dict[str, Any]) -> tuple[list[str], set[int | None]]:
    """Ids over all pages in order, and the totals that were told."""
    ids: list[str] = []
    totals: set[int | None] = set()
    cursor = None
    while True:
        page = list_runs(session, RunQuery(limit=4, cursor=cursor, **asked), NOW)
        ids += [run["id"] for run in page["runs"]]
        totals.add(page["total"])
        cursor = page["next_cursor"]
        if cursor is None:
            return ids, totals


@pytest.mark.parametrize("sort", [sign + key for key in SORT_COLUMNS for sign in ("", "-")])
def test_few_and_many_matches_give_the_same_pages(
    session: Session, project: Project, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    other = add_project(session)
    runs = [
        add_run(
            session,
            (project, other)[n % 2],
            created_at=START + timedelta(minutes=n),
            updated_at=START + timedelta(hours=n),
            mode=("full_search", "seeded")[n % 4 == 0],
            label=f"Label {n}" if n % 5 else None,
            duration_seconds=n % 7 or None,
            cost_pico=n % 6 or None,
            total_tokens=n % 3,
            **(failed(error_summary=f"a reason {n}") if n % 3 == 1 else {}),
            **({"status": "cancelled"} if n % 3 == 2 else {}),
        )
        for n in range(26)
    ]
    column = SORT_COLUMNS[sort.removeprefix("-")].key
    for filters in ASKED:
        for scope in ({}, {"project_id": project.id}):
            asked = {"sort": sort, **filters, **scope}
            matching = [run for run in runs if _matches(run, asked)]
            matching.sort(key=lambda run: (getattr(run, column), run.id), reverse=sort[0] == "-")
            expected = [run.id for run in matching]

            assert _pages(session, asked) == (expected, {len(expected)}), asked
            with monkeypatch.context() as patch:
                patch.setattr("crucible.services.walks.COUNT_LIMIT", 2)
                total = len(expected) if len(expected) <= 2 else None
                assert _pages(session, asked) == (expected, {total}), asked
