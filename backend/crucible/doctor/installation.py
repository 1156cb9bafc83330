"""Python, this package and the page in it."""

import platform
import re
import sqlite3
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import crucible
from crucible.config import APP_NAME
from crucible.doctor.case import Case
from crucible.doctor.finding import Finding, failed, ok, warning

OLDEST = (3, 11)
PACKAGE = Path(crucible.__file__).resolve().parent
WEB = PACKAGE / "_web"
AGAIN = "install it again, over what is there: see docs/install.md"
REINSTALL = "in a checkout: make page; else install it again from a wheel that `make build` made"


def python(case: Case) -> Iterator[Finding]:
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        yield failed(
            f"Python {platform.python_version()} is too old",
            f"install it with Python {wanted} or newer",
        )
    installed = _installed()
    if installed not in (None, crucible.__version__):
        yield warning(
            f"{crucible.__version__} runs, and {installed} is what the installation says it is",
            AGAIN,
        )
    yield ok(
        f"Int Crucible {crucible.__version__} in {PACKAGE}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _installed() -> str | None:
    try:
        return metadata.version(APP_NAME)
    except metadata.PackageNotFoundError:
        return None


def page(case: Case) -> Iterator[Finding]:
    try:
        document = (WEB / "index.html").read_text(encoding="utf-8")
    except OSError:
        yield warning("the page has not been built: only the API is served", REINSTALL)
        return
    named = set(re.findall(r'(?:src|href)="\.?/?(assets/[^"?#]+)"', document))
    lacking = sorted(name for name in named if not (WEB / name).is_file())
    if lacking:
        yield failed(f"the page lacks {lacking[0]}: it would stay empty", REINSTALL)
    else:
        yield ok(f"it is built, {len(named)} files are named and there")
