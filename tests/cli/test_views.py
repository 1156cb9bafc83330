import click
import pytest

from crucible.cli import project_view, verify_view
from crucible.cli.text import Screen, width

from .samples import NOW, PROJECT_ID, RUN_ID

PIPE = Screen(None, False)


def checked(**given):
    return {
        "run_id": RUN_ID,
        "number": 42,
        "ok": True,
        "covered": ["calls", "tokens"],
        "not_covered": [],
        "differences": [],
    } | given


WRONG = checked(
    ok=False,
    not_covered=["answers"],
    differences=[{"what": "total.cost_usd", "stored": 0.1, "recomputed": None}],
)


def test_one_run_says_what_was_verified_and_what_not():
    assert verify_view.render([WRONG], PIPE).splitlines() == [
        f"✕ #42  1 difference  {RUN_ID}",
        "  verified: calls; tokens",
        "  not covered: answers",
        "  total.cost_usd  stored 0.1  recomputed unknown",
    ]


def test_many_runs_show_only_what_differs():
    text = verify_view.render([checked(), WRONG, checked(not_covered=["calls"])], PIPE)
    assert text.startswith("✕ #42  1 difference")
    assert text.endswith("3 runs verified · 1 differing · 2 covered in part")


def test_no_runs_to_verify():
    assert verify_view.render([], PIPE) == "No runs yet: nothing to verify."


def test_json_about_all_runs_says_whether_all_is_well():
    assert verify_view.together([checked(), WRONG])["ok"] is False
    assert verify_view.together([]) == {"ok": True, "runs": []}


def project(**given):
    return {
        "id": PROJECT_ID,
        "title": "Checkout p99",
        "description": "Six services.\n\nOne after the other.",
        "goals": ["Fast"],
        "constraints": [{"name": "Safe", "weight": 100, "description": ""}],
        "world_model": None,
        "default_budget": None,
        "last_run": {
            "id": RUN_ID,
            "number": 42,
            "status": "failed",
            "created_at": "2026-11-22T08:51:00.000Z",
        },
        "failed_24h": 3,
        "cost_7d_usd": 1.25,
        "unpriced_calls_7d": 2,
    } | given


def test_projects_show_their_last_run_failures_and_spend():
    line = project_view.render_list([project()], Screen(140, False), NOW).splitlines()[0]
    assert line == (
        f"{PROJECT_ID}  Checkout p99  ✕ #42 failed  2 h ago  3 failed in 24 h  ≥ $1.25 in 7 d"
    )


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_projects_fit_the_terminal(columns):
    shown = [project(title="漢字" * 60), project(last_run=None)]
    text = click.unstyle(project_view.render_list(shown, Screen(columns, True), NOW))
    for line in text.splitlines():
        assert line.startswith("next:") or width(line) <= columns


def test_one_project_keeps_its_paragraphs():
    assert project_view.render(project(), PIPE).splitlines() == [
        "Checkout p99",
        PROJECT_ID,
        "",
        "Six services.",
        "",
        "One after the other.",
        "",
        "Goals",
        "• Fast",
        "",
        "Constraints",
        "• Safe (hard)",
        "",
        f"next: crucible test-run --project-id {PROJECT_ID}",
    ]
