import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from tests.engines import ENGINES, give_back, new_database
from tests.lab import Lab
from tests.stub_model import StubModel


@pytest.fixture
def stub() -> Iterator[StubModel]:
    made = StubModel()
    yield made
    made.close()


# What must hold on every engine alike.
ON_EVERY_ENGINE = ("services", "recorder", "api", "execution", "chaos")


@pytest.fixture(scope="session")
def engine() -> str:
    """The engine to test on; in some folders each of them in turn."""
    return "sqlite"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" not in metafunc.fixturenames:
        return
    folder = Path(str(metafunc.definition.path)).relative_to(Path(__file__).parent).parts[0]
    if folder not in ON_EVERY_ENGINE:
        return
    only = metafunc.definition.get_closest_marker("sqlite")
    metafunc.parametrize("engine", ["sqlite"] if only else ENGINES, scope="session")


@pytest.fixture
def make_lab(
    tmp_path: Path, stub: StubModel, engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Lab]]:
    made: list[Lab] = []

    def make(**environ: str) -> Lab:
        folder = tmp_path / f"lab{len(made)}"
        folder.mkdir()
        url = new_database(folder, tmp_path_factory.getbasetemp(), engine)
        given = {f"CRUCIBLE_{k}": v for k, v in environ.items()}
        made.append(Lab(folder, stub, {"CRUCIBLE_DATABASE_URL": url, **given}))
        return made[-1]

    yield make
    for lab in made:
        lab.close()
        give_back(lab.environ["CRUCIBLE_DATABASE_URL"])


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()


@pytest.fixture(autouse=True)
def no_backoff(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries at once: what is tested is that they happen, not that time passes."""
    if "real_backoff" not in request.keywords:
        monkeypatch.setattr("crucible.llm.asking.BACKOFF_SECONDS", 0.01)
        monkeypatch.setattr("crucible.llm.asking.MAX_BACKOFF_SECONDS", 0.02)


# These wait for what a browser or another process does, which a machine that others use as well may
# starve. One that fails is tried once more, and the report says so (RERUN). What kills workers, and
# whatever holds the ledger to account, is not among them: there, once is a finding.
TRIED_AGAIN = ("agents", "browser", "celery", "cli", "export", "hostile", "mcp", "test_deploy.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in TRIED_AGAIN:
            item.add_marker(pytest.mark.flaky(reruns=1))


# A slow machine is no fault of the product's.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_configure(config: Any) -> None:
    # Tests that were started in the background (`make test &`, a CI agent) inherit that interrupts
    # are ignored, and so would every command that a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "real_backoff: keep the pauses between retries")
    config.addinivalue_line("markers", "sqlite: about SQLite itself; not to run on another engine")
