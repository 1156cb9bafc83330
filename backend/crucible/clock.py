"""Time, in one place: aware UTC for what is stored, a monotonic clock for how long."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The moment, aware, in UTC, cut to milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never steps back."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()


class AnchoredClock:
    """Wall-clock times that move with the monotonic clock.

    A run measured by one of these cannot end before it began when the machine's clock is set
    while it works, and its durations are exactly the differences of its times.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall = clock.now()
        self._start = clock.monotonic()

    def now(self) -> datetime:
        return to_milliseconds(self._wall + timedelta(seconds=self.monotonic() - self._start))

    def monotonic(self) -> float:
        return self._clock.monotonic()


def to_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def seconds_between(start: datetime, end: datetime) -> float:
    """`end - start` in seconds, to the millisecond, never below zero."""
    return max(0.0, round((end - start).total_seconds(), 3))


def rfc3339(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds and `Z`: the one form in which times are sent."""
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Without its "+00:00". A page has some 250 moments, and strftime takes five times as long.
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
