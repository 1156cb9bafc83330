"""Draws the pictures in docs/ from the running product: `make screenshots`.

Nothing in them is staged but the failure: two runs on the embedded model, which has to be there
(`crucible model fetch`), and one against an address where nothing listens. Takes a few minutes.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CRUCIBLE = [sys.executable, "-m", "crucible.cli"]
NOWHERE = "http://127.0.0.1:9/v1"


@contextmanager
def server(folder: Path, **settings: str) -> Iterator[str]:
    """A server on a free port over the history in `folder`; yields its address."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("CRUCIBLE_LLM", "OPENAI"))}
    environ |= {"CRUCIBLE_DATABASE_URL": f"sqlite:///{folder}/shots.sqlite3", "CRUCIBLE_PORT": "0"}
    log = (folder / "serve.log").open("w+")
    process = subprocess.Popen([*CRUCIBLE, "serve"], env={**environ, **settings}, stderr=log)
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


def run(base: str, project: str, **asked: Any) -> str:
    """Starts a run and waits for its end; its id."""
    started = requests.post(f"{base}/api/projects/{project}/runs", json=asked, timeout=10).json()
    while summary(base, started["id"])["status"] in ("created", "running"):
        time.sleep(1)
    return str(started["id"])


def summary(base: str, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{base}/api/runs/{run_id}", timeout=10).json()
    return found


def sample_project(base: str) -> str:
    from crucible.sample import SAMPLE_PROJECT  # noqa: PLC0415 - beside its only use

    made = requests.post(f"{base}/api/projects", json=SAMPLE_PROJECT, timeout=10).json()
    return str(made["id"])


def shoot(page: Page, url: str, file: Path) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(file))


def draw(base: str, project: str, good: str, failed: str, folder: Path) -> None:
    views = {
        "run-history": f"/projects/{project}/runs",
        "run-detail": f"/projects/{project}/runs/{good}",
        "run-failed": f"/projects/{project}/runs/{failed}",
        "results": f"/runs/{good}/results",
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for theme in ("light", "dark"):
            size: Any = {"width": 1280, "height": 800}
            context = browser.new_context(color_scheme=theme, viewport=size)
            page = context.new_page()
            for name, view in views.items():
                shoot(page, base + view, folder / f"{name}-{theme}.png")
            context.close()
        browser.close()


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        with server(Path(work)) as base:
            project = sample_project(base)
            run(base, project, num_candidates=3, num_scenarios=3)
        with server(Path(work), CRUCIBLE_LLM_BASE_URL=NOWHERE, CRUCIBLE_LLM_MODEL="mine") as base:
            failed = run(base, project, num_candidates=3, num_scenarios=3, label="own endpoint")
        with server(Path(work)) as base:
            good = run(base, project, num_candidates=3, num_scenarios=4, label="one more scenario")
            requests.post(f"{base}/api/projects/{project}/runs", json={}, timeout=10)
            time.sleep(45)
            draw(base, project, good, failed, folder)
            print(json.dumps(summary(base, good)["top_candidates"], indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
