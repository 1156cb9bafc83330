import json

import pytest

from .process import environment, inside

FILE = {
    "title": "From a file",
    "description": "two\nlines",
    "goals": ["fast"],
    "constraints": [{"name": "Cheap", "weight": 40, "description": "costs little"}],
}


def create(env, *args, stdin=None):
    return inside("projects", "create", *args, "--format", "json", env=env, stdin=stdin)


def test_create_from_options(env):
    made = create(
        env,
        "--title=Checkout",
        "--goal=fast",
        "--goal=safe",
        "--constraint=No loss:100:Every order: kept",
        "--constraint=Cheap:40",
    )
    assert (made.returncode, made.stderr) == (0, "")
    project = json.loads(made.stdout)
    assert project["goals"] == ["fast", "safe"]
    assert project["constraints"] == [
        {"name": "No loss", "weight": 100, "description": "Every order: kept"},
        {"name": "Cheap", "weight": 40, "description": ""},
    ]
    shown = inside("projects", "show", "Checkout", env=env)
    assert "No loss (hard): Every order: kept" in shown.stdout
    assert f"next: crucible test-run --project-id {project['id']}" in shown.stdout


def test_create_from_a_file_with_options_over_it(env, tmp_path):
    source = tmp_path / "problem.json"
    source.write_text(json.dumps(FILE), encoding="utf-8")
    made = json.loads(create(env, "--file", str(source), "--title", "Renamed").stdout)
    assert {**FILE, "title": "Renamed"}.items() <= made.items()


def test_what_show_prints_can_be_created_again(env):
    first = create(env, "--file", "-", stdin=json.dumps(FILE)).stdout
    second = create(env, "--file", "-", stdin=first)
    assert second.returncode == 0
    assert FILE.items() <= json.loads(second.stdout).items()
    listed = inside("projects", "list", env=env).stdout
    assert listed.count("From a file") == 2
    assert "2 projects" in listed


@pytest.mark.parametrize(
    ("args", "stdin", "said"),
    [
        ([], None, "title"),
        (["--title", ""], None, "title"),
        (["--title=x", "--constraint=A:101"], None, "constraints[0].weight"),
        (["--title=x", "--constraint=A:1", "--constraint=A:2"], None, "constraints[1].name"),
        (["--file", "-"], "{", "not JSON"),
        (["--file", "-"], "[]", "one JSON object"),
        (["--file", "-"], '{"title": "x", "colour": "red"}', "colour"),
        (["--file", "/nowhere/problem.json"], None, "No such file"),
    ],
)
def test_wrong_input_names_the_field(env, args, stdin, said):
    result = create(env, *args, stdin=stdin)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_creating_without_a_database_says_how_to_make_one(tmp_path):
    env = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/x/crucible.sqlite3")
    assert create(env, "--title", "x").returncode == 6
    assert not (tmp_path / "x").exists()
    assert inside("db", "upgrade", env=env).returncode == 0
    assert inside("db", "check", env=env).returncode == 0
    assert create(env, "--title", "x").returncode == 0


def test_no_projects_says_what_to_do(env):
    assert inside("projects", "list", env=env).stdout.startswith("No projects yet.\nnext: ")
