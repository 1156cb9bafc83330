"""A SQLite file, looked at without changing it: never made, its journal's mode left as it is."""

import os
import re
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shlex import quote

from crucible.db.sqlite import not_a_file
from crucible.doctor.case import nearest_folder, size
from crucible.doctor.finding import Finding, failed, ok, skipped, warning

BUSY_SECONDS = 2.0
CHECK_SECONDS = 10.0
MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
"""How the kernel writes a blank in a path."""
OVER_A_NETWORK = frozenset(
    "nfs nfs4 cifs smb3 smbfs ncpfs afs ceph gfs2 ocfs2 lustre beegfs glusterfs 9p "
    "fuse.sshfs fuse.glusterfs fuse.rclone fuse.s3fs fuse.ceph-fuse".split()
)
ELSEWHERE = "point CRUCIBLE_DATABASE_URL at a file in a folder of your own, on a disk of this host"


def opened(path: Path) -> sqlite3.Connection:
    """Raises sqlite3.Error where there is no file."""
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )


def look(path: Path) -> Iterator[Finding]:
    folder = nearest_folder(path.parent)
    yield from _file_system(folder)
    if trouble := _trouble(path, folder):
        yield failed(f"{path} cannot be used: {trouble}", ELSEWHERE)
        return
    if not is_there(path):
        # Of a setting or not: whoever meant another one sees by its path that it is this one.
        yield skipped(f"there is no history yet; `crucible serve` or `test-run` makes it as {path}")
        return
    yield from _rights(path)
    try:
        with closing(opened(path)) as connection:
            yield from _inside(connection, path)
    except sqlite3.Error as error:
        yield failed(f"{path} cannot be used: {error}", _remedy(path, error))


def is_there(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def _trouble(path: Path, folder: Path) -> str | None:
    """What keeps this user from writing it, before SQLite is asked."""
    below = path.absolute().relative_to(folder).parts[0]
    if folder != path.absolute().parent and (folder / below).exists():
        return f"{folder / below} is no folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} is not writable for this user"
    if not_a_file(path):
        return "it is no file"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return "the file is not writable for this user"
    return None


def _inside(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        yield warning(
            f"somebody has been writing to it for {BUSY_SECONDS:g} s",
            _holder(path),
        )
    yield from _integrity(connection, path)
    if mode != "wal":
        yield warning(
            f"its journal is `{mode}`, not `wal`: readers and writers wait for each other",
            "the next `crucible serve` sets it; if it stays, move the file to a local disk",
        )
    yield ok(f"{path}, {size(path.stat().st_size)}, writable")


def _integrity(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    """Reads the whole file, for so long at most."""
    end = time.monotonic() + CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        yield skipped(f"it is too large to be checked whole within {CHECK_SECONDS:g} s")
    else:
        if said != "ok":
            yield failed(f"{path} is damaged: {said}", _restore(path))
    finally:
        connection.set_progress_handler(None, 0)


def _remedy(path: Path, error: sqlite3.Error) -> str:
    said = str(error)
    if "not a database" in said or "malformed" in said:
        return _restore(path)
    if "locked" in said:
        return f"another program holds it, perhaps a copy or a `sqlite3`; {_holder(path)}"
    return f"see whose it is: ls -l {quote(str(path))}; or {ELSEWHERE}"


def _holder(path: Path) -> str:
    return f"see who has it open: fuser -v {quote(str(path))}"


def _restore(path: Path) -> str:
    return (
        f"stop the server and put the last copy of `crucible db backup` in its place; to save "
        f"what can be read: sqlite3 {quote(str(path))} .recover"
    )


def _rights(path: Path) -> Iterator[Finding]:
    if sys.platform == "win32":
        return
    there = path.stat()
    if there.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield warning(f"others may write to {path}", f"chmod go-w {quote(str(path))}")
    if there.st_mode & stat.S_IROTH and path.parent.stat().st_mode & stat.S_IXOTH:
        yield warning(f"everybody on this machine may read {path}", f"chmod o-r {quote(str(path))}")
    if os.geteuid() == 0 and there.st_uid != 0:
        yield ok(f"it belongs to user {there.st_uid}, and you are root")


def _file_system(folder: Path) -> Iterator[Finding]:
    if (kind := file_system(folder)) in OVER_A_NETWORK:
        yield warning(
            f"{folder} is on a network file system ({kind}), where SQLite's locks do not hold",
            f"{ELSEWHERE}, or use PostgreSQL",
        )


def file_system(folder: Path) -> str | None:
    """Its kind as the kernel names it; None where that cannot be told."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    here = folder.resolve()
    found: tuple[int, str] | None = None
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), before.split()[4]))
        # Of two mounts at one point the later one is on top.
        if here.is_relative_to(point) and (found is None or len(point.parts) >= found[0]):
            found = len(point.parts), after.split()[0]
    return found[1] if found else None
