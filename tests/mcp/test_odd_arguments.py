"""Nothing that a client sends makes a tool stumble: it answers, or says what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.mcp.loops import run
from tests.mcp.talk import Talk
from tests.seed import add_project, add_run, failed

from crucible.db import Database
from mcp import Client

ODD = [
    "", " ", "\x00", "\ud800", "\u202e", "x" * 300, "9" * 300, "#1", "%", "1; DROP TABLE x", "{}",
    "[1]", "null", "../1", "é" * 36, "0", "-1", "1e9", 0, -1, 2**63, 10**400, 1.5, True, None,
    [], ["x"], [[]], {}, {"a": {"b": 1}}, {"max_cost_usd": -1}, [{"title": "\ud800"}],
    [{"title": "A", "description": "B"}], "W10", "eyJ9", "2026-02-30T00:00:00Z", "9999999d",
]  # fmt: skip
NEEDED = {
    "get_run": {"run_id": "1"},
    "list_calls": {"run_id": "1"},
    "compare_runs": {"base": "1", "head": "1"},
    "cancel_run": {"run_id": "1"},
    "resume_run": {"run_id": "1"},
}


@pytest.mark.parametrize(
    "tool",
    [
        "list_runs", "get_run", "run_health", "compare_runs", "list_calls", "start_run",
        "cancel_run", "resume_run",
    ],
)  # fmt: skip
def test_odd_arguments_are_answered_or_refused_in_words(
    database: Database, make_talk: Callable[..., Talk], tool: str
) -> None:
    with database.writing() as session:
        add_run(session, add_project(session), **failed())
    server = make_talk(allow_writes=True).server

    async def try_all() -> list[str]:
        stumbled = []
        async with Client(server) as client:
            tools = {each.name: each for each in (await client.list_tools()).tools}
            for name in tools[tool].input_schema["properties"]:
                for value in ODD:
                    said: Any = await client.call_tool(tool, {**NEEDED.get(tool, {}), name: value})
                    if said.is_error and said.content[0].text == f"Error executing tool {tool}":
                        stumbled.append(f"{name}={value!r:.60}")
        return stumbled

    assert run(try_all) == []
