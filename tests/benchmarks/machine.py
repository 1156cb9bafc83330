"""What a measurement was made on: a figure without it says nothing."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("flask", "waitress", "sqlalchemy", "orjson", "requests", "psycopg")


def described() -> str:
    """Processor, memory, system, versions and the date, as two lines of Markdown."""
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    busy = f"load {os.getloadavg()[0]:.1f} at the start"
    today = datetime.now(UTC).date().isoformat()
    return (
        f"{processor()}, {os.cpu_count()} cores, {_memory()}, {platform.platform()}.\n"
        f"{python}, {libraries}. Measured on {today}, {busy}."
    )


def processor() -> str:
    return _value(Path("/proc/cpuinfo"), "model name") or platform.machine()


def _memory() -> str:
    found = _value(Path("/proc/meminfo"), "MemTotal")
    return f"{int(found.split()[0]) / 2**20:.0f} GB" if found else "memory unknown"


def _value(path: Path, name: str) -> str | None:
    return next(_values(path, name), None)


def _values(path: Path, name: str) -> Iterator[str]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return iter(())
    return (line.partition(":")[2].strip() for line in lines if line.startswith(name))
