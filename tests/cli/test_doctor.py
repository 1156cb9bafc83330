"""`crucible doctor`: what it finds, what it says to do, and that it leaves everything alone."""

import json
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from alembic import command
from tests.api.conftest import FakeExecutor
from tests.cli.serving import answering, says, served
from tests.engines import Holder
from tests.fakes import FakeClock
from tests.lab import KEY, Lab

import crucible
from crucible import config, doctor, extras, migrate
from crucible.api import create_app
from crucible.clock import SystemClock
from crucible.doctor import disk, examining, memory, model, sqlite_file
from crucible.doctor.examining import Check
from crucible.doctor.finding import ok
from crucible.models import Run

from .process import Answer, inside, on_terminal

NAMES = [
    *("python", "page", "settings", "exposure", "database", "schema", "disk", "model", "prices"),
    *("model_call", "server", "executor", "runs", "clock"),
]


@pytest.fixture
def env(env: dict[str, str], unused_tcp_port: str) -> dict[str, str]:
    return {**env, "CRUCIBLE_PORT": unused_tcp_port}


@pytest.fixture
def unused_tcp_port() -> str:
    import socket  # noqa: PLC0415 - here alone

    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def asked(env: dict[str, str], *words: str) -> tuple[Answer, dict[str, Any]]:
    answer = inside("doctor", "--format", "json", *words, env=env)
    found = json.loads(answer.stdout)
    return answer, {check["name"]: check for check in found["checks"]}


def test_a_sound_installation_passes_and_is_left_alone(lab: Lab, env: dict[str, str]) -> None:
    run = lab.run(1, 1)
    lab.close()
    before, requests = lab.bytes_on_disk(), len(lab.stub.requests)
    answer, checks = asked(env)
    assert answer.returncode == 0, checks
    assert list(checks) == NAMES
    for check in checks.values():
        assert set(check) == {"name", "status", "detail", "fix", "seconds"}
        assert check["status"] in ("ok", "skipped") or check["name"] == "page", check
        assert (check["fix"] is None) == (check["status"] in ("ok", "skipped"))
    assert json.loads(answer.stdout)["version"] == crucible.__version__
    assert "gpt-5-mini answered in" in checks["model_call"]["detail"]
    assert "it takes json_schema" in checks["model_call"]["detail"]
    assert ", $0.0000" in checks["model_call"]["detail"]
    assert f"revision {migrate.HEAD}" in checks["schema"]["detail"]
    assert "by genai-prices" in checks["prices"]["detail"]
    assert "of the endpoint's" in checks["clock"]["detail"]
    assert KEY not in answer.stdout + answer.stderr
    # One question more, of which no ledger knows.
    assert len(lab.stub.requests) == requests + 1
    assert len(lab.calls(run.id)) == requests
    lab.close()
    assert lab.bytes_on_disk() == before


def test_a_journal_of_another_kind_is_named_and_stays(lab: Lab, env: dict[str, str]) -> None:
    lab.close()
    with closing(sqlite3.connect(lab.file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    _, checks = asked(env, "--offline")
    assert "its journal is `delete`" in checks["database"]["detail"]
    with closing(sqlite3.connect(lab.file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_offline_calls_no_model(lab: Lab, env: dict[str, str]) -> None:
    _, checks = asked(env, "--offline")
    assert lab.stub.requests == []
    assert checks["model_call"]["status"] == "skipped"
    assert checks["database"]["status"] == "ok"


def test_nothing_is_made_where_there_is_nothing(env: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "nobody's folder"
    file = f"sqlite:///{folder}/x.sqlite3"
    default = {"CRUCIBLE_DATABASE_URL": "", "HOME": str(tmp_path), "XDG_DATA_HOME": str(folder)}
    for given in ({"CRUCIBLE_DATABASE_URL": file}, default):
        answer, checks = asked({**env, **given}, "--offline")
        assert answer.returncode == 0
        assert "there is no history yet; `crucible serve`" in checks["database"]["detail"]
        assert f"as {folder}/" in checks["database"]["detail"]
        names = ("database", "schema", "runs")
        assert [checks[name]["status"] for name in names] == ["skipped"] * 3
        assert not folder.exists()


def test_settings_are_judged_one_by_one(lab: Lab, env: dict[str, str]) -> None:
    secret = "sk-2b7e151628aed2a6abf7"
    _, checks = asked(
        {
            **env,
            "CRUCIBLE_CONCURRENCY": "many",
            "CRUCIBLE_LEASE_SECONDS": "0",
            "CRUCIBLE_LLM_APIKEY": secret,
            "CRUCIBEL_LLM_MODEL": "x",
            "crucible_port": "1",
            "CRUCIBLE_COLOUR_OF_THE_SKY": "blue",
        },
        "--offline",
    )
    found = checks["settings"]
    assert found["status"] == "failed"
    assert "CRUCIBLE_CONCURRENCY: 'many' is not a whole number from 1 to 256" in found["detail"]
    assert "CRUCIBLE_LEASE_SECONDS: '0' is not" in found["detail"]
    assert "CRUCIBLE_LLM_APIKEY is no setting; CRUCIBLE_LLM_API_KEY is one" in found["detail"]
    assert "CRUCIBEL_LLM_MODEL is no setting; CRUCIBLE_LLM_MODEL is one" in found["detail"]
    assert "crucible_port is no setting; CRUCIBLE_PORT is one" in found["detail"]
    assert "CRUCIBLE_COLOUR_OF_THE_SKY is no setting;" in found["detail"]
    assert "unset CRUCIBLE_CONCURRENCY" in found["fix"]
    assert secret not in json.dumps(checks)
    # They are not what the rest rests on.
    assert checks["database"]["status"] == "ok"


def test_what_rests_on_a_broken_setting_is_not_judged_by_its_default(env: dict[str, str]) -> None:
    password = "correct-horse-battery"
    _, checks = asked({**env, "CRUCIBLE_DATABASE_URL": f"no://address:{password}@h:p/x"})
    assert checks["settings"]["status"] == "failed"
    assert checks["database"]["detail"] == "CRUCIBLE_DATABASE_URL cannot be read"
    assert [checks[name]["status"] for name in ("database", "schema")] == ["skipped"] * 2
    assert checks["model_call"]["status"] == "ok"
    assert password not in json.dumps(checks)


def test_settings_that_are_not_used_are_named(env: dict[str, str]) -> None:
    _, checks = asked({**env, "CRUCIBLE_LLM": "local"}, "--offline")
    assert checks["settings"]["status"] == "warning"
    assert "CRUCIBLE_LLM_BASE_URL is set and not used" in checks["settings"]["detail"]


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({}, "ok", "to this machine only; no token is asked for"),
        ({"HOST": "::1", "API_TOKEN": "x" * 32}, "ok", "a token is asked for"),
        ({"API_TOKEN": "hunter2"}, "warning", "7 characters"),
        ({"HOST": "0.0.0.0"}, "failed", "refuses to start"),
        ({"HOST": "crucible.example"}, "failed", "is no address"),
        ({"HOST": "0.0.0.0", "API_TOKEN": "x" * 32}, "ok", "with a token"),
        ({"LLM_BASE_URL": "http://llm.example/v1"}, "warning", "without TLS"),
    ],
)
def test_exposure(env: dict[str, str], given: dict[str, str], status: str, words: str) -> None:
    settings = {f"CRUCIBLE_{name}": value for name, value in given.items()}
    _, checks = asked({**env, **settings}, "--offline")
    assert checks["exposure"]["status"] == status
    assert words in checks["exposure"]["detail"]
    assert "hunter2" not in json.dumps(checks)
    assert (checks["exposure"]["fix"] is None) == (status == "ok")


def test_an_older_schema_is_named_and_not_upgraded(env: dict[str, str], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.sqlite3"
    command.upgrade(migrate.config(url), "0001")
    answer, checks = asked({**env, "CRUCIBLE_DATABASE_URL": url}, "--offline")
    assert (answer.returncode, checks["schema"]["fix"]) == (1, "crucible db upgrade")
    assert "revision 0001 is older" in checks["schema"]["detail"]
    assert checks["runs"]["status"] == "skipped"
    assert migrate.revision(url) == "0001"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer than this version knows"),
        ("DROP TABLE alembic_version", "it has no tables"),
    ],
)
def test_a_schema_that_is_another(lab: Lab, env: dict[str, str], change: str, words: str) -> None:
    with sqlite_file.opened(lab.file) as connection:
        connection.execute(change)
    connection.close()
    answer, checks = asked(env, "--offline")
    assert (answer.returncode, checks["schema"]["status"]) == (1, "failed")
    assert words in checks["schema"]["detail"]
    assert checks["schema"]["fix"]


def test_a_file_that_is_no_database(lab: Lab, env: dict[str, str]) -> None:
    lab.close()
    lab.file.write_text("something else entirely, and longer than a header of a database " * 20)
    _, checks = asked(env, "--offline")
    assert checks["database"]["status"] == "failed"
    assert "file is not a database" in checks["database"]["detail"]
    assert "crucible db backup" in checks["database"]["fix"]
    assert checks["disk"]["status"] == "ok"


def test_damage_is_found(lab: Lab, env: dict[str, str]) -> None:
    lab.run(1, 1)
    lab.close()
    content = bytearray(lab.file.read_bytes())
    for page in range(8, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    lab.file.write_bytes(content)
    _, checks = asked(env, "--offline")
    assert checks["database"]["status"] == "failed"
    assert "stop the server" in checks["database"]["fix"]


def test_a_large_file_is_not_read_to_its_end(
    lab: Lab, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_file.opened(lab.file) as connection:
        numbers = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        connection.execute(f"CREATE TABLE filler AS {numbers} SELECT i FROM n")
    connection.close()
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    _, checks = asked(env, "--offline")
    assert checks["database"]["status"] == "ok"
    assert "too large to be checked whole" in checks["database"]["detail"]


def test_a_lock_that_stays_is_named(
    lab: Lab, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.01)
    with Holder(lab.settings.database_url):
        _, checks = asked(env, "--offline")
    assert checks["database"]["status"] == "warning"
    assert "somebody has been writing" in checks["database"]["detail"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_cannot_be_written_is_named(lab: Lab, env: dict[str, str], what: str) -> None:
    lab.close()
    path = lab.file if what == "file" else lab.folder
    path.chmod(0o500)
    _, checks = asked(env, "--offline")
    path.chmod(0o700)
    assert checks["database"]["status"] == "failed"
    assert "not writable for this user" in checks["database"]["detail"]
    assert checks["schema"]["status"] in ("failed", "ok")


def test_a_folder_that_cannot_be_one(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    file = tmp_path / "a file" / "deep" / "x.sqlite3"
    _, checks = asked({**env, "CRUCIBLE_DATABASE_URL": f"sqlite:///{file}"}, "--offline")
    assert checks["database"]["status"] == "failed"
    assert f"{tmp_path / 'a file'} is no folder" in checks["database"]["detail"]
    assert [checks[name]["status"] for name in ("schema", "disk")] == ["skipped", "ok"]


@pytest.mark.parametrize(("mode", "words"), [(0o620, "may write"), (0o604, "may read")])
def test_rights_that_are_too_wide(lab: Lab, env: dict[str, str], mode: int, words: str) -> None:
    lab.file.chmod(mode)
    lab.folder.chmod(0o711)
    _, checks = asked(env, "--offline")
    assert checks["database"]["status"] == "warning"
    assert words in checks["database"]["detail"]
    assert checks["database"]["fix"].startswith("chmod ")


def test_network_file_systems_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "20 1 0:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "21 20 0:2 / /srv/my\\040files rw - nfs4 server:/export rw\n"
        "22 21 0:3 / /srv/my\\040files/local rw - xfs /dev/sdb1 rw\n"
    )
    monkeypatch.setattr(sqlite_file, "MOUNTS", mounts)
    assert sqlite_file.file_system(Path("/srv")) == "ext4"
    assert sqlite_file.file_system(Path("/srv/my files/deep")) == "nfs4"
    assert sqlite_file.file_system(Path("/srv/my files/local")) == "xfs"
    found = list(sqlite_file._file_system(Path("/srv/my files")))
    assert [(each.status, "network file system (nfs4)" in each.said) for each in found] == [
        ("warning", True)
    ]


@pytest.mark.parametrize(
    ("free", "status"), [(50_000_000, "failed"), (500_000_000, "warning"), (5_000_000_000, "ok")]
)
def test_room_on_the_disk(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, free: int, status: str
) -> None:
    monkeypatch.setattr(
        disk, "shutil", SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=free))
    )
    _, checks = asked(env, "--offline")
    assert checks["disk"]["status"] == status
    assert (checks["disk"]["fix"] is None) == (status == "ok")


@pytest.mark.parametrize(
    ("behaviour", "status", "words", "fix"),
    [
        ("no usage", "warning", "does not report its usage", "usage"),
        ("prose", "warning", "does not follow the schema", "CRUCIBLE_LLM_MODEL"),
        ("cut off", "ok", "before it had ended", None),
        ("status 401", "failed", "401 (not authorised)", "CRUCIBLE_LLM_API_KEY"),
        ("status 429", "failed", "429 (rate limited)", "quota"),
        ("status 404: no such model", "failed", "no such model", "CRUCIBLE_LLM_MODEL"),
        ("hang up", "failed", "hung up", "curl"),
        ("raw: {}", "failed", "not a chat completion", "CRUCIBLE_LLM_BASE_URL"),
    ],
)
def test_the_tiny_call(
    lab: Lab, env: dict[str, str], behaviour: str, status: str, words: str, fix: str | None
) -> None:
    lab.stub.plan = lambda n, body: behaviour
    answer, checks = asked(env)
    found = checks["model_call"]
    assert (found["status"], answer.returncode) == (status, int(status == "failed")), found
    assert words in found["detail"]
    assert found["fix"] is None if fix is None else fix in found["fix"]


def test_an_endpoint_without_schemas_is_asked_in_words(lab: Lab, env: dict[str, str]) -> None:
    lab.stub.plan = lambda n, body: (
        "status 400: response_format is unknown" if "response_format" in body else "raw: " + WORDS
    )
    _, checks = asked(env)
    assert checks["model_call"]["status"] == "ok"
    assert "refused the format json_object; text was asked for" in checks["model_call"]["detail"]
    assert "its answer follows the schema" in checks["model_call"]["detail"]


WORDS = json.dumps(
    {
        "model": "m",
        "choices": [{"message": {"content": '{"ok": true}'}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5},
    }
)


def test_what_a_provider_says_is_scrubbed(lab: Lab, env: dict[str, str]) -> None:
    lab.stub.plan = lambda n, body: f"status 401: wrong key {KEY} \x1b[31mred\x07"
    answer, checks = asked(env)
    assert "[removed]" in checks["model_call"]["detail"]
    table = inside("doctor", env=env)
    for text in (answer.stdout, table.stdout):
        assert KEY not in text
        assert "\x1b" not in text and "\x07" not in text


def test_an_endpoint_that_is_not_there(env: dict[str, str], unused_tcp_port: str) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port}/v1"
    _, checks = asked({**env, "CRUCIBLE_LLM_BASE_URL": base})
    assert checks["model_call"]["status"] == "failed"
    assert f"curl -i {base}/models" in checks["model_call"]["fix"]
    assert checks["clock"]["status"] == "ok"
    assert "could not be asked" in checks["clock"]["detail"]


def test_a_model_without_a_price(env: dict[str, str]) -> None:
    _, checks = asked({**env, "CRUCIBLE_LLM_MODEL": "of-my-own"})
    assert checks["prices"]["status"] == "warning"
    assert "no price is known of of-my-own" in checks["prices"]["detail"]
    assert "CRUCIBLE_PRICES" in checks["prices"]["fix"]
    assert "cost unknown" in checks["model_call"]["detail"]


def test_prices_are_told_by_the_million_tokens(env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    rates = {"input_usd_per_million": "0.25", "output_usd_per_million": "2"}
    own = {"provider": "openai", "model": "of-my-own", **rates}
    file.write_text(json.dumps({"version": "1", "prices": [own]}))
    _, checks = asked(
        {**env, "CRUCIBLE_PRICES": str(file), "CRUCIBLE_LLM_MODEL": "of-my-own"}, "--offline"
    )
    assert "of openai: $0.25 in, $2 out per million tokens, by " in checks["prices"]["detail"]


def test_a_price_list_that_cannot_be_read(env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text("{}")
    _, checks = asked({**env, "CRUCIBLE_PRICES": str(file)}, "--offline")
    assert checks["prices"]["status"] == "failed"
    assert "is not a price list" in checks["prices"]["detail"]


def test_the_embedded_model(env: dict[str, str], tmp_path: Path) -> None:
    local = {**env, "CRUCIBLE_LLM": "local", "XDG_CACHE_HOME": str(tmp_path)}
    _, checks = asked(local, "--offline")
    assert checks["model"]["status"] == "failed"
    assert "has not been fetched" in checks["model"]["detail"]
    assert "crucible model fetch" in checks["model"]["fix"]
    assert list(tmp_path.rglob("*.gguf*")) == []
    named = tmp_path / "mine.gguf"
    named.write_bytes(b"GGUF and more")
    _, checks = asked({**local, "CRUCIBLE_LOCAL_MODEL": str(named)}, "--offline")
    assert "mine.gguf" in checks["model"]["detail"]
    assert "costs nothing" in checks["prices"]["detail"]


def test_memory_that_is_short_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 900_000_000)
    (found,) = model._room(1_117_320_768)
    assert (found.status, "1.62 GB of memory" in found.said) == ("warning", True)
    monkeypatch.setattr(memory, "available", lambda: None)
    assert list(model._room(1_117_320_768)) == []


def test_memory_is_that_of_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 8 kB\nMemAvailable: 4000000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available() == 4_096_000_000
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "memory.current").write_text("700000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 200000000\n")
    assert memory.available() == 500_000_000


@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [
        (timedelta(seconds=5), "ok", "within"),
        (timedelta(hours=-2), "warning", "s behind the endpoint's"),
        (timedelta(days=3), "failed", "days ahead of the endpoint's"),
        (timedelta(days=-20_000), "failed", "it says that it is"),
    ],
)
def test_a_clock_that_is_off(
    lab: Lab, env: dict[str, str], ahead: timedelta, status: str, words: str
) -> None:
    clock = FakeClock(SystemClock().now() + ahead)
    found = {check["name"]: check for check in doctor.examine(env, clock=clock)}
    assert found["clock"]["status"] == status, found["clock"]
    assert words in found["clock"]["detail"]


def test_a_clock_that_is_behind_the_history(lab: Lab, env: dict[str, str]) -> None:
    lab.create(1, 1)
    clock = FakeClock(SystemClock().now() - timedelta(minutes=5))
    *_, found = doctor.examine(env, clock=clock, offline=True)
    assert (found["status"], "behind the history" in found["detail"]) == ("warning", True), found


def test_a_clock_that_is_set_meanwhile(env: dict[str, str]) -> None:
    clock = FakeClock(SystemClock().now())
    checks = doctor.examine(env, clock=clock, offline=True)
    next(checks)
    clock.wall -= timedelta(seconds=20)
    *_, found = checks
    assert (found["status"], "it was set while" in found["detail"]) == ("warning", True)


def test_runs_that_nobody_takes_up(lab: Lab, env: dict[str, str]) -> None:
    lab.create(1, 1)
    _, checks = asked(env, "--offline")
    assert checks["executor"]["status"] == "ok"
    clock = FakeClock(SystemClock().now() + timedelta(hours=3))
    checks = {check["name"]: check for check in doctor.examine(env, clock=clock, offline=True)}
    assert checks["executor"]["status"] == "warning"
    assert "1 waiting for 3 h, and nobody takes them up" in checks["executor"]["detail"]
    assert checks["executor"]["fix"] == "crucible serve"


def test_a_server_of_another_history_takes_up_nothing_here(
    lab: Lab, env: dict[str, str], tmp_path: Path
) -> None:
    other = {**env, "CRUCIBLE_DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3"}
    migrate.ensure(other["CRUCIBLE_DATABASE_URL"])
    lab.create(1, 1)
    for serving, status in ((other, "warning"), (env, "ok")):
        with served(create_app(config.load(serving), executor=FakeExecutor())) as url:
            _, checks = asked({**env, "CRUCIBLE_PORT": url.rpartition(":")[2]}, "--offline")
        assert checks["executor"]["status"] == status, checks["executor"]
        assert (
            f"1 run waits, and nothing executes this database: the server at {url} serves another"
            in checks["executor"]["detail"]
        ) == (serving is other)


def test_a_lost_run_is_named_and_left_as_it_is(lab: Lab, env: dict[str, str]) -> None:
    run = lab.create(1, 1)
    lab.claim(run)
    with lab.database.writing() as session:
        row = session.get_one(Run, run)
        row.owner = {**(row.owner or {}), "process_started": "1"}
    _, checks = asked(env, "--offline")
    assert checks["runs"]["status"] == "warning"
    assert checks["runs"]["fix"] == f"crucible runs resume {run}"
    assert lab.row(run).status == "running"


def test_a_server_of_this_version(lab: Lab, env: dict[str, str]) -> None:
    app = create_app(config.load(env))
    with served(app) as url:
        _, checks = asked({**env, "CRUCIBLE_PORT": url.rpartition(":")[2]}, "--offline")
    assert checks["server"]["status"] == "ok"
    assert f"{url} serves, version {crucible.__version__}" in checks["server"]["detail"]


HEALTH: dict[str, Any] = {
    **{"status": "ok", "version": "0.0.1"},
    **{"database": {"ok": True, "note": None}, "executor": {"running": True}, "llm": {}},
}


@pytest.mark.parametrize(
    ("status", "health", "found", "words"),
    [
        (200, HEALTH, "warning", "runs version 0.0.1"),
        (503, {**HEALTH, "status": "no", "database": {"note": "gone"}}, "failed", "gone"),
        (200, {"hello": "world"}, "warning", "is taken by something else"),
        (404, [], "warning", "is taken by something else"),
    ],
)
def test_a_server_of_another_kind(
    env: dict[str, str], status: int, health: Any, found: str, words: str
) -> None:
    with answering(says(status, "application/json", json.dumps(health).encode())) as url:
        _, checks = asked({**env, "CRUCIBLE_PORT": url.rpartition(":")[2]}, "--offline")
    assert checks["server"]["status"] == found
    assert words in checks["server"]["detail"]
    assert checks["server"]["fix"]


def test_a_server_elsewhere_is_asked(lab: Lab, env: dict[str, str], tmp_path: Path) -> None:
    token = "a-token-of-some-length"
    settings = config.load({**env, "CRUCIBLE_API_TOKEN": token})
    app = create_app(settings, executor=FakeExecutor())
    elsewhere = {"CRUCIBLE_DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3"}
    with served(app) as url:
        answer, checks = asked({**elsewhere, "CRUCIBLE_API_TOKEN": token}, "--url", url)
        assert answer.returncode == 0, checks
        assert list(checks) == ["python", "settings", "server", "token", "clock"]
        assert {check["status"] for check in checks.values()} == {"ok"}
        assert "of the server's" in checks["clock"]["detail"]
        answer, checks = asked({**elsewhere, "CRUCIBLE_URL": url})
        assert (answer.returncode, checks["token"]["status"]) == (1, "failed")
        assert "CRUCIBLE_API_TOKEN" in checks["token"]["fix"]
    assert token not in json.dumps(checks)
    answer, checks = asked(elsewhere, "--url", url)
    assert (answer.returncode, checks["server"]["status"]) == (1, "failed")
    assert checks["token"]["status"] == "skipped"


def test_a_server_that_looks_at_no_token_for_now(lab: Lab, env: dict[str, str]) -> None:
    token = "a-token-of-some-length"
    app = create_app(config.load({**env, "CRUCIBLE_API_TOKEN": token}), executor=FakeExecutor())
    with served(app) as url:
        wrong = {"Authorization": "Bearer wrong"}
        for _ in range(20):
            requests.get(f"{url}/api/projects", headers=wrong, timeout=10)
        _, checks = asked({**env, "CRUCIBLE_API_TOKEN": token}, "--url", url)
        assert checks["token"]["status"] == "warning"
        assert "it cannot be known now" in checks["token"]["detail"]
        assert re.fullmatch(r"ask again in \d+ s", checks["token"]["fix"])
        runs = inside("runs", "--url", url, env={**env, "CRUCIBLE_API_TOKEN": token})
    assert "too many wrong tokens came from this address" in runs.stderr
    assert re.search(r"Hint: Ask again in \d+ s\.", runs.stderr)


@pytest.fixture
def never() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


def test_a_check_that_hangs_or_breaks_hides_no_other(
    env: dict[str, str], never: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(_case: Any) -> Iterator[Any]:
        yield ok("so far so good")
        never.wait()

    def breaks(_case: Any) -> Iterator[Any]:
        yield ok("well")
        raise KeyError(KEY)

    def fine(_case: Any) -> Iterator[Any]:
        yield ok("fine")

    several = (Check("hangs", hangs, 0.2), Check("breaks", breaks, 5), Check("fine", fine, 5))
    monkeypatch.setattr(examining, "HERE", several)
    answer, checks = asked(env)
    assert answer.returncode == 1
    assert checks["hangs"]["detail"] == "so far so good; it was given up after 0.2 s"
    assert checks["breaks"]["detail"].startswith("well; the check itself broke: KeyError")
    assert [check["status"] for check in checks.values()] == ["failed", "failed", "ok"]
    assert KEY not in answer.stdout


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"DATABASE_URL": "mysql://a:b@127.0.0.1/c"}, "database"),
        ({"DATABASE_URL": "mysql://a:b@db.example/c"}, "database"),
        ({"DATABASE_URL": "sqlite://"}, "database"),
        ({"DATABASE_URL": "postgresql://u:correct-horse@127.0.0.1:1/x"}, "database"),
        ({"LLM": "kosmos"}, "model"),
        ({"PRICES": "/nowhere.json"}, "prices"),
        ({"LOCAL_MODEL": "/nowhere.gguf", "LLM": "local"}, "model"),
        ({"EXECUTOR": "celery", "BROKER_URL": "redis://:correct-horse@127.0.0.1:1/0"}, "executor"),
        ({"HOST": "0.0.0.0"}, "exposure"),
        ({"PORT": "eighty"}, "settings"),
    ],
)
def test_what_failed_comes_with_what_to_do(
    env: dict[str, str], given: dict[str, str], name: str
) -> None:
    settings = {f"CRUCIBLE_{key}": value for key, value in given.items()}
    answer, checks = asked({**env, **settings}, "--offline")
    assert (answer.returncode, checks[name]["status"]) == (1, "failed")
    failing = [check for check in checks.values() if check["status"] == "failed"]
    assert all(check["fix"] for check in failing), failing
    assert "itself broke" not in answer.stdout
    assert "correct-horse" not in answer.stdout


def test_the_command_that_adds_an_extra_is_for_this_installation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for home, start in (
        ("/home/x/.local/share/pipx/venvs/int-crucible", "pipx inject int-crucible 'celery<6,"),
        ("/home/x/.local/share/uv/tools/int-crucible", "uv pip install --python /x/python 'cel"),
        ("/opt/crucible", "/x/python -m pip install 'celery<6,>="),
    ):
        monkeypatch.setattr(extras, "sys", SimpleNamespace(prefix=home, executable="/x/python"))
        assert extras.adding("celery").startswith(start)
        assert " 'redis<9,>=" in extras.adding("celery")


def test_the_page_on_installing_names_every_check() -> None:
    page = Path(__file__).parents[2] / "docs/install.md"
    said = page.read_text(encoding="utf-8").rpartition("Names:")[2]
    here, _, there = said.partition("with `--url`")
    for part, checks in ((here, examining.HERE), (there, examining.THERE)):
        assert re.findall(r"`([a-z_]+)`", part) == [check.name for check in checks]


def test_in_words(lab: Lab, env: dict[str, str]) -> None:
    answer = inside("doctor", "--offline", env={**env, "CRUCIBLE_CONCURENCY": "3"})
    lines = answer.stdout.splitlines()
    assert (answer.returncode, answer.stderr) == (0, "")
    assert lines[0].startswith("✓ ok       python      Int Crucible ")
    (place,) = (n for n, line in enumerate(lines) if line.startswith("▲ warning  settings"))
    assert lines[place + 1].strip() == "→ rename it to CRUCIBLE_CONCURRENCY"
    assert lines[-1].startswith("14 checks: ")
    assert " warning" in lines[-1]


def test_the_home_folder_is_a_tilde_for_people_alone(env: dict[str, str], tmp_path: Path) -> None:
    given = {**env, "HOME": str(tmp_path), "CRUCIBLE_DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    assert " as ~/x.db" in inside("doctor", "--offline", env=given).stdout
    _, checks = asked(given, "--offline")
    assert checks["database"]["detail"].endswith(f" as {tmp_path}/x.db")


def test_on_a_terminal(env: dict[str, str]) -> None:
    shown = on_terminal("doctor", "--offline", env={**env, "HOME": "/nowhere"}, columns=60)
    assert shown.exit_code == 0
    assert "\x1b[32m" in shown.text
    lines = shown.plain.replace("\r", "\n").splitlines()
    assert max(map(len, (line for line in lines if "→" not in line))) <= 60
