"""Every view, in both themes, narrow and wide: nothing for axe, nothing beyond the edge."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.world import World
from tests.seed import add_results, add_run

from crucible.models import Project

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK = "rules => axe.run(document, {runOnly: rules})"
LIMITS = ("max_cost_usd", "max_total_tokens", "max_llm_calls", "max_duration_seconds")
OVERFLOW = """() => [document.documentElement, ...document.querySelectorAll("dialog")]
  .filter(one => one.scrollWidth > one.clientWidth + 1).length"""


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate(ASK, RULES)["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


@pytest.mark.parametrize("width", [360, 1440])
def test_views_are_accessible_and_fit(world: World, page: Page, width: int) -> None:
    project = world.lab.project()
    done = world.completed(project)
    world.unmetered(project)
    failed = world.failed(project)
    world.lab.project(title="Untouched")
    world.stub.hold()
    live = world.lab.create(2, 2, project_id=project)
    views = {
        "/": "Projects",
        f"/projects/{project}/runs": "#1",
        f"/projects/{project}/runs?status=cancelled": "No run matches",
        f"/projects/{project}/runs/{done.id}": "Show 4 more",
        f"/projects/{project}/runs/{failed.id}": "provider_auth",
        f"/projects/{project}/runs/{live}": "not yet begun",
        f"/projects/{project}/new": "Ready",
        f"/projects/{project}/problem": "Constraints",
        f"/runs/{done.id}/results": "Ranking",
        f"/runs/{failed.id}/results": "What is missing",
        "/projects/nothing-here/runs": "There is no such project",
    }
    page.set_viewport_size({"width": width, "height": 900})
    for path, words in views.items():
        page.goto(world.url + path)
        expect(page.get_by_text(words).first).to_be_visible()
        expect(page.get_by_label("Loading")).to_have_count(0)
        assert page.evaluate(OVERFLOW) == 0, path
        assert_accessible_in_both_themes(page, path)


@pytest.mark.parametrize("width", [360, 1440])
def test_limits_are_accessible_and_fit(world: World, page: Page, width: int) -> None:
    budget = dict.fromkeys(LIMITS) | {"max_llm_calls": 3, "max_duration_seconds": 600.0}
    project = world.lab.project(default_budget=budget)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{world.url}/projects/{project}/problem")
    expect(page.get_by_role("textbox", name="Minutes")).to_have_value("10")
    assert_accessible_in_both_themes(page, "problem")
    page.goto(f"{world.url}/projects/{project}/new")
    calls = page.get_by_role("textbox", name="Calls")
    expect(calls).to_have_attribute("placeholder", "3")
    calls.fill("0")
    page.get_by_role("button", name="Start").click()
    expect(calls).to_be_focused()
    assert_accessible_in_both_themes(page, "new run")
    calls.fill("")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Resume").click()
    asking = page.get_by_role("dialog", name="Resume run")
    asking.get_by_role("button", name="Resume").click()
    expect(asking).to_contain_text("Takes more than the 3 used")
    assert_accessible_in_both_themes(page, "resume")
    assert page.evaluate(OVERFLOW) == 0


@pytest.mark.parametrize("width", [360, 1440])
def test_views_without_an_answer_are_accessible_and_fit(
    world: World, page: Page, width: int
) -> None:
    project = world.lab.project()
    first, second = world.completed(project, 1, 1), world.completed(project, 1, 1)
    page.set_viewport_size({"width": width, "height": 900})
    # Only the API: the page itself has arrived.
    page.route(f"{world.url}/api/**", lambda route: route.abort())
    for path in (
        "/",
        f"/projects/{project}/runs",
        f"/runs/{first.id}/results",
        f"/projects/{project}/runs/{second.id}/compare/{first.id}",
    ):
        page.goto(world.url + path)
        expect(page.get_by_role("heading", name=re.compile("^Could not load"))).to_be_visible()
        assert page.evaluate(OVERFLOW) == 0, path
        assert_accessible_in_both_themes(page, path)


@pytest.mark.parametrize("width", [360, 1440])
def test_comparisons_and_explanations_are_accessible_and_fit(
    world: World, page: Page, width: int
) -> None:
    project = world.lab.project()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(world.url)
    expect(page.get_by_text("No runs yet")).to_be_visible()
    done = world.completed(project, 2, 2)
    failed, unmetered = world.failed(project), world.unmetered(project)
    runs = f"/projects/{project}/runs"
    for path, words in (
        (f"{runs}/{failed.id}/compare/{done.id}", "Head #2 failed"),
        (f"{runs}/{unmetered.id}/compare/{done.id}", "cannot be told"),
        (f"{runs}/{done.id}/compare/{done.id}", "This is one run"),
        (f"/runs/{failed.id}/results", "2 evaluations missing"),
        (f"{runs}/health", "Health"),
    ):
        page.goto(world.url + path)
        expect(page.get_by_text(words).first).to_be_visible()
        expect(page.get_by_label("Loading")).to_have_count(0)
        expect(page.locator("h1")).not_to_be_empty()
        assert page.evaluate(OVERFLOW) == 0, path
        assert_accessible_in_both_themes(page, path)
    for run, words in ((done, "Explanation"), (failed, "This pair has no score")):
        page.goto(f"{world.url}/runs/{run.id}/results")
        page.get_by_role("region", name="Matrix").get_by_role("button").first.click()
        expect(page.get_by_role("dialog")).to_contain_text(words)
        assert page.evaluate(OVERFLOW) == 0, words
        assert_accessible_in_both_themes(page, words)


def test_a_matrix_that_is_wider_than_the_page_does_not_widen_it(world: World, page: Page) -> None:
    project = world.lab.project()
    with world.lab.database.writing() as session:
        run = add_run(session, session.get_one(Project, project))
        scores = [[(0.5, 1.0)] * 49 + [None]] * 12
        add_results(session, run, scores)
        run_id = run.id
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{world.url}/runs/{run_id}/results")
        cells = page.get_by_role("region", name="Matrix").get_by_role("button")
        expect(cells).to_have_count(600)
        assert page.evaluate(OVERFLOW) == 0
        # What is beyond the edge is within reach.
        cells.nth(49).focus()
        expect(cells.nth(49)).to_be_in_viewport()


def assert_accessible_in_both_themes(page: Page, what: str) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert violations(page) == [], f"{what} in light"
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert violations(page) == [], f"{what} in dark"


def test_small_dialogs_are_accessible(world: World, page: Page) -> None:
    run = world.completed(world.lab.project(), 1, 2)
    page.goto(world.url)
    page.get_by_role("button", name="New project").click()
    page.get_by_role("button", name="Add a constraint").click()
    assert violations(page) == []
    page.goto(f"{world.url}/runs/{run.id}/results")
    page.get_by_role("region", name="Matrix").get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Explanation")
    assert violations(page) == []


def test_the_theme_can_be_switched_and_stays(world: World, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(world.url)
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    switch = page.get_by_role("button", name="Theme")
    switch.click()
    switch.click()
    expect(switch).to_have_text("◐Theme: dark")
    assert page.evaluate(background) != light
    page.reload()
    expect(switch).to_have_text("◐Theme: dark")
    assert page.evaluate(background) != light
