"""What a person does: from the list to a run, to its results, and back."""

import re

from playwright.sync_api import Page, expect
from tests.browser.world import World


def test_from_projects_to_results_and_back(world: World, page: Page, complaints: list[str]) -> None:
    project = world.lab.project(title="Checkout p99")
    run = world.completed(project)
    page.goto(world.url)

    page.get_by_role("link", name="Checkout p99").click()
    expect(page).to_have_url(f"{world.url}/projects/{project}/runs")
    row = page.get_by_role("row").filter(has_text="#1")
    expect(row).to_contain_text("completed")
    expect(row.get_by_role("cell").nth(6)).to_have_text("12")

    row.click()
    dialog = page.get_by_role("dialog", name="Run #1")
    expect(dialog).to_be_visible()
    expect(page).to_have_url(f"{world.url}/projects/{project}/runs/{run.id}")
    expect(dialog.get_by_role("row", name="Ranking")).to_contain_text("ms")

    dialog.get_by_role("link", name="Open results").click()
    expect(page.get_by_role("heading", name="Results of run #1")).to_be_visible()
    expect(page.get_by_role("table", name="Ranking").get_by_role("row")).to_have_count(4)
    cells = page.get_by_role("region", name="Matrix").get_by_role("button")
    expect(cells).to_have_count(12)
    cells.first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Explanation")
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.go_back()
    expect(page.get_by_role("dialog", name="Run #1")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("table", name="Runs")).to_be_visible()


def test_a_failed_run_says_why_before_a_click(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.completed(project)
    run = world.failed(project)
    assert run.error_summary is not None
    page.goto(f"{world.url}/projects/{project}/runs")

    answer = page.get_by_role("region", name="Last failure")
    expect(answer).to_contain_text(run.error_summary)
    expect(page.get_by_role("row").filter(has_text="#2")).to_contain_text(run.error_summary)
    expect(page.get_by_role("region", name="A typical run")).to_contain_text("12 evaluations")

    answer.get_by_role("link", name="#2").click()
    why = page.get_by_role("dialog").get_by_role("region", name="Why it failed")
    expect(why).to_contain_text(run.error_summary)
    expect(why).to_contain_text("CRUCIBLE_LLM_API_KEY")
    expect(why).to_contain_text("Scenarios")
    expect(page.get_by_role("dialog").get_by_text("did not begin")).to_be_visible()
    calls = page.get_by_role("region", name="Calls")
    expect(calls.get_by_role("row").nth(1)).to_contain_text("401")

    page.get_by_role("link", name="Open results").click()
    expect(page.get_by_role("region", name="What is missing")).to_be_visible()
    page.get_by_role("link", name="Open the run").click()
    expect(page.get_by_role("dialog", name="Run #2")).to_be_visible()


def test_a_live_run_moves(world: World, page: Page, complaints: list[str]) -> None:
    project = world.lab.project()
    world.stub.hold()
    page.goto(f"{world.url}/projects/{project}/new")
    page.get_by_role("textbox", name="Candidates").fill("3")
    page.get_by_role("textbox", name="Scenarios").fill("4")
    page.get_by_role("button", name="Start").click()

    dialog = page.get_by_role("dialog", name="Run #1")
    expect(dialog).to_contain_text("running")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    row = page.get_by_role("row").filter(has_text="#1")
    expect(row).to_contain_text("design")
    world.stub.let(2)
    expect(row).to_contain_text("evaluation 0 / 12")
    world.stub.let(5)
    expect(row).to_contain_text("evaluation 5 / 12")
    elapsed = row.get_by_role("cell").nth(3)
    before = elapsed.inner_text()
    expect(elapsed).not_to_have_text(before)
    world.stub.let_all()
    expect(row).to_contain_text("completed")
    expect(row.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("region", name="A typical run")).to_contain_text("12 evaluations")


def test_a_live_run_is_cancelled_and_goes_on(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.stub.hold()
    run = world.lab.create(2, 2, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs/{run}")
    dialog = page.get_by_role("dialog", name="Run #1")
    expect(dialog.get_by_role("row", name=re.compile("^Design"))).to_contain_text("running")
    dialog.get_by_role("button", name="Cancel run").click()
    expect(dialog.get_by_role("button", name="Cancelling")).to_be_disabled()
    world.stub.let(1)
    expect(dialog.get_by_role("region", name="Why it stopped")).to_be_visible()
    dialog.get_by_role("button", name="Resume").click()
    expect(dialog.get_by_role("button", name="Cancel run")).to_be_visible()
    world.stub.let_all()
    expect(dialog).to_contain_text("completed")
    expect(dialog.get_by_role("row", name=re.compile("^Evaluation"))).to_contain_text("4")


def test_the_address_alone_reopens_what_was_seen(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.completed(project, 1, 1)
    run = world.failed(project)
    world.completed(project, 1, 1)
    page.goto(f"{world.url}/projects/{project}/runs/{run.id}?status=failed&sort=-cost_usd")

    expect(page.get_by_role("dialog", name="Run #2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{world.url}/projects/{project}/runs?status=failed&sort=-cost_usd")
    expect(page.get_by_role("table", name="Runs").get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="#2", exact=True).last).to_be_focused()


def test_the_dialog_keeps_focus_and_steps_with_j_and_k(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    for _ in range(3):
        world.completed(project, 1, 1)
    page.goto(f"{world.url}/projects/{project}/runs")
    page.get_by_role("link", name="#3").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Run #3")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        # Beyond the last element focus may rest on the browser's own bar: then it is the body.
        inside = "document.activeElement.closest('dialog') ?? document.activeElement.tagName"
        assert page.evaluate(inside) != "A"
    page.keyboard.press("j")
    expect(page.get_by_role("dialog", name="Run #2")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("dialog", name="Run #1")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("dialog", name="Run #2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="#2")).to_be_focused()


def test_pages_turn_by_key(world: World, page: Page, complaints: list[str]) -> None:
    project = world.lab.project()
    for _ in range(23):
        world.lab.create(1, 1, project_id=project)
    # Nobody executes these: they stay `created`.
    page.goto(f"{world.url}/projects/{project}/runs?sort=created_at")
    rows = page.get_by_role("table", name="Runs").get_by_role("row")
    expect(rows).to_have_count(21)
    page.get_by_role("button", name="Next").click()
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_contain_text("#21")
    page.get_by_role("button", name="Previous").click()
    expect(rows.nth(1)).to_contain_text(re.compile(r"^#1\b"))


def test_an_empty_database_says_where_to_begin(
    world: World, page: Page, complaints: list[str]
) -> None:
    page.goto(world.url)
    page.get_by_role("button", name="Create the first project").click()
    dialog = page.get_by_role("dialog", name="New project")
    dialog.get_by_role("button", name="Create project").click()
    title = dialog.get_by_role("textbox", name="Title")
    expect(title).to_have_attribute("aria-invalid", "true")
    expect(title).to_have_accessible_description("Give it a title")
    dialog.get_by_role("textbox", name="Title").fill("Cold chain")
    dialog.get_by_role("button", name="Add a constraint").click()
    dialog.get_by_role("textbox", name="Name").fill("Stays cold")
    dialog.get_by_role("textbox", name="Weight").fill("101")
    dialog.get_by_role("button", name="Create project").click()
    expect(dialog.get_by_role("textbox", name="Weight")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_role("textbox", name="Weight").fill("100")
    dialog.get_by_role("button", name="Create project").click()

    expect(page.get_by_role("heading", name="Cold chain")).to_be_visible()
    page.get_by_role("link", name="Run History").click()
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    # The browser notes each 422 it was given.
    assert [text for text in complaints if "422" not in text] == []
    complaints.clear()


def test_what_is_unknown_is_told(world: World, page: Page, complaints: list[str]) -> None:
    project = world.lab.project()
    for path, words in (
        ("/projects/nothing-here/runs", "There is no such project"),
        (f"/projects/{project}/runs/nothing-here", "There is no such run"),
        ("/runs/nothing-here/results", "There is no such run"),
        (f"/projects/{project}/nowhere", "There is no such page"),
    ):
        page.goto(world.url + path)
        expect(page.get_by_role("heading", name=words)).to_be_visible()
    assert [text for text in complaints if "404" not in text] == []
    complaints.clear()


def test_old_figures_stay_when_the_server_goes(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.stub.hold()
    world.lab.create(1, 1, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs")
    expect(page.get_by_role("row").filter(has_text="#1")).to_be_visible()
    page.route("**/api/**", lambda route: route.abort())
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Could not refresh", timeout=10_000)
    expect(page.get_by_role("row").filter(has_text="#1")).to_be_visible()
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    page.unroute("**/api/**")
    expect(notice).to_have_count(0, timeout=10_000)
    complaints.clear()


def test_a_run_that_its_limit_stopped_goes_on_within_a_larger_one(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    page.goto(f"{world.url}/projects/{project}/new")
    page.get_by_role("textbox", name="Candidates").fill("2")
    page.get_by_role("textbox", name="Scenarios").fill("3")
    calls = page.get_by_role("textbox", name="Calls")
    expect(calls).to_be_hidden()
    page.get_by_text("Limits").click()
    calls.fill("few")
    page.get_by_role("button", name="Start").click()
    expect(calls).to_be_focused()
    expect(calls).to_have_attribute("aria-invalid", "true")
    calls.fill("4")
    page.get_by_role("button", name="Start").click()

    dialog = page.get_by_role("dialog", name="Run #1")
    why = dialog.get_by_role("region", name="Why it failed")
    expect(why).to_contain_text("the limit of 4 calls is reached")
    dialog.get_by_role("button", name="Resume").click()
    asking = page.get_by_role("dialog", name="Resume run #1")
    larger = asking.get_by_role("textbox", name="Calls")
    expect(larger).to_have_value("4")
    expect(larger).to_have_accessible_description("4 used")
    asking.get_by_role("button", name="Resume").click()
    expect(larger).to_have_accessible_description(re.compile("Takes more than the 4 used"))
    larger.press("j")
    page.keyboard.press("Escape")
    expect(asking).to_have_count(0)

    dialog.get_by_role("button", name="Resume").click()
    larger.fill("40")
    larger.press("Enter")
    expect(asking).to_have_count(0)
    expect(dialog).to_contain_text("completed")
    expect(dialog.get_by_role("row", name=re.compile("^Evaluation"))).to_contain_text("6")
