"""No view needs more than the strictest policy allows: no inline script or style, nothing from
elsewhere."""

from playwright.sync_api import Page, expect
from tests.browser.troubled import add_troubled_runs
from tests.browser.world import World

TELL = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));"""


def test_no_view_breaks_the_policy(world: World, page: Page, complaints: list[str]) -> None:
    project = world.lab.project()
    with world.lab.database.writing() as session:
        add_troubled_runs(session, project)
    done, failed = world.completed(project, 2, 2), world.failed(project)
    page.add_init_script(TELL)
    runs = f"/projects/{project}/runs"
    for path, words in {
        "/": "Projects",
        "/api/docs": "Int Crucible",
        runs: "#1",
        f"{runs}/health": "Failures of the last 14 days",
        f"{runs}/{failed.id}": "provider_auth",
        f"{runs}/{done.id}/compare/{failed.id}": "Why the cost differs",
        f"/projects/{project}/new": "evaluations +",
        f"/projects/{project}/problem": "Constraints",
        f"/runs/{done.id}/results": "Ranking",
    }.items():
        answer = page.goto(world.url + path)
        policy = answer.headers["content-security-policy"] if answer else ""
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        expect(page.get_by_text(words).first).to_be_visible()
        expect(page.get_by_label("Loading")).to_have_count(0)
    page.get_by_role("region", name="Matrix").get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Explanation")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Theme").click()
    assert complaints == []

    # What would be told, if there were something. The browser's own complaint comes before ours.
    with page.expect_console_message(lambda said: said.text.startswith("policy: style-src")):
        page.evaluate("document.body.setAttribute('style', 'color: red')")
    complaints.clear()
