"""Attempts at runs as OpenTelemetry traces, sent after the fact from the ledger.

Each executor holds one of these. A claim of a run leaves a row that says a trace is due; whoever
executes on this database sends it when the attempt has ended, however it did.
"""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from crucible.clock import Clock
from crucible.config import Settings
from crucible.db import Database
from crucible.export.otel_settings import tracing

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0
"""What sending may take of the time in which a process ends."""


class Trouble(Exception):
    """Nothing can be sent just now; `retry_after` is what the collector asks to wait, in
    seconds."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(Exception):
    """These spans will never be taken."""


class Traces:
    """Where nothing is traced: does nothing, loads nothing, starts nothing."""

    due: Mapping[str, Any] | None = None
    """What a claim is to leave; see `recorder.lease.claim`."""

    def start(self) -> None:
        """Sends from now on what is due, in a thread of its own."""

    def wake(self) -> None:
        """An attempt has ended."""

    def stop(self, seconds: float) -> None:
        """Sends what is still due, but takes no longer. Without `start`, this is all it sends."""

    def is_due(self, run_id: str) -> bool:
        """Whether a trace of the run has not been sent; False where that cannot be asked."""
        return False


def traces(database: Database, settings: Settings, clock: Clock) -> Traces:
    """As the environment asks for; warns where it asks for what cannot be."""
    asked = tracing()
    if asked.warning:
        log.warning("%s", ": ".join(filter(None, (asked.warning, asked.fix))))
    if asked.collector is None:
        return Traces()
    from crucible.export.otel_sender import Sender  # noqa: PLC0415 - only where it is wanted

    return Sender(database, settings, clock, collector=asked.collector, due=_server(settings))


def _server(settings: Settings) -> dict[str, Any]:
    """Where the calls of an attempt go, as far as that is known here."""
    if settings.llm != "openai":
        return {}
    parts = urlsplit(settings.llm_base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"server_address": parts.hostname, "server_port": port}
