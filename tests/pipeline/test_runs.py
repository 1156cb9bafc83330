"""Whole runs against a stub endpoint that answers from the schema it is sent."""

import json
from collections.abc import Callable
from typing import Any

from tests.lab import KEY, Lab
from tests.stub_model import StubModel, schema_name

from crucible.llm.prices import PriceList
from crucible.llm.usage import Usage
from crucible.models.values import Mode
from crucible.recorder import requests
from crucible.sample import SAMPLE_PROJECT


def failing(name: str, behaviour: str) -> Callable[[int, Any], str]:
    return lambda n, body: behaviour if schema_name(body) == name else "ok"


def test_a_full_search_makes_what_was_asked_and_counts_what_was_charged(
    lab: Lab, stub: StubModel
) -> None:
    run = lab.run(3, 4)
    assert (run.status, run.error_kind, run.notes) == ("completed", None, [])
    assert (run.candidate_count, run.scenario_count, run.evaluation_count) == (3, 4, 12)
    assert stub.names() == ["design", "scenarios"] + ["evaluation"] * 12
    assert run.call_count == len(stub.charges) == 14
    assert run.input_tokens == sum(c.input_tokens or 0 for c in stub.charges)
    assert run.output_tokens == sum(c.output_tokens or 0 for c in stub.charges)
    prices = PriceList()
    expected = sum(
        prices.price(
            "openai",
            "gpt-5-mini",
            "gpt-5-mini",
            Usage(c.input_tokens, c.output_tokens, 0, 0, 0),
            lab.clock.now(),
        ).cost_pico
        or 0
        for c in stub.charges
    )
    assert run.cost_pico == expected > 0
    assert (run.unpriced_call_count, run.wasted_cost_pico) == (0, 0)
    assert run.duration_seconds is not None and run.started_at and run.completed_at
    took = (run.completed_at - run.started_at).total_seconds()
    assert abs(run.duration_seconds - took) < 0.0015


def test_every_phase_is_recorded_with_its_calls(lab: Lab) -> None:
    run = lab.run(2, 2)
    phases = lab.phases(run.id)
    assert list(phases) == ["design", "scenarios", "evaluation", "ranking"]
    assert [p.status for p in phases.values()] == ["completed"] * 4
    assert [p.call_count for p in phases.values()] == [1, 1, 4, 0]
    assert [(p.expected, p.produced) for p in phases.values()] == [(2, 2), (2, 2), (4, 4), (2, 2)]


def test_given_candidates_are_evaluated_without_a_design_call(lab: Lab, stub: StubModel) -> None:
    given = [{"title": f"Given {n}", "description": "d"} for n in range(2)]
    run = lab.run(2, 1, mode=Mode.EVAL_ONLY, given=given)
    assert (run.status, run.candidate_count, run.evaluation_count) == ("completed", 2, 2)
    assert stub.names() == ["scenarios", "evaluation", "evaluation"]
    assert "Given 1" in stub.requests[0]["messages"][1]["content"]


def test_seeded_runs_ask_only_for_what_the_seeds_leave_open(lab: Lab, stub: StubModel) -> None:
    given = [{"title": "Seed", "description": "the first idea"}]
    run = lab.run(3, 1, mode=Mode.SEEDED, given=given)
    assert (run.status, run.candidate_count) == ("completed", 3)
    asked = stub.requests[0]["response_format"]["json_schema"]["schema"]["properties"]["candidates"]
    assert (asked["minItems"], asked["maxItems"]) == (2, 2)
    assert "the first idea" in stub.requests[0]["messages"][1]["content"]


def test_a_refused_key_ends_the_run_after_one_call(lab: Lab, stub: StubModel) -> None:
    stub.plan = lambda n, body: "status 401: Incorrect API key provided: " + KEY
    run = lab.run()
    assert (run.status, run.error_kind, run.error_phase) == ("failed", "provider_auth", "design")
    assert run.error_summary == "Design failed: provider answered 401 (not authorised)"
    assert "CRUCIBLE_LLM_API_KEY" in (run.error_hint or "")
    assert (run.call_count, run.failed_call_count, run.cost_pico) == (1, 1, 0)
    assert "Incorrect API key" in (run.error_message or "")
    assert KEY.encode() not in lab.bytes_on_disk()


def test_a_failing_phase_keeps_its_time_calls_and_spend(lab: Lab, stub: StubModel) -> None:
    stub.plan = failing("scenarios", "prose")
    run = lab.run()
    assert (run.status, run.error_kind) == ("failed", "invalid_response")
    phases = lab.phases(run.id)
    assert [(p.name, p.status) for p in phases.values()] == [
        ("design", "completed"),
        ("scenarios", "failed"),
    ]
    failed = phases["scenarios"]
    assert (failed.call_count, failed.failed_call_count, failed.retry_count) == (2, 2, 1)
    assert failed.duration_seconds is not None and failed.completed_at is not None
    assert failed.cost_pico and failed.cost_pico == failed.wasted_cost_pico
    assert run.cost_pico == failed.cost_pico + (phases["design"].cost_pico or 0)
    assert run.candidate_count == 3


def test_rate_limits_are_retried_and_then_named(lab: Lab, stub: StubModel) -> None:
    stub.plan = failing("design", "status 429")
    run = lab.run()
    assert run.error_kind == "provider_rate_limited"
    assert run.error_summary == (
        "Design failed: provider answered 429 (rate limited) 2 times in a row"
    )
    assert [c.attempt for c in lab.calls(run.id)] == [1, 2]
    assert {c.outcome for c in lab.calls(run.id)} == {"error"}


def test_a_price_list_that_cannot_be_read_stops_a_run_before_it_spends(
    make_lab: Callable[..., Lab], stub: StubModel
) -> None:
    run = make_lab(PRICES="/nowhere/prices.json").run(1, 1)
    assert (run.status, run.error_kind, run.call_count) == ("failed", "precondition", 0)
    assert "CRUCIBLE_PRICES" in (run.error_summary or "")
    assert "/nowhere/prices.json" in (run.error_message or "")
    assert "crucible doctor" in (run.error_hint or "")
    assert stub.requests == []


def test_what_was_never_answered_is_unpriced(make_lab: Callable[..., Lab], stub: StubModel) -> None:
    lab = make_lab(LLM_TIMEOUT_SECONDS="0.2")
    for behaviour, outcome in (("hang up", "error"), ("half", "error"), ("hang", "timeout")):
        stub.plan = lambda n, body, behaviour=behaviour: behaviour
        run = lab.run()
        assert (run.status, run.error_kind) == ("failed", "provider_unreachable"), behaviour
        assert {c.outcome for c in lab.calls(run.id)} == {outcome}
        assert (run.cost_pico, run.unpriced_call_count) == (None, 2)
        assert run.unmetered_call_count == 0


def test_an_endpoint_that_is_not_there_charges_nothing(make_lab: Callable[..., Lab]) -> None:
    run = make_lab(LLM_BASE_URL="http://127.0.0.1:9/v1").run()
    assert (run.status, run.error_kind) == ("failed", "provider_unreachable")
    assert run.error_summary == "Design failed: provider could not be reached 2 times in a row"
    assert (run.cost_pico, run.unpriced_call_count) == (0, 0)


def test_answers_without_usage_are_unknown_not_zero(lab: Lab, stub: StubModel) -> None:
    stub.plan = lambda n, body: "no usage"
    run = lab.run(2, 2)
    assert run.status == "completed"
    assert (run.input_tokens, run.output_tokens, run.total_tokens, run.cost_pico) == (None,) * 4
    assert (run.unmetered_call_count, run.unpriced_call_count) == (6, 6)


def test_a_usage_that_cannot_be_true_is_not_believed(lab: Lab, stub: StubModel) -> None:
    lie = '{"prompt_tokens": -5, "completion_tokens": 1e99}'
    stub.plan = lambda n, body: f'raw: {{"model": "m", "choices": [], "usage": {lie}}}'
    run = lab.run()
    assert (run.status, run.error_kind) == ("failed", "invalid_response")
    assert (run.input_tokens, run.unmetered_call_count) == (None, 2)


def test_one_repair_mends_an_unusable_answer(lab: Lab, stub: StubModel) -> None:
    stub.plan = lambda n, body: "wrong shape" if n == 0 else "ok"
    run = lab.run(2, 1)
    assert (run.status, run.retry_count, run.failed_call_count) == ("completed", 1, 1)
    assert "candidates" in stub.requests[1]["messages"][-1]["content"]
    assert run.wasted_cost_pico and run.wasted_cost_pico < (run.cost_pico or 0)


def test_missing_evaluations_stay_missing(lab: Lab, stub: StubModel) -> None:
    lost: set[str] = set()

    def plan(n: int, body: Any) -> str:
        text = body["messages"][1]["content"]
        if schema_name(body) != "evaluation":
            return "ok"
        lost.add(text) if not lost else None
        return "prose" if text in lost else "ok"

    stub.plan = plan
    run = lab.run(2, 2)
    assert (run.status, run.evaluation_count) == ("completed", 3)
    assert run.notes == ["3 of 4 evaluations came; the ranking is from these."]
    evaluation = lab.phases(run.id)["evaluation"]
    assert (evaluation.status, evaluation.expected, evaluation.produced) == ("completed", 4, 3)


def test_no_evaluation_at_all_fails_the_run(lab: Lab, stub: StubModel) -> None:
    stub.plan = failing("evaluation", "wrong shape")
    run = lab.run(1, 3)
    assert (run.status, run.error_kind, run.error_phase) == (
        "failed",
        "invalid_response",
        "evaluation",
    )
    assert "not one evaluation came" in (run.error_summary or "")
    assert (run.candidate_count, run.scenario_count) == (1, 3)


def test_five_pairs_in_a_row_lost_to_provider_errors_fail_the_run(
    make_lab: Callable[..., Lab], stub: StubModel
) -> None:
    lab = make_lab(CONCURRENCY="1")
    good = iter(range(4))

    def plan(n: int, body: Any) -> str:
        if schema_name(body) != "evaluation" or next(good, None) is not None:
            return "ok"
        return "status 500"

    stub.plan = plan
    run = lab.run(4, 5)
    assert (run.status, run.error_kind, run.evaluation_count) == ("failed", "provider_error", 4)
    assert run.error_summary == (
        "Evaluation failed: provider answered 500 (server error) for 5 evaluations in a row"
    )
    assert run.call_count == 2 + 4 + 5 * 2


def test_a_key_refused_midway_stops_the_others(lab: Lab, stub: StubModel) -> None:
    stub.plan = lambda n, body: "status 403" if n >= 6 else "ok"
    run = lab.run(5, 8)
    assert (run.status, run.error_kind) == ("failed", "provider_auth")
    assert run.evaluation_count == 4
    assert run.call_count <= 6 + lab.settings.concurrency
    assert not [c for c in lab.calls(run.id) if c.outcome in ("pending", "unknown")]


def test_a_refused_format_gives_way_and_is_noted(lab: Lab, stub: StubModel) -> None:
    def plan(n: int, body: Any) -> str:
        if "max_tokens" in body:
            return "status 400: Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."
        if "temperature" in body:
            return "status 400: temperature does not support 0.7 with this model"
        return "ok"

    stub.plan = plan
    run = lab.run(1, 1)
    assert run.status == "completed"
    assert [note.split(";")[0] for note in run.notes] == [
        "The endpoint refused max_tokens",
        "The endpoint refused temperature",
    ]
    assert (run.call_count, run.failed_call_count, run.retry_count) == (5, 2, 2)


def test_a_server_without_schemas_is_told_the_schema_in_words(lab: Lab, stub: StubModel) -> None:
    def plan(n: int, body: Any) -> str:
        kind = body.get("response_format", {}).get("type")
        if kind in ("json_schema", "json_object"):
            return f"status 400: response_format {kind} is not supported"
        return "prose"

    stub.plan = plan
    run = lab.run()
    assert len(run.notes) == 2
    assert any('"candidates"' in m["content"] for m in stub.requests[-1]["messages"])


def test_what_no_database_keeps_is_taken_out_of_answers(lab: Lab, stub: StubModel) -> None:
    answer = '{"candidates": [{"title": "A\\u0000\\ud800B", "description": "it says ' + KEY + '"}]}'
    raw = json.dumps({"model": "m", "choices": [{"message": {"content": answer}}]})
    stub.plan = lambda n, body: f"raw: {raw}" if n == 0 else "ok"
    run = lab.run(1, 1)
    assert (run.status, run.candidate_count) == ("completed", 1)
    assert KEY.encode() not in lab.bytes_on_disk()


def test_content_is_kept_only_when_asked_for(make_lab: Callable[..., Lab]) -> None:
    for on in ("off", "on"):
        lab = make_lab(CAPTURE_CONTENT=on)
        call = lab.calls(lab.run(1, 1).id)[0]
        assert (call.prompt is None) == (call.answer is None) == (on == "off")


def test_constraints_may_be_called_anything(lab: Lab, stub: StubModel) -> None:
    names = ["p99 < 1.5 s", "Meta", ".", "a", "a.b", "__proto__", "é", "fields"]
    constraints = [{"name": name, "description": "", "weight": 100} for name in names]
    run = lab.run(1, 2, project_id=lab.project(constraints=constraints))
    assert (run.status, run.error_summary) == ("completed", None)
    for evaluation in lab.results(run.id).evaluations:
        assert list(evaluation.constraint_satisfaction) == names
        assert all(isinstance(v, float) for v in evaluation.constraint_satisfaction.values())


def test_a_model_that_repeats_the_key_is_not_quoted(lab: Lab, stub: StubModel) -> None:
    effect = {"constraint": "No double charge", "direction": "improves", "magnitude": "clearly"}
    candidate = {
        "title": f"T {KEY}",
        "description": f"D {KEY}",
        "predicted_effects": [effect, {**effect, "constraint": f"C {KEY}"}],
    }
    answer = json.dumps({"candidates": [candidate]})
    raw = json.dumps({"model": KEY, "choices": [{"message": {"content": answer}}]})
    stub.plan = lambda n, body: f"raw: {raw}" if n == 0 else "ok"
    run = lab.run(1, 1)
    assert run.status == "completed"
    assert KEY.encode() not in lab.bytes_on_disk()
    (made,) = lab.results(run.id).candidates
    assert [dict(e) for e in made.predicted_effects] == [effect]


def test_a_cost_below_what_was_asked_for_is_not_believed(lab: Lab, stub: StubModel) -> None:
    scores = {c["name"]: 1 for c in SAMPLE_PROJECT["constraints"]}
    answer = {
        "explanation": "x",
        "prediction_quality": 1,
        "resource_cost": 5e-324,
        "constraint_satisfaction": scores,
    }
    raw = json.dumps({"model": "m", "choices": [{"message": {"content": json.dumps(answer)}}]})
    stub.plan = lambda n, body: f"raw: {raw}" if n >= 2 else "ok"
    assert lab.run(1, 1).error_kind == "invalid_response"


def test_a_cancel_during_the_last_evaluation_is_no_completion(lab: Lab, stub: StubModel) -> None:
    def plan(n: int, body: Any) -> str:
        if schema_name(body) == "evaluation":
            with lab.database.writing() as session:
                requests.cancel(session, lab.clock, run_id)
        return "ok"

    stub.plan = plan
    run_id = lab.create(1, 1)
    lab.start(run_id).join()
    assert (lab.row(run_id).status, lab.row(run_id).evaluation_count) == ("cancelled", 1)
