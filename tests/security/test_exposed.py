"""A server that others can reach, tried from outside over plain sockets."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_serve_workers import eventually
from tests.security import scan
from tests.security.__main__ import PAGE, PLACE
from tests.security.real import NAME, TOKEN, Server, received, serving
from waitress import wasyncore

from crucible import config
from crucible.api import create_app, pages
from crucible.cli import web_server
from crucible.cli.serve import LIMITS

MOST_BYTES = 600
"""So many are sent to a server that takes no more of them, one by one, before a test gives up."""
PAUSE_SECONDS = 0.1
CLOSED = b"GET /api/openapi.json HTTP/1.1\r\n"
BEARER = f"Authorization: Bearer {TOKEN}\r\n".encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("exposed")) as made:
        yield made


def test_no_answer_has_a_header_too_many_or_too_few(server: Server) -> None:
    found, wrong = scan.table(server)
    assert wrong == []
    written = PLACE.search(PAGE.read_text())
    assert written is not None
    if (pages.WEB / "index.html").is_file():  # else it has no file to show
        assert found in written[0], "run: python -m tests.security --write"


def test_a_connection_outlasts_answers_without_a_body(server: Server) -> None:
    with server.connected() as connection:

        def ask(method: str, path: str, *more: bytes) -> Any:
            lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: localhost", *more, BEARER]
            connection.sendall(b"\r\n".join(lines) + b"\r\n")
            answer = received(connection, method)
            return answer.status, answer.one("Connection"), answer.one("ETag")

        signed_out = ask("DELETE", "/api/session")
        _, _, tag = ask("GET", "/api/projects")
        unchanged = ask("GET", "/api/projects", f"If-None-Match: {tag}".encode())
        assert (signed_out, unchanged) == ((204, None, None), (304, None, tag))
        assert ask("HEAD", "/api/projects") == (200, None, tag)
        assert ask("DELETE", "/api/session", b"Connection: close")[:2] == (204, "close")
        assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Host:\r\n",
        b"Host: localhost\r\nHost: evil.example\r\n",
        b"Host: evil.example\r\nHost: localhost\r\n",
        b"Host: localhost\r\nHost: localhost\r\n",
        b"Host: a@localhost\r\n",
        b"Host: [::1%eth0]\r\n",
        b"Host: localhost\r\n  .evil.example\r\n",
        b"Host: evil.example\r\nX-Forwarded-Host: localhost\r\nForwarded: host=localhost\r\n",
        b"Host: localhost.\r\n",
        b"Host: 127.1\r\n",
        b"Host: localhost:80x\r\n",
    ],
)
def test_requests_under_other_names_are_refused(server: Server, head: bytes) -> None:
    for version in (b"1.0", b"1.1"):
        answer = server.raw(b"GET /api/health HTTP/" + version + b"\r\n" + head + b"\r\n")
        assert (answer.status, answer.code) == (421, "foreign_host")


@pytest.mark.parametrize(
    ("target", "status"),
    [("http://evil.example/api/health", 421), ("http://localhost/api/health", 200),
     ("http://a@localhost/api/health", 421), ("http://evil.example@localhost/", 421),
     ("//evil.example/api/health", 404), ("http:\\\\evil/api/health", 404)],
)  # fmt: skip
def test_a_target_cannot_name_another_host(server: Server, target: str, status: int) -> None:
    assert server.ask("GET", target).status == status


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 5\r\n\r\nhello", {400}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", {400}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\nx", {400}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n", {501}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\nX: a\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", {400}),
        (b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
        (b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", {400}),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\nCookie: secret=1\r\n\r\n", {405}),
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", {404, 405}),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", {204}),
        (b"GET /\x80\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}),
        (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", {404}),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", {200}),
    ],
)
def test_what_is_hardly_a_request_is_refused_without_quoting_it(
    server: Server, sent: bytes, statuses: set[int]
) -> None:
    answer = server.raw(sent)
    assert answer.status in statuses
    if answer.status >= 400:
        assert answer.code and b"secret" not in answer.body and b"evil" not in answer.body


def test_what_is_refused_so_early_is_in_the_log(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-format", "json") as server:
        answer = server.raw(b"hello there secret\r\n\r\n")
        line = server.started.line()
    found = json.loads(line)
    assert (found["status"], found["request_id"]) == (400, answer.one("X-Request-Id"))
    assert "secret" not in line


NINES = b"9" * 5000


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET http://[/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "malformed"),
        (b"GET http://[::zz]/secret HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "malformed"),
        (b"POST / HTTP/1.1\r\nContent-Length: " + NINES + b"\r\n\r\n{", 413, "too_large"),
        (b"POST http://[/ HTTP/1.0\r\nContent-Length: " + NINES + b"\r\n\r\n", 413, "too_large"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(
    tmp_path: Path, sent: bytes, status: int, code: str
) -> None:
    with serving(tmp_path) as server:
        answer = server.raw(sent)
        assert (answer.status, answer.code) == (status, code)
        assert server.ask("GET", "/api/session").status == 200
        server.started.interrupt()
        _, _, err = server.started.end()
    assert "Traceback" not in err and "waitress" not in err


def test_no_second_request_hides_in_the_body_of_the_first(server: Server) -> None:
    hidden = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n" + BEARER + b"\r\n"
    both = (
        b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), len(hidden), hidden)
    )
    with server.connected() as connection:
        connection.sendall(both)
        everything = b"".join(iter(lambda: connection.recv(65536), b""))
    assert everything.startswith(b"HTTP/1.1 400 ")
    assert everything.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "path",
    ["/api/projects;x", "/api/projects/..;/projects", "/api/./projects", "/x/../api/projects",
     "//api/projects", "///api//projects", "/api%2fprojects", "/%61%70%69/projects",
     "/api/projects%00", "/api/projects%20", "/api/projects.json", "/API/projects",
     "/api/health/../projects", "/api/session/%2e%2e/projects", "/metrics/", "/metrics%2f",
     "/projects/../api/projects", "/assets/../api/projects", "/api/projects?x=/api/health",
     "/api/projects#/api/health", "http://localhost/api/projects"],
)  # fmt: skip
def test_no_detour_leads_around_the_token(server: Server, path: str) -> None:
    detours = {"X-Original-URL": "/api/projects", "X-Rewrite-URL": "/api/projects",
               "X-HTTP-Method-Override": "GET", "X-Forwarded-For": "127.0.0.1",
               "X-Forwarded-User": "root", "Authorization": "Basic cm9vdDo="}  # fmt: skip
    for headers in ({}, detours):
        answer = server.ask("GET", path, **headers)
        page = answer.one("Content-Type") == "text/html; charset=utf-8"
        assert answer.status in (301, 308, 401, 404) or (answer.status == 200 and page)
        assert b'"projects"' not in answer.body and b"crucible_" not in answer.body


# Limits


def test_headers_have_a_limit(server: Server) -> None:
    head = CLOSED + b"Host: localhost\r\n"
    many = b"".join(b"X-%d: x\r\n" % n for n in range(8000))
    for sent in (head + many + b"\r\n", head + b"X: " + b"x" * 70_000, CLOSED + b"x" * 70_000):
        assert server.raw(sent).code == "headers_too_large"
    line = b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert server.raw(line).code == "headers_too_large"


def test_bodies_have_a_limit(server: Server) -> None:
    head = b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    # Said in advance, it is refused before any of it is read; who only pretends to, likewise.
    declared = server.raw(head + b"Content-Length: 99999999999\r\n\r\n")
    assert (declared.status, declared.code) == (413, "too_large")
    waits = server.raw(head + b"Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n")
    assert (waits.status, waits.code) == (413, "too_large")
    # Up to 4 MiB is read, to be refused in peace.
    over = b'{"token": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    refused = server.raw(head + b"Content-Length: %d\r\n\r\n" % len(over) + over)
    assert (refused.status, refused.code) == (413, "too_large")


def test_a_body_that_does_not_say_its_length_has_the_same_limit(server: Server) -> None:
    head = b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with server.connected() as connection:
        connection.sendall(head)
        try:
            for _ in range(1000):
                connection.sendall(chunk)
        except OSError:  # it does not listen any more
            return
    pytest.fail("it took 65 MB")


class Hanging:
    """A server of this process whose patience is short, and connections to it."""

    def __init__(self, server: Any) -> None:
        self.address = server.socket.getsockname()
        self.connections = server.active_channels

    def connection(self, sent: bytes = b"") -> socket.socket:
        made = socket.create_connection(self.address, 60)
        made.sendall(sent)
        return made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    monkeypatch.setitem(LIMITS, "channel_timeout", 2)
    monkeypatch.setitem(LIMITS, "cleanup_interval", 0)
    monkeypatch.setattr(web_server, "REQUEST_SECONDS", 3)
    settings = config.load({"CRUCIBLE_DATABASE_URL": "sqlite:////nowhere/never-opened.sqlite3"})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connections: dict[int, Any] = {}
        made = web_server.make_server(create_app(settings), connections, [listening])
        with _running(connections, lambda: made.task_dispatcher.shutdown()):
            yield Hanging(made)


@contextmanager
def _running(connections: dict[int, Any], stop: Callable[[], Any]) -> Iterator[None]:
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            wasyncore.loop(0.05, use_poll=True, map=connections, count=1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        stop()
        wasyncore.close_all(connections)


def test_a_request_has_a_time_to_arrive_in(impatient: Hanging) -> None:
    head = b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
    silent = [impatient.connection(sent) for sent in (b"", b"GET / HT", head, head + b"\r\n{")]
    # A byte now and then is no sign of life, be it of the headers or of the body.
    dripping = [impatient.connection(sent) for sent in (b"GET / HTTP/1.1\r\nX: ", head + b"\r\n{")]
    for each in dripping:
        each.settimeout(PAUSE_SECONDS)
        assert _drip(each) < MOST_BYTES
    for each in silent:
        assert each.recv(100) == b""
    # All that time others were served.
    with impatient.connection(b"GET /api/session HTTP/1.1\r\nHost: localhost\r\n\r\n") as other:
        assert received(other).status == 200
    for each in silent + dripping:
        each.close()


PIPELINED = 120
"""Answers to so many requests are more than a server keeps for one that does not take them, and
more than its machine does."""


@pytest.fixture
def greedy() -> Iterator[Callable[[Any], socket.socket]]:
    """Connects, asks for far more than it takes, and takes nothing."""
    made: list[socket.socket] = []

    def connect(address: Any) -> socket.socket:
        connection = socket.socket()
        made.append(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * PIPELINED)
        return connection

    yield connect
    for each in made:
        each.close()


def test_who_asks_and_takes_nothing_holds_no_thread_and_is_given_up(
    impatient: Hanging, greedy: Callable[[Any], socket.socket]
) -> None:
    for _ in range(2 * LIMITS["threads"]):
        greedy(impatient.address)
    for _ in range(3):
        with impatient.connection(b"GET /api/session HTTP/1.1\r\nHost: localhost\r\n\r\n") as other:
            assert received(other).status == 200
    eventually(lambda: not impatient.connections)


def _drip(connection: socket.socket) -> int:
    """Sends byte after byte until the other end hangs up; how many it took."""
    for sent in range(MOST_BYTES):
        try:
            connection.sendall(b"x")
            if connection.recv(100) == b"":
                return sent
        except TimeoutError:
            continue
        except OSError:
            return sent
    return MOST_BYTES


# Processes


def test_processes_ask_for_the_same_token_and_count_tries_together(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as server:
        body = json.dumps({"token": "wrong"}).encode()
        # Each on a connection of its own: either process may take it.
        statuses = [server.ask("POST", "/api/session", body).status for _ in range(14)]
        assert statuses == [401] * 10 + [429] * 4
        right = {"Authorization": f"Bearer {TOKEN}", "source": "127.0.0.2"}
        signing = json.dumps({"token": TOKEN}).encode()
        signed = server.ask("POST", "/api/session", signing, source="127.0.0.2")
        cookie = str(signed.one("Set-Cookie")).partition(";")[0]
        for _ in range(8):
            assert server.ask("GET", "/api/projects", **right).status == 200
            assert server.ask("GET", "/api/projects", Cookie=cookie).status == 200
        commands = [_command(pid) for pid in _family(server.started.process.pid)]
        assert len(commands) >= 3
        assert not any(TOKEN in command for command in commands)
        server.started.interrupt()
        _, out, err = server.started.end()
    assert TOKEN not in out + err and "wrong token" in err


def _family(parent: int) -> list[int]:
    found = [parent]
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if int(fields[1]) == parent:
                found.append(int(folder.name))
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text() + Path(f"/proc/{pid}/comm").read_text()


def test_behind_a_proxy_with_tls_the_page_may_write(server: Server) -> None:
    body = json.dumps({"token": TOKEN}).encode()
    page = {"Host": NAME, "Origin": f"https://{NAME}", "Sec-Fetch-Site": "same-origin",
            "X-Forwarded-Proto": "https"}  # fmt: skip
    signed = server.ask("POST", "/api/session", body, **page)
    assert signed.status == 204 and "; Secure" in str(signed.one("Set-Cookie"))
    elsewhere = {**page, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert server.ask("POST", "/api/session", body, **elsewhere).code == "forbidden"
