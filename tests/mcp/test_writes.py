"""start_run, cancel_run and resume_run: what the API does, said to an agent."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.mcp.talk import Refused, Talk
from tests.seed import add_project, add_run, failed

from crucible.db import Database


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return make_talk(allow_writes=True)


def test_a_run_is_queued_with_what_was_asked(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        add_project(session)
    made = talk.ask(
        "start_run", num_candidates=3, num_scenarios=2, label="mine", include_text=True,
        budget={"max_llm_calls": 20},
    )  # fmt: skip
    assert (made["status"], made["number"], made["label"]) == ("created", 1, "mine")
    shown = talk.ask("get_run", run_id=made["id"])
    assert (shown["config"]["num_candidates"], shown["config"]["num_scenarios"]) == (3, 2)
    assert shown["budget"]["max_llm_calls"] == 20


def test_a_start_that_is_sent_again_starts_no_second_run(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        add_project(session)
    first, again = (talk.ask("start_run", idempotency_key="k", mode="full_search") for _ in "12")
    assert first["id"] == again["id"]
    with pytest.raises(Refused, match="conflict: this Idempotency-Key"):
        talk.ask("start_run", idempotency_key="k", num_candidates=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"mode": "seeded"}, "invalid: candidates: mode seeded takes at least one candidate"),
        ({"num_candidates": 51}, "num_candidates: takes a number up to 50"),
        ({"budget": {"max_dollars": 1}}, "invalid: budget.max_dollars: there is no such field"),
        ({"label": "a\nb"}, "invalid: label: takes text without control characters"),
    ],
)
def test_a_start_that_cannot_be_names_what_is_wrong(
    database: Database, talk: Talk, arguments: Any, said: str
) -> None:
    with database.writing() as session:
        add_project(session)
    with pytest.raises(Refused) as refused:
        talk.ask("start_run", **arguments)
    assert said in str(refused.value)
    assert talk.ask("list_runs")["total"] == 0


def test_a_failed_run_goes_on_and_is_stopped(database: Database, talk: Talk) -> None:
    with database.writing() as session:
        run_id = add_run(session, add_project(session), **failed()).id
    resumed = talk.ask("resume_run", run_id="1", budget={"max_llm_calls": 9})
    assert (resumed["id"], resumed["status"], resumed["attempt"]) == (run_id, "created", 2)
    assert resumed["error"] is None
    assert talk.ask("cancel_run", run_id="1")["status"] == "cancelled"
    with pytest.raises(Refused, match="conflict: the run is cancelled: only a live run"):
        talk.ask("cancel_run", run_id="1")
