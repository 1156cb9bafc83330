"""What Run History takes before it can be read."""

from playwright.sync_api import Page, Request, expect
from tests.browser.troubled import add_troubled_runs
from tests.browser.world import World

KIB = 1024
SHIFT = """() => new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().reduce((sum, one) => sum + one.value, 0)))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(0), 500);
})"""


def opened(world: World, page: Page, **fields: str) -> list[Request]:
    project = world.lab.project(**fields)
    with world.lab.database.writing() as session:
        add_troubled_runs(session, project)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(f"{world.url}/projects/{project}/runs")
    expect(page.get_by_role("row")).to_have_count(18)
    expect(page.get_by_role("option").nth(16)).to_be_visible()
    page.wait_for_load_state("networkidle")
    return asked


def test_run_history_opens_with_few_requests_and_little_to_carry(world: World, page: Page) -> None:
    asked = opened(world, page)

    assert len(asked) <= 8, [request.url for request in asked]
    carried = {
        kind: sum(r.sizes()["responseBodySize"] for r in asked if r.url.endswith(kind))
        for kind in (".js", ".css")
    }
    assert 0 < carried[".js"] <= 160 * KIB
    assert 0 < carried[".css"] <= 15 * KIB


def test_nothing_is_asked_while_nothing_is_live(world: World, page: Page) -> None:
    asked = opened(world, page)
    before = len(asked)
    page.wait_for_timeout(4000)

    assert [request.url for request in asked[before:]] == []


def test_nothing_moves_as_run_history_fills(world: World, page: Page) -> None:
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        for fields in ({}, {"title": "long " * 39 + "title", "description": ""}):
            opened(world, page, **fields)
            shift = page.evaluate(SHIFT)
            assert shift < 0.02, f"{shift} at {width}"
