"""A browser on the real page, the real API and real runs; only the model is a stub."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from tests.browser.world import PacedModel, World
from tests.lab import Lab
from werkzeug.serving import make_server

from crucible.api import create_app
from crucible.execution.embedded import EmbeddedExecutor

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def base_url() -> str:
    """Each world has an address of its own. (The plugin's own fixture warns under this pytest.)"""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    found = {"executable_path": CHROMIUM} if Path(CHROMIUM).exists() else {}
    return {**browser_type_launch_args, **found, "args": QUIET}


@pytest.fixture
def stub() -> Iterator[PacedModel]:
    made = PacedModel()
    yield made
    made.close()


@pytest.fixture
def world(make_lab: Callable[..., Lab]) -> Iterator[World]:
    # A model that is held must not time out meanwhile.
    lab = make_lab(LLM_MODEL="gpt-5-mini", LLM_TIMEOUT_SECONDS="60")
    executor = EmbeddedExecutor(lab.database, lab.settings)
    server = make_server("127.0.0.1", 0, create_app(lab.settings, executor=executor), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    executor.start()
    yield World(lab, f"http://127.0.0.1:{server.server_port}")
    lab.stub.let_all()
    executor.stop()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complained about; a test fails over it unless it takes it out."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    yield heard
    assert heard == []
