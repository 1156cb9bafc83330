"""One history that holds the whole corpus, made through the real ways in: the API, a model's
answers and errors, imported lines. Nothing is put into the database by hand."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from flask.testing import FlaskClient
from tests.hostile import corpus
from tests.hostile.corpus import NAMES, SECRETS, TEXTS
from tests.lab import KEY, Lab
from tests.stub_model import StubModel, schema_name

from crucible.api import create_app
from crucible.api.database import db
from crucible.errors import Invalid
from crucible.execution.foreground import run_now
from crucible.scrub import Scrubber
from crucible.services.history.importing import import_runs

WHOLE = 40
"""Candidates of the largest run; it has one scenario."""
IMPORTED = "imported-project"


class HostileModel(StubModel):
    """Says one text of the corpus after the other, in every place where a text belongs."""

    def __post_init__(self) -> None:
        self.said: list[str] = []
        self._texts = cycle(TEXTS.values())
        self._names = cycle(TEXTS.values())
        self._scenarios = cycle([TEXTS[name] for name in corpus.DIRECTION])
        super().__post_init__()

    def reply(self, body: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
        with self._lock:
            self.model = next(self._names)
            scenarios = schema_name(body) == "scenarios"
            return _filled(schema, self._next_scenario if scenarios else self._next)

    def _next_scenario(self) -> str:
        return next(self._scenarios)

    def _next(self) -> str:
        text = next(self._texts)
        self.said.append(text)
        # A model may have seen the key, and repeat it.
        return text if len(self.said) % 5 else f"{KEY} {text}"


def _filled(schema: Mapping[str, Any], text: Callable[[], str]) -> Any:
    """What the schema asks for, and a field that nobody asked for."""
    kind = schema.get("type")
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        found = {key: _filled(part, text) for key, part in schema["properties"].items()}
        return {"__proto__": {"polluted": True}, "constructor": "x", **found}
    if kind == "array":
        return [_filled(schema["items"], text) for _ in range(schema["minItems"])]
    return 0.5 if kind == "number" else text()


@dataclass
class History:
    lab: Lab
    project_id: str = ""
    completed: list[str] = field(default_factory=list)
    """Runs that the model answered; of the first each text of the corpus is a candidate."""
    failed: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """Names of texts that a title may not be."""
    refused_lines: set[str] = field(default_factory=set)
    """Names of texts of which an imported line may not hold the label."""
    answers: list[bytes] = field(default_factory=list)
    """What the API said to all that was sent."""

    @property
    def stub(self) -> HostileModel:
        assert isinstance(self.lab.stub, HostileModel)
        return self.lab.stub

    @property
    def runs(self) -> list[str]:
        return [*self.completed, *self.failed, *self.imported]


def make(lab: Lab) -> History:
    history = History(lab)
    app = create_app(lab.settings)
    client = app.test_client()
    _projects(history, client)
    _completed(history, client)
    _failed(history, client)
    _labelled(history, client)
    _imported(history)
    with app.app_context():
        db.engine.dispose()
    return history


def _sent(history: History, client: FlaskClient, path: str, body: Any) -> Any:
    response = client.post(path, data=json.dumps(body), content_type="application/json")
    assert response.status_code in (201, 202, 422), response.text
    history.answers.append(response.data)
    return response.get_json() if response.status_code != 422 else None


def _projects(history: History, client: FlaskClient) -> None:
    taken = [text for text in TEXTS.values() if corpus.one_line(text)]
    goals = [text for text in TEXTS.values() if corpus.lines(text)]
    constraints = [
        {"name": name, "description": text, "weight": 100 if n % 2 else 40}
        for n, (name, text) in enumerate(zip([*NAMES, TEXTS["override"], TEXTS["script"]],
                                             goals, strict=False))
    ]  # fmt: skip
    main = _sent(history, client, "/api/projects", {
        "title": TEXTS["override"],
        "description": "\n".join(goals),
        "goals": goals[:50],
        "constraints": constraints,
        "world_model": "\n".join(goals) + "W" * 5000,
    })  # fmt: skip
    history.project_id = main["id"]
    for name, text in TEXTS.items():
        body = {"title": text, "description": text if corpus.lines(text) else "", "goals": []}
        if _sent(history, client, "/api/projects", body) is None:
            history.refused.add(name)
    assert taken


def _completed(history: History, client: FlaskClient) -> None:
    path = f"/api/projects/{history.project_id}/runs"
    given = [
        {"title": text, "description": text} for text in TEXTS.values() if corpus.one_line(text)
    ]
    for body in (
        {"num_candidates": WHOLE, "num_scenarios": 1},
        {"num_candidates": 26, "num_scenarios": 1},
        {"mode": "eval_only", "candidates": given[:2], "num_scenarios": 3},
        {"mode": "eval_only", "candidates": given[2:50], "num_scenarios": 1},
    ):
        run = _sent(history, client, path, body)
        assert run is not None, history.answers[-1]
        _carried_out(history, run["id"])
        history.completed.append(run["id"])


def _failed(history: History, client: FlaskClient) -> None:
    """Refused by the provider, in its own words."""
    path = f"/api/projects/{history.project_id}/runs"
    texts = [*TEXTS.values(), *SECRETS.values()]
    for start in range(0, len(texts), 16):
        said = " ".join(texts[start : start + 16])
        history.stub.plan = lambda n, body, said=said: f"status 401: {said}"  # type: ignore[misc]
        run = _sent(history, client, path, {"num_candidates": 1, "num_scenarios": 1})
        _carried_out(history, run["id"])
        history.failed.append(run["id"])
    history.stub.plan = lambda n, body: "ok"


def _labelled(history: History, client: FlaskClient) -> None:
    """A run that never begins for each text that may be a label, or the name of a model."""
    path = f"/api/projects/{history.project_id}/runs"
    for text in (TEXTS["script"], TEXTS["override"], TEXTS["equals"], TEXTS["order"]):
        run = _sent(history, client, path, {"label": text, "model": text})
        client.post(f"/api/runs/{run['id']}/cancel")
        history.failed.append(run["id"])


def _carried_out(history: History, run_id: str) -> None:
    run_now(history.lab.database, history.lab.settings, run_id, lambda: None)


def _imported(history: History) -> None:
    for n, (name, text) in enumerate(TEXTS.items()):
        lines = io.BytesIO(json.dumps(_line(n, text)).encode())
        try:
            import_runs(history.lab.database, lines, Scrubber([KEY]))
        except Invalid:
            history.refused_lines.add(name)
        else:
            history.imported.append(f"imported-{n}")


def _line(n: int, text: str) -> dict[str, Any]:
    usage = {"call_count": 1, "models": {text: 1}, "providers": {text: 1}, "cost_usd": 0.01}
    problem = {"title": text, "description": text, "goals": [text], "constraints": []}
    return {
        "id": f"imported-{n}",
        "project_id": IMPORTED,
        "project_title": text,
        "status": "failed",
        "created_at": f"2026-11-22T08:{n // 60:02}:{n % 60:02}Z",
        "duration_seconds": 1.0,
        "label": text[:200],
        "metrics": {"notes": [text]},
        "llm_usage": {"total": usage},
        "error_summary": text[:300],
        "error": {
            "kind": "provider_error",
            "message": text,
            "hint": text,
            "fingerprint": text[:64],
        },
        "config": {"problem": problem, "model": text[:200], "provider": text[:100]},
    }


def texts_of(answer: Any) -> Iterator[str]:
    """All texts of a JSON value, keys too."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, Mapping):
        for key, value in answer.items():
            yield from texts_of(key)
            yield from texts_of(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from texts_of(value)
