"""Whatever a history holds (imported ones may hold anything), it is judged and foretold."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.seed import START

from crucible.errors import ErrorKind
from crucible.models.values import PHASES, Mode
from crucible.services.estimating import from_history
from crucible.services.health.judge import judge
from crucible.services.health.service import shown
from crucible.services.past_runs import Figures, PastRun, Size

COUNTS = st.integers(0, 50) | st.integers(0, 2**62)
MAYBE = st.none() | COUNTS
SECONDS = st.none() | st.floats(0, 1e9) | st.sampled_from([0.0, 1e-3, 41.2])
MODELS = st.dictionaries(st.text(max_size=5), st.integers(0, 99), max_size=2)


@st.composite
def figures(draw: st.DrawFn) -> Figures:
    calls = draw(st.integers(0, 3_000))
    return Figures(
        duration_seconds=draw(SECONDS),
        expected=draw(MAYBE),
        produced=draw(MAYBE),
        calls=calls,
        failed_calls=draw(st.integers(0, 3_000)),
        retries=draw(st.integers(0, 3_000)),
        input_tokens=draw(MAYBE),
        output_tokens=draw(MAYBE),
        tokens=draw(MAYBE),
        cost_pico=draw(MAYBE),
        unmetered_calls=draw(st.integers(0, 3_000)),
        unpriced_calls=draw(st.integers(0, 3_000)),
        models=draw(MODELS),
    )


SIZES = st.builds(
    Size,
    mode=st.sampled_from(list(Mode)),
    candidates=st.integers(1, 10**6),
    scenarios=st.integers(1, 10**6),
    given=st.integers(0, 60),
    concurrency=st.integers(1, 100),
)


@st.composite
def runs(draw: st.DrawFn, statuses: list[str], most: int) -> list[PastRun]:
    # A few shapes, repeated: else no two runs would ever resemble each other.
    shapes = draw(st.lists(st.tuples(SIZES, figures(), figures()), min_size=1, max_size=3))
    made = []
    for place in range(draw(st.integers(0, most))):
        size, total, phase = draw(st.sampled_from(shapes))
        created = START + timedelta(minutes=place)
        kind = draw(st.none() | st.sampled_from(list(ErrorKind)))
        made.append(
            PastRun(
                id=f"run-{place}",
                number=place + 1,
                status=draw(st.sampled_from(statuses)),
                size=size,
                created_at=created,
                completed_at=draw(st.none() | st.just(created)),
                updated_at=created,
                total=total,
                phases={str(name): phase for name in PHASES[: draw(st.integers(0, 4))]},
                model=draw(st.sampled_from([None, "a", "b"])),
                candidate_count=draw(MAYBE),
                scenario_count=draw(MAYBE),
                evaluation_count=draw(MAYBE),
                error_kind=kind,
            )
        )
    return made


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    past=runs(["completed", "completed", "failed"], 50),
    live=runs(["created", "running"], 3),
    size=SIZES,
)
def test_any_history_is_judged_and_foretold(
    past: list[PastRun], live: list[PastRun], size: Size
) -> None:
    found = judge(past, live, START + timedelta(days=1))
    answer: list[dict[str, Any]] = [shown(one) for one in found.anomalies]
    json.dumps(answer, allow_nan=False)
    for one in answer:
        assert one["summary"].endswith((".", "?"))
        assert one["run_ids"]
        assert one["ratio"] is None or one["ratio"] >= 0
    assert found.verdict != "unknown" or found.needed
    foretold = from_history(past, size, "a")
    for each in (
        (foretold.duration_seconds, foretold.tokens, foretold.cost_pico) if foretold else ()
    ):
        assert each is None or 0 <= each.p50 <= each.p90 < float("inf")


@settings(max_examples=100, deadline=None)
@given(
    size=SIZES,
    seconds=st.floats(1e-3, 1e7),
    tokens=st.integers(1, 2**60),
    pico=st.integers(1, 2**60),
    factor=st.sampled_from([3, 10**6]),
)
def test_steady_runs_that_grow_are_told_at_any_magnitude(
    size: Size, seconds: float, tokens: int, pico: int, factor: int
) -> None:
    def run(place: int, times: int) -> PastRun:
        return PastRun(
            id=f"run-{place}",
            number=place + 1,
            status="completed",
            size=size,
            created_at=START + timedelta(minutes=place),
            evaluation_count=size.pairs,
            total=Figures(
                duration_seconds=seconds * times,
                calls=10,
                tokens=tokens * times,
                cost_pico=pico * times,
            ),
        )

    past = [*(run(place, 1) for place in range(12)), run(12, factor), run(13, factor)]
    found = judge(past, [], START)
    assert [str(one.code) for one in found.anomalies] == [
        "DURATION_REGRESSION",
        "COST_SPIKE",
        "TOKEN_SPIKE",
    ]
    answer = [shown(one) for one in found.anomalies]
    json.dumps(answer, allow_nan=False)
    for one in answer:
        assert abs(one["ratio"] / factor - 1) < 0.01
        assert one["since_run"]["number"] == 13
