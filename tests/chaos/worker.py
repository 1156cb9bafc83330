"""A worker that is killed, with SIGKILL, at a chosen moment of its work."""

import os
import signal
import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from crucible import config
from crucible.db import Database
from crucible.execution.foreground import run_now
from crucible.llm.openai_compatible import OpenAICompatible


class Moments:
    """Counts the moments at which a death could tear something, and dies at one of them."""

    def __init__(self, deadly: int | None, report: Any) -> None:
        self.names: list[str] = []
        self._deadly = deadly
        self._report = report
        self._lock = threading.Lock()

    def reached(self, name: str) -> None:
        with self._lock:
            self.names.append(name)
            if len(self.names) - 1 == self._deadly:
                self._report.send(name)
                os.kill(os.getpid(), signal.SIGKILL)


def work(environ: Mapping[str, str], run_id: str, deadly: int | None, report: Any) -> None:
    """Runs the run. Dies at the moment numbered `deadly`, after sending its name to `report`;
    without one, sends the names of all moments at the end."""
    moments = Moments(deadly, report)
    settings = config.load(environ)
    database = Database.open(settings.database_url)
    _watch(database, moments)
    run_now(database, settings, run_id, lambda: None)
    database.close()
    if deadly is None:
        report.send(moments.names)


def _watch(database: Database, moments: Moments) -> None:
    event.listen(database.engine, "commit", lambda _: moments.reached("before a commit"))
    event.listen(Session, "after_commit", lambda _: moments.reached("after a commit"))
    post = OpenAICompatible._post

    def watched(self: OpenAICompatible, base_url: str, body: Mapping[str, Any]) -> Any:
        moments.reached("before a call is sent")
        answer = post(self, base_url, body)
        moments.reached("after an answer came")
        return answer

    OpenAICompatible._post = watched  # type: ignore[method-assign]
