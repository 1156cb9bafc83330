"""Which broker, and what is not loaded without one."""

import subprocess
import sys

import pytest
from tests.cli.process import environment, inside

from crucible import config
from crucible.config import DEFAULT_BROKER_URL
from crucible.errors import ConfigError
from crucible.execution import broker


def settings(url: str) -> config.Settings:
    return config.load({"CRUCIBLE_BROKER_URL": url})


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://localhost",
        "redis://:p%40ss@[::1]:6380/3",
        "redis://user:wörd@höst.example:6379/1",
    ],
)
def test_addresses_of_redis_are_taken(url: str) -> None:
    assert settings(url).broker_url == url
    assert "@" not in broker.address(url)


@pytest.mark.parametrize(
    "url",
    [
        "amqp://guest:geheim@localhost//",
        "rediss://localhost:6380/0",
        "http://localhost:6379",
        "redis:///0",
        "redis://host:99999/0",
        "redis://host:6379/zero",
        "redis://host:6379/0?ssl_cert_reqs=none",
        "redis://ho st/0",
        "localhost:6379",
    ],
)
def test_others_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(url)
    assert refused.value.message == (
        "CRUCIBLE_BROKER_URL: its value is not the address of a Redis server, such as "
        "redis://127.0.0.1:6379/0"
    )


def test_its_password_is_a_secret_as_written_and_as_meant() -> None:
    found = settings("redis://:gehe%21m@localhost/0").secrets()
    assert {"gehe%21m", "gehe!m"} <= set(found)
    assert config.load({}).broker_url == DEFAULT_BROKER_URL


@pytest.mark.parametrize("command", [["worker"], ["serve", "--port", "0"]])
def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, command: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "celery", None)
    env = environment(
        CRUCIBLE_EXECUTOR="celery", CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/c.sqlite3"
    )
    ran = inside(*command, env=env)
    assert ran.returncode == 2
    assert "CRUCIBLE_EXECUTOR=celery needs celery, which is not installed" in ran.stderr
    assert "-m pip install 'celery<6" in ran.stderr


def test_what_needs_no_broker_loads_none() -> None:
    code = (
        "import sys, crucible.api, crucible.cli.serve, crucible.cli.worker, "
        "crucible.cli.local_source, crucible.execution.embedded, crucible.execution.broker, "
        "crucible.execution.queue\n"
        "sys.exit(bool({'celery', 'kombu', 'redis'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], env=environment()).returncode == 0


def test_reading_works_without_a_broker(tmp_path: object) -> None:
    env = environment(
        CRUCIBLE_EXECUTOR="celery",
        CRUCIBLE_BROKER_URL="redis://127.0.0.1:1/0",
        CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/c.sqlite3",
    )
    assert inside("db", "sample", "--runs", "3", env=env).returncode == 0
    assert inside("runs", env=env).returncode == 0
    refused = inside("runs", "resume", "1", env=env)
    assert refused.returncode == 6
