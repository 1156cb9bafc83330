"""A broker, workers and servers, each a process of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cli.process import environment

PATIENCE_SECONDS = 60.0
COMMAND = [sys.executable, "-m", "crucible.cli"]


def until(condition: Callable[[], Any], what: str = "it") -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.05)


class Redis:
    """A redis-server on loopback that keeps nothing."""

    def __init__(self, folder: Path, *options: str, password: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        secret = ["--requirepass", password] if password else []
        self._command = [
            *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--dir", str(folder), *secret, *options),
        ]
        self._login = f":{password}@" if password else ""
        self.url = f"redis://{self._login}127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until(self._answers, "an answer of redis-server")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """It takes connections and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def ask(self, *words: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            text = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
            connection.sendall(f"*{len(words)}\r\n{text}".encode())
            return connection.recv(65536)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except OSError:
            return False


class Process:
    """A `crucible` command whose stderr is a file."""

    def __init__(self, folder: Path, environ: Mapping[str, str], *words: str) -> None:
        number = len(list(folder.glob("*.log")))
        self._log = folder / f"{words[0]}-{number}.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *words], env=environment(**environ), stderr=log, stdout=log
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def says(self, pattern: str) -> re.Match[str]:
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := re.search(pattern, self.said)):
            assert self.process.poll() is None and time.monotonic() < end, self.said
            time.sleep(0.05)
        return found

    def tell(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Fleet:
    def __init__(self, folder: Path, redis: Redis, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self.redis = redis
        self.environ = {
            **environ,
            "CRUCIBLE_EXECUTOR": "celery",
            "CRUCIBLE_BROKER_URL": redis.url,
        }
        self._processes: list[Process] = []
        self.url = ""

    def start(self, *words: str, **environ: str) -> Process:
        made = Process(self._folder, {**self.environ, **environ}, *words)
        self._processes.append(made)
        return made

    def workers(self, count: int = 1, *options: str, **environ: str) -> Sequence[Process]:
        made = [self.start("worker", *options, **environ) for _ in range(count)]
        for worker in made:
            worker.says("Working as ")
        return made

    def serve(self, **environ: str) -> Process:
        made = self.start("serve", "--port", "0", **environ)
        self.url = made.says(r"Serving on (\S+)")[1]
        return made

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """GET without a body, else POST: status and answer."""
        data = None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data=data, headers=given)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
