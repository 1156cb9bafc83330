"""The clock of this machine: times and prices in the history are by it."""

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select

from crucible.db import Database
from crucible.doctor.case import Case, is_here
from crucible.doctor.finding import Finding, failed, ok, skipped, warning
from crucible.doctor.http import NoAnswer, ask
from crucible.errors import CrucibleError
from crucible.models import Run

SANE = (2026, 2100)
BETWEEN_CLOCKS = 1.0
OFF = timedelta(seconds=30)
WRONG = timedelta(days=1)
SET_IT = "set the clock and keep it right: timedatectl set-ntp true"


def look(case: Case) -> Iterator[Finding]:
    yield from sane(case)
    yield from _against_history(case)
    base = case.settings.llm_base_url
    if case.settings.llm != "openai":
        yield skipped("there is no endpoint to compare it with")
    elif case.offline and not is_here(urlsplit(base).hostname):
        yield skipped("it was not compared with the endpoint's (--offline)")
    else:
        yield from compared(case, base, "the endpoint's")


def sane(case: Case) -> Iterator[Finding]:
    now = case.clock.now()
    low, high = SANE
    if not low <= now.year <= high:
        yield failed(f"it says that it is {now:%Y-%m-%d}", SET_IT)
    else:
        yield ok(f"{now:%Y-%m-%d %H:%M} UTC")
    # Both clocks over the same stretch, since the first check began.
    wall = (now - case.began).total_seconds()
    steady = case.clock.monotonic() - case.began_monotonic
    if steady < 0 or abs(wall - steady) > BETWEEN_CLOCKS:
        yield warning(
            f"it was set while this command looked: {wall:.1f} s by it, {steady:.1f} s in fact",
            SET_IT,
        )


def _against_history(case: Case) -> Iterator[Finding]:
    if not case.has_tables:
        return
    newest: datetime | None = None
    with (
        suppress(CrucibleError),
        closing(Database.to_look_at(case.settings.database_url)) as database,
    ):
        with database.reading() as session:
            newest = session.scalar(select(func.max(Run.updated_at)))
    if newest is not None and newest - case.clock.now() > OFF:
        yield warning(
            f"it is behind the history, whose newest change is of {newest:%Y-%m-%d %H:%M:%S} UTC",
            SET_IT,
        )


def compared(case: Case, url: str, whose: str) -> Iterator[Finding]:
    """With the `Date` of an answer, whatever it answers; sends no key and costs nothing."""
    try:
        date = ask(url).date
    except NoAnswer as error:
        yield skipped(f"{whose} could not be asked: {error}")
        return
    if date is None:
        yield skipped(f"{whose} says no time")
        return
    # A `Date` is whole seconds, cut off.
    ahead = case.clock.now() - date - timedelta(seconds=0.5)
    seconds = abs(ahead.total_seconds())
    way = "ahead of" if ahead > timedelta(0) else "behind"
    if seconds <= OFF.total_seconds():
        yield ok(f"within {max(1, round(seconds))} s of {whose}")
    elif seconds <= WRONG.total_seconds():
        yield warning(f"it is {seconds:,.0f} s {way} {whose}", SET_IT)
    else:
        yield failed(f"it is {seconds / 86400:,.1f} days {way} {whose}", SET_IT)
