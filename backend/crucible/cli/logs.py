"""What the program logs while it serves or runs: warnings and worse, on stderr, scrubbed."""

import logging
import sys
from datetime import UTC, datetime

from crucible.clock import rfc3339
from crucible.config import Settings
from crucible.scrub import Scrubber


class ScrubbedFormatter(logging.Formatter):
    """Tracebacks included: they are where keys and addresses turn up."""

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        return self._scrub(super().format(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return str(rfc3339(datetime.fromtimestamp(record.created, UTC)))


def configure(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ScrubbedFormatter(Scrubber(settings.secrets())))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # It warns of every request that waits for a thread, which some always do.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
