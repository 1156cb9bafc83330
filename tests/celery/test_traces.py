"""Runs of Celery's workers are traced like any other, and each attempt at them."""

from tests.celery.fleet import Fleet
from tests.celery.test_fleet import hold, send
from tests.export.collector import Collector
from tests.export.ledger import equal_to_the_ledger
from tests.lab import Lab
from tests.stub_model import StubModel


def test_a_run_that_lost_its_worker_is_two_traces_that_are_linked(
    lab: Lab, fleet: Fleet, stub: StubModel
) -> None:
    collector = Collector()
    asked = hold(stub, 3)
    (first,) = fleet.workers(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    run_id = lab.create(1, 2)
    send(fleet, run_id)
    assert asked.wait(60)
    first.kill()
    fleet.workers(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    collector.wait_for_root(2)
    collector.close()
    collector.spans.sort(key=lambda each: each.span.start_time_unix_nano)
    equal_to_the_ledger(lab, collector, run_id)
    lost, whole = (each for each in collector.spans if not each.parent)
    assert (lost.error, whole.error) == ("worker_lost", None)
    assert [link.trace_id for link in whole.span.links] == [lost.span.trace_id]
