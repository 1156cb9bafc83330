"""The page in a real browser, every view of it: the corpus is text there and nothing else."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.browser.world import Server
from tests.hostile.corpus import CANARY, CONTROLS, NAMES, OPENING, TEXTS, kept, one_line
from tests.hostile.history import IMPORTED, History

from crucible.execution.embedded import EmbeddedExecutor

DIRECTION = "[\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]"
MADE_BY_TEXT = (
    ".zq, iframe, frame, object, embed, base, math, details.zq, form[action], style.zq, "
    "meta[http-equiv=refresh], [onerror], [onload], [onclick], [onfocus], [onmouseover], [ontoggle]"
)
LINKS = """() => [...document.querySelectorAll("[href], [src], [action], [srcset], [data]")]
  .flatMap(one => ["href", "src", "action", "srcset", "data"].map(name => one.getAttribute(name)))
  .filter(value => value !== null)"""
OVERFLOW = """() => [document.documentElement, ...document.querySelectorAll("dialog")]
  .filter(one => one.scrollWidth > one.clientWidth + 1).length"""
# Where each character stands that is ours, beside or around a text of the corpus.
PLACES = f"""() => {{
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {{
    const node = walker.currentNode;
    const texts = node.data.split("{CANARY}").length - 1;
    // Where several stand in one text, each may turn the other: it is all theirs.
    if (texts > 1 || (texts && !node.data.includes("{OPENING}"))) continue;
    const ours = node.data.replace(/{OPENING}[^]*{CANARY}/gu, each => " ".repeat(each.length));
    for (let i = 0; i < ours.length; i++) {{
      if (/\\s/.test(ours[i]) || /{DIRECTION}/u.test(ours[i])) continue;
      range.setStart(node, i);
      range.setEnd(node, i + 1);
      const box = range.getBoundingClientRect();
      if (box.width) found.push([ours[i], Math.round(box.left), Math.round(box.top)]);
    }}
  }}
  return found;
}}"""
STRAIGHTEN = f"""() => {{
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {{
    const node = walker.currentNode;
    node.data = node.data.replace(/{DIRECTION}/gu, "");
  }}
}}"""


@pytest.fixture(scope="module")
def server(planted: History) -> Iterator[Server]:
    # Never started: nothing may run while the page is looked at.
    made = Server(planted.lab, EmbeddedExecutor(planted.lab.database, planted.lab.settings))
    yield made
    made.stop()


@pytest.fixture
def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def watched(page: Page, url: str) -> Iterator[Page]:
    """Nothing asks for a place elsewhere, opens a box, or is in error."""
    asked: list[str] = []
    heard: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("popup", lambda _: heard.append("a window"))
    page.set_viewport_size({"width": 360, "height": 900})
    page.emulate_media(reduced_motion="reduce")
    yield page
    assert heard == []
    assert {urlsplit(each).netloc for each in asked} == {urlsplit(url).netloc}


def views(planted: History) -> dict[str, str]:
    runs = f"/projects/{planted.project_id}/runs"
    first, second = planted.completed[:2]
    made = {
        "projects": "/",
        "history": runs,
        "imported history": f"/projects/{IMPORTED}/runs",
        "problem": f"/projects/{planted.project_id}/problem",
        "new run": f"/projects/{planted.project_id}/new",
        "health": f"{runs}/health",
        "completed run": f"{runs}/{first}",
        "failed run": f"{runs}/{planted.failed[1]}",
        "labelled run": f"{runs}/{planted.failed[-3]}",
        "comparison": f"{runs}/{second}/compare/{first}",
        "results": f"/runs/{first}/results",
        "results of those given": f"/runs/{planted.completed[3]}/results",
        "results of a failure": f"/runs/{planted.failed[0]}/results",
    }
    numbers = {int(run.partition("-")[2]): run for run in planted.imported}
    for name in ("override", "isolates", "script"):
        run = numbers[list(TEXTS).index(name)]
        made[f"imported run, {name}"] = f"/projects/{IMPORTED}/runs/{run}"
    return made


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function("word => document.body.textContent.includes(word)", arg=CANARY)
    expect(page.get_by_label("Loading")).to_have_count(0)


def assert_only_text(page: Page, where: str) -> None:
    assert page.evaluate("window.zqRan") is None, where
    assert page.locator(MADE_BY_TEXT).count() == 0, where
    for link in page.evaluate(LINKS):
        local = link.startswith(("/", "#", "data:image/")) and not link.startswith("//")
        assert local or urlsplit(link).netloc == urlsplit(page.url).netloc, (where, link)
    sources = page.evaluate("() => [...document.scripts].map(s => [s.src, s.textContent])")
    assert all(src.startswith("http://127.0.0.1") and not text for src, text in sources), where
    assert not any(c in page.title() for c in "\u202e\u2066\u2067\u2068\u061c\u200f"), where
    assert not CONTROLS.search(page.title()), where
    # What was opened and is still so is what the page itself has.
    assert page.evaluate(OVERFLOW) == 0, where


def test_no_view_is_more_than_text(planted: History, watched: Page, url: str) -> None:
    seen: dict[str, int] = {}
    for name, path in views(planted).items():
        opened(watched, url + path)
        assert_only_text(watched, name)
        seen[name] = watched.evaluate("() => document.body.textContent").count(CANARY)
        for script in ("Object.prototype.polluted", "({}).y", "Object.prototype.x"):
            assert watched.evaluate(script) is None
    assert [name for name, count in seen.items() if not count] == []


def test_no_text_turns_its_neighbours(planted: History, watched: Page, url: str) -> None:
    """What is ours stands where it would stand without any mark of direction in the texts."""
    for name, path in views(planted).items():
        if name not in ("problem", "labelled run", "results of those given", "new run"):
            opened(watched, url + path)
            assert moved(watched) == [], name
    for run in planted.completed[2:3]:
        opened(watched, f"{url}/runs/{run}/results")
        watched.get_by_role("table").get_by_role("button").first.click()
        expect(watched.get_by_role("dialog")).to_contain_text(OPENING)
        assert moved(watched) == []


def test_a_text_that_turns_its_neighbours_would_be_noticed(
    planted: History, watched: Page, url: str
) -> None:
    opened(watched, url)
    watched.evaluate(
        "words => document.querySelector('h1').append('before ', words, ' (1) after')",
        TEXTS["override"],
    )
    assert moved(watched) != []


def moved(page: Page) -> list[Any]:
    """The characters of ours that marks of direction have moved."""
    # At one go: whatever is still loading comes after it.
    looked = f"const all = {PLACES}, turned = all(); ({STRAIGHTEN})(); return [turned, all()];"
    turned, straight = page.evaluate(f"() => {{ {looked} }}")
    return [each for each in zip(turned, straight, strict=True) if _apart(*each)]


def _apart(one: list[Any], other: list[Any]) -> bool:
    # Letters of a text that is turned stand closer together or wider apart by a few pixels.
    return one[0] != other[0] or abs(one[1] - other[1]) > 6 or abs(one[2] - other[2]) > 6


def test_all_that_a_model_said_is_shown_as_it_was_said(
    planted: History, watched: Page, url: str
) -> None:
    shown = ""
    for run in planted.completed[:2]:
        opened(watched, f"{url}/runs/{run}/results")
        shown += watched.evaluate("() => document.body.textContent")
    words = " ".join(shown.split())
    for name, text in TEXTS.items():
        assert " ".join(kept(text).split()) in words, name


def test_a_cell_explains_itself_in_text(planted: History, watched: Page, url: str) -> None:
    for run in planted.completed[:1]:
        opened(watched, f"{url}/runs/{run}/results")
        cells = watched.get_by_role("table").get_by_role("button")
        for place in (0, 9, 20):
            cells.nth(place).click()
            dialog = watched.get_by_role("dialog")
            expect(dialog).to_contain_text(CANARY)
            assert_only_text(watched, "a cell")
            for name in NAMES:
                assert name in dialog.inner_text()
            watched.keyboard.press("Escape")
            expect(dialog).to_have_count(0)


def test_titles_are_links_to_their_projects_alone(
    planted: History, watched: Page, url: str
) -> None:
    opened(watched, url)
    links = "() => [...document.querySelectorAll('main a')].map(a => a.textContent)"
    titles = {title.strip() for title in watched.evaluate(links)}
    taken = {text.strip() for text in TEXTS.values() if one_line(text)}
    assert taken <= titles
    assert {each for each in titles if CANARY in each} == taken
