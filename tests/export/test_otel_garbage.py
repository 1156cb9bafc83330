"""Values of OpenTelemetry's variables that cannot be: said once, by name, and without harm."""

import pytest
from tests.export.collector import Collector
from tests.export.ledger import equal_to_the_ledger
from tests.lab import Lab

from crucible.export.otel import Traces, traces
from crucible.export.otel_settings import timeout_seconds, tracing

HERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
LIMIT = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"
TIMEOUT = "OTEL_EXPORTER_OTLP_TIMEOUT"


@pytest.mark.parametrize("value", ["-3", "x", "1.5", "9" * 5000])
def test_a_limit_that_the_library_would_break_on_is_named(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv(LIMIT, value)
    assert type(traces(lab.database, lab.settings, lab.clock)) is Traces
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"runs are not traced: {LIMIT} is not a whole number" in caplog.text


@pytest.mark.parametrize("value", ["0", "128", " 12 ", ""])
def test_a_limit_that_can_be_is_none_of_our_business(value: str) -> None:
    assert tracing({**HERE, LIMIT: value}).warning is None


@pytest.mark.parametrize("value", ["nan", "-1", "0", "inf", "1e300", "soon"])
@pytest.mark.parametrize("variable", [TIMEOUT, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"])
def test_a_time_that_cannot_be_is_named_and_the_usual_one_holds(variable: str, value: str) -> None:
    environ = {**HERE, variable: value}
    found = tracing(environ)
    assert found.collector == "127.0.0.1:4318"
    assert found.warning is not None and f"{variable} is not a number of seconds" in found.warning
    assert timeout_seconds(environ) == 10


@pytest.mark.parametrize(("value", "seconds"), [("", 10), ("2.5", 2.5), ("10000", 10000)])
def test_a_time_that_can_be_holds(value: str, seconds: float) -> None:
    environ = {**HERE, TIMEOUT: value}
    assert tracing(environ).warning is None
    assert timeout_seconds(environ) == seconds


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (TIMEOUT, "nan"),
        (TIMEOUT, "-1"),
        ("OTEL_SERVICE_NAME", "of \udcff mine"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a\udcfe=b\udcff"),
    ],
)
def test_garbage_keeps_no_trace_from_being_sent(
    lab: Lab,
    traced: Collector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    run = lab.run(1, 1)
    traces(lab.database, lab.settings, lab.clock).stop(20.0)
    equal_to_the_ledger(lab, traced, run.id)
    assert not [record for record in caplog.records if record.exc_info]
