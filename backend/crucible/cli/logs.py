"""What the program logs while it serves or runs, on stderr, scrubbed: as text, warnings and worse;
as JSON, one object a line, also what it does and every request."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from crucible import context
from crucible.clock import rfc3339
from crucible.config import Settings
from crucible.scrub import Scrubber

FORMATS = ("text", "json")
# What the line about a request carries beside its message.
_FIELDS = ("method", "path", "status", "ms", "bytes")


class ScrubbedFormatter(logging.Formatter):
    """Tracebacks included: they are where keys and addresses turn up. An event begins with its
    time at the edge, and what it goes on with is set in: no text can look like an event."""

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(request)s: %(message)s")
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        request_id = context.request_id.get()
        record.request = f" [request {request_id}]" if request_id else ""
        lines = self._scrub(super().format(record)).splitlines()
        return "\n  ".join("".join(map(_visible, line)) for line in lines)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return _moment(record)


class JsonFormatter(logging.Formatter):
    """One object a line: `{time, level, logger, message, request_id, run_id}`, `exception` as a
    string where there is one, and for a request `method`, `path`, `status`, `ms` and `bytes`."""

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": context.request_id.get(),
            "run_id": getattr(record, "run_id", None) or context.run_id.get(),
            **{name: getattr(record, name) for name in _FIELDS if hasattr(record, name)},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # Before they are quoted as JSON: a pattern must not take a quotation mark along.
        clean = {k: self._scrub(v) if isinstance(v, str) else v for k, v in line.items()}
        return json.dumps(clean)


def configure(settings: Settings, form: str = "text") -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings, form))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # It warns of every request that waits for a thread, which some always do.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    if form == "json":
        logging.getLogger("crucible").setLevel(logging.INFO)
        logging.captureWarnings(True)


def line(settings: Settings, form: str, text: str) -> str:
    """A line for stderr outside the log: as it is, or shaped like those of the log."""
    if form == "text":
        return text
    record = logging.LogRecord("crucible.cli.serve", logging.INFO, "", 0, "%s", (text,), None)
    return _formatter(settings, form).format(record)


def _formatter(settings: Settings, form: str) -> logging.Formatter:
    scrub = Scrubber(settings.secrets())
    return JsonFormatter(scrub) if form == "json" else ScrubbedFormatter(scrub)


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _moment(record: logging.LogRecord) -> str:
    return str(rfc3339(datetime.fromtimestamp(record.created, UTC)))
