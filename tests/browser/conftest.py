"""A browser on the real page, the real API and real runs; only the model is a stub."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from tests.browser.world import TOKEN, PacedModel, Server, World
from tests.lab import Lab

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


@contextmanager
def opened(lab: Lab) -> Iterator[World]:
    executor = EmbeddedExecutor(lab.database, lab.settings)
    server = Server(lab, executor)
    executor.start()
    made = World(lab, server)
    yield made
    made.stub.let_all()
    executor.stop()
    server.stop()


# A model that is held must not time out meanwhile.
MODEL = {"LLM_MODEL": "gpt-5-mini", "LLM_TIMEOUT_SECONDS": "60"}


@pytest.fixture
def world(make_lab: Callable[..., Lab]) -> Iterator[World]:
    with opened(make_lab(**MODEL)) as made:
        yield made


@pytest.fixture
def closed(make_lab: Callable[..., Lab]) -> Iterator[World]:
    """The same behind an access token."""
    with opened(make_lab(**MODEL, API_TOKEN=TOKEN)) as made:
        yield made


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complained about; a test fails over it unless it takes it out."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    yield heard
    assert heard == []
