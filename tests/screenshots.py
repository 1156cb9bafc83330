"""Draws the pictures in docs/ from the running product: `make screenshots`. About three minutes.

What is in them: a past of some fifty runs and three other projects, put straight into the database
(`tests/story/past.py`); nine real runs of a scripted model (`tests/story/real.py`), one cancelled
and one that the provider refused; and a run that is under way on the real server. Views, figures
and sentences are the product's own; what the model says was written by hand.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, Page, sync_playwright
from tests.story import past, real

from crucible import migrate
from crucible.clock import SystemClock
from crucible.db import Database
from crucible.models import Project
from crucible.sample import SAMPLE_PROJECT
from crucible.services import projects

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CRUCIBLE = [sys.executable, "-m", "crucible.cli"]
SIZES = {360: 720, 768: 840, 1440: 840}
LIVE_AFTER = 9
"""Evaluations that the live run has when the first picture of it is drawn."""


@contextmanager
def server(folder: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """A server on a free port; yields its address."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("CRUCIBLE_", "OPENAI"))}
    log = (folder / "serve.log").open("w+")
    environ |= {**settings, "CRUCIBLE_PORT": "0"}
    process = subprocess.Popen([*CRUCIBLE, "serve"], env=environ, stderr=log)
    try:
        while not (found := re.search(r"Serving on (\S+)", Path(log.name).read_text())):
            if process.poll() is not None:
                raise SystemExit(Path(log.name).read_text())
            time.sleep(0.2)
        yield found[1]
    finally:
        process.terminate()
        process.wait()
        log.close()


def history(url: str) -> tuple[str, list[str]]:
    """The project of the pictures and its real runs, oldest first."""
    migrate.ensure(url)
    database = Database.open(url)
    now = SystemClock().now()
    with database.writing() as session:
        past.add_others(session, now)
        project_id = str(projects.create_project(session, SystemClock(), SAMPLE_PROJECT)["id"])
        last = now - timedelta(hours=real.PLANNED[0].hours_ago + 4)
        past.add_past(session, session.get_one(Project, project_id), 50, last)
    made = real.run_all(database, url, project_id)
    database.close()
    return project_id, made


def begin(base: str, project: str) -> str:
    """Starts a run and waits until its evaluation is well under way; its id."""
    asked = {"num_candidates": 5, "num_scenarios": 8, "label": "checkout-p99"}
    started = requests.post(f"{base}/api/projects/{project}/runs", json=asked, timeout=10).json()
    while True:
        now = requests.get(f"{base}/api/runs/{started['id']}", timeout=10).json()
        if now["status"] not in ("created", "running"):
            raise SystemExit(f"the run that was to be under way is {now['status']}")
        if now["evaluation_count"] >= LIVE_AFTER:
            return str(started["id"])
        time.sleep(0.5)


def a_cell(base: str, run_id: str) -> str:
    """The pair of the first candidate and the third scenario."""
    results = requests.get(f"{base}/api/runs/{run_id}/results", timeout=10).json()
    return f"{results['candidates'][0]['id']}.{results['scenarios'][2]['id']}"


def shoot(page: Page, url: str, file: Path) -> None:
    page.goto(url)
    # A live run never leaves the network idle.
    page.wait_for_load_state("load")
    page.get_by_label("Loading").first.wait_for(state="detached")
    page.wait_for_timeout(700)
    page.screenshot(path=str(file))


def draw(browser: Browser, base: str, views: Mapping[str, str], folder: Path) -> None:
    """`run-history-dark.png` is as wide as a desk's screen, `run-history-dark-360.png` a hand's."""
    for theme in ("light", "dark"):
        for width, height in SIZES.items():
            size: Any = {"width": width, "height": height}
            context = browser.new_context(color_scheme=theme, viewport=size)
            page = context.new_page()
            ending = "" if width == max(SIZES) else f"-{width}"
            for name, view in views.items():
                shoot(page, base + view, folder / f"{name}-{theme}{ending}.png")
            context.close()


def check(base: str, made: list[str]) -> None:
    """A picture named after a failure has to show one."""
    found = [requests.get(f"{base}/api/runs/{one}", timeout=10).json()["status"] for one in made]
    if found != (wanted := [planned.ends for planned in real.PLANNED]):
        raise SystemExit(f"the real runs ended otherwise than planned: {found}, not {wanted}")


def draw_all(base: str, project: str, made: list[str], folder: Path) -> None:
    check(base, made)
    usual, failed, good = made[3], made[-2], made[-1]
    runs = f"/projects/{project}/runs"
    live = begin(base, project)
    # While it is under way.
    moving = {"run-live": f"{runs}/{live}", "run-history": runs, "projects": "/"}
    still = {
        "run-detail": f"{runs}/{good}",
        "run-failed": f"{runs}/{failed}",
        "health": f"{runs}/health",
        "compare": f"{runs}/{good}/compare/{usual}",
        "results": f"/runs/{good}/results",
        "explanation": f"/runs/{good}/results?cell={a_cell(base, good)}",
        "new-run": f"/projects/{project}/new",
        "problem": f"/projects/{project}/problem",
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for views in (moving, still):
            draw(browser, base, views, folder)
        browser.close()


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        url = f"sqlite:///{work}/shots.sqlite3"
        project, made = history(url)
        with real.model(10, real.SLOW) as endpoint:
            with server(Path(work), real.environment(url, endpoint.url)) as base:
                draw_all(base, project, made, folder)


if __name__ == "__main__":
    main()
