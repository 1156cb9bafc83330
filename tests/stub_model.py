"""A model endpoint for tests: real HTTP on loopback, answers made from the schema it is sent.

It knows nothing of the product but the wire: `POST /chat/completions` with a JSON schema. What
goes wrong is scripted: `stub.plan` decides about each request, by default `ok`. It keeps count of
what it charged, so that a test can hold a ledger against it.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Plan = Callable[[int, Mapping[str, Any]], str]


@dataclass
class Charge:
    """What one request cost its caller."""

    name: str
    status: int
    input_tokens: int | None
    output_tokens: int | None


@dataclass
class StubModel:
    """`plan(n, body)` names the behaviour for the n-th request (from 0); see `_Handler`."""

    plan: Plan = field(default=lambda n, body: "ok")
    model: str | None = None
    """The model that claims to have served; None: the one asked for."""
    delay_seconds: float = 0.0
    requests: list[Mapping[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"stub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self.hang.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def receive(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        with self._lock:
            self.requests.append(body)
            self.headers.append(dict(headers))
            return self.plan(len(self.requests) - 1, body)

    def reply(self, body: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
        return sample(schema, len(self.requests))

    def usage(self, body: Mapping[str, Any], content: str) -> dict[str, Any]:
        asked = sum(len(m["content"]) for m in body["messages"])
        used = asked // 4 + 1, len(content) // 4 + 1
        return {
            "prompt_tokens": used[0],
            "completion_tokens": used[1],
            "total_tokens": sum(used),
        }

    def charge(self, charge: Charge) -> None:
        with self._lock:
            self.charges.append(charge)

    def names(self) -> list[str]:
        """The question each request asked, in order."""
        return [schema_name(body) for body in self.requests]


def schema_name(body: Mapping[str, Any]) -> str:
    found = body.get("response_format") or {}
    return str(found.get("json_schema", {}).get("name", "?"))


def sample(schema: Mapping[str, Any], seed: int = 0, path: str = "x") -> Any:
    """Some value that the schema allows."""
    if "enum" in schema:
        return schema["enum"][seed % len(schema["enum"])]
    kind = schema["type"]
    if kind == "object":
        return {
            name: sample(part, seed, f"{path}.{name}")
            for name, part in schema["properties"].items()
        }
    if kind == "array":
        count = schema.get("minItems", 1)
        return [sample(schema["items"], seed + n, f"{path}[{n}]") for n in range(count)]
    if kind == "number":
        low, high = schema.get("minimum", 0), schema.get("maximum", 1)
        return round(low + (high - low) * ((seed * 7 + len(path)) % 10 + 1) / 11, 4)
    if kind == "integer":
        return int(schema.get("minimum", 0))
    if kind == "boolean":
        return True
    return f"{path.rsplit('.', 1)[-1]} {seed}"


class _Handler(BaseHTTPRequestHandler):
    """Behaviours: `ok`, `no usage`, `prose`, `fenced`, `wrong shape`, `cut off`, `empty`,
    `hang up`, `hang`, `half`, `status N`, `status N: message`, `retry after S`, `raw: TEXT`,
    `bad gzip`."""

    stub: StubModel
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        behaviour = self.stub.receive(body, dict(self.headers))
        if self.stub.delay_seconds:
            time.sleep(self.stub.delay_seconds)
        if behaviour == "hang up":
            self.close_connection = True
            self.connection.close()
        elif behaviour == "hang":
            self.stub.hang.wait(30)
            self.close_connection = True
        elif behaviour == "half":
            self._half()
        elif behaviour.startswith("status "):
            self._status(body, behaviour.removeprefix("status "))
        elif behaviour.startswith("retry after "):
            seconds = behaviour.removeprefix("retry after ")
            self._send(429, {"error": {"message": "slow down"}}, {"Retry-After": seconds})
        elif behaviour == "bad gzip":
            self._send(200, "not gzip", {"Content-Encoding": "gzip"})
        elif behaviour.startswith("raw: "):
            self._send(200, behaviour.removeprefix("raw: "))
        else:
            self._answer(body, behaviour)

    def _status(self, body: Mapping[str, Any], what: str) -> None:
        status, _, message = what.partition(": ")
        self.stub.charge(Charge(schema_name(body), int(status), None, None))
        self._send(int(status), {"error": {"message": message or f"stub says {status}"}})

    def _answer(self, body: Mapping[str, Any], behaviour: str) -> None:
        content, finish = self._content(body, behaviour)
        answer: dict[str, Any] = {
            "id": "chatcmpl-stub",
            "object": "chat.completion",
            "model": self.stub.model or body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": content},
                }
            ],
        }
        charge = Charge(schema_name(body), 200, None, None)
        if behaviour != "no usage":
            used = answer["usage"] = self.stub.usage(body, content)
            charge.input_tokens = used["prompt_tokens"]
            charge.output_tokens = used["completion_tokens"]
        self.stub.charge(charge)
        self._send(200, answer)

    def _content(self, body: Mapping[str, Any], behaviour: str) -> tuple[str, str]:
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
        schema = schema or {"type": "object", "properties": {}}
        text = json.dumps(self.stub.reply(body, schema))
        if behaviour == "prose":
            return "I would rather talk about the weather.", "stop"
        if behaviour == "fenced":
            return f"```json\n{text}\n```", "stop"
        if behaviour == "wrong shape":
            return json.dumps({"something": "else"}), "stop"
        if behaviour == "cut off":
            return text[: len(text) // 2], "length"
        if behaviour == "empty":
            return "", "stop"
        return text, "stop"

    def _half(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"model": "x", ')
        self.wfile.flush()
        self.close_connection = True

    def _send(self, status: int, content: Any, headers: Mapping[str, str] | None = None) -> None:
        raw = content if isinstance(content, str) else json.dumps(content)
        data = raw.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
