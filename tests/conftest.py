from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.lab import Lab
from tests.stub_model import StubModel


@pytest.fixture
def stub() -> Iterator[StubModel]:
    made = StubModel()
    yield made
    made.close()


@pytest.fixture
def make_lab(tmp_path: Path, stub: StubModel) -> Iterator[Callable[..., Lab]]:
    made: list[Lab] = []

    def make(**environ: str) -> Lab:
        folder = tmp_path / f"lab{len(made)}"
        folder.mkdir()
        made.append(Lab(folder, stub, {f"CRUCIBLE_{k}": v for k, v in environ.items()}))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()


@pytest.fixture(autouse=True)
def no_backoff(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries at once: what is tested is that they happen, not that time passes."""
    if "real_backoff" not in request.keywords:
        monkeypatch.setattr("crucible.llm.asking.BACKOFF_SECONDS", 0.01)
        monkeypatch.setattr("crucible.llm.asking.MAX_BACKOFF_SECONDS", 0.02)


def pytest_configure(config: Any) -> None:
    config.addinivalue_line("markers", "real_backoff: keep the pauses between retries")
