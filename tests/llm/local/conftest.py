from collections.abc import Iterator
from pathlib import Path

import pytest
from local_fakes import FakeHub, FakeIndex, serving


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serving(FakeHub()) as fake:
        yield fake


@pytest.fixture
def index(tmp_path: Path) -> FakeIndex:
    return FakeIndex(tmp_path / "index")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the model files, in a cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "int-crucible" / "models"
