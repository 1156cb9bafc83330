"""The soak's laws tell what is wrong from what is not."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.soak.laws import Asked, Laws
from tests.soak.sampling import BIN_SECONDS, Sample, growth

RUN = "019ac100-0000-7000-8000-000000000000"


def answer(
    body: Any = None,
    *,
    at: float = 0.0,
    status: int = 200,
    path: str = f"/api/runs/{RUN}",
    **headers: str,
) -> Asked:
    """Asked for at this moment; the answer took half a second."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/json", **headers}
    return Asked("run", "GET", path, at, at + 0.5, status, given, raw)


def run(status: str, attempt: int = 1, calls: int = 0) -> dict[str, Any]:
    usage = {"total": {"call_count": calls}} if calls else None
    return {"id": RUN, "status": status, "attempt": attempt, "llm_usage": usage}


@pytest.fixture
def laws() -> Laws:
    """The server was away from 100 to 200; every run exists."""
    return Laws(lambda began, ended: began <= 200 and ended >= 100, lambda _: True)


def test_a_run_goes_on_is_resumed_and_ends(laws: Laws) -> None:
    story = [("created", 1), ("running", 1), ("failed", 1), ("created", 2), ("completed", 2)]
    for at, (status, attempt) in enumerate(story):
        laws.answered(answer(run(status, attempt, calls=at), at=float(at)), 200)
    assert laws.told() == []
    assert laws.ended(RUN)


@pytest.mark.parametrize(
    ("first", "then", "law"),
    [
        (run("completed"), run("running"), "no run goes back"),
        (run("running"), run("created"), "no run goes back"),
        (run("created", 2), run("failed", 1), "no run goes back"),
        (run("failed"), run("completed"), "an end is the end"),
        (run("running", calls=3), run("running", calls=2), "no call is forgotten"),
        (run("running"), run("lost"), "every status is legal"),
    ],
)
def test_what_was_seen_is_not_taken_back(laws: Laws, first: Any, then: Any, law: str) -> None:
    laws.answered(answer(first, at=1.0), 200)
    laws.answered(answer({"runs": [then]}, at=2.0, path="/api/runs/summary"), 200)
    assert list(laws.broken) == [law]


def test_who_asked_before_may_see_less(laws: Laws) -> None:
    laws.answered(answer(run("completed", calls=3), at=1.0), 200)
    laws.answered(answer(run("running", calls=2), at=1.4), 200)
    assert laws.told() == []


def test_an_answer_that_a_304_confirms_is_held_to_the_same(laws: Laws) -> None:
    laws.answered(answer(run("completed"), at=1.0), 200)
    laws.shows(run("running"), answer(b"", at=2.0, status=304))
    assert list(laws.broken) == ["no run goes back"]


def test_a_fault_is_one_unless_the_server_was_away(laws: Laws) -> None:
    problem = {"status": 503}
    laws.answered(answer(problem, at=150.0, status=503), 200)
    laws.no_answer("GET /", 150.0, 151.0, ConnectionRefusedError())
    assert laws.told() == []
    assert laws.while_away == {"503": 1, "ConnectionRefusedError": 1}
    laws.answered(answer(problem, at=250.0, status=503), 200)
    laws.answered(answer({"status": 500}, at=150.0, status=500), 200)
    laws.no_answer("GET /", 250.0, 251.0, ConnectionRefusedError())
    assert {law: len(what) for law, what in laws.broken.items()} == {
        "no 5xx": 2,
        "every question is answered": 1,
    }


def test_a_scrape_that_is_to_come_again_is_counted(laws: Laws) -> None:
    asked = answer({"status": 503}, status=503, path="/metrics", **{"Retry-After": "5"})
    laws.answered(replace(asked, kind="metrics"), 200)
    assert (laws.later, laws.told()) == (1, [])


def test_answers_are_of_the_kind_that_was_asked_for(laws: Laws) -> None:
    laws.answered(answer(b"<html>", **{"Content-Type": "text/html"}), 200)
    laws.answered(answer(b'{"runs": [', path="/api/runs/summary"), 200)
    laws.answered(answer({"status": 409}, status=409), 200)
    laws.answered(answer({"status": 404}, status=404), 200, 404)
    assert {law: len(what) for law, what in laws.broken.items()} == {
        "every answer is JSON": 2,
        "the status is one of those allowed": 1,
        "what exists is found": 1,
    }


def test_a_tag_stands_for_one_answer(laws: Laws) -> None:
    first, second = {**run("running"), "duration_seconds": 1.0}, {**run("running"), "label": "x"}
    laws.answered(answer(first, ETag='W/"1"'), 200)
    laws.answered(answer({**first, "duration_seconds": 2.5}, at=1.0, ETag='W/"1"'), 200)
    laws.answered(answer(second, at=2.0, ETag='W/"2"'), 200)
    assert laws.told() == []
    laws.answered(answer(first, at=3.0, ETag='W/"2"'), 200)
    assert list(laws.broken) == ["the same tag is the same answer"]


def samples(handles: Any) -> list[Sample]:
    """Six minutes, a look each second."""
    return [Sample(float(at), 100.0, 80.0, 90.0, 20.0, handles(at)) for at in range(361)]


def test_what_comes_and_goes_is_flat() -> None:
    found = growth(samples(lambda at: 40.0 + at % 7), "handles")
    assert (found.judged, found.flat, found.per_hour) == (True, True, 0.0)


def test_what_is_filled_once_is_flat() -> None:
    found = growth(samples(lambda at: min(40.0 + at, 120.0)), "handles")
    assert found.flat
    assert (found.first, found.last, found.highest) == (40.0, 120.0, 120.0)


def test_what_leaks_is_not() -> None:
    found = growth(samples(lambda at: 40.0 + at % 7 + at // 5), "handles")
    assert found.judged and not found.flat
    assert 700 < found.per_hour < 740


def test_too_short_a_time_is_not_judged() -> None:
    some = samples(lambda at: float(at))[: int(3 * BIN_SECONDS)]
    assert not growth(some, "handles").judged
    assert growth([], "handles").per_hour == 0.0
