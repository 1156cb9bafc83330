"""The real llama.cpp server on a small real model: that it talks and dies as it should.

What the model says is never looked at: at this size it is nonsense.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from crucible.errors import CrucibleError, Precondition, Unavailable
from crucible.extras import adding
from crucible.llm.local import grammar, process, server
from crucible.llm.local.server import LocalServer
from crucible.models.values import Constraint
from crucible.pipeline import answers

pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")

SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 40},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["title", "score"],
    "additionalProperties": False,
}


def ask(url: str, *, timeout: float = 120, **extras: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "Name a bridge."}]
    body = {"model": "any", "messages": messages, **extras}
    with requests.post(f"{url}/chat/completions", json=body, timeout=timeout) as response:
        response.raise_for_status()
        return dict(response.json())


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def states(pid: int) -> list[str]:
    """Of each thread: R, S, D, T."""
    tasks = Path(f"/proc/{pid}/task").glob("*/stat")
    return [each.read_text().rpartition(") ")[2][0] for each in tasks]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie of another parent is as good as gone.
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.fixture(scope="module")
def shared(small_model: Path) -> Iterator[LocalServer]:
    local = LocalServer(small_model)
    yield local
    local.close()


@pytest.fixture
def own(small_model: Path) -> Iterator[LocalServer]:
    local = LocalServer(small_model, idle_seconds=3600)
    yield local
    local.close()


class TestProtocol:
    def test_answers_by_the_schema_and_reports_usage(self, shared: LocalServer) -> None:
        with shared.use() as url:
            answer = ask(url, **grammar.request_extras("evaluation", SCHEMA))
        content = json.loads(answer["choices"][0]["message"]["content"])
        assert list(content) == ["title", "score"]
        assert isinstance(content["title"], str)
        assert 0 <= content["score"] <= 1
        usage = answer["usage"]
        assert usage["prompt_tokens"] > 0
        assert usage["completion_tokens"] > 0
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert answer["model"] == "SmolLM2-135M-Instruct.Q4_1"

    @pytest.mark.parametrize(
        ("name", "schema"),
        [
            ("design", answers.design_schema([Constraint('say "cheap" \\ é', "", 50)], 2)),
            ("scenarios", answers.scenarios_schema(2)),
            ("evaluation", answers.evaluation_schema([Constraint('say "cheap" \\ é', "", 50)])),
        ],
    )
    def test_the_grammar_of_each_question_holds(
        self, shared: LocalServer, name: str, schema: dict[str, Any]
    ) -> None:
        # One that the library cannot use is dropped in silence, and prose would come.
        extras = grammar.request_extras(name, schema)
        with shared.use() as url:
            choices = [ask(url, **{**extras, "seed": n})["choices"][0] for n in range(1, 4)]
        assert all(choice["message"]["content"].startswith("{") for choice in choices)
        # A model as small as this one may ramble in a text until its limit cuts it off.
        whole = [choice for choice in choices if choice["finish_reason"] == "stop"]
        assert whole
        for choice in whole:
            assert list(json.loads(choice["message"]["content"])) == list(schema["properties"])

    def test_takes_the_contracts_response_format_too(self, shared: LocalServer) -> None:
        wanted = {"name": "design", "strict": True, "schema": SCHEMA}
        with shared.use() as url:
            answer = ask(
                url,
                max_tokens=200,
                response_format={"type": "json_schema", "json_schema": wanted},
            )
        assert set(json.loads(answer["choices"][0]["message"]["content"])) == {"title", "score"}

    def test_a_limit_that_is_too_small_is_told(self, shared: LocalServer) -> None:
        with shared.use() as url:
            answer = ask(url, max_tokens=3)
        assert answer["choices"][0]["finish_reason"] == "length"

    def test_a_prompt_that_does_not_fit_is_a_400(self, shared: LocalServer) -> None:
        messages = [{"role": "user", "content": "bridge " * 9000}]
        with (
            shared.use() as url,
            requests.post(
                f"{url}/chat/completions", json={"messages": messages}, timeout=120
            ) as response,
        ):
            assert response.status_code == 400
            assert response.json()["error"]["type"] == "exceed_context_size_error"

    def test_a_client_that_gives_up_frees_the_slot(self, shared: LocalServer) -> None:
        with shared.use() as url:
            # As long as the context lasts, far beyond the patience of this client.
            with pytest.raises(requests.Timeout):
                ask(url, timeout=0.5, max_tokens=100_000, ignore_eos=True)
            assert ask(url, max_tokens=2)["usage"]["completion_tokens"] <= 2


class TestLife:
    def test_one_process_serves_all_threads_one_at_a_time(self, shared: LocalServer) -> None:
        inside: list[int] = []
        most: list[int] = []
        pids: set[int | None] = set()

        def work() -> None:
            with shared.use() as url:
                inside.append(1)
                most.append(len(inside))
                pids.add(shared.pid)
                ask(url, max_tokens=2)
                inside.pop()

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(pids) == 1
        assert max(most) == 1

    def test_starts_on_first_use_and_again_after_a_death(self, own: LocalServer) -> None:
        assert own.pid is None
        with own.use() as url:
            ask(url, max_tokens=2)
        first = own.pid
        assert first
        os.kill(first, signal.SIGKILL)
        with own.use() as url:
            ask(url, max_tokens=2)
        assert own.pid not in (None, first)

    def test_death_in_mid_use_fails_that_call_alone(self, own: LocalServer) -> None:
        with own.use() as url:
            assert own.pid
            os.kill(own.pid, signal.SIGKILL)
            with pytest.raises(requests.ConnectionError):
                ask(url, max_tokens=2)
        with own.use() as url:
            ask(url, max_tokens=2)

    def test_one_that_is_stuck_is_replaced(
        self, own: LocalServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server, "HEALTH_SECONDS", 0.5)
        monkeypatch.setattr(process, "STOP_SECONDS", 0.5)
        with own.use():
            stuck = own.pid
        assert stuck
        os.kill(stuck, signal.SIGSTOP)
        wait_until(lambda: all(state == "T" for state in states(stuck)))  # all of its threads
        with own.use() as url:
            ask(url, max_tokens=2)
        assert gone(stuck)

    def test_memory_is_returned_when_idle(self, small_model: Path) -> None:
        local = LocalServer(small_model, idle_seconds=0.2)
        with local.use():
            first = local.pid
        assert first
        wait_until(lambda: gone(first))
        with local.use() as url:
            ask(url, max_tokens=2)
        local.close()

    def test_is_not_idle_while_it_is_used(self, small_model: Path) -> None:
        local = LocalServer(small_model, idle_seconds=0.05)
        with local.use() as url:
            pid = local.pid
            time.sleep(0.3)
            ask(url, max_tokens=2)
            assert local.pid == pid
        local.close()

    def test_close_ends_it_for_good(self, small_model: Path) -> None:
        local = LocalServer(small_model)
        with local.use():
            pid = local.pid
        assert pid
        local.close()
        assert gone(pid)
        with pytest.raises(Unavailable, match="shut down"), local.use():
            pass


PARENT = """
import os, signal, sys, time
from crucible.llm.local.server import LocalServer
from crucible.models.values import Constraint
from crucible.pipeline import answers

def say(*words):
    # In one piece: two processes write to this pipe.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

local = LocalServer(sys.argv[1])
with local.use():
    ending = sys.argv[2]
    if ending == "fork" and os.fork() == 0:
        # Holds a copy of the pipe; the server must end all the same. Its own view is empty.
        say(local.pid)
        time.sleep(60)
        os._exit(0)
    say(local.pid, os.getpid())
    if ending == "exit":
        sys.exit()
    if ending == "unhandled":
        raise RuntimeError
    time.sleep(60)
"""


@pytest.mark.parametrize("ending", ["kill", "terminate", "exit", "unhandled", "fork"])
def test_ends_with_its_parent_however_that_ends(small_model: Path, ending: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(small_model), ending],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout
    try:
        said = [parent.stdout.readline().split() for _ in range(2 if ending == "fork" else 1)]
        pid = next(int(line[0]) for line in said if len(line) == 2)
        if ending == "fork":
            assert ["None"] in said
        if ending in ("kill", "fork"):
            parent.kill()
        if ending == "terminate":
            parent.terminate()
        parent.wait()
        wait_until(lambda: gone(pid))
    finally:
        with_group(parent.pid)
        parent.stdout.close()


def with_group(pid: int) -> None:
    """Ends what a test's own process group left."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


class TestNotStarting:
    def test_a_broken_file_is_told_in_one_line(self, small_model: Path, tmp_path: Path) -> None:
        broken = tmp_path / "broken.gguf"
        broken.write_bytes(small_model.read_bytes()[:3_000_000])
        local = LocalServer(broken)
        with pytest.raises(Precondition, match=r"broken\.gguf could not be loaded") as caught:
            with local.use():
                pass
        assert "\n" not in caught.value.message
        assert "corrupted or incomplete" in caught.value.message
        assert local.pid is None
        local.close()

    @pytest.mark.parametrize(
        ("child", "error", "message", "hint"),
        [
            ("say('not_installed')", Precondition, "xllamacpp is not installed", adding("local")),
            ("say('no_libgomp')", Precondition, "libgomp", "apt-get install libgomp1"),
            ("say('no_avx2')", Precondition, "AVX2", "CRUCIBLE_LLM_BASE_URL"),
            ("die(signal.SIGILL)", Precondition, "AVX2", "CRUCIBLE_LLM_BASE_URL"),
            ("say('out_of_memory')", Unavailable, "enough memory", "300 MB"),
            ("die(signal.SIGKILL)", Unavailable, "enough memory", "300 MB"),
            (
                "log('0.00.3 E x: error loading model: mmap failed: Cannot allocate memory'); "
                "say('not_loaded')",
                Unavailable,
                "enough memory",
                "300 MB",
            ),
            ("log('boom\\x1b[31m'); sys.exit(3)", Unavailable, "started: boom [31m", "report"),
            ("sys.exit(3)", Unavailable, "ended without a word", "report"),
            ("print('prose'); sys.exit(4)", Unavailable, "without a word", "report"),
            ("print('[1]'); sys.exit(4)", Unavailable, "without a word", "report"),
            (
                "log('api_key=sk-abcdefghijklmnop was here'); sys.exit(1)",
                Unavailable,
                "[removed]",
                "report",
            ),
        ],
    )
    def test_each_cause_is_one_sentence_with_what_to_do(
        self,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        child: str,
        error: type[CrucibleError],
        message: str,
        hint: str,
    ) -> None:
        script = (
            "import json, os, signal, sys\n"
            "def say(code): print(json.dumps({'error': code, 'detail': ''}))\n"
            "def log(text): print(text, file=sys.stderr)\n"
            "def die(number): os.kill(os.getpid(), number)\n"
        )

        def spawn(*_: object) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-c", script + child],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

        monkeypatch.setattr(process, "_spawn", spawn)
        local = LocalServer(tmp_path / "m.gguf")
        with pytest.raises(error) as caught, local.use():
            pass
        local.close()
        assert message in caught.value.message
        assert hint in (caught.value.hint or "")
        assert "abcdefghijklmnop" not in caught.value.message
        assert caught.value.message.isprintable()

    def test_one_that_never_says_a_word_is_given_up(
        self, monkeypatch: pytest.MonkeyPatch, small_model: Path
    ) -> None:
        monkeypatch.setattr(process, "START_SECONDS", 0.0)
        local = LocalServer(small_model)
        with pytest.raises(Unavailable, match="did not start within 0 seconds"), local.use():
            pass
        local.close()

    def test_our_secrets_are_not_handed_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CRUCIBLE_LLM_API_KEY", "sk-one")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-two")
        environment = process._environment()
        assert "sk-one" not in environment.values()
        assert "sk-two" not in environment.values()
        assert environment["OMP_WAIT_POLICY"] == "PASSIVE"
