"""What the server holds while it is at work, and whether that grows."""

import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

from tests.soak.server import Server

BIN_SECONDS = 10.0
LEAST_SECONDS = 240.0
"""Shorter stretches say nothing: what is filled once and then stays looks like growth."""


@dataclass(frozen=True)
class Measure:
    name: str
    unit: str
    limit_per_hour: float | None
    """None where it is shown and not judged."""


MEASURES = {
    "rss": Measure("resident memory", "MB", 60),
    "own": Measure("of it its own (anonymous)", "MB", 60),
    # Grows as well when others leave who had the same files in memory.
    "pss": Measure("its share (PSS)", "MB", None),
    "threads": Measure("threads", "", 360),
    "handles": Measure("open files and connections", "", 360),
}


@dataclass(frozen=True)
class Sample:
    at: float
    """Seconds, by `time.monotonic`."""
    rss: float
    """MB of a million bytes, over all processes of the server; so the next two."""
    own: float
    pss: float
    threads: float
    handles: float


def sample(pids: Sequence[int]) -> Sample:
    rss = own = pss = threads = handles = 0.0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kilobytes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
            rss += int(kilobytes["Rss"]) * 1024 / 1e6
            own += int(kilobytes["Anonymous"]) * 1024 / 1e6
            pss += int(kilobytes["Pss"]) * 1024 / 1e6
            threads += sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
            handles += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(time.monotonic(), rss, own, pss, threads, handles)


class Sampler:
    """Looks every second, from `begin` on."""

    def __init__(self, server: Server, database: Path | None) -> None:
        self._server = server
        self._journal = database.with_name(database.name + "-wal") if database else None
        self.samples: list[Sample] = []
        self.journal_bytes: list[int] = []

    def watch(self, stop: threading.Event, pause: float) -> None:
        while not stop.wait(pause):
            if self._journal is not None and self._journal.exists():
                with suppress(FileNotFoundError):
                    self.journal_bytes.append(self._journal.stat().st_size)
            began = time.monotonic()
            found = sample(self._server.pids())
            if found.rss and not self._server.was_away(began, time.monotonic()):
                self.samples.append(found)

    def since(self, moment: float) -> list[Sample]:
        return [each for each in self.samples if each.at >= moment]


@dataclass(frozen=True)
class Growth:
    """One measure over a stretch without a restart."""

    measure: Measure
    seconds: float
    first: float
    """What it held at least in the first tenth of a minute; so the last."""
    last: float
    highest: float
    per_hour: float
    """The slope over the second half of the stretch."""

    @property
    def judged(self) -> bool:
        return self.seconds >= LEAST_SECONDS and self.measure.limit_per_hour is not None

    @property
    def flat(self) -> bool:
        limit = self.measure.limit_per_hour
        return limit is None or self.per_hour <= limit


def growth(samples: Sequence[Sample], name: str) -> Growth:
    """The least of each ten seconds is what is held whatever goes on just then: runs come and go,
    what leaks stays. Its slope is the median of the slopes between all pairs, which a few odd
    moments do not change (Theil 1950, Sen 1968)."""
    points = [(each.at, float(getattr(each, name))) for each in samples]
    floor = [min(values) for values in _bins(points)]
    later = floor[len(floor) // 2 :]
    slopes = [
        (b - a) / ((j - i) * BIN_SECONDS) for (i, a), (j, b) in combinations(enumerate(later), 2)
    ]
    return Growth(
        MEASURES[name],
        points[-1][0] - points[0][0] if points else 0.0,
        floor[0] if floor else 0.0,
        floor[-1] if floor else 0.0,
        max((value for _, value in points), default=0.0),
        statistics.median(slopes) * 3600 if slopes else 0.0,
    )


def _bins(points: Sequence[tuple[float, float]]) -> list[list[float]]:
    """Whole stretches of ten seconds; one in which nothing was measured takes the one before."""
    if not points:
        return []
    begin, end = points[0][0], points[-1][0]
    edges = [begin + n * BIN_SECONDS for n in range(int((end - begin) / BIN_SECONDS) + 1)]
    found: list[list[float]] = []
    for since, until in pairwise(edges):
        values = [value for at, value in points if since <= at < until]
        found.append(values or found[-1])
    return found
