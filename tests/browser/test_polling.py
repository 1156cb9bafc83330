"""The browser asks again with the tag it has, and most answers are `not modified`."""

import logging
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.world import World


class Seen(logging.Handler):
    """Counts requests by path and status."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seen: list[tuple[str, int]] = []

    def emit(self, record: logging.LogRecord) -> None:
        with self._lock:
            self._seen.append((record.path, record.status))  # type: ignore[attr-defined]

    def count(self, end: str, status: int) -> int:
        with self._lock:
            return sum(path.endswith(end) and found == status for path, found in self._seen)


@pytest.fixture
def seen() -> Iterator[Seen]:
    handler, logger = Seen(), logging.getLogger("crucible.access")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


def test_polling_a_run_that_waits_for_its_model(
    world: World, page: Page, complaints: list[str], seen: Seen
) -> None:
    project = world.lab.project()
    world.stub.hold()
    world.lab.create(2, 2, project_id=project)
    page.goto(f"{world.url}/projects/{project}/runs")
    row = page.get_by_role("row").filter(has_text="#1")
    expect(row).to_contain_text("design")
    for _ in range(60):
        if seen.count("/runs/summary", 304) >= 3:
            break
        page.wait_for_timeout(250)

    assert seen.count("/runs/summary", 304) >= 3
    expect(row).to_contain_text("design")
    world.stub.let_all()
    expect(row).to_contain_text("completed")
