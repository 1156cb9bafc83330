"""What `make run` does for a first visit, and for no later one."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from crucible.cli import main
from crucible.db import Database
from crucible.llm.local import runtime
from crucible.models import Project, Run


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"CRUCIBLE_DATABASE_URL": f"sqlite:///{tmp_path}/w.sqlite3"}


def welcome(environ: dict[str, str]) -> Result:
    unset = dict.fromkeys(("CRUCIBLE_LLM", "CRUCIBLE_LLM_API_KEY", "OPENAI_API_KEY"), "")
    return CliRunner().invoke(main, ["welcome"], env={**unset, **environ})


def made(environ: dict[str, str]) -> tuple[list[str], list[tuple[str, str | None, str]]]:
    database = Database.open(environ["CRUCIBLE_DATABASE_URL"])
    with database.reading() as session:
        titles = list(session.scalars(select(Project.title)))
        runs = [(r.status, r.label, r.config["model"]) for r in session.scalars(select(Run))]
    database.close()
    return titles, runs


def test_with_an_endpoint_nothing_is_spent_unasked(environ: dict[str, str]) -> None:
    environ["CRUCIBLE_LLM_BASE_URL"] = "http://127.0.0.1:9/v1"
    result = welcome(environ)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no run is started until you do" in result.stderr
    assert made(environ) == (["Checkout p99"], [])


def test_with_the_embedded_model_one_run_is_queued_once(
    environ: dict[str, str], tmp_path: Path
) -> None:
    model = tmp_path / "small.gguf"
    model.write_bytes(b"GGUF" + bytes(64))
    environ["CRUCIBLE_LOCAL_MODEL"] = str(model)
    for _ in range(2):
        assert welcome(environ).exit_code == 0
        assert made(environ) == (["Checkout p99"], [("created", "first run", "small")])


@pytest.mark.parametrize("lacking", ["library", "processor"])
def test_where_the_embedded_model_cannot_run_no_run_is_queued(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    model = tmp_path / "small.gguf"
    model.write_bytes(b"GGUF" + bytes(64))
    environ["CRUCIBLE_LOCAL_MODEL"] = str(model)
    if lacking == "library":
        monkeypatch.setattr(runtime, "find_spec", lambda name: None)
    else:
        monkeypatch.setattr(runtime, "lacks_avx2", lambda: True)
    result = welcome(environ)
    assert result.exit_code == 0
    assert "The embedded model cannot run here: " in result.stderr
    assert "no run was started" in result.stderr
    assert "answers: free" not in result.stderr
    assert made(environ) == (["Checkout p99"], [])


def test_without_the_model_the_page_is_still_of_use(
    environ: dict[str, str], tmp_path: Path
) -> None:
    environ["CRUCIBLE_LOCAL_MODEL"] = str(tmp_path / "nowhere.gguf")
    result = welcome(environ)
    assert result.exit_code == 0
    assert "No first run was started" in result.stderr
    assert made(environ) == (["Checkout p99"], [])
