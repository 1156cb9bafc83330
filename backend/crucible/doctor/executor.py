"""Whether runs that are started are taken up, and whether those at work are alive."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from crucible.config import Settings
from crucible.db import Database
from crucible.doctor import server
from crucible.doctor.case import Case, is_here
from crucible.doctor.finding import Finding, failed, ok, skipped, warning
from crucible.execution.broker import PATIENCE_SECONDS, Broker
from crucible.extras import adding
from crucible.models import Run
from crucible.models.values import Status
from crucible.recorder.liveness import verdict
from crucible.services.identity import history_id

WAITING = timedelta(minutes=1)
"""Longer than a run waits where somebody has room for it."""
NO_WORKER = "crucible worker"


@dataclass(frozen=True)
class Work:
    waiting: int
    longest: timedelta
    alive: int
    lost: list[tuple[str, int, str]]
    """Id, number and why, of runs whose worker is gone."""


def look(case: Case) -> Iterator[Finding]:
    work = _work(case)
    if case.settings.executor == "celery":
        yield from _celery(case, work)
    else:
        yield from _embedded(case, work)


def runs(case: Case) -> Iterator[Finding]:
    if (work := _work(case)) is None:
        yield skipped("there is no history to look at")
        return
    for run_id, number, why in work.lost:
        yield warning(f"#{number} is lost: {why}", f"crucible runs resume {run_id}")
    if not work.lost:
        yield ok(f"{work.alive} at work, none of them lost; {work.waiting} waiting")


def _work(case: Case) -> Work | None:
    """Reads alone: a run that is lost stays as it is until somebody asks for runs."""
    if not case.has_tables:
        return None
    if "work" not in case.notes:
        case.notes["work"] = _counted(case)
    found: Work = case.notes["work"]
    return found


def _counted(case: Case) -> Work:
    now = case.clock.now()
    with closing(Database.to_look_at(case.settings.database_url)) as database:
        with database.reading() as session:
            waiting, since = session.execute(
                select(func.count(), func.min(Run.updated_at)).where(Run.status == Status.CREATED)
            ).one()
            running = session.execute(
                select(
                    Run.id,
                    Run.number,
                    Run.owner,
                    Run.heartbeat_at,
                    Run.heartbeat_boot_seconds,
                ).where(Run.status == Status.RUNNING)
            ).all()
    lost = [
        (run.id, run.number, stop.failure.reason)
        for run in running
        if (stop := verdict(run, now)) is not None
    ]
    return Work(waiting, _since(now, since), len(running) - len(lost), lost)


def _since(now: datetime, moment: datetime | None) -> timedelta:
    return timedelta(0) if moment is None else max(timedelta(0), now - moment)


def _embedded(case: Case, work: Work | None) -> Iterator[Finding]:
    elsewhere = _serves_another(case)
    served = case.health is not None and _executes(case.health) and not elsewhere
    if work is not None and work.waiting and not work.alive and elsewhere:
        runs = "1 run waits" if work.waiting == 1 else f"{work.waiting} runs wait"
        yield warning(
            f"{runs}, and nothing executes this database: the server at {_address(case)} serves "
            "another one",
            "start it with CRUCIBLE_DATABASE_URL as it is here, or: crucible worker",
        )
        return
    if work is not None and work.waiting and work.longest > WAITING and not work.alive:
        said = f"{work.waiting} waiting for {_span(work.longest)}, and nobody takes them up"
        if served:
            yield warning(
                f"{said}, although a server runs: it may work on another database",
                "compare CRUCIBLE_DATABASE_URL of the server with the one here",
            )
        else:
            yield warning(said, "crucible serve")
        return
    where = "in the server that runs here" if served else "in `crucible serve` when it runs"
    waiting = "" if work is None else f"; {work.alive} at work, {work.waiting} waiting"
    yield ok(f"embedded: runs run {where}{waiting}")


def _serves_another(case: Case) -> bool:
    """Whether the server here is known to have another history than this command. An older one
    does not say which it has."""
    block = (case.health or {}).get("database")
    if not case.has_tables or not isinstance(block, dict) or "id" not in block:
        return False
    with closing(Database.to_look_at(case.settings.database_url)) as database:
        with database.reading() as session:
            return bool(block.get("ok")) and block["id"] != history_id(session)


def _address(case: Case) -> str:
    return server.address(case.settings.host, case.settings.port)


def _executes(health: Any) -> bool:
    block = health.get("executor")
    return isinstance(block, dict) and block.get("running") is True


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _celery(case: Case, work: Work | None) -> Iterator[Finding]:
    """Raises Unavailable without a broker, which says what to do."""
    settings = case.settings
    if lacking := [name for name in ("celery", "redis") if find_spec(name) is None]:
        yield failed(f"{lacking[0]} is not installed (the extra `celery`)", adding("celery"))
        return
    if case.offline and not is_here(urlsplit(settings.broker_url).hostname):
        yield skipped("the broker is on another machine, which was not asked (--offline)")
        return
    with closing(Broker(settings)) as broker:
        broker.ready()
        where = broker.where
    listening = _listening(settings)
    busy = work.alive if work is not None else 0
    if listening or busy:
        heard = "unknown" if listening is None else str(listening)
        yield ok(f"celery: {where} answers; workers that listen: {heard}; runs at work: {busy}")
    elif listening is None:
        yield ok(f"celery: {where} answers; it does not tell who listens")
    elif work is not None and work.waiting:
        waiting = f"{work.waiting} waiting for {_span(work.longest)}"
        yield failed(f"{where} answers, and no worker listens: {waiting}", NO_WORKER)
    else:
        yield warning(f"{where} answers, and no worker listens", NO_WORKER)


def _listening(settings: Settings) -> int | None:
    """Connections that wait for messages in the broker's database: a worker at rest has one.

    Workers take no remote commands, so they cannot be asked themselves. None where the broker does
    not let one look.
    """
    from redis import Redis  # noqa: PLC0415 - an extra
    from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

    with Redis.from_url(
        settings.broker_url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        decode_responses=True,
    ) as client:
        try:
            found: Any = client.client_list()
        except (RedisError, OSError, ValueError):
            return None
    database = urlsplit(settings.broker_url).path.strip("/") or "0"
    count = 0
    for each in found:
        waits = str(each.get("cmd", "")).lower() == "brpop"
        count += waits and each.get("db") == database
    return count
