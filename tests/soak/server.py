"""`crucible serve` as it is installed, killed and started again on the same port."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from tests.benchmarks.history import environ

START_SECONDS = 60
STOP_SECONDS = 30
CRUCIBLE = str(Path(sys.executable).with_name("crucible"))


class Server:
    """Knows when it was away, so that whoever found it so can be told apart from who should not
    have. Times are those of `time.monotonic`."""

    def __init__(
        self,
        folder: Path,
        url: str,
        llm_url: str,
        workers: int = 1,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.environ = environ(
            url,
            CRUCIBLE_LLM_BASE_URL=llm_url,
            CRUCIBLE_LLM_API_KEY="sk-soak-5e0c1b7a94d2f6",
            CRUCIBLE_LLM_TIMEOUT_SECONDS="3",
            CRUCIBLE_PORT=str(self.port),
            **more,
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "serve.log"
        self.starts = 0
        self.ready_at = 0.0
        self._workers = workers
        self._away: list[tuple[float, float]] = []
        self._gone_since: float | None = time.monotonic()
        self.process: subprocess.Popen[bytes] | None = None
        self.log.touch()

    def start(self) -> None:
        words = ["serve", *(["--workers", str(self._workers)] if self._workers > 1 else [])]
        end = time.monotonic() + START_SECONDS
        while True:
            said = self.log.stat().st_size
            with self.log.open("ab") as log:
                self.process = subprocess.Popen([CRUCIBLE, *words], env=self.environ, stderr=log)
            if self._serves(said, end):
                break
            # Processes of the one that was killed may still be leaving the port.
            assert "in use already" in self.log.read_text()[said:], self.log.read_text()[said:]
        self.starts += 1
        self.ready_at = time.monotonic()
        if self._gone_since is not None:
            self._away.append((self._gone_since, self.ready_at))
        self._gone_since = None

    def _serves(self, said: int, end: float) -> bool:
        assert self.process is not None
        while not re.search(rb"Serving on \S+", self.log.read_bytes()[said:]):
            assert time.monotonic() < end, "the server did not start"
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        return True

    def kill(self) -> None:
        assert self.process is not None
        self._gone_since = time.monotonic()
        self.process.kill()
        self.process.wait()

    def stop(self) -> tuple[int, float]:
        """Its exit code, and how many seconds it took to leave."""
        assert self.process is not None
        began = self._gone_since = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS), time.monotonic() - began

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def was_away(self, began: float, ended: float) -> bool:
        """Whether it was so at any time between."""
        away = [*self._away, (self._gone_since or float("inf"), float("inf"))]
        return any(began <= until and since <= ended for since, until in away)

    def pids(self) -> list[int]:
        """The server's process and all its children."""
        assert self.process is not None
        found = [self.process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):
                    found += map(int, children.read_text().split())
        return found

    def tracebacks(self) -> list[str]:
        """The last line of each, as the log has them."""
        return re.findall(r"^Traceback .*\n(?:[ \n].*\n?)*(.*)", self.log.read_text(), re.M)
