"""What a collector receives of a run is what the ledger says, and no more."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.export.collector import Collector
from tests.export.ledger import TOKENS, equal_to_the_ledger
from tests.lab import KEY, Lab
from tests.stub_model import StubModel

from crucible import __version__
from crucible.execution.foreground import run_now
from crucible.recorder import requests


def test_a_run_that_completes(lab: Lab, traced: Collector, stub: StubModel) -> None:
    stub.model = "gpt-5-mini-2025-08-07"
    run = lab.run(2, 2)
    assert run.status == "completed"
    equal_to_the_ledger(lab, traced, run.id)
    assert traced.paths == ["/v1/traces"] * len(traced.paths)
    service = {"service.name": "int-crucible", "service.version": __version__}
    assert all(service.items() <= each.resource.items() for each in traced.spans)
    assert len({each.span.trace_id for each in traced.spans}) == 1


def test_what_is_unknown_is_left_out(lab: Lab, traced: Collector, stub: StubModel) -> None:
    stub.plan = lambda n, body: "no usage"
    stub.model = "a-model-without-a-price"
    run = lab.run(1, 1)
    equal_to_the_ledger(lab, traced, run.id)
    (call, *_) = [each for each in traced.spans if each.name.startswith("chat ")]
    assert not {*TOKENS, "crucible.cost_usd"} & set(call.attributes)
    root = traced.one("run full_search")
    assert not {"crucible.cost_usd", "crucible.input_tokens"} & set(root.attributes)
    assert root.attributes["crucible.unpriced_call_count"] == run.call_count


@pytest.mark.parametrize(
    ("plan", "kind"),
    [
        ("status 401: who are you", "provider_auth"),
        ("prose", "invalid_response"),
    ],
)
def test_a_run_that_fails(
    lab: Lab, traced: Collector, stub: StubModel, plan: str, kind: str
) -> None:
    stub.plan = lambda n, body: plan if n > 1 else "ok"
    run = lab.run(1, 2)
    assert (run.status, run.error_kind) == ("failed", kind)
    equal_to_the_ledger(lab, traced, run.id)
    assert traced.one("run full_search").error == kind
    assert traced.one("phase evaluation").error == kind
    assert traced.one("phase design").error is None


def test_calls_that_fail_in_a_run_that_does_not(
    lab: Lab, traced: Collector, stub: StubModel
) -> None:
    stub.plan = lambda n, body: {1: "status 503", 3: "wrong shape"}.get(n, "ok")
    run = lab.run(1, 2)
    assert (run.status, run.failed_call_count) == ("completed", 2)
    equal_to_the_ledger(lab, traced, run.id)
    assert {each.error for each in traced.spans} == {None, "provider_error", "invalid_response"}
    described = (Path(__file__).parents[2] / "docs/tracing.md").read_text()
    sent = {name for each in traced.spans for name in (*each.attributes, *each.resource)}
    assert [name for name in sorted(sent) if name not in described] == []


def test_a_run_that_spent_its_budget(lab: Lab, traced: Collector) -> None:
    run_id = lab.create(2, 2)
    with lab.database.writing() as session:
        lab_run = session.get_one(type(lab.row(run_id)), run_id)
        lab_run.budget = {"max_llm_calls": 2}
    run_now(lab.database, lab.settings, run_id, lambda: None)
    assert lab.row(run_id).error_kind == "budget_exceeded"
    equal_to_the_ledger(lab, traced, run_id)


def cancelled_at(lab: Lab, run_id: str, stub: StubModel, request: int) -> Callable[[], None]:
    asked = False

    def tick() -> None:
        nonlocal asked
        if not asked and len(stub.requests) > request:
            asked = True
            with lab.database.writing() as session:
                requests.cancel(session, lab.clock, run_id)
            stub.hang.set()

    return tick


def test_a_cancelled_run_and_how_it_went_on(lab: Lab, traced: Collector, stub: StubModel) -> None:
    stub.plan = lambda n, body: "hang" if n == 2 else "ok"
    run_id = lab.create(2, 2)
    run_now(lab.database, lab.settings, run_id, cancelled_at(lab, run_id, stub, 2))
    assert lab.row(run_id).status == "cancelled"
    root = traced.one("run full_search")
    assert (root.error, root.attributes["crucible.status"]) == (None, "cancelled")
    with lab.database.writing() as session:
        requests.resume(session, lab.clock, run_id)
    run_now(lab.database, lab.settings, run_id, lambda: None)
    assert lab.row(run_id).status == "completed"
    equal_to_the_ledger(lab, traced, run_id)
    first, second = (each for each in traced.spans if not each.parent)
    assert first.span.trace_id != second.span.trace_id
    assert not first.span.links
    (link,) = second.span.links
    assert (link.trace_id, link.span_id) == (first.span.trace_id, first.id)


def test_a_run_begun_before_tracing_was_asked_for_is_not_sent(
    lab: Lab, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.run(1, 1)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    later = lab.run(1, 1)
    assert {each.attributes["crucible.run.id"] for each in collector.spans} == {later.id}


def test_the_resource_is_as_the_environment_says(
    lab: Lab, traced: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "checkout-search")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=lab,service.name=x")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    lab.run(1, 1)
    resource = traced.spans[0].resource
    assert resource["service.name"] == "checkout-search"
    assert resource["deployment.environment.name"] == "lab"
    assert traced.headers[0]["Content-Encoding"] == "gzip"


def test_providers_go_by_the_conventions_names(
    make_lab: Callable[..., Lab], traced: Collector
) -> None:
    make_lab(LLM_PROVIDER="mistral").run(1, 1)
    chats = [each for each in traced.spans if each.name.startswith("chat ")]
    assert {each.attributes["gen_ai.provider.name"] for each in chats} == {"mistral_ai"}


def test_a_long_run_is_sent_in_parts(
    lab: Lab, traced: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.export.otel_ledger.PAGE", 3)
    run = lab.run(2, 3)
    assert len(traced.bodies) == 4
    equal_to_the_ledger(lab, traced, run.id)


def test_a_models_name_is_data(lab: Lab, traced: Collector, stub: StubModel) -> None:
    stub.model = "evil\x1b[31m\u202e\x07\n<script>" + "x" * 5000
    run = lab.run(1, 1)
    assert run.status == "completed"
    chats = [each for each in traced.spans if each.name.startswith("chat ")]
    named = {each.attributes["gen_ai.response.model"] for each in chats}
    assert len(chats) == 3
    assert all(name.isprintable() and len(name) <= 200 for name in named)


SECRET = "sk-collector-1a2b3c4d5e6f"


def test_neither_secrets_nor_words_are_sent(
    make_lab: Callable[..., Lab],
    traced: Collector,
    stub: StubModel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(
        "OTEL_EXPORTER_OTLP_HEADERS", f"x-api-key={SECRET},no header at all {SECRET}"
    )
    caplog.set_level("DEBUG")
    lab = make_lab(CAPTURE_CONTENT="on")
    stub.model = f"model-{KEY}"
    words = "Provider says Zebra"
    stub.plan = lambda n, body: f"status 500: {words} {KEY}" if n in (1, 4) else "ok"
    project = lab.project(title="Quagga title", description="Okapi description")
    run = lab.run(2, 2, project_id=project)
    assert traced.headers[0]["x-api-key"] == SECRET
    sent = b"".join(traced.bodies)
    (asked, *_) = [m["content"] for m in stub.requests[0]["messages"]]
    titles = [candidate.title for candidate in lab.results(run.id).candidates]
    subjects = [call.subject for call in lab.calls(run.id)]
    for text in (KEY, SECRET, "Zebra", "Quagga", "Okapi", asked, *titles, *subjects):
        assert text.encode() not in sent, text
        assert json.dumps(text)[1:-1].encode() not in sent, text
    assert KEY not in caplog.text and SECRET not in caplog.text
    assert "OTEL_EXPORTER_OTLP_HEADERS: one that is not name=value is left out" in caplog.text
