import gzip
import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.api.conftest import KEY, Shared
from tests.engines import Holder
from tests.fakes import FakeClock
from tests.seed import add_project

from crucible import config
from crucible.api import create_app
from crucible.api.database import db, writing
from crucible.errors import Invalid

PROBLEM_FIELDS = {"request_id", "type", "title", "status", "detail", "code", "errors", "hint"}


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.get_json()
    assert answer.status_code == status, body
    assert answer.mimetype == "application/problem+json"
    assert set(body) == PROBLEM_FIELDS
    assert (body["status"], body["code"]) == (status, code)
    return body


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"nope",
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"title": -Infinity}',
        b'{"title": "a", "title": "b"}',
        b'{"title": "a", "constraints": [{"name": "a", "name": "b", "weight": 1}]}',
        b'{"title": "a",}',
        b"{'title': 'a'}",
        b'{"title": "\xff"}',
        b'\xff\xfe{\x00"\x00',
        b'{"title": "a\x00b"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"title": ' + b"9" * 5000 + b"}",
        b'{"title": "x"} trailing',
        b"\x00",
        b" ",
    ],
    ids=lambda raw: repr(raw[:30]),
)
def test_what_is_not_json_is_400(shared: Shared, raw: bytes) -> None:
    answer = shared.client.post("/api/projects", data=raw, content_type="application/json")

    problem(answer, 400, "malformed")


def test_nesting_that_is_valid_json_is_refused_as_a_value(shared: Shared) -> None:
    raw = b'{"title": ' + b"[" * 400 + b"]" * 400 + b"}"

    assert (
        shared.client.post("/api/projects", data=raw, content_type="application/json").status_code
        == 422
    )


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_that_is_not_sent_as_json_is_415(shared: Shared, kind: str | None) -> None:
    answer = shared.client.post("/api/projects", data=b'{"title": "x"}', content_type=kind)

    problem(answer, 415, "not_json")


def test_a_body_that_was_compressed_is_415_and_names_how(client: FlaskClient) -> None:
    title = json.dumps({"title": "x"}).encode()
    sent = {"data": gzip.compress(title), "content_type": "application/json"}
    answer = client.post("/api/projects", headers={"Content-Encoding": "gzip"}, **sent)
    assert "gzip" in problem(answer, 415, "not_json")["detail"]
    plain = {**sent, "data": title, "headers": {"Content-Encoding": "identity"}}
    assert client.post("/api/projects", **plain).status_code == 201


@pytest.mark.parametrize("path", ["/metrics", "/api/health", "/api/runs/summary"])
@pytest.mark.parametrize("query", ["?=", "?=1", "?&=x"])
def test_a_parameter_without_a_name_is_told_as_one(shared: Shared, path: str, query: str) -> None:
    found = problem(shared.client.get(path + query), 422, "invalid")
    assert found["errors"] == {"query": ["has a parameter without a name"]}


def test_json_with_a_charset_or_a_suffix_is_json(client: FlaskClient) -> None:
    for kind in ("application/json; charset=utf-8", "application/merge-patch+json"):
        answer = client.post("/api/projects", data=b'{"title": "x"}', content_type=kind)
        assert answer.status_code == 201


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_two_mebibytes_is_413(client: FlaskClient, chunked: bool) -> None:
    raw = b'{"title": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    terminated = {"wsgi.input_terminated": True} if chunked else {}
    answer = client.post(
        "/api/projects",
        data=raw,
        content_type="application/json",
        environ_overrides=terminated,
        **({"content_length": None} if chunked else {}),
    )

    problem(answer, 413, "too_large")


def test_a_wrong_method_says_which_are_allowed(shared: Shared) -> None:
    answer = shared.client.patch("/api/projects")

    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api/projects/", "/api/../x"])
def test_an_unknown_address_is_404(shared: Shared, path: str) -> None:
    problem(shared.client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "", "[::1", "localhost:x",
             "127.0.0.1.evil.example", "localhost.", "a b"]
)  # fmt: skip
def test_a_foreign_host_is_421(shared: Shared, host: str) -> None:
    answer = shared.client.get("/api/projects", headers={"Host": host})

    problem(answer, 421, "foreign_host")
    assert "CRUCIBLE_ALLOWED_HOSTS" in answer.get_json()["hint"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8765", "127.0.0.1:8765", "127.8.9.1", "[::1]:8765"]
)
def test_loopback_names_are_served(shared: Shared, host: str) -> None:
    assert shared.client.get("/api/projects", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:9999", "file://", "http://[", "",
     "https://localhost.evil.example"],
)  # fmt: skip
def test_a_write_from_a_foreign_page_is_403(shared: Shared, origin: str) -> None:
    for send in (shared.client.post, shared.client.put, shared.client.delete):
        answer = send("/api/projects", json={"title": "x"}, headers={"Origin": origin})
        problem(answer, 403, "forbidden")
    assert shared.client.get("/api/projects", headers={"Origin": origin}).status_code == 200


def test_a_write_from_the_own_page_is_served(client: FlaskClient) -> None:
    headers = {"Host": "localhost:8765", "Origin": "http://localhost:8765"}

    assert client.post("/api/projects", json={"title": "x"}, headers=headers).status_code == 201


def test_every_answer_has_the_guarding_headers(client: FlaskClient) -> None:
    for path in ("/", "/api/health", "/api/nothing"):
        answer = client.get(path)
        headers = answer.headers
        answer.close()
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_a_fault_of_ours_tells_nothing(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail(*_args: Any, **_named: Any) -> None:
        raise ZeroDivisionError(f"secret {KEY}")

    monkeypatch.setattr("crucible.services.projects.list_projects", fail)
    answer = client.get("/api/projects")

    problem(answer, 500, "internal")
    assert "secret" not in answer.text and "ZeroDivision" not in answer.text
    assert KEY not in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_broken_constraint_is_a_fault_of_ours(
    client: FlaskClient, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.services.projects.new_id", lambda: project_id)
    answer = client.post("/api/projects", json={"title": "x"})

    problem(answer, 500, "internal")
    assert "UNIQUE" not in answer.text
    monkeypatch.undo()
    assert client.post("/api/projects", json={"title": "x"}).status_code == 201


def test_the_key_is_never_echoed(client: FlaskClient, project_id: str, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        client.get(f"/api/projects/{KEY}"),
        client.get(f"/api/runs/{KEY}"),
        client.get(f"/api/runs/summary?sort={KEY}"),
        client.get(f"/api/runs/summary?{KEY}=1"),
        client.post("/api/projects", json={"title": "x", KEY: 1}),
        client.post(f"/api/projects/{project_id}/runs", json={"mode": KEY}),
        client.get("/api/health"),
        client.get(f"/{KEY}"),
    ]

    assert not any(KEY in answer.text for answer in answers)
    assert KEY not in caplog.text


def test_a_database_that_is_locked_is_503(
    client: FlaskClient, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crucible.db.waiting.BUSY_TIMEOUT_MS", 20)
    with Holder(url):
        body = problem(client.post("/api/projects", json={"title": "x"}), 503, "unavailable")
        assert client.get("/api/projects").status_code == 200

    assert "locked" in body["detail"]
    assert client.post("/api/projects", json={"title": "x"}).status_code == 201


def application(url: str) -> Flask:
    environ = {"CRUCIBLE_DATABASE_URL": url, "CRUCIBLE_LLM_API_KEY": KEY}
    return create_app(config.load(environ), clock=FakeClock())


@pytest.mark.parametrize("content", [b"", b"this is not a database, whatever its name says" * 99])
def test_a_database_that_cannot_serve_is_503_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.sqlite3"
    file.write_bytes(content)
    app = application(f"sqlite:///{file}")
    health = app.test_client().get("/api/health")

    assert health.status_code == 503
    assert health.get_json()["status"] == "unavailable"
    assert health.get_json()["database"]["note"]
    problem(app.test_client().get("/api/projects"), 503, "unavailable")
    with app.app_context():
        db.engine.dispose()


def test_writers_wait_for_each_other(app: Flask) -> None:
    """Ten at once, each reading before it writes: without the write lock from the start, some
    would fail when they tried to upgrade."""
    answers: list[int] = []
    gate = threading.Barrier(10)
    where = (
        f"/api/projects/{app.test_client().post('/api/projects', json={'title': 'x'}).json['id']}"
    )

    def write() -> None:
        client = app.test_client()
        gate.wait()
        answers.append(client.put(where, json={"title": "y"}).status_code)
        answers.append(client.post(f"{where}/runs").status_code)

    threads = [threading.Thread(target=write) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200] * 10 + [202] * 10
    runs = app.test_client().get("/api/runs/summary").get_json()["runs"]
    assert sorted(run["number"] for run in runs) == list(range(1, 11))


def test_a_write_that_fails_leaves_nothing(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), pytest.raises(Invalid), writing() as session:
        add_project(session)
        raise Invalid("no")

    assert client.get("/api/projects").get_json() == {"projects": []}
