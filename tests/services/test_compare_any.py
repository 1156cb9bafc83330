"""Whatever the runs: parts add up to the change, exactly."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.seed import add_project, failed, live
from tests.services.comparing import DEAR, MINI, called, compared, exact, timed

from crucible.db import Database
from crucible.models.values import PHASES

SECONDS = st.floats(0, 10**6) | st.sampled_from([0.0, 0.1, 0.0005, 12.3456])


def mostly(known: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.integers(0, 9).flatmap(lambda dice: known if dice else st.none())


SPANS = st.dictionaries(
    st.sampled_from([str(phase) for phase in PHASES]),
    st.integers(0, 9).flatmap(lambda dice: SECONDS if dice else st.none()),
)
CALL = st.fixed_dictionaries(
    {
        "phase": st.sampled_from(["design", "scenarios", "evaluation"]),
        "outcome": st.sampled_from(["ok", "ok", "ok", "invalid", "error", "timeout", "unknown"]),
        "input_tokens": mostly(st.integers(0, 10**5)),
        "cost_pico": mostly(st.integers(0, 10**13)),
        "price_source": st.sampled_from([MINI, MINI, DEAR, None]),
    }
)
CALLS = st.lists(CALL, min_size=1, max_size=8)
COST = st.integers(0, 10**6) | st.integers(0, 10**18)
TOTALS = st.fixed_dictionaries(
    {
        "ledger": st.sampled_from(["absent", "purged"]),
        "call_count": st.integers(0, 99),
        "failed_call_count": st.integers(0, 9),
        "total_tokens": mostly(st.integers(0, 10**15)),
        "cost_pico": mostly(COST),
        "wasted_cost_pico": mostly(COST),
        "input_tokens": mostly(st.integers(0, 10**15)),
        "models": st.sampled_from([{"gpt-5": 1}, {}, {"gpt-5": 1, "gpt-5-mini": 2}]),
        "providers": st.just({"openai": 1}),
    }
)
ENDS = st.sampled_from([{}, failed(), live(), {"duration_seconds": None}])


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_parts_add_up_whatever_the_runs(database: Database, data: st.DataObject) -> None:
    with database.writing() as session:
        project = add_project(session)
        runs = []
        kinds = data.draw(st.sampled_from([(True, True), (False, False), (True, False)]))
        for on_ledger in kinds:
            fields = data.draw(ENDS) | {"attempt": data.draw(st.integers(1, 2))}
            if on_ledger:
                runs.append(called(session, project, *data.draw(CALLS)))
            else:
                spans = data.draw(SPANS)
                runs.append(timed(session, project, spans, **fields, **data.draw(TOTALS)))
        base, head = runs
        there, back = compared(session, base, head), compared(session, head, base)
        session.rollback()

    for figures in (there["duration_seconds"], there["cost_usd"]):
        known = figures["base"] is not None and figures["head"] is not None
        assert (figures["delta"] is not None) == known
        if known:
            assert exact(figures["base"], figures["delta"]) == exact(figures["head"])
        parts = figures.get("phases", figures.get("causes"))
        if parts is not None:
            assert exact(*parts.values()) == exact(figures["delta"])
        else:
            assert there["notes"]
    for key, name in (("duration_seconds", "phases"), ("cost_usd", "causes")):
        parts, reverse = there[key][name], back[key][name]
        assert (parts is None) == (reverse is None)
        if parts is not None:
            assert reverse == {part: -value for part, value in parts.items()}
