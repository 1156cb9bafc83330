"""The command as a user starts it: a process of its own, with pipes or on a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from click.testing import CliRunner

from crucible.cli import main

COMMAND = [sys.executable, "-m", "crucible.cli"]
PATIENCE_SECONDS = 60


def environment(**given: str) -> dict[str, str]:
    """Nothing of the developer's own settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CRUCIBLE_", "OPENAI_"))}
    for name in ("COLUMNS", "NO_COLOR"):
        kept.pop(name, None)
    return {**kept, "TZ": "UTC", "PYTHONWARNINGS": "error", **given}


def crucible(
    *args: str, env: Mapping[str, str], stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args],
        env=dict(env),
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


@dataclass
class Answer:
    returncode: int
    stdout: str
    stderr: str


def inside(*args: str, env: Mapping[str, str], stdin: str | None = None) -> Answer:
    """As `crucible`, in this process: for what does not depend on having one of its own."""
    ours = ("CRUCIBLE_", "OPENAI_")
    without = {name: None for name in os.environ if name.startswith(ours)}
    # `serve` and `worker` take signals over; the tests after it want them as they were.
    is_main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
    taken = {each: signal.getsignal(each) for each in numbers}
    try:
        ran = CliRunner().invoke(main, args, env={**without, **env}, input=stdin)
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
    return Answer(ran.exit_code, ran.stdout, ran.stderr)


@dataclass
class Started:
    """A process that goes on while the test does something else."""

    process: subprocess.Popen[str]
    made: str | None = None
    """What it said of a history that it made."""

    def line(self) -> str:
        """The next line of its stderr, what it says of a new history apart."""
        said = self._line()
        if "Made a new history in " in said:
            self.made = said
            return self._line()
        return said

    def _line(self) -> str:
        assert self.process.stderr is not None
        patience = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        patience.start()
        said = self.process.stderr.readline()
        patience.cancel()
        assert said, f"the process said nothing more: {self.end()}"
        return said

    def interrupt(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out, err

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def start(*args: str, env: Mapping[str, str]) -> Started:
    return Started(
        subprocess.Popen(
            [*COMMAND, *args],
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )


@dataclass
class Terminal:
    """What a process wrote to a terminal, stdout and stderr together."""

    exit_code: int
    text: str
    plain: str = field(init=False)

    def __post_init__(self) -> None:
        self.plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text)


def on_terminal(*args: str, env: Mapping[str, str], columns: int = 100) -> Terminal:
    """Runs the command on a pseudo-terminal of its own."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *args],
        env={**env, "COLUMNS": str(columns), "TERM": "xterm-256color"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    written = _everything(leader)
    os.close(leader)
    text = written.decode().replace("\r\n", "\n")
    return Terminal(process.wait(timeout=PATIENCE_SECONDS), text)


def _everything(leader: int) -> bytes:
    written = b""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        ready, _, _ = select.select([leader], [], [], 1)
        if not ready:
            continue
        try:
            some = os.read(leader, 65536)
        except OSError:  # how a pseudo-terminal says that the other end is closed
            break
        if not some:
            break
        written += some
    return written
