"""The first turn of every kind of history, of both halves, made once."""

import pytest
from tests.health.histories import History, history
from tests.health.troubles import TROUBLES


@pytest.fixture(scope="session")
def histories() -> list[History]:
    return [history(seed) for seed in range(4 * len(TROUBLES))]
