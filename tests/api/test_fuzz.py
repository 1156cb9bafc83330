"""Whatever a client sends, the answer is never a fault of ours."""

from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.conftest import send

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=12)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
CONSTRAINT = st.fixed_dictionaries(
    {}, optional={"name": ANY_JSON, "description": ANY_JSON, "weight": ANY_JSON}
)
PROJECT = st.fixed_dictionaries(
    {"title": st.just("t") | ANY_JSON},
    optional={
        "description": ANY_JSON,
        "goals": ANY_JSON | st.lists(ANY_TEXT, max_size=3),
        "constraints": ANY_JSON | st.lists(CONSTRAINT, max_size=3),
        "world_model": ANY_JSON,
        "default_budget": ANY_JSON,
    },
)
RUN = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["full_search", "eval_only", "seeded"]) | ANY_JSON,
        "candidates": ANY_JSON | st.lists(st.fixed_dictionaries({"title": ANY_TEXT}), max_size=3),
        "num_candidates": st.integers(0, 60) | ANY_JSON,
        "num_scenarios": st.integers(0, 60) | ANY_JSON,
        "model": ANY_JSON,
        "label": ANY_JSON,
        "budget": ANY_JSON
        | st.fixed_dictionaries({}, optional={"max_cost_usd": ANY_JSON, "max_llm_calls": ANY_JSON}),
    },
)
NAMES = st.sampled_from(
    ["limit", "cursor", "status", "mode", "since", "until", "updated_since", "sort", "q", "phase",
     "outcome", "x"]
)  # fmt: skip
BYTES = st.binary(max_size=12) | ANY_TEXT.map(lambda text: text.encode("utf-8", "replace"))
QUERY = st.lists(st.tuples(NAMES, BYTES), max_size=3)
many = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def accepted(answer: Any) -> bool:
    if answer.status_code >= 400:
        assert answer.mimetype == "application/problem+json", answer.text
    return bool(answer.status_code < 500)


@many
@given(body=PROJECT | ANY_JSON)
def test_projects(client: FlaskClient, project_id: str, body: Any) -> None:
    assert accepted(send(client, "POST", "/api/projects", body))
    assert accepted(send(client, "PUT", f"/api/projects/{project_id}", body))
    assert accepted(client.get(f"/api/projects/{project_id}"))


@many
@given(body=RUN | ANY_JSON)
def test_runs(client: FlaskClient, project_id: str, body: Any) -> None:
    answer = send(client, "POST", f"/api/projects/{project_id}/runs", body)

    assert accepted(answer)
    if answer.status_code == 202:
        assert accepted(client.get(answer.headers["Location"]))


@many
@given(query=QUERY, ref=BYTES)
def test_questions(client: FlaskClient, project_id: str, query: Any, ref: bytes) -> None:
    asked = "&".join(f"{name}={quote(value)}" for name, value in query)
    for path in (
        "/api/runs/summary",
        f"/api/projects/{project_id}/runs/summary",
        f"/api/projects/{quote(ref, safe='')}",
        f"/api/runs/{quote(ref, safe='')}",
        f"/api/runs/{quote(ref, safe='')}/calls",
        f"/api/runs/{quote(ref, safe='')}/results",
    ):
        assert accepted(client.get(f"{path}?{asked}"))


@many
@given(raw=st.binary(max_size=40))
def test_bytes(client: FlaskClient, raw: bytes) -> None:
    assert accepted(client.post("/api/projects", data=raw, content_type="application/json"))
