"""What a provider may send instead of an answer: too much, too slowly, too deep, or nothing that
is one. Each is a recorded call with a clear kind; none fills the memory or lasts for ever."""

import gzip
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from tests.cli.serving import answering, says
from tests.hostile.corpus import CANARY, SECRET, SECRETS, TEXTS
from tests.hostile.history import History
from tests.lab import KEY, Lab
from tests.stub_model import StubModel

from crucible.llm.kosmos import Kosmos
from crucible.llm.openai_compatible import MAX_BODY_BYTES, TOO_LONG, OpenAICompatible
from crucible.llm.protocol import Prompt, ProviderFailure, Reply
from crucible.services.verify import verify_run

SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
PROMPT = Prompt("design", [{"role": "user", "content": "x"}], SCHEMA, 0.7, 100)
MB = 2**20
Handler = Callable[[BaseHTTPRequestHandler], None]


def sent(handler: Handler, seconds: float = 30.0) -> Reply:
    with answering(handler) as url:
        model = OpenAICompatible(base_url=url, api_key=None, model="m", timeout_seconds=seconds)
        try:
            return model.send(PROMPT)
        finally:
            model.close()


def completion(content: str, **more: Any) -> bytes:
    message = {"role": "assistant", "content": content}
    return json.dumps({"choices": [{"message": message}], **more}).encode()


@contextmanager
def peak() -> Iterator[Callable[[], int]]:
    """Most bytes that Python held at once since."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def without_end(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:  # until the other side hangs up
        request.wfile.write(b" " * MB)


def test_an_answer_without_end_is_read_to_the_limit_alone() -> None:
    with peak() as held:
        reply = sent(without_end)
        assert held() < 4 * MAX_BODY_BYTES
    assert (reply.text, reply.problem) == (None, TOO_LONG)


def test_an_answer_that_unpacks_to_gigabytes_is_read_to_the_limit_alone() -> None:
    packed = gzip.compress(gzip.compress(b" " * 64 * MB, 9), 9)
    assert len(packed) < 64 * 1024
    bomb = says(200, "application/json", packed, **{"Content-Encoding": "gzip, gzip"})
    with peak() as held:
        reply = sent(bomb)
        assert held() < 4 * MAX_BODY_BYTES
    assert reply.problem == TOO_LONG


def test_an_error_without_end_keeps_its_status_and_first_words() -> None:
    def refusing(request: BaseHTTPRequestHandler) -> None:
        request.send_response(401)
        request.end_headers()
        request.wfile.write(b"no such key ")
        while True:
            request.wfile.write(b"x" * MB)

    with pytest.raises(ProviderFailure, match="401") as caught:
        sent(refusing)
    assert caught.value.kind == "provider_auth"
    assert caught.value.detail and caught.value.detail.startswith("no such key xx")
    assert len(caught.value.detail) <= 2000


def test_an_error_that_cannot_be_unpacked_keeps_its_status() -> None:
    with pytest.raises(ProviderFailure, match="429"):
        sent(says(429, "application/json", b"no gzip", **{"Content-Encoding": "gzip"}))


def test_headers_without_end_are_an_end() -> None:
    def headers(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            request.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")

    with pytest.raises(ProviderFailure, match="hung up") as caught:
        sent(headers)
    assert caught.value.kind == "provider_unreachable"


@pytest.mark.parametrize("status", [200, 400])
def test_brackets_of_any_depth_are_an_answer_or_an_error(status: int) -> None:
    for depth in (*range(200, 1000), 100_000):
        raw = b"[" * depth + b"]" * depth
        try:
            reply = _read(status, raw)
        except ProviderFailure as failure:
            assert (status, failure.http_status) == (400, 400)
            assert failure.detail
        else:
            assert (status, reply.text) == (200, None)


def _read(status: int, raw: bytes) -> Reply:
    """Without a server: what a body of this status is made of."""
    model = OpenAICompatible(base_url="http://127.0.0.1:9", api_key=None, model="m")
    model._post = lambda base_url, body: (status, {}, raw)  # type: ignore[method-assign]
    return model.send(PROMPT)


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"candidates": ' + "[" * 900 + "]" * 900 + "}",
        '{"candidates": [{"title": "x", "description": "y", "predicted_effects": '
        + "[" * 400 + "]" * 400 + "}]}",
        '{"candidates": ' + "9" * 5000 + "}",
        '{"candidates": 1e400}',
        '{"candidates": NaN}',
        '{"candidates": [{"title": NaN, "description": Infinity}]}',
        '{"candidates": "x", "candidates": null}',
        '{"candidates": {"__proto__": [], "constructor": {}}}',
        '{"candidates": [{"title": "", "description": "\\u0000"}]}',
        "```json\n" + "\n" * 200_000,
        "```" + "json\n" * 50_000 + "```",
        " " * 500_000 + "{",
        "\ud800",
    ],
    ids=lambda content: content[:20].strip() or "blanks",
)  # fmt: skip
def test_an_answer_that_is_none_is_an_invalid_call(lab: Lab, content: str) -> None:
    lab.stub.plan = lambda n, body: f"raw: {completion(content).decode()}"
    run = lab.run(1, 1)
    assert (run.status, run.error_kind) == ("failed", "invalid_response")
    calls = lab.calls(run.id)
    assert [call.outcome for call in calls] == ["invalid", "invalid"]
    assert run.error_summary and len(run.error_summary) <= 300
    with lab.database.reading() as session:
        assert verify_run(session, run.id)["ok"]


@pytest.mark.parametrize("figure", ["1e400", "-1e400", "NaN", "9" * 4000, "true", '"0.5"', "[]"])
def test_a_figure_that_is_none_gives_no_score(lab: Lab, figure: str) -> None:
    def answer(n: int, body: Any) -> str:
        if n < 2:
            return "ok"
        said = f'{{"explanation": "x", "prediction_quality": {figure}, "resource_cost": 1}}'
        return f"raw: {completion(said).decode()}"

    lab.stub.plan = answer
    run = lab.run(1, 1, project_id=lab.project(constraints=[]))
    assert (run.status, run.error_kind) == ("failed", "invalid_response")
    assert lab.results(run.id).evaluations == []


def test_ten_megabytes_are_a_call_that_brought_nothing(lab: Lab) -> None:
    lab.stub.plan = lambda n, body: f"raw: {completion('x' * 10 * MB).decode()}"
    run = lab.run(1, 1)
    assert (run.status, run.error_kind) == ("failed", "invalid_response")
    for call in lab.calls(run.id):
        assert (call.outcome, call.error_detail) == ("invalid", TOO_LONG)
    assert len(lab.bytes_on_disk()) < 4 * MB


def test_a_long_text_is_kept_to_a_length(lab: Lab) -> None:
    text = "word " * 100_000
    made = [{"title": text, "description": text, "predicted_effects": []}]
    lab.stub.reply = lambda body, schema: {  # type: ignore[method-assign]
        "candidates": made, "scenarios": [{"name": text, "description": text}],
        "explanation": text, "prediction_quality": 0.5, "resource_cost": 1,
    }  # fmt: skip
    run = lab.run(1, 1, project_id=lab.project(constraints=[]))
    assert run.status == "completed"
    found = lab.results(run.id)
    assert [len(c.title) for c in found.candidates] == [300]
    assert [len(e.explanation) for e in found.evaluations] == [20_000]


def test_names_and_headers_of_a_provider_are_data(lab: Lab, stub: StubModel) -> None:
    texts = iter(TEXTS.values())

    def reply(body: Any, schema: Any) -> Any:
        stub.model = next(texts) * 50
        return StubModel.reply(stub, body, schema)

    stub.reply = reply  # type: ignore[method-assign]
    run = lab.run(9, 9)
    assert run.status == "completed"
    served = [call.model_served or "" for call in lab.calls(run.id)]
    assert all(len(name) <= 200 and (name == "" or name.isprintable()) for name in served)
    assert sum(CANARY in name for name in served) > 70


@pytest.mark.parametrize("name", ["high half", "low half", "NUL", "C0", "C1", "title", "lines"])
def test_a_run_ends_whatever_words_it_was_refused_in(lab: Lab, name: str) -> None:
    lab.stub.plan = lambda n, body: f"status 401: {TEXTS[name]}"
    run = lab.run(1, 1)
    assert (run.status, run.error_kind) == ("failed", "provider_auth")
    assert CANARY in (run.error_message or "")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", run.error_message or "")


def test_what_looks_like_a_secret_is_stored_nowhere(planted: History) -> None:
    assert SECRET in "".join(SECRETS.values())
    stored = planted.lab.bytes_on_disk().decode("utf-8", "replace")
    assert KEY not in stored and SECRET not in stored
    assert any(KEY in str(request) for request in planted.stub.headers)


class _Client:
    model = "m"

    def __init__(self, generate: Callable[..., Any]) -> None:
        self.generate = generate


def kosmos(monkeypatch: pytest.MonkeyPatch, generate: Callable[..., Any]) -> Kosmos:
    monkeypatch.setattr("crucible.llm.kosmos._open", lambda: _Client(generate))
    return Kosmos(model="m", provider="openai", timeout_seconds=30)


def test_what_kosmos_gives_has_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    model = kosmos(monkeypatch, lambda *a, **k: {"content": "x" * (MAX_BODY_BYTES + 1)})
    reply = model.send(PROMPT)
    assert (reply.text, reply.problem) == (None, TOO_LONG)


def test_what_kosmos_raises_is_kept_short_and_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"\x1b]0;owned\x07 {SECRETS['key']} " + "a." * 5 * MB)

    with pytest.raises(ProviderFailure) as caught:
        kosmos(monkeypatch, fail).send(PROMPT)
    detail = caught.value.detail or ""
    assert len(detail) <= 2000 and "\x1b" not in detail and SECRET not in detail
