"""A model endpoint for measurements: cheap, in a process of its own, always as slow as it is told.

It speaks the wire of `tests.stub_model` (and answers from the schema it is sent, like that one),
but costs a fraction: one event loop, an answer made once for each schema, nothing kept.

python -m tests.benchmarks.model_endpoint LATENCY_SECONDS

It prints its address and serves until its standard input is closed.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.stub_model import sample

_made: dict[str, bytes] = {}


class Exchange(asyncio.Protocol):
    """One connection, kept alive: a request at a time, as HTTP/1.1 clients here send them."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        whole = head + 4 + _length(bytes(self._buffer[:head]))
        if len(self._buffer) < whole:
            return
        body = bytes(self._buffer[head + 4 : whole])
        del self._buffer[:whole]
        loop = asyncio.get_running_loop()
        # The wait begins when the question is there; what it takes to answer is part of it.
        due = loop.time() + self._latency
        loop.call_at(due, self._send, answer(body))

    def _send(self, made: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(made)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def answer(body: bytes) -> bytes:
    """A whole HTTP answer: a chat completion that follows the schema of the request."""
    asked = json.loads(body)
    schema = asked["response_format"]["json_schema"]["schema"]
    key = json.dumps(schema)
    if key not in _made:
        _made[key] = _answer(asked["model"], json.dumps(sample(schema, 3)))
    return _made[key]


def _answer(model: str, content: str) -> bytes:
    message = {"role": "assistant", "content": content}
    data = json.dumps(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "model": model,
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 700, "completion_tokens": 60, "total_tokens": 760},
        }
    ).encode()
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + data


async def serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(latency), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)  # noqa: T201 - its answer
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def endpoint(latency: float) -> Iterator[str]:
    """The address of an endpoint in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.model_endpoint", str(latency)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(float(sys.argv[1])))
