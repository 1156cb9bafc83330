"""An OTLP collector for tests: real HTTP on loopback, and what it received, decoded.

What goes wrong is scripted: `plan(n)` names the behaviour for the n-th request (from 0): `ok`,
`partial N`, `status N`, `retry after S`, `redirect`, `page`, `garbage`, `no http`, `hang up`,
`hang`, `drip`.
"""

import gzip
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PATIENCE_SECONDS = 30
ERROR = Status.STATUS_CODE_ERROR


@dataclass(frozen=True)
class Received:
    """A span as it came."""

    span: Span
    resource: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.span.name

    @property
    def id(self) -> bytes:
        return self.span.span_id

    @property
    def parent(self) -> bytes:
        return self.span.parent_span_id

    @property
    def attributes(self) -> dict[str, Any]:
        return plain(self.span.attributes)

    @property
    def error(self) -> str | None:
        """What its status says, if that is an error."""
        return self.span.status.message if self.span.status.code == ERROR else None


@dataclass
class Collector:
    plan: Callable[[int], str] = field(default=lambda n: "ok")
    bodies: list[bytes] = field(default_factory=list)
    """Of all requests, whatever was answered."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    spans: list[Received] = field(default_factory=list)
    """Those of the requests that were taken."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """Ends whatever hangs."""
    port: int = 0

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        handler = type("Handler", (_Handler,), {"collector": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def received(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        with self._changed:
            self.paths.append(path)
            self.headers.append(dict(headers))
            self.bodies.append(body)
            self._changed.notify_all()
            behaviour = self.plan(len(self.bodies) - 1)
        return behaviour

    def take(self, body: bytes) -> None:
        with self._changed:
            self.spans += decoded(body)
            self._changed.notify_all()

    def wait(self, met: Callable[["Collector"], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: met(self), PATIENCE_SECONDS), self.names()

    def wait_for_root(self, count: int = 1) -> None:
        self.wait(lambda it: sum(not each.parent for each in it.spans) >= count)

    def names(self) -> list[str]:
        return [each.name for each in self.spans]

    def one(self, name: str) -> Received:
        (found,) = [each for each in self.spans if each.name == name]
        return found

    def under(self, parent: Received) -> list[Received]:
        return [each for each in self.spans if each.parent == parent.id]


def decoded(body: bytes) -> list[Received]:
    return [
        Received(span, plain(of_resource.resource.attributes))
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


class _Handler(BaseHTTPRequestHandler):
    collector: Collector
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(raw) if self.headers["Content-Encoding"] == "gzip" else raw
        behaviour, _, what = self.collector.received(self.path, self.headers, body).partition(" ")
        if behaviour == "ok":
            self.collector.take(body)
            self._answer(200, ExportTraceServiceResponse().SerializeToString())
        elif behaviour == "partial":
            self.collector.take(body)
            answer = ExportTraceServiceResponse()
            answer.partial_success.rejected_spans = int(what)
            self._answer(200, answer.SerializeToString())
        elif behaviour == "status":
            self._answer(int(what), b"")
        elif behaviour == "retry":
            self._answer(503, b"", {"Retry-After": what.removeprefix("after ")})
        elif behaviour == "redirect":
            self._answer(302, b"", {"Location": "/elsewhere"})
        elif behaviour == "page":
            self._answer(200, b"<h1>Welcome</h1>", {"Content-Type": "text/html"})
        elif behaviour == "garbage":
            self._answer(200, b"\xff\xfe\x00what")
        elif behaviour == "no":
            self._raw(b"SSH-2.0-what\r\n")
        elif behaviour == "drip":
            self._drip()
        else:
            if behaviour == "hang" and not what:
                self.collector.go_on.wait(PATIENCE_SECONDS)
            self.close_connection = True

    def do_GET(self) -> None:
        """Where a redirect would lead."""
        self.collector.received(f"GET {self.path}", self.headers, b"")
        self._answer(200, b"")

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        kind = {"Content-Type": "application/x-protobuf", "Content-Length": str(len(body))}
        for name, value in (kind | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.close_connection = True

    def _drip(self) -> None:
        """A byte now and then: no single wait of its client's is long."""
        self.close_connection = True
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not self.collector.go_on.wait(0.05):
                self.wfile.write(b"x")
        except OSError:
            return
