"""A user's empty home: the server that is started in it, and the commands that are typed there."""

import json
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from tests.cli.process import COMMAND, crucible, environment, inside, on_terminal

from crucible.config import cache_folder

COLUMNS = 116
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Typed:
    """A command, and what a terminal showed of it."""

    command: str
    exit_code: int
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


@dataclass
class House:
    home: Path
    quick: bool = False
    """Commands run in this process, without a terminal."""
    settings: dict[str, str] = field(default_factory=dict)
    """What the user exports before a command is typed or the server started."""

    @property
    def environ(self) -> dict[str, str]:
        folders = {
            "HOME": str(self.home),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            # The embedded model is 1.1 GB: it is not fetched again.
            "XDG_CACHE_HOME": str(cache_folder().parent),
        }
        return environment(**folders, **self.settings)

    def type(self, words: str) -> Typed:
        """`words` follow `crucible`."""
        args = shlex.split(words)
        if self.quick:
            said = inside(*args, env=self.environ)
            text, code = said.stdout + said.stderr, said.returncode
        else:
            shown = on_terminal(*args, env=self.environ, columns=COLUMNS)
            text, code = shown.plain, shown.exit_code
        lines = [line.rstrip() for line in text.rstrip().split("\n")]
        return Typed(f"crucible {words}", code, "\n".join(lines))

    def json(self, words: str) -> Any:
        """The same question, asked by a program."""
        ask = inside if self.quick else crucible
        said = ask(*shlex.split(words), "--format", "json", env=self.environ)
        if said.returncode != 0:
            raise SystemExit(f"crucible {words}: {said.stderr}")
        return json.loads(said.stdout)


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    base: str

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def get(self, path: str) -> Any:
        answer = requests.get(self.base + path, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = requests.post(self.base + path, json=body or {}, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def run(self, run_id: str) -> Any:
        return self.get(f"/api/runs/{run_id}")

    def ended(self, run_id: str) -> Any:
        """The run, once it has ended."""
        return self.until(run_id, lambda run: run["status"] not in ("created", "running"))

    def until(self, run_id: str, there: Callable[[Any], bool]) -> Any:
        run = self.run(run_id)
        wait_for(lambda: there(self.run(run_id)), f"run #{run['number']}")
        return self.run(run_id)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait(30)


def wait_for(there: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not there():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.05)


@contextmanager
def serving(house: House) -> Iterator[Server]:
    """`crucible serve`, until the block ends or somebody kills it."""
    with (house.home / "serve.log").open("ab") as log:
        began = log.tell()
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0"],
            env=house.environ,
            cwd=house.home,
            stderr=log,
            stdout=log,
        )
    try:
        yield Server(process, _address(process, house.home / "serve.log", began))
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path, began: int) -> str:
    def said() -> str:
        return log.read_bytes()[began:].decode()

    def there() -> bool:
        if process.poll() is not None:
            raise SystemExit(said())
        return "Serving on " in said()

    wait_for(there, "the server")
    found = re.search(r"Serving on (\S+)", said())
    assert found
    return found[1]
