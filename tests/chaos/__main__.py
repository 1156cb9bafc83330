"""`make chaos`: every kill point, deaths at any time, deaths of the server under load.

Prints what happened and writes it to docs/reliability.md. Exits with 1 if anything did not hold.
"""

import os
import platform
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import budgets, server
from tests.chaos.ordeal import Story, die_at, die_at_request, moments_of
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible import __version__

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
KILLS, SERVER_KILLS, BUDGETS = 20, 30, 50
INTRODUCTION = """# What survives

`make chaos` writes this page. A worker is killed with SIGKILL at every commit, before every call is
sent and after every answer came, then at random times; the whole server is killed under load. After
each death: the next read must show the run as `failed`, `worker_lost` (or waiting, where it had not
been claimed), `crucible runs verify` must find every total and count right, a resume must complete
it, and verify again. No settled call may be lost or changed, and no question answered before the
death may be paid for again.
"""


@contextmanager
def lab(name: str, work: Path, stub: StubModel, **environ: str) -> Iterator[Lab]:
    settings = {f"CRUCIBLE_{key}": value for key, value in environ.items()}
    made = Lab(server.folder_of(work / name), stub, settings)
    try:
        yield made
    finally:
        made.close()


def table(stories: list[Story]) -> list[str]:
    lines = [
        "| killed | seen at the next read as | settled calls kept | in flight | calls after resume "
        "| verdict |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for story in stories:
        verdict = "; ".join(story.wrong) or "holds"
        lines.append(
            f"| {story.moment} | {story.seen_as} | {story.settled} | {story.in_flight} "
            f"| {story.paid_after} | {verdict} |"
        )
    return lines


def main() -> int:
    stub = StubModel()
    parts = [
        INTRODUCTION,
        f"Int Crucible {__version__}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores, SQLite.\n",
    ]
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with lab("points", work, stub, CONCURRENCY="1") as one:
            moments = moments_of(one, 2, 2)
            points = [die_at(one, 2, 2, deadly) for deadly in range(len(moments))]
        stub.delay_seconds = 0.02
        dice = random.Random(1)
        with lab("any", work, stub) as one:
            kills = [die_at_request(one, 3, 5, dice.randint(1, 17)) for _ in range(KILLS)]
        with lab("server", work, stub) as one:
            failures = server.deaths(one, SERVER_KILLS)
            story = server.summary(one)
        with lab("budgets", work, stub, CONCURRENCY=budgets.CONCURRENCY) as one:
            over = [f"seed {n}: {o}" for n in range(BUDGETS) for o in budgets.overshoots(one, n)]
    stub.close()
    wrong += [f"{s.moment}: {w}" for s in (*points, *kills) for w in s.wrong]
    wrong += failures + over
    parts += [f"## Every kill point of a 2 x 2 run: {len(points)}\n", *table(points), ""]
    parts += [f"## kill -9 at any time, four calls in flight: {len(kills)}\n", *table(kills), ""]
    parts += [
        f"## kill -9 of the server under {server.RUNS_AT_ONCE} runs: {SERVER_KILLS}\n",
        f"{story}; every run was completed in the end, and all history verified after each death."
        if not failures
        else "\n".join(f"- {failure}" for failure in failures),
    ]
    parts += [
        f"\n## Random budgets with eight calls in flight: {BUDGETS}\n",
        "\n".join(f"- {each}" for each in over) or "None was overshot.",
    ]
    text = "\n".join(parts) + "\n"
    PAGE.write_text(text)
    sys.stdout.write(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
