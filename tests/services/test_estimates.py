"""Estimates from a database: what they rest on, in figures and in words."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import START, add_phase, add_project, add_run, failed, new_database
from tests.services.moving import given_out, line, taken

from crucible import config
from crucible.db import Database
from crucible.errors import Invalid, NotFound, Precondition
from crucible.models import Project
from crucible.recorder import requests
from crucible.sample import SAMPLE_PROJECT
from crucible.services import estimates
from crucible.services.runs import get_run, resume_run, start_run

SETTINGS = config.load(
    {
        "CRUCIBLE_LLM_BASE_URL": "http://127.0.0.1:9/v1",
        "CRUCIBLE_DATABASE_URL": "sqlite:////tmp/not-used.sqlite3",
    }
)
LOCAL = replace(SETTINGS, llm="local", llm_model="qwen", llm_provider="local")
UNKNOWN = {"p50": None, "p90": None}
A, B = {"title": "A", "description": "a"}, {"title": "B"}
Found = dict[str, Any]
Ask = Callable[..., Found]


@pytest.fixture
def project(session: Session) -> Project:
    return add_project(session)


@pytest.fixture
def ask(session: Session, project: Project, clock: FakeClock) -> Ask:
    def asked(settings: config.Settings = SETTINGS, **request: Any) -> Found:
        return estimates.estimate(session, clock, settings, project.id, request)

    return asked


def spent(tokens: int, pico: int | None = None, calls: int = 1) -> dict[str, Any]:
    return {
        "call_count": calls,
        "input_tokens": tokens * 3 // 4,
        "output_tokens": tokens - tokens * 3 // 4,
        "total_tokens": tokens,
        "cost_pico": pico,
        "unpriced_call_count": calls if pico is None else 0,
    }


def add_usual(session: Session, project: Project, count: int, **fields: Any) -> None:
    """Runs of the default size that took 42,000 tokens, 4.2 cents and 42 s."""
    model = fields.pop("model", "gpt-5-mini")
    priced = fields.pop("priced", True)
    for _ in range(count):
        asked = {"num_candidates": 5, "num_scenarios": 8, "concurrency": 4, "model": model}
        pico = 42 * 10**9 if priced else None
        run = add_run(
            session,
            project,
            **{
                "config": asked,
                "duration_seconds": 42.0,
                **spent(42_000, pico, 42),
                **fields,
            },
        )
        for name, seconds, tokens, calls in (
            ("design", 6.0, 1_000, 1),
            ("scenarios", 4.0, 1_000, 1),
            ("evaluation", 32.0, 40_000, 40),
        ):
            share = tokens * 10**6 if priced else None
            used = spent(tokens, share, calls)
            add_phase(session, run, name, duration_seconds=seconds, **used)


@pytest.mark.parametrize(
    ("request_", "calls"),
    [
        ({}, 42),
        ({"num_candidates": 2, "num_scenarios": 3}, 8),
        ({"mode": "eval_only", "candidates": [A, B]}, 17),
        ({"mode": "seeded", "candidates": [A]}, 42),
        ({"mode": "seeded", "candidates": [A, B], "num_candidates": 2}, 17),
    ],
)
def test_the_number_of_calls_follows_from_the_request(
    ask: Ask, request_: dict[str, Any], calls: int
) -> None:
    assert ask(**request_)["calls"] == calls


def test_runs_with_the_model_are_the_basis(session: Session, project: Project, ask: Ask) -> None:
    add_usual(session, project, 4)

    found = ask()

    assert found["tokens"]["p50"] == 42_000
    assert found["cost_usd"]["p50"] == 0.042
    assert found["duration_seconds"]["p50"] == 42.0
    assert all(found[name]["p50"] < found[name]["p90"] for name in ("tokens", "cost_usd"))
    assert found["basis"] == {
        "kind": "history",
        "runs": 4,
        "same_model": True,
        "note": "from your last 4 runs with gpt-5-mini, scaled to this size",
    }
    assert found["warnings"] == []


def test_a_smaller_run_is_to_take_less(session: Session, project: Project, ask: Ask) -> None:
    add_usual(session, project, 4)

    found = ask(num_scenarios=4)

    assert 20_000 < found["tokens"]["p50"] < 22_000
    assert 18 < found["duration_seconds"]["p50"] < 26


def test_only_runs_that_completed_are_a_basis(session: Session, project: Project, ask: Ask) -> None:
    add_usual(session, project, 3, **failed())

    assert ask()["basis"]["kind"] == "prices"


def test_runs_with_another_model_tell_tokens_and_the_list_tells_the_price(
    session: Session, project: Project, ask: Ask
) -> None:
    add_usual(session, project, 4)

    found = ask(model="gpt-5")

    assert found["tokens"]["p50"] == 42_000
    # 1.25 and 10 dollars a million tokens in and out.
    assert found["cost_usd"]["p50"] == pytest.approx(31_500 * 1.25e-6 + 10_500 * 10e-6)
    assert found["tokens"]["p90"] > 1.8 * found["tokens"]["p50"]
    assert found["basis"]["kind"] == "history"
    assert found["basis"]["same_model"] is False
    assert "with any model" in found["basis"]["note"]
    assert "genai-prices" in found["basis"]["note"]


def test_what_history_does_not_price_is_priced_now(
    session: Session, project: Project, ask: Ask
) -> None:
    add_usual(session, project, 4, priced=False)

    found = ask()

    assert found["cost_usd"]["p50"] == pytest.approx(31_500 * 0.25e-6 + 10_500 * 2e-6)
    assert found["basis"]["kind"] == "history"


def test_history_without_a_price_leaves_the_cost_unknown(
    session: Session, project: Project, ask: Ask
) -> None:
    add_usual(session, project, 4, model="in-house", priced=False)

    found = ask(model="in-house")

    assert found["cost_usd"] == UNKNOWN
    assert found["basis"]["note"].endswith("no price is known for in-house")


def test_without_history_prompts_and_the_price_list_tell(
    session: Session, project: Project, ask: Ask
) -> None:
    found = ask()

    assert found["basis"]["kind"] == "prices"
    assert (found["basis"]["runs"], found["basis"]["same_model"]) == (0, None)
    assert "length of the prompts" in found["basis"]["note"]
    assert "gpt-5-mini (genai-prices " in found["basis"]["note"]
    assert 0 < found["cost_usd"]["p50"] < found["cost_usd"]["p90"] < 1
    assert found["duration_seconds"] == UNKNOWN


def test_a_longer_problem_has_longer_prompts(session: Session, clock: FakeClock, ask: Ask) -> None:
    long = add_project(session, **{**SAMPLE_PROJECT, "world_model": "x" * 4_000})

    found = estimates.estimate(session, clock, SETTINGS, long.id, {})

    assert found["tokens"]["p50"] > ask()["tokens"]["p50"] + 42 * 1_000


def test_without_history_and_price_there_are_tokens_alone(ask: Ask) -> None:
    found = ask(model="nobody-knows-it")

    assert found["tokens"]["p50"] > 10_000
    assert found["cost_usd"] == found["duration_seconds"] == UNKNOWN
    assert found["basis"]["kind"] == "none"
    assert "no price is known for nobody-knows-it" in found["basis"]["note"]


def test_the_embedded_model_costs_exactly_nothing(
    session: Session, project: Project, ask: Ask
) -> None:
    assert ask(LOCAL)["cost_usd"] == {"p50": 0.0, "p90": 0.0}
    assert ask(LOCAL)["basis"]["kind"] == "prices"
    # Also where other models had a price, and this one once none.
    add_usual(session, project, 3)
    add_usual(session, project, 3, model="qwen", priced=False)
    assert ask(LOCAL)["cost_usd"] == {"p50": 0.0, "p90": 0.0}


def test_a_price_of_the_users_own_is_not_named(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "secret plans.json"
    entry = {
        "provider": "openai",
        "model": "mine",
        "input_usd_per_million": "1",
        "output_usd_per_million": "1",
    }
    file.write_text(json.dumps({"version": "<b>", "prices": [entry]}))

    found = ask(replace(SETTINGS, prices=str(file)), model="mine")

    assert found["cost_usd"]["p50"] == pytest.approx(found["tokens"]["p50"] * 1e-6, rel=0.01)
    assert "mine (your price list)" in found["basis"]["note"]
    assert "secret" not in found["basis"]["note"]


def test_other_projects_tell_the_time(session: Session, ask: Ask) -> None:
    add_usual(session, add_project(session), 5)
    add_usual(session, add_project(session), 5, model="gpt-5", duration_seconds=1.0)

    found = ask()

    assert found["duration_seconds"]["p50"] == 42.0
    assert found["basis"]["runs"] == 0
    assert "time from 5 runs with gpt-5-mini in other projects" in found["basis"]["note"]


def test_the_name_of_a_model_is_kept_short_and_printable(ask: Ask) -> None:
    note = ask(model="x" * 150 + "\u202e")["basis"]["note"]

    assert "\u202e" not in note
    assert "x" * 61 not in note


@pytest.mark.parametrize(
    ("limit", "least"),
    [
        ({"max_cost_usd": 0.03}, "$0.03 (max_cost_usd): it takes about $0.042"),
        ({"max_total_tokens": 1_000}, "1,000 tokens (max_total_tokens): it takes about 42,000"),
        ({"max_llm_calls": 41}, "41 calls (max_llm_calls): it takes about 42 calls"),
        ({"max_duration_seconds": 20}, "20 s (max_duration_seconds): it takes about 42 s"),
    ],
)
def test_a_limit_that_is_too_low_is_named(
    session: Session, project: Project, ask: Ask, limit: dict[str, Any], least: str
) -> None:
    add_usual(session, project, 4)

    (warning,) = ask(budget=limit)["warnings"]

    assert least in warning


def test_limits_with_room_are_no_matter(session: Session, project: Project, ask: Ask) -> None:
    add_usual(session, project, 4)
    project.default_budget = {"max_llm_calls": 42, "max_cost_usd": None}

    assert ask()["warnings"] == []
    project.default_budget = {"max_llm_calls": 10}
    assert len(ask()["warnings"]) == 1


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"candidates": [A]}, "candidates"),
        ({"mode": "seeded", "candidates": [A, B], "num_candidates": 1}, "num_candidates"),
        ({"model": "nobody-knows-it", "budget": {"max_cost_usd": 1.0}}, "budget.max_cost_usd"),
    ],
)
def test_refuses_what_a_start_refuses(
    session: Session,
    project: Project,
    clock: FakeClock,
    ask: Ask,
    request_: dict[str, Any],
    field: str,
) -> None:
    with pytest.raises(Invalid) as estimated:
        ask(**request_)
    with pytest.raises(Invalid) as started:
        start_run(session, clock, SETTINGS, project.id, request_)

    assert list(estimated.value.errors) == [field]
    assert estimated.value.errors == started.value.errors


def test_what_cannot_start_is_not_estimated(session: Session, clock: FakeClock, ask: Ask) -> None:
    with pytest.raises(Precondition):
        ask(replace(SETTINGS, llm="kosmos"))
    with pytest.raises(NotFound):
        estimates.estimate(session, clock, SETTINGS, "nope", {})


def test_a_run_keeps_the_estimate_that_was_given_before_it(
    session: Session, project: Project, clock: FakeClock, ask: Ask
) -> None:
    add_usual(session, project, 4)
    before = ask(num_candidates=3, budget={"max_llm_calls": 10})

    asked = {"num_candidates": 3, "budget": {"max_llm_calls": 10}}
    run_id = start_run(session, clock, SETTINGS, project.id, asked)

    assert get_run(session, run_id, clock.now())["estimate"] == before


def test_a_resumed_run_keeps_its_first_estimate(
    session: Session, project: Project, clock: FakeClock
) -> None:
    run_id = start_run(session, clock, SETTINGS, project.id, {})
    first = get_run(session, run_id, clock.now())["estimate"]
    requests.cancel(session, clock, run_id)
    add_usual(session, project, 4)

    resume_run(session, clock, SETTINGS, run_id)

    assert get_run(session, run_id, clock.now())["estimate"] == first


def test_an_older_run_has_none(session: Session, project: Project, clock: FakeClock) -> None:
    run = add_run(session, project)

    assert get_run(session, run.id, clock.now())["estimate"] is None


def test_a_price_list_that_cannot_be_read_stops_no_start(
    session: Session, project: Project, clock: FakeClock
) -> None:
    broken = replace(SETTINGS, prices="/nowhere/prices.json")

    run_id = start_run(session, clock, broken, project.id, {})

    found = get_run(session, run_id, clock.now())["estimate"]
    assert found["cost_usd"] == UNKNOWN
    assert found["basis"]["kind"] == "none"


@pytest.mark.parametrize("count", [1, 2, 6, 30])
def test_figures_stay_within_bounds_whatever_was_imported(
    session: Session, project: Project, ask: Ask, count: int
) -> None:
    for number in range(count):
        big = number % 2
        add_run(
            session,
            project,
            config={"model": "gpt-5-mini", "num_candidates": 1, "num_scenarios": 1},
            created_at=START + timedelta(minutes=number),
            duration_seconds=1e10 if big else 1e-300,
            **spent(10**15 if big else 1, 10**18 if big else 1),
        )

    found = ask(num_candidates=50, num_scenarios=50)

    assert 0 <= found["tokens"]["p50"] <= found["tokens"]["p90"] <= 10**15
    assert 0 <= found["cost_usd"]["p50"] <= found["cost_usd"]["p90"] <= 10**6
    assert 0 <= found["duration_seconds"]["p50"] <= found["duration_seconds"]["p90"] <= 10**10


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("other")
    made = Database.open(new_database(folder, tmp_path_factory.getbasetemp(), engine))
    yield made
    made.close()


def test_an_estimate_travels_with_its_run(database: Database, other: Database) -> None:
    with database.writing() as session:
        project = add_project(session)
        add_usual(session, project, 2)
        run_id = start_run(session, FakeClock(), SETTINGS, project.id, {})
    sent = given_out(database)
    taken(other, *sent)

    before, after = (
        {run["id"]: json.dumps(run["estimate"]) for run in runs}
        for runs in (sent, given_out(other))
    )
    assert after == before
    assert json.loads(after[run_id])["basis"]["runs"] == 2


def test_what_an_imported_estimate_lacks_is_null(database: Database) -> None:
    taken(database, line(estimate={"calls": 8, "tokens": {"p50": 10, "p90": 20}}))

    with database.reading() as session:
        found = get_run(session, "run-1", START)["estimate"]
    assert found == {
        "calls": 8,
        "tokens": {"p50": 10, "p90": 20},
        "cost_usd": None,
        "duration_seconds": None,
        "basis": None,
        "warnings": [],
    }


@pytest.mark.parametrize(
    "wrong",
    [{"basis": {"kind": "guess"}}, {"basis": {"note": 5}}, {"warnings": "x"}, {"calls": -1}],
)
def test_a_broken_estimate_is_not_taken(database: Database, wrong: Found) -> None:
    with pytest.raises(Invalid):
        taken(database, line(estimate=wrong))
