"""Any summary that could be sent comes back from an import as it was."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.seed import START, new_database
from tests.services.moving import NOW, Line, taken

from crucible.db import Database
from crucible.errors import ErrorKind
from crucible.ids import new_id
from crucible.models.values import PHASES
from crucible.services.runs import get_run

whole = st.integers(0, 10**15)
seconds = st.integers(0, 10**9).map(lambda ms: ms / 1000)
moments = st.datetimes(min_value=START.replace(tzinfo=None)).map(
    lambda m: m.isoformat(timespec="milliseconds") + "Z"
)
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40)
maybe = st.none()
used = st.fixed_dictionaries(
    {
        **dict.fromkeys(
            "failed_call_count retry_count unmetered_call_count unpriced_call_count".split(), whole
        ),
        **dict.fromkeys(
            "input_tokens output_tokens total_tokens cached_input_tokens cache_write_tokens "
            "reasoning_tokens".split(),
            maybe | whole,
        ),
        "call_count": st.integers(1, 10**15),
        "cost_usd": maybe | st.integers(0, 10**18).map(lambda pico: pico / 10**12),
        "wasted_cost_usd": st.integers(0, 10**15).map(lambda pico: pico / 10**12),
        "providers": st.dictionaries(texts, whole, max_size=2),
        "models": st.dictionaries(texts, whole, max_size=2),
    }
)
timing = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["completed", "failed", "cancelled"]),
        "started_at": moments,
        "completed_at": maybe | moments,
        "duration_seconds": maybe | seconds,
    }
)


@st.composite
def summaries(draw: st.DrawFn) -> Line:
    begun = PHASES[: draw(st.integers(0, 4))]
    usage = {name: draw(used) for name in begun}
    made = {name: (draw(maybe | whole), draw(maybe | whole)) for name in begun}
    kind = draw(maybe | st.sampled_from(sorted(ErrorKind)))
    error = {
        "kind": kind,
        "phase": draw(maybe | st.sampled_from(PHASES)),
        "message": draw(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1)),
        "hint": draw(maybe | texts),
        "fingerprint": draw(maybe | texts),
        "occurred_at": draw(maybe | moments),
    }
    return {
        "number": draw(st.integers(1, 10**15)),
        "project_id": "project-1",
        "project_title": "Title",
        "status": draw(st.sampled_from(["completed", "failed", "cancelled"])),
        "mode": draw(st.sampled_from(["full_search", "eval_only", "seeded"])),
        "label": draw(maybe | texts),
        "attempt": draw(st.integers(1, 5)),
        "ledger": "absent",
        "created_at": draw(moments),
        "started_at": draw(maybe | moments),
        "completed_at": draw(maybe | moments),
        "updated_at": draw(moments),
        "duration_seconds": draw(maybe | seconds),
        "candidate_count": draw(maybe | whole),
        "scenario_count": draw(maybe | whole),
        "evaluation_count": draw(maybe | whole),
        "progress": {
            "phase": begun[-1],
            "done": made[begun[-1]][1] or 0,
            "expected": made[begun[-1]][0],
        }
        if begun
        else None,
        "metrics": {
            "phase_timings": {name: draw(timing) for name in begun},
            "resource_breakdown": {
                name: {
                    "expected": made[name][0],
                    "produced": made[name][1],
                    "llm_calls": usage[name]["call_count"],
                    "failed_calls": usage[name]["failed_call_count"],
                    "retries": usage[name]["retry_count"],
                }
                for name in begun
            },
            "notes": draw(st.lists(texts, max_size=2)),
        },
        "llm_usage": {"total": draw(used), "phases": usage} if begun else None,
        "error_summary": draw(maybe | texts),
        "error": error if kind else None,
    }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("shared")
    made = Database.open(new_database(folder, tmp_path_factory.getbasetemp(), engine))
    yield made
    made.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(summary=summaries())
def test_any_summary_comes_back_as_it_was(shared: Database, summary: Line) -> None:
    summary = {**summary, "id": new_id()}
    taken(shared, summary)

    with shared.reading() as session:
        came = get_run(session, summary["id"], NOW)
    assert {name: came[name] for name in summary if name != "number"} == {
        name: value for name, value in summary.items() if name != "number"
    }
