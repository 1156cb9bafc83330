"""docs/reliability.md: several tools write it, each its own part of it."""

import os
import platform
from pathlib import Path

from tests.benchmarks.report import merged

from crucible import __version__

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
ENGINES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def put(letter: str, text: str, page: Path = PAGE) -> None:
    """Replaces this part of the page. In order: a chaos, b chaos on PostgreSQL, c fleet, d fuzz,
    e soak, f soak on PostgreSQL."""
    page.write_text(merged(page.read_text(), letter, text))


def setting(engine: str) -> str:
    """What it was measured with, in a line."""
    return (
        f"Int Crucible {__version__}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores, {ENGINES[engine]}."
    )
