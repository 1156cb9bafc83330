"""What the API says of the corpus: JSON that every reader takes, and refusals that are short and
quote nothing that could do harm."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.api.conftest import send
from tests.hostile.corpus import CANARY, CONTROLS, SECRET, TEXTS
from tests.hostile.history import IMPORTED, History
from tests.hostile.test_cli import assert_clean
from tests.lab import KEY

from crucible.api import create_app
from crucible.api.database import db

MOST = 64 * 1024


@pytest.fixture(scope="module")
def client(planted: History) -> Iterator[FlaskClient]:
    app = create_app(planted.lab.settings)
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


def read(raw: bytes) -> Any:
    """As the strictest reader: UTF-8, no NaN, no key twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def refuse(word: str) -> Any:
        raise ValueError(word)

    found = json.loads(raw.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)
    json.dumps(found, ensure_ascii=False).encode()  # no half of a surrogate pair
    return found


def test_every_answer_is_json_to_the_strictest_reader(
    planted: History, client: FlaskClient
) -> None:
    first, second = planted.completed[:2]
    paths = [
        "/api/projects",
        f"/api/projects/{planted.project_id}",
        "/api/runs/summary?limit=200",
        *(f"/api/projects/{p}/runs/{what}" for p in (planted.project_id, IMPORTED)
          for what in ("health", "trends", "summary")),
        *(f"/api/runs/{run}{what}" for run in planted.runs[::3]
          for what in ("", "/calls", "/results")),
        f"/api/runs/{first}/compare/{second}",
    ]  # fmt: skip
    seen = b""
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Content-Type"].startswith("application/json")
        read(answer.data)
        seen += answer.data
    text = seen.decode()
    assert text.count(CANARY) > 500
    assert KEY not in text and SECRET not in text


def test_each_text_is_taken_or_refused_by_name(planted: History) -> None:
    assert planted.refused == {n for n, text in TEXTS.items() if CONTROLS.search(text)}
    for answer in planted.answers:
        read(answer)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_refusal_is_short_and_clean(client: FlaskClient, text: str) -> None:
    bodies: list[Any] = [
        {text: text}, {"title": {text: text}}, {"title": "x", "goals": text},
        {"title": "x", "constraints": [{text: text}]}, [text], text,
    ]  # fmt: skip
    asked = [send(client, "POST", "/api/projects", body) for body in bodies]
    sane = text.encode("utf-8", "replace").decode()
    asked += [
        client.get("/api/runs/summary", query_string={name: sane})
        for name in ("status", "since", "cursor", "sort", "limit", "mode", sane)
    ]
    for answer in asked:
        assert answer.status_code in (400, 404, 422), answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert len(answer.data) < 4096
        problem = read(answer.data)
        assert_clean(problem["detail"] + "".join(problem["errors"]))
        assert_clean("".join(each for found in problem["errors"].values() for each in found))


def test_twenty_thousand_wrong_fields_are_told_in_short(client: FlaskClient) -> None:
    strange = {f"{'x' * 8}{n}": 0 for n in range(20_000)}
    answer = client.post("/api/projects", json={"title": "x", **strange})
    assert answer.status_code == 422
    assert len(answer.data) < MOST
    assert "and 19999 more" in read(answer.data)["detail"]


@pytest.mark.parametrize("length", [300, 8_000])
def test_a_long_name_is_not_quoted_whole(client: FlaskClient, length: int) -> None:
    answer = client.get("/api/runs/" + "W" * length)
    assert answer.status_code == 404 and len(answer.data) < 2048


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"title": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"title": "x", "title": "y"}',
        b'{"title": "x", "__proto__": {"title": "y"}}',
        b'{"title": NaN}',
        b'{"title": "x", "constraints": [{"name": "y", "weight": 1e400}]}',
        b'{"title": "x", "constraints": [{"name": "y", "weight": ' + b"9" * 100_000 + b"}]}",
        b'{"title": "\xff"}',
        b'{"title": "\\ud800"}',
        b'\xef\xbb\xbf{"title": "x"}',
        "{}".encode("utf-16"),
    ],
    ids=lambda raw: raw[:24].decode("latin-1"),
)
def test_a_body_that_is_odd_is_refused(client: FlaskClient, raw: bytes) -> None:
    answer = client.post("/api/projects", data=raw, content_type="application/json")
    assert answer.status_code in (400, 422), answer.text
    assert len(answer.data) < 4096
    read(answer.data)
