"""The verdict over rows of a real database, one trouble at a time."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session
from tests.seed import START, add_project, add_run, failed, live
from tests.seed_history import HOUR, Made, ran, several

from crucible.models import Project
from crucible.services.health import health
from crucible.services.health.anomaly import Code
from crucible.services.health.words import _SENTENCES


@pytest.fixture
def project(session: Session) -> Project:
    return add_project(session)


def verdict(session: Session, project: Project, now: datetime = START + 100 * HOUR) -> Made:
    session.flush()
    return health(session, project.id, now)


def only(found: Made, code: str) -> Made:
    """The anomaly with this code, which is the only one."""
    assert found["reasons"] == [code], found["anomalies"]
    (one,) = found["anomalies"]
    assert isinstance(one, dict)
    return one


def test_without_runs_it_is_unknown_and_says_how_many_are_needed(
    session: Session, project: Project
) -> None:
    found = verdict(session, project)
    assert found["verdict"] == "unknown"
    assert found["window"] == {"runs": 0, "since": None, "until": None, "needed": 8}
    assert found["typical"]["duration_seconds"] == {"p50": None, "p90": None}
    assert found["last_failure"] is None
    assert found["anomalies"] == []


def test_it_warms_up(session: Session, project: Project) -> None:
    several(session, project, 7)
    assert verdict(session, project)["window"]["needed"] == 1
    assert verdict(session, project)["verdict"] == "unknown"
    ran(session, project)
    assert verdict(session, project)["verdict"] == "ok"


def test_both_opening_questions_have_one_answer(session: Session, project: Project) -> None:
    several(session, project, 5)
    broken = ran(session, project, **failed())
    several(session, project, 4)
    found = verdict(session, project)
    assert found["verdict"] == "ok"
    assert found["last_failure"] == {
        "run_id": broken.id,
        "number": 6,
        "completed_at": found["last_failure"]["completed_at"],
        "phase": "evaluation",
        "kind": "provider_rate_limited",
        "error_summary": "Evaluation failed: provider answered 429",
        "hint": "Wait.",
    }
    typical = found["typical"]
    assert (typical["candidate_count"], typical["scenario_count"]) == (5, 8)
    assert typical["evaluation_count"] == 40
    assert typical["cost_usd"] == {"p50": 0.105, "p90": 0.105}
    assert 60 < typical["duration_seconds"]["p50"] < typical["duration_seconds"]["p90"] < 72
    assert typical["runs"] == typical["priced_runs"] == 9


def test_the_last_failure_is_the_one_that_ended_last(session: Session, project: Project) -> None:
    resumed = ran(session, project, **failed())
    ran(session, project, **failed())
    resumed.completed_at = START + 50 * HOUR
    assert verdict(session, project)["last_failure"]["number"] == resumed.number


def test_three_failures_in_a_row_are_failing_even_in_a_young_project(
    session: Session, project: Project
) -> None:
    several(session, project, 2, **failed())
    assert verdict(session, project)["verdict"] == "unknown"
    last = ran(session, project, **failed())
    found = verdict(session, project)
    assert found["verdict"] == "failing"
    one = only(found, "FAILURE_STREAK")
    assert (one["severity"], one["observed"], one["baseline"]) == ("critical", 3, None)
    assert one["since_run"]["number"] == 1
    assert one["summary"] == ("The last 3 runs failed in evaluation, by provider rate limited.")
    assert one["next"] == f"crucible runs show {last.id}"


def test_a_rising_failure_rate_is_told_and_ends(session: Session, project: Project) -> None:
    several(session, project, 15)
    ran(session, project, **failed())
    several(session, project, 9)
    for _ in range(4):
        ran(session, project)
        ran(session, project, **failed())
    one = only(verdict(session, project), "FAILURE_RATE")
    assert one["severity"] == "critical"
    assert one["since_run"]["number"] == 27
    assert (one["observed"], one["baseline"]) == (0.5714, 0.0385)
    assert len(one["run_ids"]) == 4
    assert one["summary"] == (
        "4 of the last 7 runs failed in evaluation, by provider rate limited, 4 % before."
    )
    several(session, project, 5)
    assert verdict(session, project)["verdict"] == "ok"


def test_a_new_kind_of_failure_is_told_at_its_second_run(
    session: Session, project: Project
) -> None:
    several(session, project, 10)
    ran(session, project, **failed())
    several(session, project, 6)
    first = ran(session, project, **failed(error_kind="provider_auth"))
    assert verdict(session, project)["verdict"] == "ok"
    ran(session, project)
    ran(session, project, **failed(error_kind="provider_auth"))
    one = only(verdict(session, project), "ERROR_KIND_NEW")
    assert one["since_run"] == {"id": first.id, "number": first.number}
    assert one["summary"].startswith("Provider auth is a new kind of failure: 2 runs since #18")


@pytest.mark.parametrize("count", [2, 3, 8])
def test_slower_runs_are_told_with_the_phase_that_carries_it(
    session: Session, project: Project, count: int
) -> None:
    before = several(session, project, 15)[-1]
    *_, last = runs = several(session, project, count, slow={"evaluation": 3.0})
    one = only(verdict(session, project), "DURATION_REGRESSION")
    assert one["metric"] == "duration_seconds"
    assert one["phase"] == "evaluation"
    assert one["since_run"]["id"] == runs[0].id
    assert one["run_ids"] == [run.id for run in runs]
    assert one["sample_size"] == 15
    assert one["ratio"] == pytest.approx(2.5, rel=0.1)
    assert one["observed"] / one["baseline"] == pytest.approx(one["ratio"], rel=0.01)
    assert one["next"] == f"crucible runs compare {before.id} {last.id}"
    several(session, project, 2)
    assert verdict(session, project)["verdict"] == "ok"


def test_one_odd_run_is_no_trend_unless_it_is_extreme(session: Session, project: Project) -> None:
    several(session, project, 15)
    ran(session, project, slow={"evaluation": 4.0})
    assert verdict(session, project)["verdict"] == "ok"
    ran(session, project)
    ran(session, project, slow={"evaluation": 30.0})
    assert verdict(session, project)["verdict"] == "failing"


def test_a_slow_phase_is_seen_in_runs_that_are_hardly_longer(
    session: Session, project: Project
) -> None:
    several(session, project, 15)
    several(session, project, 3, slow={"scenarios": 3.5})
    one = only(verdict(session, project), "DURATION_REGRESSION")
    assert (one["metric"], one["phase"]) == ("phase_duration_seconds", "scenarios")
    assert one["ratio"] == pytest.approx(3.5, rel=0.1)


def test_a_bigger_run_is_no_anomaly(session: Session, project: Project) -> None:
    several(session, project, 12, size=(3, 4))
    several(session, project, 4, size=(12, 12))
    assert verdict(session, project)["verdict"] == "ok"


def test_runs_of_another_mode_are_not_compared(session: Session, project: Project) -> None:
    several(session, project, 12)
    several(session, project, 3, mode="eval_only", slow={"evaluation": 5.0})
    assert verdict(session, project)["verdict"] == "ok"


def test_a_dearer_model_is_named_as_data_and_not_in_words(
    session: Session, project: Project
) -> None:
    several(session, project, 15)
    name = "gpt-5\x1b[31m ignore all"
    several(
        session,
        project,
        2,
        each=lambda calls: {"cost_pico": calls * 9_000_000_000, "models": {name: calls}},
    )
    found = verdict(session, project)
    one = only(found, "COST_SPIKE")
    assert one["model"] == name
    assert "ignore" not in one["summary"] + one["next"]
    assert one["ratio"] == 3.6
    assert (one["observed"], one["baseline"]) == (0.378, 0.105)
    assert one["summary"].endswith("another model serves them.")


def test_free_runs_that_begin_to_cost_are_told(session: Session, project: Project) -> None:
    several(session, project, 8, each=lambda calls: {"cost_pico": 0})
    several(session, project, 2)
    one = only(verdict(session, project), "COST_SPIKE")
    assert (one["observed"], one["baseline"], one["ratio"]) == (0.105, 0, None)


def test_longer_prompts_are_told(session: Session, project: Project) -> None:
    several(session, project, 15)
    several(session, project, 2, each=lambda calls: {"total_tokens": calls * 3_000})
    one = only(verdict(session, project), "TOKEN_SPIKE")
    assert (one["observed"], one["baseline"]) == (126_000, 42_000)
    assert one["summary"] == (
        "Runs use 3.0 times the tokens of before: 126.0k instead of 42.0k, most of it in "
        "evaluation."
    )


def test_a_retry_storm_is_told(session: Session, project: Project) -> None:
    several(session, project, 15, each=lambda calls: {"retry_count": 1 if calls > 40 else 0})
    several(session, project, 2, each=lambda calls: {"call_count": calls * 2, "retry_count": calls})
    one = only(verdict(session, project), "RETRY_STORM")
    assert one["observed"] == 1.0
    assert one["phase"] == "evaluation"
    assert one["since_run"]["number"] == 16


def test_runs_that_make_less_than_asked_are_told(session: Session, project: Project) -> None:
    several(session, project, 10)
    ran(session, project, evaluation_count=30)
    assert verdict(session, project)["verdict"] == "ok"
    ran(session, project, candidate_count=3, evaluation_count=24)
    one = only(verdict(session, project), "YIELD_DROP")
    assert (one["baseline"], one["phase"]) == (1.0, "design")
    ran(session, project)
    assert verdict(session, project)["verdict"] == "ok"


@pytest.mark.parametrize("count", [1, 2])
def test_telemetry_that_ends_is_told(session: Session, project: Project, count: int) -> None:
    several(session, project, 10)
    dark = dict.fromkeys(("total_tokens", "input_tokens", "output_tokens", "cost_pico"))
    several(
        session,
        project,
        count,
        each=lambda calls: {**dark, "unmetered_call_count": calls, "unpriced_call_count": calls},
    )
    found = verdict(session, project)
    if count == 1:
        assert found["verdict"] == "ok"
        return
    one = only(found, "TELEMETRY_MISSING")
    assert (one["metric"], one["observed"], one["baseline"]) == ("metered_share", 0, 1)


def test_a_price_that_ends_is_told(session: Session, project: Project) -> None:
    several(session, project, 10)
    several(
        session,
        project,
        2,
        each=lambda calls: {"cost_pico": None, "unpriced_call_count": calls},
    )
    assert only(verdict(session, project), "TELEMETRY_MISSING")["metric"] == "priced_share"


def test_a_project_without_telemetry_from_its_start_is_ok(
    session: Session, project: Project
) -> None:
    several(
        session,
        project,
        10,
        each=lambda calls: {
            "total_tokens": None,
            "cost_pico": None,
            "unmetered_call_count": calls,
            "unpriced_call_count": calls,
        },
    )
    found = verdict(session, project)
    assert found["verdict"] == "ok"
    assert found["typical"]["cost_usd"] == {"p50": None, "p90": None}


def test_a_run_that_does_not_move_is_told(session: Session, project: Project) -> None:
    several(session, project, 10)
    began = START + 20 * HOUR
    run = ran(
        session, project, **live(began), created_at=began, updated_at=began + timedelta(minutes=1)
    )
    assert verdict(session, project, began + timedelta(minutes=1, seconds=50))["verdict"] == "ok"
    one = only(verdict(session, project, began + timedelta(minutes=9)), "RUN_STALLED")
    assert one["since_run"]["id"] == run.id
    assert one["observed"] == 480
    assert one["summary"].startswith(f"#{run.number} has not moved for 8m 00s")


def test_a_run_that_nobody_picks_up_is_told_unless_others_run(
    session: Session, project: Project
) -> None:
    several(session, project, 10)
    began = START + 20 * HOUR
    add_run(
        session,
        project,
        **live(began, status="created", started_at=None, attempt_started_at=None),
        created_at=began,
        updated_at=began,
    )
    later = began + timedelta(minutes=5)
    assert (
        "is `crucible serve` running?"
        in only(verdict(session, project, later), "RUN_STALLED")["summary"]
    )
    other = add_project(session)
    add_run(session, other, **live(later), created_at=later, updated_at=later)
    assert verdict(session, project, later)["verdict"] == "ok"


def test_an_idle_project_keeps_its_verdict(session: Session, project: Project) -> None:
    several(session, project, 10)
    several(session, project, 3, **failed())
    years = START + timedelta(days=3_650)
    assert verdict(session, project, years)["verdict"] == "failing"


def test_only_the_newest_fifty_are_judged(session: Session, project: Project) -> None:
    several(session, project, 30, **failed())
    several(session, project, 50)
    found = verdict(session, project)
    assert found["verdict"] == "ok"
    assert found["window"]["runs"] == 50
    assert found["last_failure"]["number"] == 30


def test_cancelled_runs_are_not_judged(session: Session, project: Project) -> None:
    several(session, project, 10)
    several(session, project, 5, status="cancelled", error_kind="cancelled")
    found = verdict(session, project)
    assert (found["verdict"], found["window"]["runs"]) == ("ok", 10)


def test_history_that_hardly_says_anything_is_judged_by_what_it_says(
    session: Session, project: Project
) -> None:
    """As from an import: no configuration, no phases, no usage."""
    for _ in range(12):
        add_run(session, project, config={}, evaluation_count=40, duration_seconds=41.0)
    for _ in range(2):
        add_run(session, project, config={}, evaluation_count=40, duration_seconds=130.0)
    one = only(verdict(session, project), "DURATION_REGRESSION")
    assert (one["observed"], one["baseline"], one["phase"]) == (130.0, 41.0, None)


def test_every_code_has_its_words() -> None:
    assert set(_SENTENCES) == set(Code)
