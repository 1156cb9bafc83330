"""`crucible doctor` where Celery's workers execute."""

from typing import Any

from tests.celery.fleet import Fleet, Redis, until
from tests.lab import Lab

from crucible import doctor


def found(environ: dict[str, str]) -> dict[str, Any]:
    checks = doctor.examine({**environ, "CRUCIBLE_PORT": "0"}, offline=True)
    return next(check for check in checks if check["name"] == "executor")


def test_workers_that_listen_are_counted(lab: Lab, fleet: Fleet) -> None:
    check = found(fleet.environ)
    assert (check["status"], check["fix"]) == ("warning", "crucible worker")
    assert "no worker listens" in check["detail"]
    lab.create(1, 1)
    check = found(fleet.environ)
    assert (check["status"], check["fix"]) == ("failed", "crucible worker")
    assert "1 waiting" in check["detail"]
    fleet.start("worker")
    until(lambda: "workers that listen: 1;" in found(fleet.environ)["detail"], "a worker")
    assert found(fleet.environ)["status"] == "ok"


def test_a_broker_that_is_away(lab: Lab, redis: Redis) -> None:
    redis.kill()
    password = "correct-horse-battery"
    check = found(
        {
            **lab.environ,
            "CRUCIBLE_EXECUTOR": "celery",
            "CRUCIBLE_BROKER_URL": f"redis://:{password}@127.0.0.1:{redis.port}/0",
        }
    )
    assert check["status"] == "failed"
    assert "Start Redis" in check["fix"]
    assert password not in str(check)
