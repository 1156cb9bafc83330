"""The file while it grows: a beginning of the whole, whichever source its bytes come from."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from crucible.llm.local.catalog import MIB, ModelFile

_BLOCK = 4 * MIB


class Progress(Protocol):
    def note(self, text: str) -> None:
        """Something a person should know: where bytes come from, a source that failed, a wait."""

    def advance(self, done: int, total: int) -> None:
        """So many bytes of the file are here."""


class Silent:
    def note(self, text: str) -> None:
        pass

    def advance(self, done: int, total: int) -> None:
        pass


class SourceFailed(Exception):
    """A source could not bring the file; the next one may."""


Source = Callable[[ModelFile, Path, Progress], None]
"""Makes the part file longer, up to the whole; raises SourceFailed."""


def part_of(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def scratch(part: Path) -> Path:
    """Where a source may put what it unpacks: on the same disk, of one fetch only."""
    return part.with_suffix(".tmp")


def size_of(path: Path) -> int:
    """Bytes in the file; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def keep_good_pieces(model: ModelFile, part: Path) -> int:
    """Cuts the part file after the last of its leading pieces that are right; returns its size."""
    good = 0
    if not part.exists():
        return good
    with part.open("r+b") as stream:
        for piece in model.pieces():
            if _digest(stream, piece.size) != piece.sha256:
                break
            good = piece.end
        stream.truncate(good)
    return good


def is_whole(model: ModelFile, part: Path) -> bool:
    with part.open("rb") as stream:
        # On the disk before it is judged, so that a crash after the rename finds these bytes.
        os.fsync(stream.fileno())
        return _digest(stream, model.size) == model.sha256 and not stream.read(1)


def _digest(stream: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    while size > 0 and (block := stream.read(min(_BLOCK, size))):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()
