"""What reading commands do without a history, and what they load."""

import subprocess
import sys

import pytest

from .process import environment, inside

READS = [
    ["runs"],
    ["runs", "list", "--format", "json"],
    ["runs", "show", "42"],
    ["runs", "verify"],
    ["runs", "compare", "41", "43"],
    ["runs", "health"],
    ["runs", "trends"],
    ["runs", "watch"],
    ["runs", "calls", "42"],
    ["runs", "purge", "--keep-last", "1"],
    ["projects", "list"],
    ["projects", "show", "Checkout p99"],
    ["db", "check"],
]


@pytest.fixture
def env(tmp_path):
    return environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/data/crucible.sqlite3")


@pytest.mark.parametrize("args", READS, ids=" ".join)
def test_reading_without_a_history_says_how_to_start_one_and_makes_nothing(env, tmp_path, args):
    result = inside(*args, env=env)
    assert result.returncode == 6
    assert result.stdout == ""
    assert result.stderr.startswith("Error: there is no history yet: ")
    assert "crucible serve" in result.stderr and "crucible test-run" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("args", READS, ids=" ".join)
def test_a_file_that_is_no_database_is_said_to_be_none(env, tmp_path, args):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "crucible.sqlite3").write_bytes(b"not a database at all, but long enough")
    result = inside(*args, env=env)
    assert result.returncode == 6
    assert result.stderr.startswith("Error: the database cannot be used: ")
    assert "Traceback" not in result.stderr


def test_wrong_setting_is_named_with_exit_code_2(env):
    result = inside("runs", env={**env, "CRUCIBLE_PORT": "many"})
    assert (result.returncode, result.stdout) == (2, "")
    assert "CRUCIBLE_PORT" in result.stderr


def test_database_address_that_is_none_is_named(env):
    result = inside("runs", env={**env, "CRUCIBLE_DATABASE_URL": "mysql://u:secret@h/d"})
    assert result.returncode == 2
    assert "CRUCIBLE_DATABASE_URL" in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    "args", [["serve", "--port", "0"], ["worker"], ["test-run"], ["runs", "resume", "1", "--here"]]
)
def test_price_list_that_cannot_be_read_stops_what_would_run(env, lab, args):
    lab.create(1, 1)
    result = inside(*args, env={**env, "CRUCIBLE_PRICES": "/nowhere/prices.json"})
    assert (result.returncode, result.stdout) == (2, "")
    assert "CRUCIBLE_PRICES: /nowhere/prices.json cannot be read" in result.stderr


@pytest.mark.parametrize("command", ["list", "show", "export", "health", "watch", "purge"])
def test_a_project_named_by_nothing_is_no_wish_for_all_of_them(env, lab, command):
    lab.create(1, 1)
    words = {"show": ["1"], "watch": ["1"], "purge": ["--keep-last", "0", "--yes"]}
    result = inside("runs", command, *words.get(command, []), "--project-id", "", env=env)
    assert (result.returncode, result.stdout) == (2, "")
    assert "takes an id or a title" in result.stderr


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    made = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{folder}/crucible.sqlite3")
    assert inside("db", "sample", "--runs", "3", env=made).returncode == 0
    return made


HEAVY = {
    *("flask", "werkzeug", "waitress", "flask_smorest", "flask_sqlalchemy", "marshmallow"),
    *("alembic", "requests", "urllib3", "genai_prices", "mcp", "platformdirs"),
    *("sqlalchemy.dialects.postgresql", "crucible.llm.asking", "crucible.pipeline"),
}
LOADED = """
import sys
from crucible.cli import main
try:
    main(prog_name="crucible")
except SystemExit as end:
    sys.stdout.flush()
    print(end.code or 0, *sys.modules, file=sys.stderr)
"""


def loaded(*args, env):
    result = subprocess.run(
        [sys.executable, "-c", LOADED, *args], env=env, capture_output=True, text=True, timeout=60
    )
    code, *modules = result.stderr.splitlines()[-1].split()
    assert code == "0", result.stderr.splitlines()[:-1]
    return set(modules)


@pytest.mark.parametrize("args", [["--help"], ["version"], ["runs", "--help"], ["serve", "--help"]])
def test_help_loads_click_and_little_else(env, args):
    assert not loaded(*args, env=env) & (HEAVY | {"sqlalchemy", "tabulate"})


@pytest.mark.parametrize(
    "args",
    [
        ["runs"],
        ["runs", "show", "1"],
        ["runs", "health"],
        ["runs", "trends"],
        ["runs", "compare", "1", "2"],
        ["projects", "list"],
        ["projects", "show", "Sample history"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_reading_loads_neither_web_nor_migrations_nor_prices(history, args, form):
    modules = loaded(*args, "--format", form, env=history)
    assert "sqlalchemy" in modules
    assert not modules & HEAVY
