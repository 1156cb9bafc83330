"""A broken line is named, and nothing is half imported."""

import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from tests.seed import new_database

from crucible.db import Database
from crucible.errors import Invalid
from crucible.models import Project, Run, RunAttempt, RunPhase
from crucible.scrub import Scrubber
from crucible.services.history import lines
from crucible.services.history.importing import import_runs

GOOD = '{"id": "%s", "project_id": "p", "status": "failed", "created_at": "2026-11-22T08:00:00Z"}'
BEGUN = "2026-11-22T08:00:00Z"


def taken(database: Database, raw: bytes | str) -> Any:
    data = raw.encode() if isinstance(raw, str) else raw
    return import_runs(database, io.BytesIO(data), Scrubber())


def rows(database: Database) -> int:
    with database.reading() as session:
        tables = (Project, Run, RunPhase, RunAttempt)
        return sum(session.scalar(select(func.count()).select_from(t)) or 0 for t in tables)


def refused(database: Database, raw: bytes | str) -> str:
    with pytest.raises(Invalid) as raised:
        taken(database, raw)
    assert rows(database) == 0
    return raised.value.message


def with_field(**fields: Any) -> str:
    return json.dumps({**json.loads(GOOD % "x"), **fields})


def test_a_broken_line_in_the_middle_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.services.history.importing.BATCH", 2)
    many = [GOOD % n for n in range(7)]
    many[5] = with_field(duration_seconds="long")

    said = refused(database, "\n".join(many))
    assert said.startswith("line 6: duration_seconds: takes a number from 0 to ")
    many[5] = GOOD % "mended"
    assert taken(database, "\n".join(many)).imported == 7


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("id", {"id": None}),
    ("id", {"id": 5}),
    ("id", {"id": "x" * 129}),
    ("id", {"id": "summary"}),  # an address of the API's
    ("id", {"id": "../x"}),
    ("id", {"id": "a/b"}),
    ("id", {"id": ""}),
    ("number", {"number": 0}),
    ("number", {"number": -1}),
    ("number", {"number": 1.5}),
    ("number", {"number": True}),
    ("number", {"number": "1"}),
    ("number", {"number": 2**63}),
    ("number", {"number": 10**400}),
    ("project_id", {"project_id": None}),
    ("project_title", {"project_title": ""}),
    ("project_title", {"project_title": "x" * 301}),
    ("project_title", {"project_title": ["x"]}),
    ("status", {"status": "done"}),
    ("status", {"status": "FAILED"}),
    ("status", {"status": ["failed"]}),
    ("status", {"status": None}),
    ("mode", {"mode": "fast"}),
    ("label", {"label": "two\nlines"}),
    ("label", {"label": "\x00"}),
    ("label", {"label": "\ud800"}),
    ("attempt", {"attempt": 0}),
    ("ledger", {"ledger": "partial"}),
    ("created_at", {"created_at": None}),
    ("created_at", {"created_at": "2026-11-22T08:00:00"}),
    ("created_at", {"created_at": "2026-11-31T08:00:00Z"}),
    ("created_at", {"created_at": "2026-11-22"}),
    ("created_at", {"created_at": 1795334400}),
    ("created_at", {"created_at": "0001-01-01T00:00:00+23:00"}),
    ("started_at", {"started_at": "24h"}),
    ("duration_seconds", {"duration_seconds": -1}),
    ("duration_seconds", {"duration_seconds": float("nan")}),
    ("duration_seconds", {"duration_seconds": float("inf")}),
    ("duration_seconds", {"duration_seconds": 1e300}),
    ("candidate_count", {"candidate_count": 10**15 + 1}),
    ("metrics", {"metrics": []}),
    ("metrics.notes", {"metrics": {"notes": "x"}}),
    ("metrics.notes[1]", {"metrics": {"notes": ["x", None]}}),
    ("metrics.phase_timings.plan", {"metrics": {"phase_timings": {"plan": {}}}}),
    ("metrics.phase_timings.design", {"metrics": {"phase_timings": {"design": None}}}),
    (
        "metrics.phase_timings.design.started_at",
        {"metrics": {"phase_timings": {"design": {"started_at": "now"}}}},
    ),
    (
        "metrics.resource_breakdown.design.produced",
        {"metrics": {"resource_breakdown": {"design": {"produced": 0.5}}}},
    ),
    ("llm_usage.total.cost_usd", {"llm_usage": {"total": {"cost_usd": "0.1"}}}),
    ("llm_usage.total.cost_usd", {"llm_usage": {"total": {"cost_usd": -0.1}}}),
    ("llm_usage.total.cost_usd", {"llm_usage": {"total": {"cost_usd": float("nan")}}}),
    ("llm_usage.total.cost_usd", {"llm_usage": {"total": {"cost_usd": 1e300}}}),
    ("llm_usage.total.models.m", {"llm_usage": {"total": {"models": {"m": None}}}}),
    ("llm_usage.total.models.\ufffd", {"llm_usage": {"total": {"models": {"\ud800": 1}}}}),
    ("llm_usage.phases.evaluation", {"llm_usage": {"phases": {"evaluation": 1}}}),
    ("error_summary", {"error_summary": "x" * 301}),
    ("error.kind", {"error": {"kind": "bad luck"}}),
    ("error.message", {"error": {"message": "a\x00b"}}),
    ("error", {"error": "failed"}),
    ("config", {"config": [1]}),
    ("config.problem", {"config": {"problem": "text"}}),
    ("config.problem.goals", {"config": {"problem": {"goals": None}}}),
    (
        "config.problem.constraints[0].weight",
        {"config": {"problem": {"constraints": [{"name": "a", "description": ""}]}}},
    ),
    ("config.own[0].x", {"config": {"own": [{"x": float("inf")}]}}),
    ("budget.max_cost_usd", {"budget": {"max_cost_usd": "1"}}),
    ("attempts[0].started_at", {"attempts": [{"attempt": 1, "status": "failed"}]}),
    ("phases[0].name", {"phases": [{"attempt": 1, "name": "plan"}]}),
    ("phases[1].attempt", {"phases": [{"attempt": 1, "name": "design"}] * 2}),
    (
        "attempts[1].attempt",
        {"attempts": [{"attempt": 1, "status": "failed", "started_at": BEGUN}] * 2},
    ),
]


@pytest.mark.parametrize(("field", "fields"), WRONG, ids=str)
def test_line_and_field_are_named(database: Database, field: str, fields: dict[str, Any]) -> None:
    said = refused(database, f"{GOOD % 'a'}\n\n{with_field(**fields)}\n")

    assert said.startswith(f"line 3: {field}: ")
    said.encode()  # whatever came, the answer can be written


@pytest.mark.parametrize(
    ("raw", "takes"),
    [
        (b"{", "is not JSON at character 2"),
        (b"nonsense", "is not JSON at character 1"),
        (b"[]", "takes one JSON object"),
        (b"7", "takes one JSON object"),
        (b'{"id": "x"} {"id": "y"}', "is not JSON at character 13"),
        (b'{"id": "\xff"}', "takes text in UTF-8"),
        ("{}".encode("utf-16"), "takes text in UTF-8"),
        (b"\x00", "is not JSON"),
        (b"[" * 200_000, "takes JSON that is not nested so deep"),
    ],
)
def test_what_is_no_object_is_said(database: Database, raw: bytes, takes: str) -> None:
    assert refused(database, raw).startswith(f"line 1: {takes}")


def test_depth_of_what_is_kept_as_it_is_has_a_limit(database: Database) -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]

    assert "takes JSON of at most 20 levels" in refused(database, with_field(config={"x": deep}))


def test_a_line_without_end_is_not_read_to_its_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST", 2**20)
    stream = io.BytesIO(b" " * (5 * 2**20))
    with pytest.raises(Invalid, match="line 1: takes at most 1 MB"):
        import_runs(database, stream, Scrubber())
    assert stream.tell() == 2**20 + 1


def test_an_id_twice_in_a_file_is_named_with_both_lines(database: Database) -> None:
    said = refused(database, "\n".join([GOOD % "a", GOOD % "b", GOOD % "a"]))

    assert said == "line 3: id: takes an id of its own; a is that of line 1"


def test_bom_crlf_and_empty_lines_are_no_matter(database: Database) -> None:
    raw = b"\xef\xbb\xbf" + (GOOD % "a").encode() + b"\r\n\r\n  \n" + (GOOD % "b").encode()

    assert taken(database, raw).imported == 2
    assert taken(database, b"").read == 0
    assert taken(database, b"\xef\xbb\xbf\r\n").read == 0


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = (
    "id number project_id project_title status mode label attempt ledger created_at started_at "
    "completed_at updated_at duration_seconds candidate_count progress metrics llm_usage "
    "error_summary error config budget estimate attempts phases"
).split()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Any:
    folder = tmp_path_factory.mktemp("shared")
    made = Database.open(new_database(folder, tmp_path_factory.getbasetemp(), engine))
    yield made
    made.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(field=st.sampled_from(FIELDS), value=values)
def test_any_value_is_taken_or_named(shared: Database, field: str, value: Any) -> None:
    try:
        taken(shared, with_field(**{field: value}))
    except Invalid as error:
        assert error.message.startswith(f"line 1: {field}")
