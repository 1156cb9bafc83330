"""`--json FIELDS`: the fields that were asked for and no others."""

import json

import click
import pytest
from tests.cli import samples

from crucible.cli import field_names, fields
from crucible.schemas import names as schema_names

from .process import inside


def test_names_are_those_of_the_schemas():
    written = schema_names.PAGE.read_text(encoding="utf-8")
    assert written == schema_names.page(), "run `python -m crucible.schemas.names`"


@pytest.mark.parametrize("answer", field_names.FIELDS)
def test_names_are_read_as_they_were_written(answer):
    def again(tree):
        return " ".join(
            name + (f"({again(below)})" if below else "") for name, below in tree.items()
        )

    assert again(fields.names(answer)) == " ".join(field_names.FIELDS[answer].split())


def picked(asked, answer="run", found=None):
    found = samples.detail(status="failed") if found is None else found
    return fields.picked(found, fields.chosen(asked, answer))


def test_fields_stand_under_the_names_that_were_asked_for():
    assert picked("status, number,error.kind,status") == {
        "status": "failed",
        "number": 42,
        "error.kind": "provider_rate_limited",
    }
    assert picked("llm_usage.total.cost_usd") == {"llm_usage.total.cost_usd": 0.4213}
    assert picked("progress")["progress"] == {"phase": "evaluation", "done": 31, "expected": 40}


def test_below_a_list_is_a_list_and_below_nothing_is_null():
    found = samples.detail()
    assert picked("top_candidates.rank,error.kind", found=found) == {
        "top_candidates.rank": [1, 2],
        "error.kind": None,
    }
    assert picked("metrics.phase_timings.design.status", found={"metrics": None}) == {
        "metrics.phase_timings.design.status": None
    }


def test_name_that_is_data_may_have_dots():
    usage = samples.usage(models={"gpt-5.1": 3})
    found = samples.detail(llm_usage={"total": usage, "phases": {}})
    assert picked("llm_usage.total.models.gpt-5.1", found=found) == {
        "llm_usage.total.models.gpt-5.1": 3
    }
    assert picked("llm_usage.total.models.other", found=found) == {
        "llm_usage.total.models.other": None
    }


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("statu", "Did you mean 'status'?"),
        ("error.knd", "Did you mean 'error.kind'?"),
        ("eror.kind", "Did you mean 'error.kind'?"),
        ("error.xyz", "Fields below 'error':\n  kind, phase, message"),
        ("xyz", "Fields:\n  id, number, project_id"),
        ("xyz", "llm_usage., "),
        ("number.x", "Nothing lies below 'number'."),
        ("", "Specify one or more"),
        (" , ", "Fields:\n  id, number"),
    ],
)
def test_unknown_field_brings_those_that_there_are(asked, said):
    with pytest.raises(click.UsageError) as refused:
        fields.chosen(asked, "run")
    assert said in refused.value.message


def test_shell_completes_the_last_name():
    complete = fields._complete
    assert complete("run", None, None, "number,stat") == ["number,status"]
    assert complete("run", None, None, "error.k") == ["error.kind"]
    assert "llm_usage" in complete("run", None, None, "")


@pytest.fixture
def history(lab, env):
    lab.run(1, 1)
    return env


def read(*args, env):
    result = inside(*args, env=env)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_list_gives_a_list_of_chosen_fields(history):
    assert read("runs", "--json", "number,status", env=history) == [
        {"number": 1, "status": "completed"}
    ]
    assert (
        inside("runs", "list", "--format", "jsonl", "--json", "number", env=history).stdout
        == '{"number": 1}\n'
    )


@pytest.mark.parametrize(
    ("args", "asked"),
    [
        (["runs", "show", "1"], "config.num_candidates"),
        (["runs", "health"], "verdict"),
        (["runs", "trends"], "runs.number"),
        (["runs", "compare", "1", "1"], "cost_usd.delta"),
        (["projects", "show", "Checkout p99"], "title"),
        (["estimate"], "basis.kind"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_one_answer_gives_one_object(history, args, asked):
    assert list(read(*args, "--json", asked, env=history)) == [asked]


def test_projects_give_a_list(history):
    assert read("projects", "list", "--json", "title", env=history) == [{"title": "Checkout p99"}]


@pytest.mark.parametrize(
    "args", [["--json", "nmber"], ["--json"], ["--json", "id", "--format=csv"]]
)
def test_wrong_use_is_said_before_anything_is_read(tmp_path, args):
    missing = {"CRUCIBLE_DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3"}
    result = inside("runs", "list", *args, env=missing)
    assert (result.returncode, result.stdout) == (2, "")
    assert "number" in result.stderr or "csv" in result.stderr
