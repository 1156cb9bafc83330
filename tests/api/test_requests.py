"""Request ids, compression, and when to come back."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.engines import Holder
from tests.fakes import FakeClock
from tests.seed import add_project, add_run

from crucible.api import pages
from crucible.cli import logs
from crucible.db import Database, waiting
from crucible.scrub import Scrubber

PATHS = ["/api/health", "/api/projects", "/api/runs/nope", "/nothing/here", "/api/runs/summary?x=1"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_an_id(client: FlaskClient, path: str) -> None:
    one, other = client.get(path), client.get(path)
    ids = {answer.headers["X-Request-Id"] for answer in (one, other)}
    assert len(ids) == 2
    assert all(len(each) == 36 for each in ids)
    if one.mimetype == "application/problem+json":
        assert one.get_json()["request_id"] == one.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("abc-123", True),
        ("Trace.1_a", True),
        ("a b", False),
        ("x]: a wrong token came from 203.0.113.9", False),
        ("a/b", False),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("caf\u00e9", False),
        ("a\tb", False),
    ],
)
def test_an_id_that_was_sent_is_kept_if_it_is_sane(
    client: FlaskClient, sent: str, kept: bool
) -> None:
    for path in ("/api/health", "/api/runs/nope"):
        found = client.get(path, headers={"X-Request-Id": sent}).headers["X-Request-Id"]
        assert (found == sent) == kept
        assert found


def test_a_foreign_host_and_a_fault_of_ours_have_one_too(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = client.get("/api/health", headers={"Host": "example.org", "X-Request-Id": "one"})
    assert (foreign.status_code, foreign.headers["X-Request-Id"]) == (421, "one")

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("oops")

    monkeypatch.setattr("crucible.services.projects.list_projects", fail)
    fault = client.get("/api/projects", headers={"X-Request-Id": "two"})
    assert (fault.status_code, fault.get_json()["request_id"]) == (500, "two")


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self.setFormatter(logs.JsonFormatter(Scrubber(["hunter2hunter2"])))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Any:
    handler, logger = Lines(), logging.getLogger("crucible")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield handler.lines
    logger.removeHandler(handler)
    logger.setLevel(before)


def test_a_request_leaves_one_line(
    client: FlaskClient, lines: list[dict[str, Any]], project_id: str
) -> None:
    run = client.post(f"/api/projects/{project_id}/runs", json={}).get_json()["id"]
    lines.clear()
    client.get(f"/api/runs/{run}?q=hunter2hunter2", headers={"X-Request-Id": "me"})
    answer = client.get(f"/api/runs/{run}")
    client.get(f"/api/runs/{run}", headers={"If-None-Match": answer.headers["ETag"]})
    client.head("/api/runs/hunter2hunter2")

    assert [line["status"] for line in lines] == [422, 200, 304, 404]
    first, second, third, last = lines
    assert (first["request_id"], first["method"], first["level"]) == ("me", "GET", "info")
    assert first["path"] == f"/api/runs/{run}"
    assert {line["run_id"] for line in (first, second, third)} == {run}
    assert second["bytes"] == len(answer.data)
    assert (third["bytes"], last["bytes"]) == (0, 0)
    assert last["path"] == "/api/runs/[removed]"
    assert "hunter2" not in json.dumps(lines)
    assert second["time"].endswith("Z") and len(second["time"]) == 24
    assert second["ms"] == 0.0


def test_lines_logged_on_the_way_carry_the_id(
    client: FlaskClient, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("key=hunter2hunter2")

    monkeypatch.setattr("crucible.services.projects.list_projects", fail)
    client.get("/api/projects", headers={"X-Request-Id": "me"})
    logging.getLogger("crucible.x").info("between requests")

    assert [line["request_id"] for line in lines] == ["me", "me", None]
    assert "RuntimeError" in lines[0]["message"]
    assert "hunter2" not in json.dumps(lines)


GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def many(client: FlaskClient, database: Database) -> str:
    with database.writing() as session:
        project = add_project(session)
        for _ in range(20):
            add_run(session, project)
    return "/api/runs/summary"


def test_large_answers_are_compressed_for_who_takes_them_so(client: FlaskClient, many: str) -> None:
    plain, small = client.get(many), client.get(many, headers=GZIP)

    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) == int(small.headers["Content-Length"]) < len(plain.data) / 5
    assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] == small.headers["ETag"]
    head = client.head(many, headers=GZIP)
    assert head.headers["Content-Length"] == small.headers["Content-Length"]
    seen = client.get(many, headers={**GZIP, "If-None-Match": small.headers["ETag"]})
    assert (seen.status_code, seen.headers["Vary"]) == (304, "Accept-Encoding")
    assert "Content-Encoding" not in seen.headers


@pytest.mark.parametrize("takes", ["identity", "br", "gzip;q=0", "deflate, gzip;q=0.0"])
def test_not_for_who_does_not(client: FlaskClient, many: str, takes: str) -> None:
    answer = client.get(many, headers={"Accept-Encoding": takes})
    assert "Content-Encoding" not in answer.headers


def test_small_answers_are_left_alone(client: FlaskClient) -> None:
    assert "Content-Encoding" not in client.get("/api/projects", headers=GZIP).headers


def test_files_of_the_page_are_compressed(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "WEB", tmp_path)
    (tmp_path / "assets").mkdir()
    script, picture = "let x = 1;\n" * 1000, b"\x89PNG" * 1000
    (tmp_path / "assets" / "a-1.js").write_text(script)
    (tmp_path / "assets" / "b-1.png").write_bytes(picture)
    for _ in range(2):
        answer = client.get("/assets/a-1.js", headers=GZIP)
        answer.close()
        assert gzip.decompress(answer.data).decode() == script
        assert answer.headers["Vary"] == "Accept-Encoding"
        tag = answer.headers["ETag"]
        assert tag.startswith("W/")
    with client.get("/assets/a-1.js", headers={**GZIP, "If-None-Match": tag}) as seen:
        assert seen.status_code == 304
    with client.get("/assets/a-1.js") as plain:
        assert plain.text == script
    with client.get("/assets/b-1.png", headers=GZIP) as left_alone:
        assert left_alone.data == picture
    with client.get("/assets/a-1.js", headers={**GZIP, "Range": "bytes=0-3"}) as part:
        assert (part.status_code, part.text) == (206, "let ")


def test_a_locked_database_says_when_to_come_back(
    client: FlaskClient, url: str, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "BUSY_TIMEOUT_MS", 10)
    with Holder(url):
        answer = client.post("/api/projects", json={"title": "x"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_a_live_run_in_the_way_does_too(client: FlaskClient, project_id: str) -> None:
    client.post(f"/api/projects/{project_id}/runs", json={})
    answer = client.delete(f"/api/projects/{project_id}")

    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "10")
    assert "Retry-After" not in client.get("/api/runs/nope").headers


def test_the_clock_of_a_request_is_that_of_the_house(
    client: FlaskClient, clock: FakeClock, lines: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def slow(*_: Any, **__: Any) -> list[Any]:
        clock.advance(0.25)
        return []

    monkeypatch.setattr("crucible.services.projects.list_projects", slow)
    client.get("/api/projects")
    assert lines[-1]["ms"] == 250.0
