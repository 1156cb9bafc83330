"""`crucible doctor`, and other commands, where settings name what is odd."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.lab import Lab

from crucible.doctor import sqlite_file

from .process import Answer, crucible, inside


def asked(env: dict[str, str]) -> tuple[Answer, dict[str, Any]]:
    answer = inside("doctor", "--format", "json", "--offline", env=env)
    return answer, {check["name"]: check for check in json.loads(answer.stdout)["checks"]}


@pytest.mark.parametrize("variable", ["CRUCIBLE_LLM_API_KEY", "OPENAI_API_KEY"])
def test_a_key_of_two_lines_is_named_and_not_shown(env: dict[str, str], variable: str) -> None:
    lines = ("first-3b1d77", "second-9af2c1")
    without = {name: value for name, value in env.items() if name != "CRUCIBLE_LLM_API_KEY"}
    answer, checks = asked({**without, variable: "\n".join(lines)})
    assert checks["settings"]["status"] == "failed"
    assert f"{variable}: its value is not printable ASCII" in checks["settings"]["detail"]
    assert f"unset {variable}" in checks["settings"]["fix"]
    assert checks["model"]["detail"] == f"{variable} cannot be read"
    assert not [line for line in lines if line in answer.stdout + answer.stderr]


def a_folder(path: Path) -> Path:
    path.mkdir()
    return path


def a_pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def a_device(path: Path) -> Path:
    return Path(os.devnull)


@pytest.mark.parametrize("what", [a_folder, a_pipe, a_device])
def test_what_is_no_file_keeps_no_history(
    env: dict[str, str], tmp_path: Path, what: Callable[[Path], Path]
) -> None:
    path = what(tmp_path / "odd")
    env = {**env, "CRUCIBLE_DATABASE_URL": f"sqlite:///{path}"}
    answer, checks = asked(env)
    assert answer.returncode == 1
    assert checks["database"]["status"] == "failed"
    assert checks["database"]["detail"] == f"{path} cannot be used: it is no file"
    assert checks["schema"]["status"] == "skipped"
    # Of a process of its own: one that serves takes signals.
    served = crucible("serve", "--port", "0", env=env)
    for said in (inside("runs", env=env), inside("db", "upgrade", env=env), served):
        assert said.returncode == 6
        assert f"Error: the database cannot be used: {path} is no file" in said.stderr


def test_a_database_that_another_holds_is_said_to_be_held(
    lab: Lab, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.close()
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(lab.file, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN IMMEDIATE")
        _, checks = asked(env)
    assert checks["database"]["status"] == "failed"
    assert "locked" in checks["database"]["detail"]
    assert "another program holds it" in checks["database"]["fix"]
    assert f"fuser -v {lab.file}" in checks["database"]["fix"]
    assert "ls -l" not in checks["database"]["fix"]


def test_the_example_of_an_address_is_not_scrubbed(env: dict[str, str]) -> None:
    said = inside("runs", env={**env, "CRUCIBLE_DATABASE_URL": "mysql://u:SECRETPW@h/x"})
    assert said.returncode == 2
    assert "postgresql://user@host:5432/name" in said.stderr
    assert "SECRETPW" not in said.stderr and "[removed]" not in said.stderr
