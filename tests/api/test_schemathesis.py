"""The served document and the application, held against each other by generated requests.

A short run here; `make fuzz` gives every operation 100 cases.
"""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from tests.api.conftest import FakeExecutor, disposed, make_app
from tests.fakes import FakeClock
from tests.seed import (
    add_call,
    add_phase,
    add_project,
    add_results,
    add_run,
    failed,
    new_database,
)

from crucible.api.openapi import document_text
from crucible.db import Database

CASES = int(os.environ.get("FUZZ_CASES", "5"))
IDS: dict[str, list[str]] = {}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Flask]:
    url = new_database(tmp_path_factory.mktemp("fuzz"), tmp_path_factory.getbasetemp(), engine)
    with disposed(make_app(url, FakeClock(), FakeExecutor())) as app:
        with closing(Database.open(url)) as database, database.writing() as session:
            project = add_project(session)
            full = add_run(session, project)
            add_phase(session, full, "design")
            add_call(session, full)
            add_results(session, full, [[(0.5, 2.0)]])
            others = [add_run(session, project, **failed()) for _ in range(3)]
            IDS["project_id"] = [project.id]
            IDS["run_id"] = IDS["other"] = [run.id for run in (full, *others)]
        yield app


@pytest.fixture(scope="module")
def served(seeded: Flask) -> Any:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", seeded)


OPERATIONS = [
    (method, path)
    for path, operations in json.loads(document_text())["paths"].items()
    for method in operations
    if method != "parameters"
]
_turn = count()


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_what_the_document_says(
    served: Any, method: str, path: str, mode: GenerationMode
) -> None:
    cases = served[path][method].as_strategy(generation_mode=mode)

    @settings(
        max_examples=CASES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def holds(case: Any) -> None:
        # An id that nothing has is soon refused: every other question is about what is there.
        for name in case.path_parameters or {}:
            if next(_turn) % 2 and name in IDS:
                case.path_parameters[name] = IDS[name][next(_turn) % len(IDS[name])]
        if mode is GenerationMode.POSITIVE:
            # Nothing says what it is made of; only an answer can give one.
            (case.query or {}).pop("cursor", None)
            _make_sense(case.body)
        # The transport would not unpack it.
        case.headers["Accept-Encoding"] = "identity"
        case.call_and_validate()

    try:
        holds()
    except Unsatisfiable:
        if mode is GenerationMode.POSITIVE:
            raise
        pytest.skip("it takes nothing that could be wrong")


def _make_sense(body: Any) -> None:
    """What a schema cannot say: names are unique within a list, candidates come, counted, with
    the modes that start from them, a limit in dollars goes with a model of known price."""
    if not isinstance(body, dict):
        return
    if isinstance(body.get("budget"), dict):
        body["budget"].pop("max_cost_usd", None)
    if body.get("mode", "full_search") == "full_search":
        body.pop("candidates", None)
    else:
        body["candidates"] = body.get("candidates") or [{"title": "a"}]
        body.pop("num_candidates", None)
    for of, name, longest in (("constraints", "name", 100), ("candidates", "title", 300)):
        for place, each in enumerate(body.get(of) or []):
            each[name] = f"{place} {each[name]}"[:longest]
