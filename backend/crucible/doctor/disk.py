"""Room on the disks that are written to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from crucible.doctor.case import Case, nearest_folder, size
from crucible.doctor.finding import Finding, failed, ok, skipped, warning
from crucible.llm.local import files

SCARCE = 1_000_000_000
TOO_LITTLE = 100_000_000
MAKE_ROOM = "make room; `crucible runs purge --older-than 90d --dry-run` says what old runs take"


def look(case: Case) -> Iterator[Finding]:
    if (file := case.sqlite_file) is not None:
        yield from _history(nearest_folder(file.parent))
    else:
        yield skipped("the database's disk is its server's")
    if case.settings.llm == "local" and not case.settings.local_model:
        yield from _model()


def _history(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    said = f"{size(free)} free in {folder}"
    if free < TOO_LITTLE:
        yield failed(f"{said}: a run's history may not fit", MAKE_ROOM)
    elif free < SCARCE:
        yield warning(said, MAKE_ROOM)
    else:
        yield ok(said)


def _model() -> Iterator[Finding]:
    found = files.status(None)
    if found.state == "ready" or found.size_bytes is None:
        return
    folder = nearest_folder(files.folder())
    free = shutil.disk_usage(folder).free
    needed = found.size_bytes - found.bytes + files.SPARE_BYTES
    if free < needed:
        yield warning(
            f"the embedded model still takes {size(needed)}, and {folder} has {size(free)} free",
            "make room, or point XDG_CACHE_HOME at a larger disk",
        )
