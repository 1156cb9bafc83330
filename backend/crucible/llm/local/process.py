"""One run of the server's process, and what can be said when it does not start."""

import http.client
import json
import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from crucible.errors import CrucibleError, Precondition, Unavailable
from crucible.extras import adding
from crucible.scrub import Scrubber

# A large file on a slow disk takes a while.
START_SECONDS = 300.0
STOP_SECONDS = 5.0
TAIL_LINES = 40

# An instruction the processor does not have; the kernel's answer to a want of memory.
_SIGNALS = {4: "no_avx2", 9: "out_of_memory"}
_NO_MEMORY = re.compile(r"cannot allocate|failed to allocate|out of memory|bad_alloc", re.I)
# What llama.cpp puts before each line: a time, a level, sometimes a function.
_LOG_ERROR = re.compile(r"^[\d.]+ E ")
_LOG_PREFIX = re.compile(r"^[\d.]+ [EWI] +(\w+ +)*\w*: ")
_ENDPOINT = "et CRUCIBLE_LLM_BASE_URL to use an endpoint of yours instead."
_ELSE = "Or s" + _ENDPOINT


class ServerProcess:
    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self._tail: deque[bytes] = deque(maxlen=TAIL_LINES)
        self._drain = threading.Thread(
            target=_read_into, args=(popen.stderr, self._tail), daemon=True
        )
        self._drain.start()
        self._too_slow = False
        self.port = 0

    @classmethod
    def start(cls, model_path: Path, context_tokens: int) -> "ServerProcess":
        """Returns when the model is loaded and the server listens."""
        process = cls(_spawn(model_path, context_tokens))
        try:
            hello = process._hello()
        except BaseException:
            process.stop()
            raise
        if "port" not in hello:
            code = process._popen.wait()
            process.stop()
            cause = hello.get("error") or process._cause_of_end(code)
            raise _failure(model_path, cause, hello, process._said())
        process.port = hello["port"]
        return process

    @property
    def pid(self) -> int:
        return self._popen.pid

    def alive(self) -> bool:
        return self._popen.poll() is None

    def healthy(self, timeout_seconds: float) -> bool:
        if not self.alive():
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_seconds)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        self._close(self._popen.stdin)
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._drain.join(STOP_SECONDS)

    def disown(self) -> None:
        """Lets go of it in a fork, where it is the parent's."""
        # The others are left: the parent's thread may be inside a read, holding their locks.
        self._close(self._popen.stdin)
        self._popen.returncode = 0

    def _hello(self) -> dict[str, Any]:
        """The one line the process says, or nothing where it ended without."""
        out = self._popen.stdout
        assert out is not None
        limit = threading.Timer(START_SECONDS, self._give_up)
        limit.daemon = True
        limit.start()
        try:
            with out:
                line = out.readline()
        finally:
            limit.cancel()
        try:
            hello = json.loads(line)
        except ValueError:
            return {}
        return hello if isinstance(hello, dict) else {}

    def _give_up(self) -> None:
        self._tail.append(f"it did not start within {START_SECONDS:g} seconds".encode())
        self._too_slow = True
        self._popen.kill()

    def _cause_of_end(self, code: int) -> str:
        if self._too_slow:
            return "too_slow"
        return _SIGNALS.get(-code, "crashed")

    def _said(self) -> list[str]:
        return [line.decode(errors="replace").strip() for line in self._tail]

    @staticmethod
    def _close(stream: IO[bytes] | None) -> None:
        if stream:
            try:
                stream.close()
            except OSError:
                # It had unsent bytes for a process that is gone.
                return


def _spawn(model_path: Path, context_tokens: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # -P: what lies in the working folder must not be imported.
        [
            *(sys.executable, "-P", "-m", "crucible.llm.local.serve_main"),
            *(str(model_path), str(context_tokens)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        # Ctrl-C is for the parent, which may still want an answer; this one ends with the parent.
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    """Ours without our settings, which hold secrets; and threads that sleep while they wait."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CRUCIBLE_") and not name.endswith("_API_KEY")
    }
    return {**mine, "OMP_WAIT_POLICY": "PASSIVE"}


def _read_into(stream: IO[bytes], tail: deque[bytes]) -> None:
    with stream:
        tail.extend(stream)


def _failure(
    model_path: Path, cause: str, hello: Mapping[str, Any], said: list[str]
) -> CrucibleError:
    if cause == "not_loaded" and any(_NO_MEMORY.search(line) for line in said):
        cause = "out_of_memory"
    why = Scrubber().line(_telling(said) or str(hello.get("detail", "")), 200)
    return _worded(cause, model_path.name, why or "it ended without a word")


def _telling(said: list[str]) -> str:
    """The line that names the cause: the first error, else the last thing said."""
    errors = [line for line in said if _LOG_ERROR.match(line)]
    line = (errors or said[-1:] or [""])[0]
    return _LOG_PREFIX.sub("", line).removeprefix("error loading model: ")


def _worded(error: str, name: str, why: str) -> CrucibleError:
    match error:
        case "not_installed":
            return Precondition(
                "The embedded model cannot run: xllamacpp is not installed",
                hint=f"{adding('local')}. {_ELSE}",
            )
        case "no_libgomp":
            return Precondition(
                "The embedded model cannot run: the system library libgomp is missing",
                hint=f"apt-get install libgomp1 (Debian, Ubuntu). {_ELSE}",
            )
        case "no_avx2":
            return Precondition(
                "The embedded model cannot run: this processor lacks AVX2",
                hint="S" + _ENDPOINT,
            )
        case "not_loaded":
            return Precondition(
                f"The embedded model {name} could not be loaded: {why}",
                hint="Name another GGUF file in CRUCIBLE_LOCAL_MODEL, or unset it and run "
                f"`crucible model fetch`. {_ELSE}",
            )
        case "out_of_memory":
            return Unavailable(
                f"The embedded model {name} was not given enough memory",
                hint=f"It needs its file's size and about 300 MB more: free some. {_ELSE}",
            )
    return Unavailable(
        f"The embedded model {name} could not be started: {why}",
        hint=f"Start the run again; if this recurs, please report it. {_ELSE}",
    )
