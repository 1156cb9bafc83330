"""Without a mouse."""

import re

from playwright.sync_api import Locator, Page, expect
from tests.browser.world import World


def tab_to(page: Page, target: Locator, key: str = "Tab", most: int = 40) -> None:
    """Presses Tab until `target` has focus."""
    expect(target).to_be_visible()
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    expect(target).to_be_focused()


def test_from_projects_to_an_explanation_by_keyboard_alone(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project(title="Checkout p99")
    for _ in range(2):
        world.completed(project, 1, 2)
    page.goto(world.url)
    tab_to(page, page.get_by_role("link", name="Checkout p99"))
    page.keyboard.press("Enter")
    newest = page.get_by_role("table", name="Runs").get_by_role("link", name="#2")
    tab_to(page, newest)
    page.keyboard.press("ArrowDown")
    oldest = page.get_by_role("table", name="Runs").get_by_role("link", name="#1")
    expect(oldest).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Run #1")
    expect(dialog).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("dialog", name="Run #2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(newest).to_be_focused()

    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("dialog", name="Run #2").get_by_role("link", name="Open results"))
    page.keyboard.press("Enter")
    cell = page.get_by_role("region", name="Matrix").get_by_role("button").first
    tab_to(page, cell)
    page.keyboard.press("Enter")
    explained = page.get_by_role("dialog")
    expect(explained).to_contain_text("Explanation")
    expect(page).to_have_url(re.compile(r"/results\?cell="))
    page.keyboard.press("Escape")
    expect(explained).to_have_count(0)
    expect(cell).to_be_focused()


def test_a_search_begins_with_a_slash_and_stands_in_the_address(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.completed(project, 1, 1)
    failed = world.failed(project)
    page.goto(f"{world.url}/projects/{project}/runs")
    rows = page.get_by_role("table", name="Runs").get_by_role("row")
    expect(rows).to_have_count(3)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("evaluation failed")
    expect(rows).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?q=evaluation\+failed$"))
    page.reload()
    expect(rows).to_have_count(2)
    expect(page.get_by_role("searchbox")).to_have_value("evaluation failed")
    page.get_by_role("link", name=f"#{failed.number}").last.press("Enter")
    expect(page.get_by_role("dialog", name="Run #2")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.go_back()
    expect(rows).to_have_count(3)
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.go_forward()
    expect(rows).to_have_count(2)


def test_a_question_mark_lists_the_keys_and_gives_focus_back(
    world: World, page: Page, complaints: list[str]
) -> None:
    project = world.lab.project()
    world.completed(project, 1, 1)
    page.goto(f"{world.url}/projects/{project}/runs")
    link = page.get_by_role("table", name="Runs").get_by_role("link", name="#1")
    link.focus()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Search")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    expect(link).to_be_focused()
