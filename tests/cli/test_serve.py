import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from urllib.error import HTTPError
from urllib.request import Request

import pytest

from crucible.cli.serve import SHORT_TOKEN, STOPPING

from .process import environment, inside, start

TOKEN = "6f1d0c5b9a7e4823"


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
    assert (code, out, err) == (0, "", f"{STOPPING}\n")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "192.168.1.4", "fe80::1%lo"])
def test_without_a_token_nobody_elsewhere_can_reach_it(env, host, tmp_path):
    for given in ({"CRUCIBLE_HOST": host}, {"CRUCIBLE_HOST": host, "CRUCIBLE_API_TOKEN": " "}):
        assert inside("serve", "--port", "0", env={**env, **given}).returncode == 2
    result = inside("serve", "--host", host, "--port", "0", env=env)
    assert result.returncode == 2
    assert "is not a loopback address" in result.stderr
    assert "export CRUCIBLE_API_TOKEN=$(openssl rand -hex 32)" in result.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "host", ["example.org", "", "127.0.0.1:80", "0x7f.1", "a@127.0.0.1", "[::1", "::1]"]
)
def test_what_is_no_address_is_refused(env, host):
    result = inside("serve", "--host", host, env={**env, "CRUCIBLE_API_TOKEN": TOKEN})
    assert result.returncode == 2
    assert "is not an address to serve on" in result.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_with_a_token_it_serves_other_machines_and_asks_for_it(env, host):
    env = {**env, "CRUCIBLE_API_TOKEN": TOKEN}
    with start("serve", "--host", host, "--port", "0", env=env) as server:
        here = f"http://127.0.0.1:{address(server).rpartition(':')[2]}"
        _, health = get(f"{here}/api/health")
        with pytest.raises(HTTPError, match="401"):
            get(f"{here}/api/projects")
        asked = Request(f"{here}/api/projects", headers={"Authorization": f"Bearer {TOKEN}"})
        _, projects = get(asked)
        server.interrupt()
        code, out, err = server.end()
    assert (health["status"], projects) == ("ok", {"projects": []})
    assert (code, out, err) == (0, "", f"{STOPPING}\n")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_token_that_can_be_guessed_is_warned_of_and_not_shown(env, form):
    env = {**env, "CRUCIBLE_API_TOKEN": "fifteenletters9"}
    with start("serve", "--port", "0", "--log-format", form, env=env) as server:
        warning = server.line()
        server.line()
        server.interrupt()
        assert server.end()[0] == 0
    said = json.loads(warning)["message"] if form == "json" else warning.strip()
    assert said == SHORT_TOKEN
    assert "fifteen" not in said


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
    assert "CRUCIBLE_PORT=N" in result.stderr and "Int Crucible" not in result.stderr
    assert not (tmp_path / "new").exists()


def test_port_that_int_crucible_has_already_is_said_so(env):
    with start("serve", "--port", "0", env=env) as server:
        where = address(server)
        taken = {**env, "CRUCIBLE_PORT": where.rpartition(":")[2]}
        second = inside("serve", env=taken)
        asked = subprocess.run(
            [sys.executable, "-m", "crucible.cli.taken_port"],
            env=taken,
            capture_output=True,
            text=True,
            check=False,
        )
        server.interrupt()
        server.end()
    said = f"Error: {where} is in use already: Int Crucible serves there already"
    assert (second.returncode, second.stderr.splitlines()[0]) == (1, said)
    assert (asked.returncode, asked.stderr.splitlines()[0]) == (1, said)


def test_a_new_history_is_said_once(env, tmp_path):
    told = []
    for _ in range(2):
        with start("serve", "--port", "0", env=env) as server:
            address(server)
            server.interrupt()
            server.end()
            told.append(server.made)
    assert told == [f"Made a new history in {tmp_path}/new/crucible.sqlite3\n", None]


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
