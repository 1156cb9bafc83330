"""What this machine offers, looked at before native code is loaded that would only crash."""

import os
import platform
from importlib.util import find_spec
from pathlib import Path

from crucible.errors import Precondition
from crucible.extras import adding

CPUINFO = Path("/proc/cpuinfo")
CGROUP_CPU = Path("/sys/fs/cgroup/cpu.max")


def require() -> None:
    """Raises Precondition where the embedded model cannot run, as far as that can be told without
    loading the library: on a processor that it does not fit it would end this process."""
    if find_spec("xllamacpp") is None:
        raise Precondition(
            "xllamacpp, which runs the embedded model, is not installed (the extra `local`)",
            hint=adding("local"),
        )
    if lacks_avx2():
        raise Precondition(
            "this processor lacks AVX2, which the embedded model needs",
            hint="set CRUCIBLE_LLM_BASE_URL to an endpoint of yours",
        )


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
