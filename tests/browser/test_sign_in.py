"""The page of a server that asks for a token: signing in and out, and a session that runs out."""

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from tests.browser.test_views import OVERFLOW, assert_accessible_in_both_themes
from tests.browser.world import TOKEN, World

KEPT = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"


def field(page: Page) -> Locator:
    return page.get_by_label("Access token")


def sign_in(page: Page, token: str = TOKEN) -> None:
    field(page).fill(token)
    field(page).press("Enter")


def only_refusals(complaints: list[str]) -> None:
    """The browser notes each 401 it was given."""
    assert [text for text in complaints if "401" not in text and "429" not in text] == []
    complaints.clear()


def test_a_deep_link_asks_for_the_token_and_opens_as_it_was_sent(
    closed: World, page: Page, context: BrowserContext, complaints: list[str]
) -> None:
    project = closed.lab.project(title="Checkout p99")
    run = closed.failed(project)
    link = f"{closed.url}/projects/{project}/runs/{run.id}?status=failed&sort=-cost_usd"
    page.goto(link)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(field(page)).to_be_focused()
    expect(page.get_by_text("Checkout p99")).to_have_count(0)
    sign_in(page, "only-a-guess-of-somebody")
    expect(field(page)).to_have_accessible_description(re.compile("This is not the server's token"))
    expect(field(page)).to_be_focused()
    assert context.cookies() == []

    sign_in(page)
    dialog = page.get_by_role("dialog", name="Run #1")
    expect(dialog.get_by_role("region", name="Why it failed")).to_be_visible()
    expect(page).to_have_url(link)
    page.keyboard.press("Escape")
    expect(page.get_by_role("table", name="Runs").get_by_role("row")).to_have_count(2)
    [cookie] = context.cookies()
    assert (cookie["name"], cookie["httpOnly"]) == ("crucible_session", True)
    assert cookie["sameSite"] == "Strict"
    assert TOKEN not in cookie["value"]
    assert TOKEN not in page.evaluate(KEPT)
    assert "crucible_session" not in page.evaluate(KEPT)

    page.reload()
    expect(page.get_by_role("table", name="Runs").get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(field(page)).to_have_count(0)
    only_refusals(complaints)


def test_signing_in_and_out_is_seen_in_every_tab(
    closed: World, page: Page, context: BrowserContext, complaints: list[str]
) -> None:
    project = closed.lab.project(title="Checkout p99")
    closed.completed(project, 1, 1)
    history = f"{closed.url}/projects/{project}/runs"
    page.goto(history)
    other = context.new_page()
    other.goto(f"{closed.url}/projects/{project}/problem")
    expect(field(page)).to_be_visible()
    expect(field(other)).to_be_visible()

    sign_in(page)
    expect(page.get_by_role("table", name="Runs").get_by_role("link", name="#1")).to_be_visible()
    expect(other.get_by_role("textbox", name="Title")).to_have_value("Checkout p99")
    other.get_by_role("button", name="Sign out").click()
    for tab in (page, other):
        expect(field(tab)).to_be_visible()
        expect(tab.get_by_text("Checkout p99")).to_have_count(0)
    assert context.cookies() == []
    page.reload()
    expect(field(page)).to_be_visible()
    expect(page).to_have_url(history)
    only_refusals(complaints)


def test_what_was_typed_outlasts_a_session_that_runs_out(
    closed: World, page: Page, context: BrowserContext, complaints: list[str]
) -> None:
    project = closed.lab.project()
    page.goto(f"{closed.url}/projects/{project}/new")
    sign_in(page)
    label = page.get_by_role("textbox", name="Label")
    label.fill("night")
    page.get_by_role("textbox", name="Candidates").fill("1")
    page.get_by_role("textbox", name="Scenarios").fill("1")
    context.clear_cookies()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    expect(label).to_be_hidden()

    sign_in(page)
    expect(label).to_have_value("night")
    expect(page.get_by_role("alert")).to_contain_text("You were not signed in")
    page.get_by_role("button", name="Start").click()
    run = page.get_by_role("dialog", name="Run #1")
    expect(run).to_contain_text("completed")

    # Over a live run the next question is asked by itself.
    page.keyboard.press("Escape")
    closed.stub.hold()
    closed.lab.create(1, 1, project_id=project)
    page.reload()
    row = page.get_by_role("row").filter(has_text="#2")
    expect(row).to_contain_text("running")
    row.get_by_role("link", name="#2").click()
    live = page.get_by_role("dialog", name="Run #2")
    expect(live).to_contain_text("running")
    context.clear_cookies()
    expect(field(page)).to_be_focused(timeout=15_000)
    expect(live).to_have_count(0)
    closed.stub.let_all()
    sign_in(page)
    expect(live).to_contain_text("completed", timeout=15_000)
    page.keyboard.press("Escape")
    expect(row).to_contain_text("completed")
    expect(row.get_by_role("link", name="#2")).to_be_focused()
    only_refusals(complaints)


def test_a_form_outlasts_hours_before_the_sign_in(
    closed: World, page: Page, context: BrowserContext, complaints: list[str]
) -> None:
    project = closed.lab.project(title="Checkout p99")
    page.clock.install()
    page.goto(f"{closed.url}/projects/{project}/problem")
    sign_in(page)
    title = page.get_by_role("textbox", name="Title")
    title.fill("Checkout p95")
    context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    expect(field(page)).to_be_focused()
    assert page.evaluate("scrollY") == 0
    # What nobody looks at is forgotten after minutes, elsewhere.
    page.clock.fast_forward("08:00:00")
    sign_in(page)
    expect(title).to_have_value("Checkout p95")
    assert page.evaluate("scrollY") > 0
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Checkout p95")).to_be_visible()
    only_refusals(complaints)


@pytest.mark.parametrize("width", [360, 1440])
def test_signing_in_is_accessible_and_fits(closed: World, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(closed.url)
    expect(field(page)).to_be_focused()
    assert_accessible_in_both_themes(page, "sign-in")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Takes the access token")
    expect(field(page)).to_have_accessible_description(re.compile("Takes the access token"))
    sign_in(page)
    way_out = page.get_by_role("button", name="Sign out")
    expect(way_out).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()
    assert page.evaluate(OVERFLOW) == 0
    assert_accessible_in_both_themes(page, "signed in")
    way_out.click()
    expect(field(page)).to_be_focused()
    # Ten may be wrong at once; meanwhile there may be time for one more.
    for _ in range(20):
        answer = page.request.post(f"{closed.url}/api/session", data={"token": "wrong"})
        if answer.status == 429:
            break
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("Too many wrong tokens")
    expect(page.get_by_role("button", name="Wait")).to_have_attribute("aria-disabled", "true")
    assert page.evaluate(OVERFLOW) == 0
    assert_accessible_in_both_themes(page, "too many")


def test_a_server_that_is_away_is_told_and_a_restart_ends_no_session(
    closed: World, page: Page, complaints: list[str]
) -> None:
    page.goto(closed.url)
    expect(field(page)).to_be_visible()
    closed.server.stop()
    sign_in(page)
    expect(page.get_by_role("alert")).to_contain_text("The server did not answer")
    closed.server.start()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Describe a problem to begin")).to_be_visible()
    closed.server.stop()
    closed.server.start()
    page.reload()
    expect(page.get_by_role("heading", name="Describe a problem to begin")).to_be_visible()
    complaints.clear()
