"""What this machine offers, looked at before native code is loaded that would only crash."""

import os
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CGROUP_CPU = Path("/sys/fs/cgroup/cpu.max")


def lacks_avx2() -> bool:
    """True where the prebuilt library would die of an illegal instruction."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    try:
        text = CPUINFO.read_text()
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), None)
    return flags is not None and "avx2" not in flags.split()


def usable_cores() -> int:
    """Cores this process may use: fewer than the machine has under an affinity or a quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(cores, _quota() or cores)


def _quota() -> int | None:
    try:
        quota, period = CGROUP_CPU.read_text().split()
        return max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):
        return None
