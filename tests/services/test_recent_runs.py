from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from tests.seed import START, add_project, add_run, failed

from crucible.services.projects import list_projects
from crucible.services.recent_runs import RECENT


def test_each_project_shows_its_last_runs_newest_last(session: Session) -> None:
    empty, few, many = (add_project(session, title=title) for title in ("none", "few", "many"))
    add_run(session, few, **failed())
    # Imported history: the older run came later, under a higher number.
    add_run(session, few, created_at=START - timedelta(days=1))
    for hours in range(RECENT + 3):
        add_run(session, many, created_at=START + timedelta(hours=hours))
    shown = {project["id"]: project["recent"] for project in list_projects(session)}

    assert shown[empty.id] == []
    assert shown[few.id] == [
        {"number": 2, "status": "completed"},
        {"number": 1, "status": "failed"},
    ]
    assert [run["number"] for run in shown[many.id]] == list(range(4, RECENT + 4))


def test_runs_of_one_moment_are_no_more_than_the_rest(session: Session) -> None:
    project = add_project(session)
    for _ in range(RECENT + 5):
        add_run(session, project, created_at=START)

    assert len(list_projects(session)[0]["recent"]) == RECENT


@pytest.mark.sqlite
def test_however_many_projects_it_is_one_question_over_the_index(session: Session) -> None:
    for title in ("a", "b", "c"):
        add_run(session, add_project(session, title=title))
    asked: list[tuple[str, object]] = []
    event.listen(
        session.get_bind(),
        "before_cursor_execute",
        lambda _conn, _cursor, statement, values, *_: asked.append((statement, values)),
    )
    list_projects(session)
    about = [each for each in asked if "coalesce" in each[0].lower()]
    assert len(about) == 1
    statement, values = about[0]
    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    steps = [row[-1] for row in plan]
    runs = [step for step in steps if "crucible_runs" in step]
    assert len(runs) == 2, steps
    assert all("SEARCH" in step and "INDEX" in step and "project_id=?" in step for step in runs)
