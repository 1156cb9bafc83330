"""What somebody without the token learns of this server's secrets by asking: nothing.

Two servers that differ in their secrets alone are asked the same; their answers are the same.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.api.conftest import disposed
from tests.fakes import FakeClock
from tests.seed import add_project, add_run

from crucible import config
from crucible.api import create_app
from crucible.db import Database

TOKEN, OTHER_TOKEN = "sunshine-4711-sunshine", "moonlight-0815-moonlight"
KEY, OTHER_KEY = "kkey", "zzzz"
GUESSES = [TOKEN, TOKEN[:12], TOKEN.upper(), f"x{TOKEN}y", KEY, f"a{KEY}b"]
_same = {"X-Request-Id": "one"}


def made(url: str, token: str, key: str) -> Flask:
    environ = {"DATABASE_URL": url, "API_TOKEN": token, "LLM_API_KEY": key}
    settings = config.load({f"CRUCIBLE_{name}": value for name, value in environ.items()})
    return create_app(settings, clock=FakeClock(), started="x")


@pytest.fixture
def servers(database: Database, url: str) -> Iterator[list[FlaskClient]]:
    with (
        disposed(made(url, TOKEN, KEY)) as one,
        disposed(made(url, OTHER_TOKEN, OTHER_KEY)) as other,
        disposed(made(url, TOKEN, OTHER_KEY)) as other_key,
    ):
        yield [app.test_client() for app in (one, other, other_key)]


def told(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.data, sorted(answer.headers.items())


def without_token(guess: str) -> list[tuple[str, str, dict[str, Any]]]:
    name = quote(guess, safe="")
    signing = "/api/session"
    return [
        ("GET", f"/api/health?{name}=1", {}),
        ("GET", f"/api/session?{name}={name}", {}),
        ("GET", f"/api/health/{name}", {}),
        ("GET", f"/api/{name}", {}),
        ("GET", f"/metrics?{name}=1", {}),
        ("GET", f"/{name}", {}),
        ("GET", f"/assets/{name}", {}),
        ("GET", f"//{name}//x", {}),
        ("GET", signing, {"headers": {"Cookie": f"crucible_session={name}; {name}=1"}}),
        ("GET", f"/{name}", {"headers": {"Accept": guess, "Referer": f"http://localhost/{name}"}}),
        ("GET", signing, {"headers": {"Host": f"{name}.example"}}),
        ("POST", signing, {"json": {guess: guess}}),
        ("POST", signing, {"json": {f"n{n}": n for n in range(60)} | {guess: 1}}),
        ("POST", signing, {"json": {"token": {guess: [guess]}}}),
        ("POST", signing, {"data": guess, "content_type": "application/json"}),
        ("POST", signing, {"data": "{}", "content_type": f"text/{name}"}),
        ("POST", signing, {"json": {}, "headers": {"Content-Encoding": guess}}),
        ("POST", signing, {"json": {}, "headers": {"Origin": f"http://{name}"}}),
        (guess.upper(), signing, {}),
    ]


@pytest.mark.parametrize("guess", GUESSES)
def test_without_the_token_a_guess_is_answered_as_any_other(
    servers: list[FlaskClient], guess: str
) -> None:
    for method, path, sent in without_token(guess):
        given = {**sent, "headers": {**_same, **sent.get("headers", {})}}
        one, *others = [told(each.open(path, method=method, **given)) for each in servers]
        assert others == [one, one], (method, path, sent)
        assert one[0] < 500


@pytest.mark.parametrize("guess", [KEY, f"a{KEY}b", KEY.upper()])
def test_with_the_token_the_key_is_no_easier_to_guess(
    servers: list[FlaskClient], database: Database, guess: str
) -> None:
    """The key can be set, and never read."""
    asked: list[tuple[str, str, dict[str, Any]]] = [
        *without_token(guess),
        ("GET", f"/api/runs/summary?{guess}=1", {}),
        ("GET", f"/api/runs/summary?sort={guess}", {}),
        ("GET", f"/api/runs/{guess}", {}),
        ("GET", f"/api/projects/{guess}", {}),
        ("POST", "/api/projects", {"json": {"title": "x", guess: 1}}),
    ]
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with database.writing() as session:
        add_run(session, add_project(session, title=f"About {guess}"))
    asked += [("GET", "/metrics", {}), ("GET", "/api/projects", {})]
    for method, path, sent in asked:
        given = {
            **sent,
            "headers": {**_same, **bearer, **sent.get("headers", {})},
        }
        one, other = (
            told(each.open(path, method=method, **given)) for each in (servers[0], servers[2])
        )
        assert one == other, (method, path, sent)
        assert one[0] < 500
