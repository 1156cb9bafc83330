"""Keys and passwords go in and never come out, and what is kept is its owner's alone."""

import json
import logging
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from tests.cli.process import environment, inside
from tests.fakes import FakeClock
from tests.lab import Lab

from crucible import config, migrate
from crucible.api import create_app
from crucible.api.database import db
from crucible.api.state import NAME
from crucible.cli import main
from crucible.db import Database
from crucible.execution.queue import CeleryQueue

KEY = "sk-proj-5fd1c0ffee8a41b2"
TOKEN = "token-7d2e9a41c6f0b358"
DATABASE_PASSWORD = "database-pass-9c41"
BROKER_PASSWORD = "broker-pass-71be"
SECRETS = (KEY, TOKEN, DATABASE_PASSWORD, BROKER_PASSWORD)
# Nobody answers there.
UNREACHABLE = {
    "CRUCIBLE_DATABASE_URL": f"postgresql://me:{DATABASE_PASSWORD}@127.0.0.1:1/history",
    "CRUCIBLE_EXECUTOR": "celery",
    "CRUCIBLE_BROKER_URL": f"redis://me:{BROKER_PASSWORD}@127.0.0.1:1/0",
}
SECRET_SETTINGS = {
    "CRUCIBLE_LLM_API_KEY": KEY,
    "CRUCIBLE_LLM_BASE_URL": "http://127.0.0.1:1/v1",
    "CRUCIBLE_API_TOKEN": TOKEN,
}


def test_every_setting_that_holds_a_secret_is_known_as_one() -> None:
    settings = config.load({**UNREACHABLE, **SECRET_SETTINGS})
    assert set(SECRETS) <= set(settings.secrets())
    assert not [secret for secret in SECRETS if secret in f"{settings!r} {settings}"]
    marked = {setting.name for setting in config.SETTINGS if setting.secret}
    assert marked == {"DATABASE_URL", "LLM_API_KEY", "BROKER_URL", "API_TOKEN"}


@pytest.mark.parametrize("name", ["DATABASE_URL", "BROKER_URL", "API_TOKEN"])
def test_a_setting_that_is_wrong_is_named_and_not_shown(name: str) -> None:
    wrong = {"API_TOKEN": f"{TOKEN}\u00e9"}.get(name, f"://{DATABASE_PASSWORD}@[/")
    said = inside("runs", env=environment(**{f"CRUCIBLE_{name}": wrong}))
    assert said.returncode == 2
    assert f"CRUCIBLE_{name}" in said.stderr
    assert wrong not in said.stderr and DATABASE_PASSWORD not in said.stderr


@pytest.fixture(params=["works", "out of reach"])
def application(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """With a database and a broker that work, and with such that do not."""
    environ = {**UNREACHABLE, **SECRET_SETTINGS}
    if request.param == "works":
        environ["CRUCIBLE_DATABASE_URL"] = f"sqlite:///{tmp_path}/data.sqlite3"
        migrate.ensure(environ["CRUCIBLE_DATABASE_URL"])
    settings = config.load(environ)
    queue = CeleryQueue(settings, Database.open(settings.database_url))
    app = create_app(settings, executor=queue, clock=FakeClock())
    yield app
    with app.app_context():
        db.engine.dispose()


def _paths(app: Flask, secrets: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            for part in ("some-run", *secrets):
                path = rule.rule
                for name in rule.arguments:
                    path = path.replace(f"<{name}>", part).replace(f"<path:{name}>", part)
                yield method, path
                if not rule.arguments:
                    break


def test_no_answer_of_the_api_and_no_line_of_the_log_has_one(
    application: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "crucible")
    client = application.test_client()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    statuses = set()
    secrets = application.extensions[NAME].settings.secrets()
    assert {KEY, TOKEN, BROKER_PASSWORD} <= set(secrets)
    for method, path in _paths(application, secrets):
        bodies: list[Any] = [None] if method in ("GET", "HEAD", "OPTIONS") else [
            {}, {"title": KEY}, {"title": "x", BROKER_PASSWORD: 1}, {"token": f"{TOKEN}x"},
        ]  # fmt: skip
        for body in bodies:
            data = None if body is None else json.dumps(body)
            answer = client.open(
                path, method=method, headers=headers, data=data,
                content_type=data and "application/json", query_string={"sort": KEY},
            )  # fmt: skip
            statuses.add(answer.status_code)
            shown = f"{answer.headers}{answer.get_data(as_text=True)}"
            # What somebody wrote as a title is theirs.
            mine = body is not None and body.get("title") == KEY and answer.status_code == 201
            for secret in secrets:
                assert mine or secret not in shown, (method, path, secret)
            answer.close()
    assert {200, 404, 422} <= statuses
    for secret in secrets:
        assert secret not in caplog.text


def _commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *above, name)
        else:
            yield (*above, name)


# They go on until they are told to stop, or read what is typed.
LASTING = {("serve",), ("worker",), ("mcp",), ("runs", "watch"), ("model", "fetch")}


@pytest.mark.parametrize("reachable", [True, False], ids=["works", "out of reach"])
def test_no_command_shows_one(
    lab: Lab, reachable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # `db backup` makes a file of any name it is given
    run = lab.create(1, 1)
    works = {"CRUCIBLE_DATABASE_URL": lab.environ["CRUCIBLE_DATABASE_URL"],
             "CRUCIBLE_BROKER_URL": UNREACHABLE["CRUCIBLE_BROKER_URL"]}  # fmt: skip
    env = environment(**SECRET_SETTINGS, **(works if reachable else UNREACHABLE))
    tried = 0
    for command in _commands(main):
        if command in LASTING:
            continue
        for arguments in ((run,), ("--format", "json")):
            said = inside("--debug", *command, *arguments, env=env)
            tried += 1
            for secret in SECRETS:
                assert secret not in said.stdout + said.stderr, (command, arguments)
    assert tried > 40


def test_what_is_kept_holds_no_key(lab: Lab) -> None:
    assert lab.run(1, 1).status == "completed"
    kept = lab.bytes_on_disk()
    assert b"completed" in kept and lab.environ["CRUCIBLE_LLM_API_KEY"].encode() not in kept


# Files


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
def test_a_new_history_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine" / "deeper" / "crucible.sqlite3"
    url = f"sqlite:///{file}"
    migrate.ensure(url)
    database = Database.open(url)
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE crucible_projects SET title = title")
        beside = {path.name: rights(path) for path in file.parent.iterdir()}
    database.close()
    assert rights(file.parent) == 0o700
    assert beside == dict.fromkeys([file.name, f"{file.name}-wal", f"{file.name}-shm"], 0o600)


@pytest.mark.usefixtures("usual_umask")
def test_a_history_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "shared.sqlite3"
    sqlite3.connect(file).close()
    file.touch(0o644)
    tmp_path.chmod(0o755)
    migrate.ensure(f"sqlite:///{file}")
    assert (rights(file), rights(tmp_path)) == (0o644, 0o755)
