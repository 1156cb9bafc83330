"""The page as a person sees it: a real Chromium, the text in it, and pictures of parts of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, sync_playwright
from tests.screenshots import CHROMIUM, FLAGS

SIZE: Any = {"width": 1180, "height": 900}
PATIENCE_SECONDS = 90
READ_ROW = """row => ({
  cells: [...row.cells].map(cell => cell.innerText.replace(/\\s+/g, " ").trim()),
  titles: [...row.querySelectorAll("[title]")].map(one => one.title),
})"""
READ_GLANCE = """() => Object.fromEntries(
  [...document.querySelectorAll("section[aria-label='At a glance'] section")].map(cell => [
    cell.querySelector("h2").textContent.split(",")[0],
    cell.innerText.replace(/\\s+/g, " ").trim(),
  ]))"""
READ_PHASES = """dialog => Object.fromEntries(
  [...dialog.querySelectorAll("table tr")].filter(row => row.cells.length === 8).map(row => [
    row.querySelector("th").innerText.replace("✕", "").trim().split(/\\s/)[0].toLowerCase(),
    [...row.cells].slice(1).map(cell => cell.innerText.replace(/\\s+/g, " ").trim()),
  ]))"""
ANSWERED = """() => [...document.querySelectorAll("section[aria-label='At a glance'] section")]
  .every(cell => cell.querySelector("p")?.innerText.trim())"""


@dataclass(frozen=True)
class Row:
    """A row of Run History. Cells: run and reason, status, created, duration, candidates,
    scenarios, evaluations, tokens, cost. Titles: what a hand over a figure is told."""

    cells: list[str]
    titles: list[str]

    @property
    def text(self) -> str:
        return " | ".join(self.cells)


@dataclass
class Screen:
    page: Page
    folder: Path
    """For pictures."""

    def history(self, base: str, project_id: str) -> None:
        self.page.goto(f"{base}/projects/{project_id}/runs")
        self.page.get_by_role("table", name="Runs").wait_for()
        self.page.wait_for_function(ANSWERED)
        self._settled()

    def row(self, base: str, project_id: str, number: int) -> Row:
        self.history(base, project_id)
        return Row(**self._row(number).evaluate(READ_ROW))

    def glance(self, base: str, project_id: str) -> dict[str, str]:
        """The first screen's three answers, by their heading."""
        self.history(base, project_id)
        found: dict[str, str] = self.page.evaluate(READ_GLANCE)
        return found

    def start_run(
        self, base: str, project_id: str, candidates: int, scenarios: int, label: str
    ) -> None:
        """Fills in New run and presses Start, as a person does."""
        self.page.goto(f"{base}/projects/{project_id}/new")
        self.page.get_by_role("textbox", name="Candidates").fill(str(candidates))
        self.page.get_by_role("textbox", name="Scenarios").fill(str(scenarios))
        self.page.get_by_role("textbox", name="Label").fill(label)
        self.page.get_by_role("button", name="Start").click()
        self.page.get_by_role("dialog").wait_for()

    def picture_of_rows(self, name: str, rows: int) -> None:
        """The head of the table and its newest rows; of the page that is open."""
        table = self.page.get_by_role("table", name="Runs")
        last = table.get_by_role("row").nth(rows)
        self._clip(name, _box(table), _bottom(last))

    def picture_of_first_screen(self, name: str, top: int, bottom: int) -> None:
        self.page.evaluate("window.scrollTo(0, 0)")
        self._clip(name, {"x": 0, "y": top, "width": SIZE["width"]}, bottom)

    def phases(self, base: str, project_id: str, run_id: str) -> dict[str, list[str]]:
        """Opens the run's dialog; by phase: axis, took, share, calls, retries, tokens, cost. The
        head, under `phase`, has the ends of the axis."""
        self.page.goto(f"{base}/projects/{project_id}/runs/{run_id}")
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("heading", name="Phases").wait_for()
        self._settled()
        found: dict[str, list[str]] = dialog.evaluate(READ_PHASES)
        return found

    def picture_of_dialog(self, name: str, height: int) -> None:
        """Of the dialog that is open."""
        box = _box(self.page.get_by_role("dialog"))
        self._clip(name, box, box["y"] + min(height, box["height"]))

    def _row(self, number: int) -> Locator:
        link = self.page.get_by_role("link", name=f"#{number}", exact=True)
        return self.page.get_by_role("table", name="Runs").get_by_role("row").filter(has=link)

    def _settled(self) -> None:
        self.page.get_by_label("Loading").first.wait_for(state="detached")
        # Fonts and the dialog's entrance.
        self.page.wait_for_timeout(300)

    def _clip(self, name: str, box: Any, bottom: float) -> None:
        clip: Any = {**box, "height": bottom - box["y"]}
        self.page.screenshot(path=str(self._file(name)), clip=clip)

    def _file(self, name: str) -> Path:
        return self.folder / f"sign-off-{name}.png"


def _box(one: Locator) -> Any:
    found = one.bounding_box()
    assert found
    return found


def _bottom(one: Locator) -> float:
    box = _box(one)
    return float(box["y"] + box["height"])


@contextmanager
def watching(folder: Path) -> Iterator[Screen]:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = CHROMIUM if Path(CHROMIUM).exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(viewport=SIZE, locale="en-US")
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        yield Screen(context.new_page(), folder)
        browser.close()
