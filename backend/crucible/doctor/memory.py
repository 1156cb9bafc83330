"""Memory that a process could still have."""

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available() -> int | None:
    """Bytes, within the limit of a container if there is one; None where it cannot be told."""
    found = [room for room in (_machine(), _container()) if room is not None]
    return min(found, default=None)


def _machine() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
        words = next(line.split() for line in lines if line.startswith("MemAvailable:"))
        return int(words[1]) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None


def _container() -> int | None:
    try:
        limit = int((CGROUP / "memory.max").read_text())  # the word `max` is no number
        used = int((CGROUP / "memory.current").read_text())
        stats = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    # Pages of files count as used, and are given back when somebody needs them.
    return limit - used + int(stats.get("inactive_file", 0))
