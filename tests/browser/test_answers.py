"""Whether something is wrong, what a run will take, and what differs between two."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.test_views import OVERFLOW, assert_accessible_in_both_themes
from tests.browser.troubled import add_troubled_runs
from tests.browser.world import World


@pytest.fixture
def troubled(world: World) -> str:
    project = world.lab.project(title="Checkout p99")
    with world.lab.database.writing() as session:
        add_troubled_runs(session, project)
    return project


def test_a_degraded_project_says_so_and_leads_to_the_run(
    world: World, troubled: str, page: Page, complaints: list[str]
) -> None:
    history = f"{world.url}/projects/{troubled}/runs"
    page.goto(history)
    answer = page.get_by_role("region", name="Health, last 17 runs")
    expect(answer).to_contain_text("times as long as before")
    expect(page.get_by_role("region", name="Last failure")).to_contain_text("in evaluation")
    answer.get_by_role("link", name="Degraded").click()

    dialog = page.get_by_role("dialog", name="Health")
    expect(page).to_have_url(f"{history}/health")
    found = dialog.get_by_role("list", name="Findings")
    expect(found).to_contain_text("13 earlier runs")
    expect(found.get_by_role("link", name="#17")).to_be_visible()
    kinds = dialog.get_by_role("list", name="Failures by kind and day")
    expect(kinds.get_by_role("img")).to_have_count(1)

    found.get_by_role("link", name="#15").first.click()
    run = page.get_by_role("dialog", name="Run #15")
    expect(run.get_by_role("row", name=re.compile("^Evaluation"))).to_contain_text("2m 11s")
    page.go_back()
    expect(dialog).to_be_visible()
    found.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name=re.compile("^#17 against #1[0-4]$"))).to_be_visible()
    page.go_back()
    page.keyboard.press("Escape")
    expect(page).to_have_url(history)


def test_the_strip_opens_the_run_that_left_the_band(
    world: World, troubled: str, page: Page, complaints: list[str]
) -> None:
    page.goto(f"{world.url}/projects/{troubled}/runs")
    strip = page.get_by_role("listbox", name="17 runs")
    expect(strip.get_by_role("option")).to_have_count(17)
    # The slow ones stand above what is usual; what they took is no part of that.
    above = strip.get_by_role("option", name="above the usual")
    expect(above).to_have_count(3)
    strip.get_by_role("option", name="#17").focus()
    readout = page.get_by_role("region", name="The last runs")
    expect(readout).to_contain_text("#17")
    expect(readout).to_contain_text("usually 3")
    page.keyboard.press("Home")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Run #16")).to_be_visible()
    page.keyboard.press("Escape")
    expect(strip.get_by_role("option", name="#16")).to_be_focused()
    strip.get_by_role("option", name="#8, failed").click()
    expect(page.get_by_role("dialog", name="Run #8")).to_be_visible()


def test_the_answers_change_when_a_run_ends(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.stub.hold()
    world.lab.create(1, 1, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs")
    typical = page.get_by_role("region", name="A typical run")
    expect(typical).to_contain_text("None has completed yet")
    expect(page.get_by_role("link", name="Not enough runs yet")).to_be_visible()
    world.stub.let_all()
    expect(typical).to_contain_text("1 evaluation", timeout=10_000)


def test_the_estimate_follows_the_counts(
    world: World, troubled: str, page: Page, complaints: list[str]
) -> None:
    page.goto(f"{world.url}/projects/{troubled}/new")
    estimate = page.get_by_role("region", name="Estimate")
    expect(estimate).to_contain_text("40 evaluations + 2")
    expect(estimate).to_contain_text("$")
    before = estimate.inner_text()
    page.get_by_role("textbox", name="Candidates").fill("10")
    expect(estimate).to_contain_text("80 evaluations + 2")
    assert estimate.inner_text() != before
    page.get_by_role("textbox", name="Scenarios").fill("many")
    expect(estimate).to_contain_text("None yet: scenarios")
    page.get_by_role("textbox", name="Scenarios").fill("2")
    expect(estimate).to_contain_text("20 evaluations + 2")
    # The browser notes the 422 it was given.
    assert [text for text in complaints if "422" not in text] == []
    complaints.clear()


def test_a_run_keeps_its_estimate(world: World, page: Page, complaints: list[str]) -> None:
    project = world.lab.project()
    page.goto(f"{world.url}/projects/{project}/new")
    page.get_by_role("textbox", name="Candidates").fill("2")
    page.get_by_role("textbox", name="Scenarios").fill("3")
    page.get_by_role("button", name="Start").click()
    run = page.get_by_role("dialog", name="Run #1")
    expect(run).to_contain_text("completed")
    expect(run.get_by_role("region", name="Estimate and actual")).to_contain_text("estimated")
    expect(run.get_by_role("region", name="Produced")).to_contain_text("per evaluation")


def test_two_runs_are_compared_at_an_address_of_their_own(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    first, second = world.completed(project, 2, 2), world.completed(project, 2, 3)
    opened = f"{world.url}/projects/{project}/runs/{second.id}"
    page.goto(opened)
    page.get_by_role("link", name="Compare with").click()
    expect(page).to_have_url(f"{opened}/compare/{first.id}")
    expect(page.get_by_role("heading", name="#2 against #1")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog", name="Run #2")).to_be_visible()

    page.goto(f"{opened}/compare/{first.id}")
    counts = page.get_by_role("table", name="Counts")
    expect(counts.get_by_role("row", name="Evaluations")).to_contain_text("+2")
    cost = page.get_by_role("table", name="Why the cost differs")
    expect(cost.get_by_role("row", name="More or fewer calls")).to_contain_text("+$")
    page.goto(f"{opened}/compare/nothing-here")
    expect(page.get_by_role("heading", name="There is no such run")).to_be_visible()
    assert [text for text in complaints if "404" not in text] == []
    complaints.clear()


@pytest.mark.parametrize("width", [360, 1440])
def test_the_answers_are_accessible_and_fit(
    world: World, troubled: str, page: Page, width: int
) -> None:
    first, second = world.completed(troubled, 2, 2), world.completed(troubled, 2, 3)
    untouched = world.lab.project(title="Untouched")
    runs = f"/projects/{troubled}/runs"
    views = {
        runs: "shaded",
        f"{runs}/health": "Failures of the last 14 days",
        f"{runs}/{second.id}": "per evaluation",
        f"{runs}/{second.id}/compare/{first.id}": "Why the cost differs",
        f"{runs}/{second.id}/compare/nothing-here": "There is no such run",
        f"/projects/{troubled}/new": "80 evaluations + 2",
        f"/projects/{untouched}/runs/health": "No run has failed",
    }
    page.set_viewport_size({"width": width, "height": 900})
    for path, words in views.items():
        page.goto(world.url + path)
        if path.endswith("/new"):
            page.get_by_role("textbox", name="Candidates").fill("10")
        expect(page.get_by_text(words).first).to_be_visible()
        expect(page.get_by_label("Loading")).to_have_count(0)
        assert page.evaluate(OVERFLOW) == 0, path
        assert_accessible_in_both_themes(page, path)
