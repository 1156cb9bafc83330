"""`crucible mcp` as a process: the protocol alone on stdout, everything else on stderr."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.cli.process import COMMAND, PATIENCE_SECONDS, crucible, environment
from tests.cli.serving import served
from tests.lab import Lab
from tests.mcp.loops import run

from crucible.api import create_app
from mcp import Client, ClientSession, StdioServerParameters, stdio_client

HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@pytest.fixture
def env(lab: Lab) -> dict[str, str]:
    lab.run(2, 2)
    return environment(**lab.environ)


@pytest.fixture
def without_mcp(tmp_path: Path) -> Iterator[str]:
    """A folder that, put first on the path, makes the package look as if it were not installed."""
    for name in ("mcp", "mcp_types"):
        missing = f"raise ModuleNotFoundError({name!r}, name={name!r})"
        (tmp_path / f"{name}.py").write_text(missing)
    yield str(tmp_path)


def test_the_stock_client_talks_to_it(env: dict[str, str]) -> None:
    parameters = StdioServerParameters(command=sys.executable, args=[*COMMAND[1:], "mcp"], env=env)

    async def talk() -> Any:
        async with Client(stdio_client(parameters)) as client:
            return (
                client.server_info,
                client.instructions,
                await client.call_tool("get_run", {"run_id": "1"}),
            )

    info, instructions, result = run(talk)
    assert (info.name, info.title) == ("crucible", "Int Crucible")
    assert "run_health" in instructions
    assert result.structured_content["status"] == "completed"


def _lines(*asked: dict[str, Any]) -> str:
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    first = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}
    calls = [
        {"jsonrpc": "2.0", "id": n + 1, "method": "tools/call", "params": each}
        for n, each in enumerate(asked)
    ]
    return "".join(json.dumps(line) + "\n" for line in [first, initialized, *calls])


def _conversation(
    env: dict[str, str], *asked: dict[str, Any], options: Sequence[str] = ()
) -> tuple[dict[int, Any], str]:
    """Answers by id, and stderr; fails unless every line of stdout is a message of the protocol."""
    with subprocess.Popen(
        [*COMMAND, "mcp", *options], env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(_lines(*asked))
        process.stdin.flush()
        answers: dict[int, Any] = {}
        while len(answers) <= len(asked):
            said = json.loads(process.stdout.readline())
            assert said["jsonrpc"] == "2.0"
            answers[said["id"]] = said["result"]
        process.stdin.close()
        rest, errors = process.stdout.read(), process.stderr.read()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert rest == ""
    return answers, errors


def test_stdout_carries_the_protocol_alone_also_when_something_is_logged(
    env: dict[str, str], lab: Lab
) -> None:
    with lab.database.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql("DROP TABLE crucible_run_attempts")
        connection.exec_driver_sql("CREATE TABLE crucible_run_attempts (run_id, attempt, status, "
                                   "started_at, completed_at, duration_seconds, error_kind, "
                                   "error_summary)")  # fmt: skip
        connection.exec_driver_sql(
            "INSERT INTO crucible_run_attempts SELECT id, 1, 'completed', 'no time at all', "
            "NULL, NULL, NULL, NULL FROM crucible_runs"
        )
    answers, errors = _conversation(
        env,
        {"name": "get_run", "arguments": {"run_id": "1"}},
        {"name": "list_runs", "arguments": {}},
    )
    assert answers[1]["isError"] is True
    assert answers[1]["content"][0]["text"] == "Error executing tool get_run"
    assert answers[2]["structuredContent"]["runs"][0]["number"] == 1
    assert "Traceback" in errors and "no time at all" in errors


def test_without_a_history_every_call_says_how_to_start_one(tmp_path: Path) -> None:
    env = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/none/crucible.sqlite3")
    answers, _ = _conversation(env, {"name": "list_runs", "arguments": {}})
    assert "unavailable: there is no history yet" in answers[1]["content"][0]["text"]
    assert "crucible serve" in answers[1]["content"][0]["text"]
    assert list(tmp_path.iterdir()) == []


def test_it_asks_the_server_that_is_named(env: dict[str, str], lab: Lab) -> None:
    elsewhere = environment()
    with served(create_app(lab.settings)) as url:
        answers, _ = _conversation(
            elsewhere,
            {"name": "get_run", "arguments": {"run_id": "1", "include_text": True}},
            {"name": "get_run", "arguments": {"run_id": "7"}},
            options=["--url", url],
        )
        shown = requests.get(f"{url}/api/runs/1", timeout=30).json()
    assert answers[1]["structuredContent"].items() >= shown.items()
    assert "not_found: there is no run “7”" in answers[2]["content"][0]["text"]


def test_a_server_that_is_not_there_is_told_by_each_call(env: dict[str, str]) -> None:
    answers, _ = _conversation(
        {**env, "CRUCIBLE_URL": "http://127.0.0.1:9"}, {"name": "run_health", "arguments": {}}
    )
    assert answers[1]["isError"] is True
    assert "unavailable: " in answers[1]["content"][0]["text"]


def test_an_older_client_of_the_package_is_served_too(env: dict[str, str]) -> None:
    parameters = StdioServerParameters(command=sys.executable, args=[*COMMAND[1:], "mcp"], env=env)

    async def talk() -> Any:
        async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            await session.list_tools()
            return await session.call_tool("list_calls", {"run_id": "1"})

    result = run(talk)
    assert len(result.structured_content["calls"]) == 6


def test_without_the_extra_it_says_how_to_install_it(env: dict[str, str], without_mcp: str) -> None:
    result = crucible("mcp", env={**env, "PYTHONPATH": without_mcp})
    assert (result.returncode, result.stdout) == (1, "")
    error, hint = result.stderr.splitlines()
    assert error == "Error: `crucible mcp` needs the extra `mcp`, which is not installed"
    assert re.fullmatch(r"Hint: .* -m pip install 'mcp==[0-9.]+'", hint)


def test_nothing_else_needs_the_extra(env: dict[str, str], without_mcp: str) -> None:
    for args in (["--help"], ["runs"], ["mcp", "--help"], ["runs", "health"]):
        assert crucible(*args, env={**env, "PYTHONPATH": without_mcp}).returncode == 0


def test_ctrl_c_ends_it_while_it_waits_for_the_next_line(env: dict[str, str]) -> None:
    with subprocess.Popen(
        [*COMMAND, "mcp"], env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(_lines())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 130
        assert process.stderr.read() == "Stopped.\n"


def test_a_wrong_setting_is_named_at_once(env: dict[str, str]) -> None:
    result = crucible("mcp", env={**env, "CRUCIBLE_PORT": "many"})
    assert (result.returncode, result.stdout) == (2, "")
    assert "CRUCIBLE_PORT" in result.stderr
