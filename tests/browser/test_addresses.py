"""What is seen stands in the address: reload, Back and Forward, and a link that is sent on."""

import re

from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.world import World


def test_the_matrix_keeps_its_figure_and_its_open_cell(
    world: World, page: Page, complaints: list[str]
) -> None:
    run = world.completed(world.lab.project(), 2, 2)
    results = f"{world.url}/runs/{run.id}/results"
    page.goto(results)
    page.get_by_role("button", name="P", exact=True).click()
    expect(page).to_have_url(f"{results}?figure=P")
    cell = page.get_by_role("region", name="Matrix").get_by_role("button").nth(3)
    cell.click()
    explained = page.get_by_role("dialog")
    expect(explained).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?figure=P&cell=.+"))
    sent_on = page.url

    page.go_back()
    expect(explained).to_have_count(0)
    expect(page).to_have_url(f"{results}?figure=P")
    page.go_forward()
    expect(explained).to_be_visible()
    page.goto("about:blank")
    page.goto(sent_on)
    expect(explained).to_be_visible()
    # There is nothing of this page behind it to go back to.
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{results}?figure=P")
    pressed = page.get_by_role("button", name="P", exact=True)
    expect(pressed).to_have_attribute("aria-pressed", "true")


def test_a_page_of_the_list_is_an_address_and_a_step_back(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    for _ in range(23):
        world.lab.create(1, 1, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs?sort=created_at")
    rows = page.get_by_role("table", name="Runs").get_by_role("row")
    expect(rows).to_have_count(21)
    page.get_by_role("button", name="Next").click()
    expect(rows).to_have_count(4)
    page.reload()
    expect(rows.nth(1)).to_contain_text("#21")
    rows.nth(1).click()
    expect(page.get_by_role("dialog", name="Run #21")).to_be_visible()
    page.reload()
    dialog = page.get_by_role("dialog", name="Run #21")
    expect(dialog).to_be_visible()
    page.go_back()
    expect(dialog).to_have_count(0)
    expect(rows).to_have_count(4)
    page.go_back()
    expect(rows).to_have_count(21)
    page.go_forward()
    expect(rows.nth(1)).to_contain_text("#21")


def test_a_comparison_is_an_address_that_back_leaves(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    first, second, third = [world.completed(project, 1, 1) for _ in range(3)]
    runs = f"{world.url}/projects/{project}/runs"
    page.goto(f"{runs}/{third.id}")
    page.get_by_role("link", name="Compare with").click()
    expect(page.get_by_role("heading", name="#3 against #2")).to_be_visible()
    expect(page).to_have_url(f"{runs}/{third.id}/compare/{second.id}")
    page.get_by_role("combobox", name="Against").select_option(first.id)
    expect(page.get_by_role("heading", name="#3 against #1")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="#3 against #1")).to_be_visible()
    # Trying pairs is one step, not one for each.
    page.go_back()
    expect(page.get_by_role("dialog", name="Run #3")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="#3 against #1")).to_be_visible()


def test_ids_that_nothing_has_are_told(world: World, page: Page, complaints: list[str]) -> None:
    project = world.lab.project()
    run = world.completed(project, 1, 1)
    runs = f"/projects/{project}/runs"
    for path, words in (
        (f"{runs}/{run.id}/compare/nothing-here", "There is no such run"),
        (f"{runs}/nothing-here/compare/{run.id}", "There is no such run"),
        (f"{runs}/nothing-here/compare", "There is no such run"),
        ("/projects/nothing-here/runs/health", "There is no such project"),
        (f"/projects/nothing-here/runs/{run.id}", "There is no such project"),
    ):
        page.goto(world.url + path)
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        expect(page).to_have_title(re.compile("^Not found · "))
    # A pair that is not there is no reason to hide the rest.
    page.goto(f"{world.url}/runs/{run.id}/results?cell=nothing.here&figure=Z")
    expect(page.get_by_role("heading", name="Ranking")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [text for text in complaints if "404" not in text] == []
    complaints.clear()


def test_short_addresses_lead_on_and_unknown_ones_are_told(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    run = world.completed(project, 1, 1)
    page.goto(f"{world.url}/projects")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    expect(page).to_have_url(f"{world.url}/")
    for short in (run.id, f"{run.id}/"):
        page.goto(f"{world.url}/runs/{short}")
        expect(page.get_by_role("dialog", name="Run #1")).to_be_visible()
        expect(page).to_have_url(f"{world.url}/projects/{project}/runs/{run.id}")
    assert complaints == []
    for path in ("/nowhere", "/runs", "/runs/x/y", "/a/b/c"):
        answer = page.goto(world.url + path)
        assert answer is not None and answer.status == 404
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        expect(page.get_by_text(path, exact=True)).to_be_visible()
    page.get_by_role("link", name="All projects").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    assert [text for text in complaints if "404" not in text] == []
    complaints.clear()


def test_what_one_tab_cancels_the_other_sees(
    world: World, page: Page, context: BrowserContext, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.stub.hold()
    run = world.lab.create(2, 2, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs")
    row = page.get_by_role("row").filter(has_text="#1")
    expect(row).to_contain_text("running")
    other = context.new_page()
    other.goto(f"{world.url}/projects/{project}/runs/{run}")
    other.get_by_role("button", name="Cancel run").click()
    expect(other.get_by_role("button", name="Cancelling")).to_be_disabled()
    world.stub.let_all()
    expect(other.get_by_role("region", name="Why it stopped")).to_be_visible()

    expect(row).to_contain_text("cancelled", timeout=15_000)
    expect(row.get_by_role("progressbar")).to_have_count(0)


def test_results_stay_with_their_age_while_the_server_is_away(
    world: World, page: Page, complaints: list[str]
) -> None:
    world.stub.hold()
    run = world.lab.create(2, 2)
    page.goto(f"{world.url}/runs/{run}/results")
    expect(page.get_by_role("heading", name="No candidates yet")).to_be_visible()
    world.stub.let(2)
    expect(page.get_by_role("heading", name="Ranking")).to_be_visible(timeout=15_000)
    world.server.stop()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Could not refresh", timeout=15_000)
    expect(page.get_by_text(re.compile(r"What is shown is \d+ (s|min) old"))).to_be_visible()
    expect(page.get_by_role("heading", name="Ranking")).to_be_visible()
    world.stub.let_all()
    world.server.start()
    expect(alert).to_have_count(0, timeout=15_000)
    expect(page.get_by_role("region", name="Matrix").get_by_text("—")).to_have_count(0)
    complaints.clear()
