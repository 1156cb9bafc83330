"""A real `crucible serve` that asks for a token, spoken to over plain sockets."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from tests.cli.process import PATIENCE_SECONDS, Started, environment, start

TOKEN = "c4a1f0d97be2586031ad"
NAME = "crucible.example.com"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        found = self.all(name)
        assert len(found) < 2, f"{name} is sent more than once: {found}"
        return found[0] if found else None

    @property
    def code(self) -> str:
        assert self.one("Content-Type") == "application/problem+json"
        return str(json.loads(self.body)["code"])


@dataclass
class Server:
    started: Started
    address: tuple[str, int]

    def connected(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(self.address, PATIENCE_SECONDS, (source, 0))

    def raw(self, sent: bytes, source: str = "127.0.0.1") -> Answer:
        """The answer to whatever is sent."""
        with self.connected(source) as connection:
            connection.sendall(sent)
            method = sent.split(b" ", 1)[0].decode("latin-1")
            return received(connection, method)

    def ask(
        self, method: str, path: str, body: bytes = b"", source: str = "127.0.0.1", **headers: str
    ) -> Answer:
        """Headers as keywords, with _ for -; `Host` unless given."""
        lines = {"Host": "localhost", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if body:
            lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **lines}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        sent = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body
        return self.raw(sent, source)

    def cookie(self) -> str:
        body = json.dumps({"token": TOKEN}).encode()
        return str(self.ask("POST", "/api/session", body).one("Set-Cookie")).partition(";")[0]


def received(connection: socket.socket, method: str = "GET") -> Answer:
    response = HTTPResponse(connection, method=method)
    response.begin()
    return Answer(response.status, response.getheaders(), response.read())


@contextmanager
def serving(folder: Path, *options: str, **environ: str) -> Iterator[Server]:
    env = environment(
        CRUCIBLE_DATABASE_URL=f"sqlite:///{folder}/data/crucible.sqlite3",
        CRUCIBLE_LLM="openai",
        CRUCIBLE_API_TOKEN=TOKEN,
        CRUCIBLE_ALLOWED_HOSTS=NAME,
        **environ,
    )
    with start("serve", "--port", "0", *options, env=env) as started:
        line = started.line()
        found = re.search(r"Serving on (http://\S+?)[\"\s]", line)
        assert found, line
        where = urlsplit(found[1])
        yield Server(started, ("127.0.0.1", int(where.port or 0)))
