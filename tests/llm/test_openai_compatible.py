"""The wire: what is sent, and what is made of what comes back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.stub_model import StubModel

from crucible.llm.openai_compatible import OpenAICompatible
from crucible.llm.protocol import Prompt, ProviderFailure

SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
PROMPT = Prompt("design", [{"role": "user", "content": "say a wörd \ud800"}], SCHEMA, 0.7, 100)


@pytest.fixture
def model(stub: StubModel) -> Iterator[OpenAICompatible]:
    made = OpenAICompatible(
        base_url=stub.url, api_key="sk-wire-12345678", model="gpt-5-mini", timeout_seconds=0.5
    )
    yield made
    made.close()


def test_a_request_is_what_the_contract_says(model: OpenAICompatible, stub: StubModel) -> None:
    reply = model.send(PROMPT)
    (body,) = stub.requests
    assert body == {
        "model": "gpt-5-mini",
        "messages": [{"role": "user", "content": "say a wörd ?"}],
        "temperature": 0.7,
        "max_tokens": 100,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "design", "strict": True, "schema": SCHEMA},
        },
    }
    assert stub.headers[0]["Authorization"] == "Bearer sk-wire-12345678"
    assert reply.model_served == "gpt-5-mini" and reply.usage.reported


@pytest.mark.parametrize(
    ("behaviour", "kind", "outcome", "retryable", "sent"),
    [
        ("status 401", "provider_auth", "error", False, True),
        ("status 403", "provider_auth", "error", False, True),
        ("status 404", "provider_error", "error", False, True),
        ("status 429", "provider_rate_limited", "error", True, True),
        ("status 500", "provider_error", "error", True, True),
        ("status 529", "provider_error", "error", True, True),
        ("status 302", "provider_error", "error", False, True),
        ("hang up", "provider_unreachable", "error", True, True),
        ("half", "provider_unreachable", "error", True, True),
        ("hang", "provider_unreachable", "timeout", True, True),
    ],
)
def test_each_failure_has_its_kind(
    model: OpenAICompatible,
    stub: StubModel,
    behaviour: str,
    kind: str,
    outcome: str,
    retryable: bool,
    sent: bool,
) -> None:
    stub.plan = lambda n, body: behaviour
    with pytest.raises(ProviderFailure) as caught:
        model.send(PROMPT)
    found = caught.value
    assert (found.kind, found.outcome, found.retryable, found.sent) == (
        kind,
        outcome,
        retryable,
        sent,
    )


def test_nothing_was_sent_where_nothing_listens() -> None:
    model = OpenAICompatible(base_url="http://127.0.0.1:9/v1", api_key=None, model="m")
    with pytest.raises(ProviderFailure, match="could not be reached") as caught:
        model.send(PROMPT)
    assert not caught.value.sent
    model.close()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("nan", 0.0), ("soon", None), ("1e400", 0.0)],
)
def test_retry_after_is_read_with_suspicion(
    model: OpenAICompatible, stub: StubModel, header: str, seconds: float | None
) -> None:
    stub.plan = lambda n, body: f"retry after {header}"
    with pytest.raises(ProviderFailure) as caught:
        model.send(PROMPT)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "raw",
    [
        "<html>",
        "null",
        "[]",
        "{}",
        '{"choices": []}',
        '{"choices": [{}]}',
        '{"choices": "x"}',
        '{"choices": [{"message": null}]}',
        '{"choices": [{"message": {"content": 7}}]}',
        '{"choices": {"0": 1}}',
        "[" * 50_000,
    ],
)
def test_an_answer_that_is_no_completion_is_no_crash(
    model: OpenAICompatible, stub: StubModel, raw: str
) -> None:
    stub.plan = lambda n, body: f"raw: {raw}"
    assert model.send(PROMPT).text is None


def test_a_refused_format_falls_back_step_by_step(model: OpenAICompatible, stub: StubModel) -> None:
    stub.plan = lambda n, body: "status 400: response_format is not supported"
    kinds = []
    for _ in range(4):
        with pytest.raises(ProviderFailure) as caught:
            model.send(PROMPT)
        kinds.append(caught.value.adapted)
    asked = [body.get("response_format", {}).get("type") for body in stub.requests]
    assert asked == ["json_schema", "json_object", None, None]
    assert kinds == [True, True, False, False]
    assert len(model.notes) == 2


def raw_server(answer: bytes, pause: float) -> Iterator[str]:
    """Accepts connections and sends `answer` byte by byte, over and over."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)
    over = threading.Event()

    def speak(client: socket.socket) -> None:
        with client:
            client.recv(65536)
            while not over.wait(pause):
                try:
                    client.sendall(answer)
                except OSError:
                    return

    def serve() -> None:
        while not over.is_set():
            try:
                client, _ = listening.accept()
            except TimeoutError:
                continue
            threading.Thread(target=speak, args=(client,), daemon=True).start()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    over.set()
    thread.join()
    listening.close()


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 100 Continue\r\n\r\n", b"x"], ids=["continues", "bytes"]
)
def test_the_timeout_holds_for_the_whole_exchange(answer: bytes) -> None:
    for url in raw_server(answer, 0.05):
        model = OpenAICompatible(base_url=url, api_key=None, model="m", timeout_seconds=0.5)
        with pytest.raises(ProviderFailure, match="timed out") as caught:
            model.send(PROMPT)
        assert caught.value.outcome == "timeout"
        model.close()


def test_an_answer_that_cannot_be_decoded_is_an_answer(
    model: OpenAICompatible, stub: StubModel
) -> None:
    stub.plan = lambda n, body: "bad gzip"
    reply = model.send(PROMPT)
    assert (reply.text, reply.problem) == (None, "it is not a chat completion")


def test_a_proxy_of_the_environment_is_asked(
    stub: StubModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", stub.url.removesuffix("/v1"))
    model = OpenAICompatible(base_url="http://model.invalid/v1", api_key=None, model="m")
    assert model.send(PROMPT).model_served == "m"
    assert stub.headers[0]["Host"] == "model.invalid"
    model.close()


def test_one_connection_serves_one_call_after_the_other(
    model: OpenAICompatible, stub: StubModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    accept = stub._server.get_request
    monkeypatch.setattr(stub._server, "get_request", lambda: (opened.append(1), accept())[1])
    for behaviour in ("ok", "status 500", "prose"):
        stub.plan = lambda n, body, now=behaviour: now
        for _ in range(3):
            with suppress(ProviderFailure):
                model.send(PROMPT)
    assert len(opened) == 1
