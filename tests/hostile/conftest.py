from collections.abc import Iterator

import pytest
from tests.browser.conftest import base_url as base_url
from tests.browser.conftest import browser_type_launch_args as browser_type_launch_args
from tests.cli.conftest import process_state as process_state
from tests.cli.process import environment
from tests.hostile import history
from tests.hostile.history import History, HostileModel
from tests.lab import Lab


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Made once: no surface may change it."""
    stub = HostileModel()
    lab = Lab(tmp_path_factory.mktemp("hostile"), stub)
    yield history.make(lab)
    lab.close()
    stub.close()


@pytest.fixture(scope="session")
def env(planted: History) -> dict[str, str]:
    """The settings of the lab, for a process."""
    return environment(**planted.lab.environ)
