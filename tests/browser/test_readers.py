"""Readers who see little, zoom, live elsewhere, or write figures otherwise."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.test_views import OVERFLOW, assert_accessible_in_both_themes
from tests.browser.troubled import add_troubled_runs
from tests.browser.world import World

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmütze " * 4
UNBROKEN = "0123456789" * 9
SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.mark.parametrize("width", [360, 1440])
def test_dialogs_of_no_address_are_accessible_and_fit(world: World, page: Page, width: int) -> None:
    run = world.completed(world.lab.project(), 1, 2)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{world.url}/projects/{run.project_id}/runs")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert page.evaluate(OVERFLOW) == 0
    assert_accessible_in_both_themes(page, "shortcuts")
    page.goto(world.url)
    expect(page.get_by_role("img", name="The only run: 1 completed")).to_be_visible()
    page.get_by_role("button", name="New project").click()
    page.get_by_role("button", name="Add a constraint").click()
    assert page.evaluate(OVERFLOW) == 0
    assert_accessible_in_both_themes(page, "new project")
    page.goto(f"{world.url}/runs/{run.id}/results")
    page.get_by_role("region", name="Matrix").get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Explanation")
    assert page.evaluate(OVERFLOW) == 0
    assert_accessible_in_both_themes(page, "explanation")


def test_long_texts_fit_at_every_width(world: World, page: Page) -> None:
    project = world.lab.project(title=LONG.strip(), description=UNBROKEN * 3)
    with world.lab.database.writing() as session:
        add_troubled_runs(session, project)
    done = world.completed(project, 2, 2)
    failed = world.failed(project)
    runs = f"/projects/{project}/runs"
    paths = [
        "/",
        runs,
        f"{runs}?q={UNBROKEN}",
        f"{runs}/health",
        f"{runs}/{failed.id}",
        f"{runs}/{failed.id}/compare/{done.id}",
        f"/projects/{project}/new",
        f"/projects/{project}/problem",
        f"/runs/{done.id}/results",
    ]
    # 720 is 1440 at 200 %.
    for width in (360, 720, 941, 1600):
        page.set_viewport_size({"width": width, "height": 800})
        for path in paths:
            page.goto(world.url + path)
            page.wait_for_load_state("networkidle")
            expect(page.get_by_label("Loading")).to_have_count(0)
            assert page.evaluate(OVERFLOW) == 0, f"{path} at {width}"


def test_times_and_figures_are_those_of_the_reader(world: World, browser: Browser) -> None:
    project = world.lab.project()
    with world.lab.database.writing() as session:
        add_troubled_runs(session, project)
    reader = browser.new_context(locale="de-DE", timezone_id="Asia/Kolkata")
    page = reader.new_page()
    page.goto(f"{world.url}/projects/{project}/runs")
    row = page.get_by_role("row").filter(has_text="#17")
    expect(row).to_contain_text("0,09\u00a0$")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("times in Asia/")
    moment = row.locator("time")
    # UTC+5:30, and said to be so.
    expect(moment).to_have_attribute("title", re.compile(r"\d\d:\d\d:\d\d (GMT\+5:30|IST)"))
    # The day stands first, as one writes there.
    expect(moment).to_have_attribute("title", re.compile(r"^\d{1,2}\. \w+"))
    reader.close()


def test_nothing_moves_while_a_page_fills_or_a_run_goes_on(world: World, page: Page) -> None:
    project = world.lab.project()
    with world.lab.database.writing() as session:
        add_troubled_runs(session, project)
    world.stub.hold()
    world.lab.create(3, 4, project_id=project)
    page.add_init_script(SHIFTS)
    page.goto(f"{world.url}/projects/{project}/runs")
    row = page.get_by_role("row").filter(has_text="#18")
    expect(row).to_contain_text("design")
    expect(page.get_by_label("Loading")).to_have_count(0)
    for answers, words in ((2, "0 / 12"), (7, "7 / 12"), (4, "11 / 12")):
        world.stub.let(answers)
        expect(row).to_contain_text(words, timeout=15_000)
    assert page.evaluate("shifted") < 0.02


def test_motion_is_left_out_for_those_who_ask(world: World, page: Page) -> None:
    project = world.lab.project()
    world.stub.hold()
    world.lab.create(1, 1, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs")
    mark = page.get_by_role("row").filter(has_text="#1").locator("svg").first
    expect(page.get_by_role("row").filter(has_text="#1")).to_contain_text("running")
    turning = "element => element.getAnimations().length"
    assert mark.evaluate(turning) == 1
    page.emulate_media(reduced_motion="reduce")
    assert mark.evaluate(turning) == 0
