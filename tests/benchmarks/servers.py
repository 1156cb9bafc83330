"""Servers as processes of their own, and questions over connections that stay open."""

import http.client
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.history import environ
from tests.benchmarks.report import Sample

START_SECONDS = 60


class Server:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.pid = process.pid
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get(self, path: str, **headers: str) -> bytes:
        """The body of the answer; the connection stays open."""
        return self._ask("GET", path, headers=headers)

    def unchanged(self, path: str) -> Callable[[], Any]:
        """Asks whether the answer is still the one that it is now."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        answer.read()
        tag = {"If-None-Match": answer.headers["ETag"]}
        return lambda: self._ask("GET", path, expected=304, headers=tag)

    def json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def post(self, path: str, body: bytes) -> bytes:
        return self._ask("POST", path, body=body, headers={"Content-Type": "application/json"})

    def _ask(self, method: str, path: str, expected: int = 200, **how: Any) -> bytes:
        self._connection.request(method, path, **how)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == expected, (answer.status, path, body[:500])
        return body

    def close(self) -> None:
        self._connection.close()

    def cpu_ms(self) -> float:
        """What all threads of the process have used since it began."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e6

    def resident_mb(self) -> float:
        """Memory that it holds, in MB of a million bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def product(url: str, *words: str, **more: str) -> Iterator[Server]:
    """`crucible serve` as it is installed, on the database at `url`."""
    command = [str(Path(sys.executable).with_name("crucible")), "serve", "--port", "0", *words]
    with _running(command, environ(url, **more), r"http://127\.0\.0\.1:(\d+)", "stderr") as server:
        yield server


@contextmanager
def floor(url: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.benchmarks.floor", url]
    with _running(command, environ(url), r"^(\d+)$", "stdout") as server:
        yield server


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], pattern: str, stream: str
) -> Iterator[Server]:
    other = {"stderr": "stdout", "stdout": "stderr"}[stream]
    streams: dict[str, Any] = {stream: subprocess.PIPE, other: subprocess.DEVNULL}
    process = subprocess.Popen(command, env=environment, text=True, **streams)
    lines = getattr(process, stream)
    found: queue.Queue[int | None] = queue.Queue()

    def read() -> None:
        """Goes on when the port is told, so that the server never waits for a reader."""
        for line in lines:
            if match := re.search(pattern, line.strip()):
                found.put(int(match[1]))
        found.put(None)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        port = found.get(timeout=START_SECONDS)
        assert port is not None, f"{process.args!r} ended before it listened"
        with closing(Server(process, port)) as server:
            yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
        lines.close()


@dataclass(frozen=True)
class Asked:
    """What one question took."""

    wall: Sample
    """Milliseconds from asking to the last byte of the answer."""
    cpu: float
    """Milliseconds of the server's process a request, in the mean."""


def in_turns(
    asks: Mapping[str, tuple[Server, Callable[[], Any]]], times: int, warm: int = 10
) -> dict[str, Asked]:
    """Asks each in turn, `times` times over, so that a busy machine is busy for all of them. Each
    has a server of its own."""
    for _ in range(warm):
        for _, ask in asks.values():
            ask()
    walls: dict[str, list[float]] = {name: [] for name in asks}
    before = {name: server.cpu_ms() for name, (server, _) in asks.items()}
    for _ in range(times):
        for name, (_, ask) in asks.items():
            began = time.perf_counter()
            ask()
            walls[name].append((time.perf_counter() - began) * 1000)
    after = {name: server.cpu_ms() for name, (server, _) in asks.items()}
    return {name: Asked(Sample(walls[name]), (after[name] - before[name]) / times) for name in asks}
