"""How the database finds what is read: by index, whatever the length of history.

Every statement that a question sends is explained on the engine itself. On SQLite a line of a plan
that begins with SCAN reads an index or a table from its one end towards the other. Of runs and
calls these are allowed, and no others:

- an index in the order asked for, which a LIMIT ends;
- the index of texts, where there is a text to look for: it holds nothing else.

PostgreSQL plans by its statistics, and any index of a small table is as good as another: there it
is only held that there is one for every question. Its speed over long histories is measured by
part (b) of `make bench`.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import (
    START,
    add_attempt,
    add_call,
    add_phase,
    add_project,
    add_results,
    add_run,
    failed,
    live,
)

from crucible import config
from crucible.models import Project, Run
from crucible.services import estimates, projects, runs
from crucible.services.compare import compare_runs
from crucible.services.health import health
from crucible.services.listing import SORT_COLUMNS, RunQuery, list_runs
from crucible.services.query import encode_cursor
from crucible.services.references import resolve_run
from crucible.services.results import get_results
from crucible.services.revision import Moments, state_of
from crucible.services.trends import trends

NOW = START + timedelta(days=1)
LONG_AGO = START - timedelta(days=9)
LARGE = ("crucible_runs", "crucible_llm_calls", "crucible_run_phases", "crucible_run_attempts")
SORTS = [sign + key for key in SORT_COLUMNS for sign in ("", "-")]
FILTERS: list[dict[str, Any]] = [
    {},
    {"mode": "seeded"},
    {"statuses": ("failed",)},
    {"statuses": ("failed", "cancelled")},
    {"mode": "seeded", "statuses": ("failed",)},
    {"since": LONG_AGO},
    {"since": LONG_AGO, "until": NOW},
    {"since": LONG_AGO, "mode": "full_search", "statuses": ("failed", "completed")},
    {"q": "label"},
    {"q": "label", "statuses": ("failed",), "mode": "seeded", "since": LONG_AGO},
    {"updated_since": LONG_AGO},
    {"updated_since": LONG_AGO, "statuses": ("failed",)},
]
# Indexes that begin with the order of a page.
BY_TIME = "created|updated"
BY_FIGURE = "duration|cost|tokens"
WALK = re.compile(rf"SCAN (\w+) USING (?:COVERING )?INDEX ix_crucible_runs_({BY_TIME}|{BY_FIGURE})")
TEXTS = "SCAN crucible_runs USING COVERING INDEX ix_crucible_runs_texts"

Statement = tuple[str, Any]


@contextmanager
def statements(session: Session) -> Iterator[list[Statement]]:
    seen: list[Statement] = []
    engine = session.get_bind()

    def note(_c: Any, _cur: Any, statement: str, bound: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen.append((statement, bound))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def project(session: Session) -> Project:
    made = add_project(session)
    for n in range(6):
        kind = failed() if n % 2 else {"mode": "seeded"}
        run = add_run(session, made, label=f"label {n}", cost_pico=n, total_tokens=n, **kind)
        add_attempt(session, run)
        add_phase(session, run, "design")
        add_call(session, run)
        add_results(session, run, [[(0.5, 1.0)]])
    add_run(session, made, **live())
    return made


@pytest.fixture(params=["few", "many"])
def matches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether so many runs match that they are not all found and sorted."""
    if request.param == "many":
        monkeypatch.setattr("crucible.services.walks.COUNT_LIMIT", 0)
    return str(request.param)


def explained(session: Session, statement: Statement) -> list[str]:
    """The plan's lines as SQLite tells them; from PostgreSQL in the same words."""
    sql, bound = statement
    if session.get_bind().dialect.name == "sqlite":
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", bound)
        return [str(row[3]) for row in rows]
    # A table of some rows is read whole where that is allowed.
    session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
    found = session.connection().exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", bound)
    plan = found.scalar_one()
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return list(_lines(plan[0]["Plan"]))


def _lines(node: dict[str, Any]) -> Iterator[str]:
    table, index = node.get("Relation Name"), node.get("Index Name")
    if node["Node Type"] == "Seq Scan":
        yield f"SCAN {table}"
    elif index is not None:
        how = "SEARCH" if "Index Cond" in node else "SCAN"
        covering = "COVERING " if "Only" in node["Node Type"] else ""
        yield f"{how} {table or 'by'} USING {covering}INDEX {index}"
    for part in node.get("Plans", ()):
        yield from _lines(part)


def scans(lines: list[str]) -> list[str]:
    """What is read from one end of a large table or one of its indexes."""
    return [
        line
        for line in lines
        if line.startswith("SCAN") and any(re.search(rf"\b{name}\b", line) for name in LARGE)
    ]


def require_index(session: Session, sent: list[Statement], *allowed: re.Pattern[str] | str) -> None:
    assert sent
    if session.get_bind().dialect.name != "sqlite":
        allowed = (r"SCAN \w+ USING",)
    for statement in sent:
        lines = explained(session, statement)
        assert not [line for line in lines if "AUTOMATIC" in line], (statement, lines)
        for line in scans(lines):
            assert any(re.match(each, line) for each in allowed), (statement[0], lines)


def cursors(sort: str) -> list[str | None]:
    value = START.isoformat() if sort.endswith("created_at") else 5
    return [None, encode_cursor(sort, value, "a")]


@pytest.mark.parametrize("of_project", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_lists_are_found_by_index(
    session: Session, project: Project, matches: str, sort: str, of_project: bool
) -> None:
    scope = {"project_id": project.id} if of_project else {}
    for filters in FILTERS:
        allowed = [WALK, TEXTS] if "q" in filters else [WALK]
        if of_project and "q" not in filters:
            allowed = []  # each walk begins in the middle: where its project does
        for cursor in cursors(sort):
            query = RunQuery(sort=sort, cursor=cursor, **filters, **scope)
            with statements(session) as sent:
                list_runs(session, query, NOW)

            require_index(session, sent, *allowed)


@pytest.mark.sqlite
@pytest.mark.parametrize("of_project", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_what_is_sorted_is_what_a_page_takes_or_few(
    session: Session, project: Project, matches: str, sort: str, of_project: bool
) -> None:
    scope = {"project_id": project.id} if of_project else {}
    for filters in FILTERS:
        for cursor in cursors(sort):
            query = RunQuery(sort=sort, cursor=cursor, **filters, **scope)
            with statements(session) as sent:
                list_runs(session, query, NOW)
            for statement in sent:
                lines = explained(session, statement)
                if any("TEMP B-TREE" in line for line in lines):
                    # Rows that ids were found for: 1,000 at most, or a page from each walk.
                    by_id = "SEARCH crucible_runs USING INDEX sqlite_autoindex_crucible_runs_1"
                    assert any(line.startswith(by_id) for line in lines), (statement[0], lines)
                    assert any(line.startswith("LIST SUBQUERY") for line in lines)


@pytest.mark.sqlite
def test_runs_that_a_filter_passes_by_are_not_read(
    session: Session, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it takes is in the index of the order, of which the walk is made."""
    monkeypatch.setattr("crucible.services.walks.COUNT_LIMIT", 0)
    columns = "PRAGMA index_info(ix_crucible_runs_{})"
    for name in ("cost", "duration", "tokens", "project_cost", "project_duration"):
        rows = session.connection().exec_driver_sql(columns.format(name))
        assert {"status", "mode"} <= {row[2] for row in rows}


def asked(session: Session, project: Project) -> dict[str, Callable[[], Any]]:
    """All other questions about runs."""
    first, second = (row.id for row in session.query(Run.id).order_by(Run.number).limit(2))
    settings, clock = config.load({}), FakeClock()
    moments = Moments(created=[LONG_AGO, NOW], updated=[LONG_AGO], day=True, silence=True)
    return {
        "health": lambda: health(session, project.id, NOW),
        "trends": lambda: trends(session, project.id, NOW, 50, 14),
        "estimate": lambda: estimates.estimate(session, clock, settings, project.id, {}),
        "detail": lambda: runs.get_run(session, first, NOW),
        "summary": lambda: runs.get_summary(session, first, NOW),
        "results": lambda: get_results(session, first),
        "compare": lambda: compare_runs(session, first, second, NOW),
        "calls": lambda: runs.list_calls(session, first),
        "calls of a phase": lambda: runs.list_calls(session, first, "design", "ok"),
        "the second page of calls": lambda: _second_page(session, first),
        "a run by its number": lambda: resolve_run(session, "1", project.id),
        "a run by its only number": lambda: resolve_run(session, "1"),
        "a run by a prefix": lambda: resolve_run(session, first[:-2]),
        "a run by a prefix in a project": lambda: resolve_run(session, first[:-2], project.id),
        "a project": lambda: projects.get_project(session, project.id, now=NOW),
        "projects": lambda: projects.list_projects(session, now=NOW),
        "what has changed": lambda: state_of(session, NOW, moments),
    }


def _second_page(session: Session, run_id: str) -> Any:
    run = session.get_one(Run, run_id)
    add_call(session, run)
    cursor = runs.list_calls(session, run_id, limit=1)["next_cursor"]
    return runs.list_calls(session, run_id, cursor=cursor)


def test_all_other_questions_are_answered_by_index(session: Session, project: Project) -> None:
    for name, ask in asked(session, project).items():
        with statements(session) as sent:
            ask()
        assert sent, name
        require_index(session, sent)


def test_a_plan_that_reads_a_table_is_noticed(session: Session, project: Project) -> None:
    with statements(session) as sent:
        session.query(Run.id).filter(Run.notes.is_not(None)).all()

    with pytest.raises(AssertionError):
        require_index(session, sent)
