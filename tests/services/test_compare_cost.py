"""Why one run cost more than another, by cause."""

from typing import Any

import pytest
from sqlalchemy import delete, event
from sqlalchemy.orm import Session
from tests.fakes import FakeClock
from tests.seed import add_project, add_run
from tests.services.comparing import DEAR, NO_CAUSE, called, causes, compared, noted

from crucible.db import Database
from crucible.models import LLMCall, Project, Run
from crucible.services.compare import compare_runs


@pytest.fixture
def project(session: Session) -> Project:
    return add_project(session)


def test_more_calls_are_calls_alone(session: Session, project: Project) -> None:
    base = called(session, project, {"cost_pico": 300})
    head = called(session, project, *[{"cost_pico": 300}] * 4)
    assert causes(session, base, head) == {"calls": 9e-10}


def test_longer_prompts_are_tokens_alone(session: Session, project: Project) -> None:
    base = called(session, project, *[{"input_tokens": 100, "cost_pico": 300_000}] * 3)
    head = called(session, project, *[{"input_tokens": 5_000, "cost_pico": 900_001}] * 3)
    assert causes(session, base, head) == {"tokens": 0.000001800003}


def test_a_dearer_model_is_price_alone(session: Session, project: Project) -> None:
    base = called(session, project, *[{"cost_pico": 300_000}] * 3)
    head = called(session, project, *[{"cost_pico": 4_000_000, "price_source": DEAR}] * 3)
    assert causes(session, base, head) == {"price": 0.0000111}


def test_failures_and_repairs_are_retries_alone(session: Session, project: Project) -> None:
    base = called(session, project, {"cost_pico": 300_000})
    repaired = {"outcome": "invalid", "cost_pico": 250_000}
    head = called(session, project, {"cost_pico": 300_000, "attempt": 2}, repaired)
    assert causes(session, base, head) == {"retries": 0.00000025}


def test_a_phase_of_one_run_alone_is_calls(session: Session, project: Project) -> None:
    scenarios = {"phase": "scenarios", "cost_pico": 77, "input_tokens": None}
    base, head = called(session, project, {}), called(session, project, {}, scenarios)
    assert causes(session, base, head) == {"calls": 7.7e-11}


def test_causes_of_phases_are_added(session: Session, project: Project) -> None:
    evaluation = {"phase": "evaluation", "cost_pico": 100}
    base = called(session, project, {"cost_pico": 1_000}, evaluation)
    head = called(
        session, project, {"cost_pico": 5_000, "price_source": DEAR}, evaluation, evaluation
    )
    assert causes(session, base, head) == {"price": 4e-9, "calls": 1e-10}


def test_unpriced_calls_make_lower_bounds_and_are_in_no_cause(
    session: Session, project: Project
) -> None:
    base = called(session, project, {"cost_pico": 300}, {"cost_pico": None, "price_source": None})
    head = called(session, project, {"cost_pico": 300}, {"cost_pico": 300})
    found = compared(session, base, head)

    assert found["cost_usd"]["base_unpriced_call_count"] == 1
    assert found["cost_usd"]["causes"] == {**NO_CAUSE, "calls": 3e-10}
    assert noted(found, "Base #1 has 1 call without a known price: its cost is a lower bound.")


def test_an_unknown_cost_has_no_difference(session: Session, project: Project) -> None:
    base = called(session, project, {"cost_pico": None})
    head = called(session, project, {"cost_pico": 300})
    found = compared(session, base, head)["cost_usd"]
    none = compared(session, head, add_run(session, project))

    assert (found["base"], found["head"]) == (None, 3e-10)
    assert (found["delta"], found["causes"]) == (None, None)
    assert none["cost_usd"]["head"] is None and noted(none, "Head #3 made no call to a model.")
    assert none["counts"]["call_count"] == {"base": 1, "head": 0, "delta": -1}
    assert none["counts"]["total_tokens"] == {"base": 120, "head": None, "delta": None}


def test_without_tokens_the_difference_has_no_causes(session: Session, project: Project) -> None:
    silent = {"input_tokens": None, "cost_pico": 700, "price_source": DEAR}
    found = compared(session, called(session, project, {}), called(session, project, silent))

    assert found["cost_usd"]["delta"] is not None
    assert found["cost_usd"]["causes"] is None
    assert noted(found, "cannot be told apart")


def test_free_runs_cost_nothing_for_no_cause(session: Session, project: Project) -> None:
    free = {"cost_pico": 0, "price_source": "free: embedded model", "input_tokens": None}
    base, head = called(session, project, free), called(session, project, free, free)
    assert compared(session, base, head)["cost_usd"]["causes"] == NO_CAUSE


def purge(session: Session, run: Run) -> None:
    session.execute(delete(LLMCall).where(LLMCall.run_id == run.id))
    run.ledger = "purged"
    session.flush()


def test_purged_runs_are_split_by_their_totals(session: Session, project: Project) -> None:
    base = called(session, project, *[{"phase": "evaluation", "cost_pico": 300}] * 2)
    # A fifth of the tokens at the same price.
    wasted = {"phase": "evaluation", "outcome": "invalid", "cost_pico": 60, "input_tokens": 20,
              "output_tokens": 4, "cached_input_tokens": 2}  # fmt: skip
    head = called(session, project, *[{"phase": "evaluation", "cost_pico": 300}] * 5, wasted)
    before = compared(session, base, head)["cost_usd"]
    purge(session, base)
    found = compared(session, base, head)

    assert found["cost_usd"] == before
    assert before["causes"] == {**NO_CAUSE, "calls": 9e-10, "retries": 6e-11}
    assert noted(found, "The calls of base #1 are not on record")


def test_a_model_of_both_sides_has_one_price_where_the_mix_of_tokens_moved(
    session: Session, project: Project
) -> None:
    served = {"models": {"gpt-5-mini": 4}, "providers": {"openai": 4}}
    base = imported(session, project, input_tokens=300, output_tokens=100, **served)
    wordy = {"input_tokens": 300, "output_tokens": 200, "total_tokens": 500, "cost_pico": 14_000}
    dearer = {"input_tokens": 300, "output_tokens": 100, "cost_pico": 14_000}

    assert causes(session, base, imported(session, project, **wordy, **served)) == {"tokens": 6e-9}
    assert causes(session, base, imported(session, project, **dearer, **served)) == {"price": 6e-9}
    other = {**served, "models": {"gpt-5": 4}}
    assert set(causes(session, base, imported(session, project, **wordy, **other))) == {
        "tokens",
        "price",
    }


def imported(session: Session, project: Project, **fields: Any) -> Run:
    totals = {"call_count": 4, "total_tokens": 400, "cost_pico": 8_000, "config": {}}
    return add_run(session, project, ledger="absent", **{**totals, **fields})


def test_imported_runs_without_phases_are_split_as_one(session: Session, project: Project) -> None:
    base = imported(session, project)
    head = imported(session, project, cost_pico=16_000, total_tokens=800)
    found = compared(session, base, head)

    assert found["cost_usd"]["causes"] == {**NO_CAUSE, "tokens": 8e-9}
    assert found["duration_seconds"]["delta"] == 0
    assert found["duration_seconds"]["phases"] is None
    assert noted(found, "How long the phases of base #1 took is not known.")
    assert noted(found, "The calls of base #1 and head #2 are not on record")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"call_count": 0}, "What head #2 was charged for is not known"),
        ({"failed_call_count": 1}, "What head #2 spent on answers that were not used is not known"),
        ({"total_tokens": None}, "cannot be told apart"),
    ],
)
def test_imported_runs_that_lack_a_part_have_no_causes(
    session: Session, project: Project, fields: dict[str, Any], said: str
) -> None:
    base = imported(session, project)
    found = compared(session, base, imported(session, project, **{"cost_pico": 9_000, **fields}))

    assert found["cost_usd"]["delta"] is not None
    assert found["cost_usd"]["causes"] is None
    assert noted(found, said)


def test_what_it_asks_does_not_grow_with_the_calls(database: Database, clock: FakeClock) -> None:
    asked: list[str] = []

    def count(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.extend([statement] if statement.startswith("SELECT") else [])

    sizes = []
    for calls in (2, 60):
        with database.writing() as session:
            project = add_project(session)
            runs = [called(session, project, *[{}] * calls) for _ in range(2)]
            ids = [run.id for run in runs]
        with database.reading() as session:
            event.listen(session.get_bind(), "before_cursor_execute", count)
            compare_runs(session, *ids, clock.now())
            event.remove(session.get_bind(), "before_cursor_execute", count)
        sizes.append(len(asked))
        asked.clear()
    assert sizes[0] == sizes[1] == 8
