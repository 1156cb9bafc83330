"""What the tools answer, refuse, and leave out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.mcp.talk import Refused, Talk
from tests.seed import START, add_call, add_phase, add_project, add_run, failed
from tests.seed_history import several, usage

from crucible.db import Database
from crucible.mcp.bounds import MAX_BYTES
from crucible.mcp.server import INSTRUCTIONS

READS = {"list_runs", "get_run", "run_health", "compare_runs", "list_calls"}
WRITES = {"start_run", "cancel_run", "resume_run"}


def _size(answer: Any) -> int:
    return len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode())


def test_tools_that_change_something_are_offered_only_where_that_was_allowed(
    make_talk: Callable[..., Talk],
) -> None:
    assert set(make_talk().tools()) == READS
    assert set(make_talk(allow_writes=True).tools()) == READS | WRITES


def test_annotations_say_what_a_tool_does(make_talk: Callable[..., Talk]) -> None:
    tools = make_talk(allow_writes=True).tools()
    assert {name for name, tool in tools.items() if tool.annotations.read_only_hint} == READS
    assert {name for name, tool in tools.items() if tool.annotations.destructive_hint} == {
        "cancel_run"
    }
    spending = {name for name, tool in tools.items() if tool.annotations.open_world_hint}
    assert spending == {"start_run", "resume_run"}
    for tool in tools.values():
        assert tool.title and len(tool.description) < 300
        assert tool.input_schema["additionalProperties"] is False
        assert {"truncated", "next"} <= set(tool.output_schema["required"])


def test_every_tool_named_in_the_instructions_is_one(talk: Talk) -> None:
    assert all(name in INSTRUCTIONS for name in READS - {"list_runs"})


@pytest.mark.parametrize("ref", ["1", "#1", 1, "prefix", "id"])
def test_a_run_is_named_as_everywhere(database: Database, talk: Talk, ref: Any) -> None:
    with database.writing() as session:
        run_id = add_run(session, add_project(session)).id
    ref = {"prefix": run_id[:13], "id": run_id}.get(ref, ref)
    assert talk.ask("get_run", run_id=ref)["id"] == run_id
    assert talk.ask("get_run", run=ref)["id"] == run_id


def test_a_number_among_several_projects_needs_the_project(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        add_run(session, add_project(session, title="One"))
        wanted = add_run(session, add_project(session, title="Two")).id
    with pytest.raises(Refused, match="ambiguous: "):
        talk.ask("get_run", run_id="1")
    assert talk.ask("get_run", run_id="1", project_id="Two")["id"] == wanted
    with pytest.raises(Refused, match="give project_id. Every run that list_runs shows"):
        talk.ask("run_health")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_run", {"run_id": "nothing-like-it"}, "not_found: there is no run “nothing-like-it”"),
        ("get_run", {}, "invalid: run_id: is required"),
        ("get_run", {"run_id": "1", "colour": "red"}, "invalid: colour: there is no such argument"),
        ("list_runs", {"since": "yesterday"}, "invalid: since: takes RFC 3339"),
        ("list_runs", {"status": ["done"]}, "status[0]: takes one of 'created', 'running'"),
        ("list_runs", {"limit": 51}, "limit: takes a number up to 50"),
        ("list_runs", {"cursor": "x"}, "invalid: cursor: takes `next_cursor`"),
        ("list_calls", {"run_id": "1", "max_items": 0}, "max_items: takes a number from 1"),
        ("run_health", {}, "not_found: there is no project yet"),
    ],
)
def test_what_is_wrong_is_said(talk: Talk, tool: str, arguments: Any, said: str) -> None:
    with pytest.raises(Refused) as refused:
        talk.ask(tool, **arguments)
    assert said in str(refused.value)


def test_a_fault_of_ours_is_masked_and_logged(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError("the inside of things")

    monkeypatch.setattr("crucible.services.listing.list_runs", broken)
    with pytest.raises(Refused, match="^Error executing tool list_runs$"):
        talk.ask("list_runs")
    assert "the inside of things" in caplog.text


def test_pages_go_on_where_they_end(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        project = add_project(session)
        made = [add_run(session, project, **failed()).id for _ in range(7)]
        add_run(session, project)
    seen, arguments = [], {"status": "failed", "limit": 3}
    while True:
        page = talk.ask("list_runs", **arguments)
        seen += [run["id"] for run in page["runs"]]
        assert page["truncated"] == page["has_more"] == (page["next"] is not None)
        if page["next"] is None:
            break
        assert page["next"]["tool"] == "list_runs"
        arguments = page["next"]["arguments"]
    assert seen == made[::-1]


def test_calls_are_filtered_and_paged(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        run = add_run(session, add_project(session), **failed())
        made = [
            add_call(session, run, outcome="error", error_kind="provider_error").id
            for _ in range(5)
        ]
        add_call(session, run)
    page = talk.ask("list_calls", run_id="1", outcome="error", max_items=3)
    rest = talk.ask("list_calls", **page["next"]["arguments"])
    assert [call["id"] for call in page["calls"] + rest["calls"]] == made
    assert rest["next"] is None and rest["truncated"] is False


def test_lists_within_an_answer_are_bounded(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        project = add_project(session, goals=[f"goal {n}" for n in range(5)])
        add_run(session, project, notes=["a", "b", "c"])
    cut = talk.ask("get_run", run_id="1", include_text=True, max_items=2)
    assert cut["metrics"]["notes"] == ["a", "b"]
    assert len(cut["config"]["problem"]["goals"]) == 2
    assert cut["truncated"] is True
    whole = talk.ask("get_run", **cut["next"]["arguments"])
    assert whole["metrics"]["notes"] == ["a", "b", "c"]
    assert (whole["truncated"], whole["next"]) == (False, None)


def test_many_runs_stay_within_the_size_and_none_is_passed_over(
    database: Database, talk: Talk
) -> None:
    with database.writing() as session:
        project = add_project(session)
        made = [run.id for run in several(session, project, 60, label="x" * 200)]
    seen, arguments, pages = [], {"limit": 50, "include_text": True}, 0
    while arguments is not None:
        page = talk.ask("list_runs", **arguments)
        assert _size(page) <= MAX_BYTES
        seen += [run["id"] for run in page["runs"]]
        arguments, pages = page["next"] and page["next"]["arguments"], pages + 1
    assert seen == made[::-1]
    assert pages > 2


def test_a_huge_problem_stays_within_the_size(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        project = add_project(
            session,
            world_model="w" * 50_000,
            goals=["ü" * 2_000] * 50,
            constraints=[
                {"name": f"c{n}", "description": "d" * 2_000, "weight": 1} for n in range(50)
            ],
        )
        models = {f"{n}-{'m' * 180}": 1 for n in range(1_000)}
        run = add_run(session, project, **usage(1_000, models=models))
        for name in ("design", "scenarios", "evaluation"):
            add_phase(session, run, name, **usage(1_000, models=models))
    for tool, arguments in (("get_run", {"run_id": "1"}), ("list_runs", {})):
        answer = talk.ask(tool, **arguments, include_text=True, max_items=500)
        assert _size(answer) <= MAX_BYTES
        assert answer["truncated"] is True


def test_a_dead_worker_is_noticed(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        add_run(
            session, add_project(session), status="running", completed_at=None,
            duration_seconds=None, attempt_started_at=START, heartbeat_at=START,
            lease_token="t",
            owner={"host": "elsewhere", "pid": 1, "lease_seconds": 1},
        )  # fmt: skip
    shown = talk.ask("get_run", run_id="1")
    assert (shown["status"], shown["error"]["kind"]) == ("failed", "worker_lost")
