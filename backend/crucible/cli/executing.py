"""The process that executes runs for several that serve: `python -m crucible.cli.executing`.

Orders come over stdin. It stops as `crucible worker` does, within ten seconds of SIGTERM, and by
itself when the process that started it is gone.
"""

import os
import signal
import sys
import threading
from typing import Any

from crucible import config
from crucible.cli import logs
from crucible.cli.state import opened
from crucible.execution.elsewhere import follow
from crucible.execution.embedded import EmbeddedExecutor

STOP_SECONDS = 9.5
# How soon it sees that the process that started it was killed.
LOOK_SECONDS = 1.0


def command(log_format: str) -> list[str]:
    """How the calling process starts it."""
    return [sys.executable, "-m", "crucible.cli.executing", log_format, str(os.getpid())]


def main(log_format: str, parent: int) -> None:
    told = threading.Event()

    def tell(_number: int, _frame: Any) -> None:
        told.set()

    signal.signal(signal.SIGTERM, tell)
    settings = config.load()
    logs.configure(settings, log_format)
    with opened(settings.database_url) as database:
        executor = EmbeddedExecutor(database, settings)
        threading.Thread(target=follow, args=(sys.stdin, executor), daemon=True).start()
        executor.start()
        while not told.wait(LOOK_SECONDS) and os.getppid() == parent:
            pass
        # A thread pool waits at exit for the calls it has in flight, which may take minutes.
        last_call = threading.Timer(STOP_SECONDS, os._exit, (0,))
        last_call.daemon = True
        last_call.start()
        executor.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
