from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.celery.fleet import Fleet, Redis
from tests.lab import Lab


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    made = Redis(tmp_path)
    yield made
    made.kill()


@pytest.fixture
def make_fleet(tmp_path: Path, redis: Redis) -> Iterator[Callable[[Lab], Fleet]]:
    made: list[Fleet] = []

    def make(lab: Lab) -> Fleet:
        made.append(Fleet(tmp_path, redis, lab.environ))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()


@pytest.fixture
def fleet(lab: Lab, make_fleet: Callable[[Lab], Fleet]) -> Fleet:
    return make_fleet(lab)
