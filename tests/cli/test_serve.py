import json
import signal
import socket
import threading
import urllib.request

import pytest

from crucible.cli.serve import STOPPING

from .process import environment, inside, start


@pytest.fixture
def env(tmp_path):
    return environment(
        CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/new/crucible.sqlite3",
        CRUCIBLE_LLM="openai",
    )


def address(process):
    line = process.line()
    assert line.startswith("Serving on http://"), line
    return line.split()[-1]


def get(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.headers, json.load(response)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_a_new_database_says_where_and_ends_cleanly(env, number):
    with start("serve", "--port", "0", env=env) as server:
        url = address(server)
        headers, health = get(f"{url}/api/health")
        server.interrupt(number)
        code, out, err = server.end()
    assert url.startswith("http://127.0.0.1:") and not url.endswith(":0")
    assert health["status"] == "ok"
    assert health["executor"]["running"] is True
    assert "Server" not in headers
    assert (code, out, err) == (0, "", STOPPING.decode())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])
def test_refuses_to_be_reached_from_elsewhere(env, host):
    result = inside("serve", "--host", host, "--port", "0", env=env)
    assert result.returncode == 2
    assert "not a loopback address" in result.stderr


def test_the_setting_is_refused_as_the_option_is(env):
    result = inside("serve", env={**env, "CRUCIBLE_HOST": "0.0.0.0"})
    assert result.returncode == 2


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "::1", "[::1]"])
def test_every_loopback_address_is_served(env, host):
    with start("serve", "--host", host, "--port", "0", env=env) as server:
        _, health = get(f"{address(server)}/api/health")
        server.interrupt()
        code, _, _ = server.end()
    assert (health["status"], code) == ("ok", 0)


def test_port_in_use_is_said_before_anything_is_made(env, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = inside("serve", "--port", port, env=env)
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: http://127.0.0.1:{port} is in use already")
    assert not (tmp_path / "new").exists()


def test_executor_that_is_not_there_yet_is_refused(env):
    result = inside("serve", "--port", "0", env={**env, "CRUCIBLE_EXECUTOR": "celery"})
    assert result.returncode == 2
    assert "CRUCIBLE_EXECUTOR" in result.stderr


def test_a_run_under_way_is_ended_and_recorded_before_the_server_leaves(make_lab, stub):
    lab = make_lab(LLM_TIMEOUT_SECONDS="60")
    asked = threading.Event()

    def hang(n, body):
        asked.set()
        return "hang"

    stub.plan = hang
    run = lab.create(1, 1)
    with start("serve", "--port", "0", env=environment(**lab.environ)) as server:
        address(server)
        assert asked.wait(60)
        server.interrupt()
        code, _, _ = server.end()
    stub.hang.set()
    assert code == 0
    assert lab.row(run).status == "failed"
    assert [call.outcome for call in lab.calls(run)] == ["unknown"]
