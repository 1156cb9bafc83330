"""Runs that move while somebody watches, and a server that goes away meanwhile."""

import re

from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.world import World

SOON = 15_000


def test_a_run_that_fails_while_it_is_watched_says_why(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.stub.hold()
    run = world.lab.create(2, 2, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs/{run}")
    dialog = page.get_by_role("dialog", name="Run #1")
    expect(dialog).to_contain_text("running")
    first = len(world.stub.requests)
    world.stub.plan = lambda n, body: "ok" if n - first < 2 else "status 401"
    world.stub.let_all()

    why = dialog.get_by_role("region", name="Why it failed")
    expect(why).to_contain_text("CRUCIBLE_LLM_API_KEY", timeout=SOON)
    expect(dialog.get_by_role("button", name="Resume")).to_be_visible()
    expect(dialog.get_by_role("status").first).to_contain_text("Run 1 failed. ")
    expect(page).to_have_title(re.compile("^#1 failed · "))
    page.keyboard.press("Escape")
    row = page.get_by_role("row").filter(has_text="#1")
    expect(row).to_contain_text("failed")
    expect(row.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("region", name="Last failure")).to_contain_text("in evaluation")


def test_the_end_of_a_run_in_the_list_is_announced(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.stub.hold()
    world.lab.create(1, 1, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs")
    expect(page.get_by_role("row").filter(has_text="#1")).to_contain_text("running")
    world.stub.let_all()
    told = page.get_by_role("status").filter(has_text="Run 1 is completed.")
    expect(told).to_have_count(1, timeout=SOON)


def test_figures_stay_when_the_server_is_killed_and_move_when_it_is_back(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.stub.hold()
    world.lab.create(1, 1, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs")
    row = page.get_by_role("row").filter(has_text="#1")
    expect(row).to_contain_text("running")
    world.server.stop()
    expect(page.get_by_role("alert")).to_contain_text("Could not refresh", timeout=SOON)
    expect(page.get_by_text(re.compile(r"What is shown is \d+ (s|min) old"))).to_be_visible()
    expect(row).to_contain_text("running")

    world.stub.let_all()
    world.server.start()
    expect(row).to_contain_text("completed", timeout=SOON)
    expect(page.get_by_role("alert")).to_have_count(0)
    complaints.clear()


def test_a_view_opened_while_the_server_is_away_fills_when_it_is_back(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project(title="Checkout p99")
    world.completed(project, 1, 1)
    page.goto(f"{world.url}/projects/{project}/problem")
    expect(page.get_by_role("textbox", name="Title")).to_have_value("Checkout p99")
    world.server.stop()
    page.get_by_role("link", name="Run History").click()
    expect(page.get_by_role("alert").first).to_contain_text("Could not load the runs", timeout=SOON)
    expect(page.get_by_text("No runs yet")).to_have_count(0)
    world.server.start()
    expect(page.get_by_role("row").filter(has_text="#1")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("alert")).to_have_count(0, timeout=SOON)
    expect(page.get_by_role("region", name="A typical run")).to_contain_text("1 evaluation")
    complaints.clear()


def test_what_one_tab_starts_the_other_shows(
    world: World, page: Page, context: BrowserContext, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.completed(project, 1, 1)
    page.goto(f"{world.url}/projects/{project}/runs")
    expect(page.get_by_role("row").filter(has_text="#1")).to_be_visible()
    other = context.new_page()
    other.goto(f"{world.url}/projects/{project}/new")
    other.get_by_role("textbox", name="Candidates").fill("1")
    other.get_by_role("textbox", name="Scenarios").fill("1")
    other.get_by_role("button", name="Start").click()
    expect(other.get_by_role("dialog", name="Run #2")).to_contain_text("completed")

    expect(page.get_by_role("row").filter(has_text="#2")).to_contain_text("completed", timeout=SOON)
    # Each tab has its own view of the same history.
    expect(other.get_by_role("dialog", name="Run #2")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_deleted_project_is_told_as_gone(world: World, page: Page, complaints: list[str]) -> None:
    project = world.lab.project()
    page.goto(f"{world.url}/projects/{project}/runs")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    assert page.request.delete(f"{world.url}/api/projects/{project}").ok
    for tab in ("runs", "runs/health", "new", "problem", "runs/some-run/compare"):
        page.goto(f"{world.url}/projects/{project}/{tab}")
        expect(page.get_by_role("heading", name="There is no such project")).to_be_visible()
        expect(page).to_have_title("Not found · Crucible")
    assert [text for text in complaints if "404" not in text] == []
    complaints.clear()
