"""(d) What the pipeline and its ledger add to the time that a model takes.

python -m tests.benchmarks.running [--times 5] [--runs-at-once 1] [--database-url URL]

Calls of 100 ms to a model endpoint over HTTP, in another process, through the real pipeline and
recorder; beside it plain `requests` and threads that send the same bytes to the same endpoint and
keep nothing (the floor). Both take turns, each in a process of its own, warmed up by a small run.

The ideal is what the model alone would take: `latency * (serial + ceil(evaluations /
concurrency))`, where `serial` are the two calls that nothing runs beside, design and scenarios.
Wall time is from the claim of the run to its recorded end. CPU is user + system time of the
process that runs it (the endpoint's is not in it), for each call.

After each run every call must stand in the ledger as answered, and `verify` must find nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from tests.benchmarks.model_endpoint import endpoint
from tests.benchmarks.report import Goal, Sample, Scale, Section, figure, table
from tests.benchmarks.running_process import LATENCY, Load, Taken

LOADS = (Load(20, 20, 20, 1.25), Load(25, 40, 100, 1.5))
LARGEST = Load(50, 50, 20)
TINY = Load(2, 2, 2, 1.25)


@dataclass(frozen=True)
class Found:
    """What repeated measurements of one load gave."""

    load: Load
    runs_at_once: int
    product: Sequence[Taken]
    floor: Sequence[Taken]

    @property
    def ratio(self) -> Sample:
        return Sample([each.wall / self.load.ideal_seconds for each in self.product])

    @property
    def floor_ratio(self) -> Sample:
        return Sample([each.wall / self.load.ideal_seconds for each in self.floor])

    @property
    def goals(self) -> list[Goal]:
        if self.load.at_most is None:
            return []
        what = f"{self.load.evaluations:,} calls, {self.load.concurrency} in flight: wall / ideal"
        return [Goal(what, self.ratio.median, self.load.at_most, "x")]

    def row(self) -> list[str]:
        load = self.load
        runs = f"{self.runs_at_once} x " if self.runs_at_once > 1 else ""
        wall = Sample([each.wall for each in self.product])
        cpu, plain = (
            Sample([each.cpu_per_call * 1000 for each in kind])
            for kind in (self.product, self.floor)
        )
        return [
            f"{runs}{load.evaluations:,} calls, {load.concurrency} in flight",
            figure(load.ideal_seconds, "s"),
            wall.shown("s"),
            figure(self.ratio.median, "x"),
            figure(self.floor_ratio.median, "x"),
            figure(cpu.median, "ms"),
            figure(plain.median, "ms"),
            figure(max(each.peak_mb for each in self.product), "MB"),
        ]


HEADINGS = (
    "Load",
    "ideal",
    "wall",
    "wall / ideal",
    "plain",
    "CPU / call",
    "plain",
    "peak memory",
)


def run(scale: Scale) -> Section:
    """Part (d) of the bench."""
    if scale.tiny:
        found = [measured(TINY, 1)]
    else:
        found = []
        for load in LOADS:
            scale.say(f"(d) {load.evaluations:,} calls, {load.concurrency} in flight ...")
            found.append(measured(load, 5))
        scale.say("(d) 4 runs at once, and the largest run ...")
        found += [measured(replace(LOADS[0], at_most=None), 2, 4), measured(LARGEST, 1)]
    goals = [goal for each in found for goal in each.goals]
    return Section("d", "Running", f"{BODY}\n\n{shown(found)}", goals)


BODY = """
Calls of 100 ms to a model endpoint over HTTP, in a process of its own, through the real pipeline
and recorder, `synchronous=FULL`. Plain: `requests` and threads that send the same bytes to the same
endpoint and keep nothing, in turns with the product. Ideal: what the model alone would take, 100 ms
for design, for scenarios and for each round of evaluations; several runs at once take no longer.
CPU is user + system time of the process, for each call. After each run every call stood in the
ledger and `verify` found nothing.
""".strip()


def measured(
    load: Load, times: int = 5, runs_at_once: int = 1, database_url: str | None = None
) -> Found:
    """Product and floor take turns, `times` times."""
    taken: dict[str, list[Taken]] = {"product": [], "floor": []}
    with endpoint(LATENCY) as address:
        for _ in range(times):
            for kind, each in taken.items():
                each.append(_in_a_process(kind, address, load, runs_at_once, database_url))
    return Found(load, runs_at_once, taken["product"], taken["floor"])


def shown(found: Sequence[Found]) -> str:
    return table(HEADINGS, [each.row() for each in found])


def _in_a_process(
    kind: str, address: str, load: Load, runs_at_once: int, database_url: str | None
) -> Taken:
    asked = {"address": address, "load": asdict(load), "runs": runs_at_once, "url": database_url}
    ours = ("CRUCIBLE_", "OPENAI_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    command = [sys.executable, "-m", "tests.benchmarks.running_process", kind, json.dumps(asked)]
    ran = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    return Taken(**json.loads(ran.stdout))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--runs-at-once", type=int, default=1)
    parser.add_argument("--database-url")
    parser.add_argument("--load", type=int, nargs=3, metavar=("CANDIDATES", "SCENARIOS", "CALLS"))
    asked = parser.parse_args()
    loads = (Load(*asked.load),) if asked.load else LOADS
    found = [measured(each, asked.times, asked.runs_at_once, asked.database_url) for each in loads]
    sys.stdout.write(shown(found) + "\n")
    return 0 if all(goal.kept for each in found for goal in each.goals) else 1


if __name__ == "__main__":
    sys.exit(main())
