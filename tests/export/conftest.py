from collections.abc import Iterator

import pytest
from tests.export.collector import Collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def traced(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Collector:
    """Whatever executes in this process traces to it."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    # A run's end waits for what is sent, on a machine that is busy too.
    monkeypatch.setattr("crucible.execution.foreground.TRACES_SECONDS", 20.0)
    return collector
