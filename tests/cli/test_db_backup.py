import stat
from pathlib import Path

from tests.lab import Lab

from crucible import migrate
from crucible.db import Database
from crucible.models import Run

from .process import environment, inside


def test_a_copy_made_while_somebody_writes_is_whole(
    lab: Lab, env: dict[str, str], tmp_path: Path
) -> None:
    run = lab.run(1, 1).id
    copy = tmp_path / "copy.sqlite3"
    with lab.database.writing():
        answer = inside("db", "backup", str(copy), env=env)
    assert (answer.returncode, str(copy) in answer.stdout) == (0, True)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.sqlite3"]
    verified = inside("runs", "verify", env={**env, "CRUCIBLE_DATABASE_URL": f"sqlite:///{copy}"})
    assert verified.returncode == 0
    database = Database.open(f"sqlite:///{copy}")
    with database.reading() as session:
        assert session.get_one(Run, run).status == "completed"
    database.close()
    assert migrate.check(f"sqlite:///{copy}") == []


def test_nothing_is_overwritten(env: dict[str, str], tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    answer = inside("db", "backup", str(taken), env=env)
    assert (answer.returncode, "exists already" in answer.stderr) == (1, True)
    assert taken.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(env: dict[str, str], tmp_path: Path) -> None:
    answer = inside("db", "backup", str(tmp_path / "none" / "copy"), env=env)
    assert (answer.returncode, "none/copy" in answer.stderr) == (1, True)


def test_without_history_there_is_nothing_to_copy(tmp_path: Path) -> None:
    env = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/none.sqlite3")
    answer = inside("db", "backup", str(tmp_path / "copy"), env=env)
    assert answer.returncode == 6
    assert list(tmp_path.iterdir()) == []


def test_other_databases_have_tools_of_their_own(tmp_path: Path) -> None:
    env = environment(CRUCIBLE_DATABASE_URL="postgresql://127.0.0.1:1/none")
    answer = inside("db", "backup", str(tmp_path / "copy"), env=env)
    assert (answer.returncode, "pg_dump" in answer.stderr) == (2, True)
