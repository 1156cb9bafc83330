"""The tools for agents: what others wrote is withheld unless it is asked for, and then it is data;
what a client sends is answered, whatever it is."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from tests.cli.process import COMMAND, PATIENCE_SECONDS
from tests.hostile.corpus import CANARY, ELSEWHERE, OPENING, ORDERS, TEXTS
from tests.hostile.history import IMPORTED, History
from tests.hostile.test_cli import assert_clean
from tests.lab import KEY
from tests.mcp.talk import Refused, Talk

from crucible.cli import local_source
from crucible.mcp.bounds import MAX_BYTES, encoded
from crucible.mcp.house import House
from crucible.mcp.server import build
from crucible.mcp.withholding import name as shown_name
from crucible.scrub import Scrubber

ODD_WORDS = ("high half", "low half", "NUL", "C1", "separators", "override", "JSON that ends")
TELLING = (CANARY, OPENING, ELSEWHERE, "zqRan", "cancel_run", "owned", "etc/passwd")


@pytest.fixture
def make_talk(planted: History, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Talk]:
    for name, value in planted.lab.environ.items():
        monkeypatch.setenv(name, value)
    house = House(local_source.opened, Scrubber([KEY]))
    return lambda allow_writes=False: Talk(build(house, allow_writes=allow_writes))


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    return make_talk()


def reads(planted: History) -> list[tuple[str, dict[str, Any]]]:
    first, second = planted.completed[:2]
    some = [first, *planted.failed[::4], *planted.imported[::25]]
    return [
        ("list_runs", {"limit": 50, "project_id": planted.project_id}),
        ("list_runs", {"limit": 50, "project_id": IMPORTED}),
        *(("get_run", {"run_id": run}) for run in some),
        ("run_health", {"project_id": planted.project_id}),
        ("run_health", {"project_id": IMPORTED}),
        ("compare_runs", {"base": first, "head": second}),
        ("compare_runs", {"base": planted.failed[0], "head": planted.imported[0]}),
        ("list_calls", {"run_id": first}),
        ("list_calls", {"run_id": planted.failed[0]}),
    ]


def test_nothing_that_others_wrote_is_in_any_answer(planted: History, talk: Talk) -> None:
    for tool, arguments in reads(planted):
        # `Talk` has seen to it that the text is the structured answer once more.
        said = encoded(talk.ask(tool, **arguments))
        assert [each for each in TELLING if each in said] == [], (tool, arguments)
        assert_clean(said)
        assert len(said.encode()) <= MAX_BYTES


def test_what_is_asked_for_comes_as_data(planted: History, talk: Talk) -> None:
    seen = ""
    for tool, arguments in reads(planted):
        answer = talk.ask(tool, **arguments, include_text=True)
        said = encoded(answer)
        assert len(said.encode("utf-8", "replace")) <= MAX_BYTES
        following = json.dumps(answer["next"])
        assert CANARY not in following and "cancel_run" not in following
        seen += said
    assert seen.count(CANARY) > 200
    assert json.dumps(ORDERS["order"])[1:-1] in seen


def test_no_refusal_repeats_it(planted: History, make_talk: Callable[..., Talk]) -> None:
    talk = make_talk(allow_writes=True)
    asked = [
        ("resume_run", {"run_id": planted.completed[0]}),
        ("resume_run", {"run_id": planted.imported[0]}),
        ("cancel_run", {"run_id": planted.failed[0]}),
        ("get_run", {"run_id": "1"}),
        ("run_health", {}),
        ("start_run", {"project_id": planted.project_id, "mode": "seeded"}),
    ]
    for tool, arguments in asked:
        with pytest.raises(Refused) as refused:
            talk.ask(tool, **arguments)
        said = str(refused.value).removeprefix(f"Error executing tool {tool}: ")
        assert [each for each in TELLING if each in said] == []
        assert_clean(said)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_nothing_of_the_corpus_passes_for_a_name(text: str) -> None:
    assert shown_name(text) is None


@pytest.mark.parametrize(
    "text", ["http://evil.invalid/zq", "file:///etc/passwd", "a/../../etc/passwd", "x" * 101]
)
def test_no_address_and_no_way_up_passes_for_a_name(text: str) -> None:
    assert shown_name(text) is None


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_run", {}, "run_id: is required"),
        ("list_runs", {"limit": "many"}, "limit: takes a whole number"),
        ("list_runs", {"limit": 1000}, "limit: takes a number up to 50"),
        ("list_runs", {"status": "gone"}, "status[0]: takes one of 'created', 'running'"),
        ("list_runs", {"include_text": "perhaps"}, "include_text: takes true or false"),
        ("list_runs", {"mode": {"a": 1}}, "mode: takes one of 'full_search'"),
        ("get_run", {"run_id": ["1"]}, "run_id: takes text"),
        ("get_run", {"run_id": "x" * 301}, "run_id: takes at most 300 characters"),
        ("resume_run", {"run_id": "1", "budget": {"max_cost_usd": "x"}},
         "budget.max_cost_usd: takes a"),
        ("resume_run", {"run_id": "1", "budget": 5}, "budget: takes an object"),
        ("start_run", {"candidates": "x"}, "candidates: takes a list"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_told_in_our_words(
    make_talk: Callable[..., Talk], tool: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused) as refused:
        make_talk(allow_writes=True).ask(tool, **arguments)
    words = str(refused.value)
    assert words.startswith(f"Error executing tool {tool}: invalid: {said}")
    assert "pydantic" not in words and "\n" not in words


def test_wrong_arguments_without_number_are_told_in_short(talk: Talk) -> None:
    strange = {f"{text}{n}": text for n in range(100) for text in TEXTS.values()}
    with pytest.raises(Refused) as refused:
        talk.ask("list_runs", **strange, limit="x" * 10_000)
    assert len(str(refused.value)) < 1000
    assert_clean(str(refused.value))


def _line(number: int, method: str, params: dict[str, Any]) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"


ODD_LINES = ["no JSON\n", "[" * 100_000 + "\n", '{"jsonrpc": "2.0", "id": 900}\n']


def test_every_line_is_answered(planted: History, env: dict[str, str]) -> None:
    """Python's `json` writes half of a surrogate pair, which the library cannot read."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}}
    hello["clientInfo"] = {"name": "test", "version": "1"}
    initialized = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n"
    asked = [_line(0, "initialize", hello), initialized]
    for n, name in enumerate(ODD_WORDS, start=1):
        arguments = {"run_id": TEXTS[name]}
        asked.append(_line(n, "tools/call", {"name": "get_run", "arguments": arguments}))
    expected = 1 + len(ODD_WORDS) + len(ODD_LINES)
    with subprocess.Popen(
        [*COMMAND, "mcp"], env=env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write("".join([*asked, *ODD_LINES]).encode())
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(expected)]
        process.stdin.close()
        assert process.stdout.read() == b""
        assert_clean(process.stderr.read().decode())
        assert process.wait(PATIENCE_SECONDS) == 0
    by_id = {answer["id"]: answer for answer in answers if answer["id"] is not None}
    assert set(by_id) == {*range(len(ODD_WORDS) + 1), 900}
    assert all(by_id[n]["result"]["isError"] for n in range(1, len(ODD_WORDS) + 1))
    assert [a["error"]["code"] for a in answers if "error" in a] == [-32700, -32700, -32600]
