import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.llm.local.local_fakes import CONTENT, FakeHub, Notes, tiny_model

from crucible.cli import main
from crucible.cli import model as command
from crucible.llm.local import files, sources


def crucible(*words: str) -> Result:
    return CliRunner().invoke(main, ["model", *words])


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, models: Path, hub: FakeHub) -> FakeHub:
    """The command, with a small model for the real one."""
    model = tiny_model(hub.url)
    for name in ("fetch", "status", "remove"):
        original = getattr(files, name)
        monkeypatch.setattr(
            files, name, lambda *a, _f=original, **k: _f(*a, **{"model": model, **k})
        )
    monkeypatch.setattr(sources, "Packages", lambda: fail)
    monkeypatch.delenv("CRUCIBLE_LOCAL_MODEL", raising=False)
    return hub


def fail(*_: object) -> None:
    raise sources.SourceFailed("there is no package index")


def test_fetch_prints_the_path_alone_and_the_rest_on_stderr(tiny: FakeHub, models: Path) -> None:
    result = crucible("fetch")
    assert result.exit_code == 0
    assert result.stdout == f"{models / 'tiny.gguf'}\n"
    assert "Fetching Tiny from 127.0.0.1" in result.stderr
    assert "100 %" in result.stderr
    assert "\r" not in result.stderr


def test_a_failed_fetch_is_one_error_and_one_hint(tiny: FakeHub, models: Path) -> None:
    tiny.status = 404
    result = crucible("fetch")
    assert result.exit_code == 6
    assert result.stdout == ""
    assert "Error: The model file could not be fetched: 127.0.0.1 answered 404" in result.stderr
    assert "Hint: Check the network" in result.stderr
    assert "Traceback" not in result.stderr


def test_status_says_where_and_how_far(tiny: FakeHub, models: Path) -> None:
    found = json.loads(crucible("status", "--format", "json").stdout)
    assert found["state"] == "absent"
    assert found["path"] == str(models / "tiny.gguf")
    crucible("fetch")
    found = json.loads(crucible("status", "--format", "json").stdout)
    assert (found["state"], found["bytes"]) == ("ready", len(CONTENT))
    assert "ready" in crucible("status").stdout


def test_status_says_sizes_for_a_person_on_a_terminal_and_exact_elsewhere(
    tiny: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"size bytes  {len(CONTENT)}\n" in crucible("status").stdout
    monkeypatch.setattr(command, "is_terminal", lambda _: True)
    shown = crucible("status").stdout
    assert f"full size   {len(CONTENT) / 1e6:.1f} MB\n" in shown and "bytes" not in shown


def test_status_of_a_named_file_that_is_none(
    tiny: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRUCIBLE_LOCAL_MODEL", str(tmp_path / "none.gguf"))
    result = crucible("status", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["state"] == "invalid"
    result = crucible("fetch")
    assert result.exit_code == 1
    assert "CRUCIBLE_LOCAL_MODEL names" in result.stderr


def test_status_says_what_is_missing_to_run_it(
    tiny: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_runtime_version", lambda: None)
    assert "install 'xllamacpp==" in crucible("status").stdout


def test_remove_asks_and_does(tiny: FakeHub, models: Path) -> None:
    crucible("fetch")
    asked = crucible("remove")
    assert asked.exit_code == 2
    assert "--yes" in asked.stderr
    assert (models / "tiny.gguf").exists()
    assert crucible("remove", "--yes").exit_code == 0
    assert not (models / "tiny.gguf").exists()
    assert crucible("remove").stdout == "0.0 MB freed\n"


def test_saying_no_removes_nothing(
    tiny: FakeHub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crucible("fetch")
    monkeypatch.setattr(command, "_agreed", lambda _: False)
    assert crucible("remove").exit_code == 5
    assert (models / "tiny.gguf").exists()


def test_the_bar_never_runs_backwards(capsys: pytest.CaptureFixture[str]) -> None:
    notes = Notes()
    with command._Bar(command.sys.stderr) as bar:
        for done in (0, 1000, 500, len(CONTENT)):
            bar.advance(done, len(CONTENT))
            notes.advance(done, len(CONTENT))
        bar.note("Verifying")
    assert capsys.readouterr().out == ""


def test_the_group_alone_shows_its_commands() -> None:
    assert {"fetch", "status", "remove"} <= set(command.model.commands)
