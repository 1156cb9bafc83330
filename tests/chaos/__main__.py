"""`make chaos`: every kill point, deaths at any time, deaths of the server under load, and of the
pieces of a fleet.

python -m tests.chaos [sqlite|postgres|fleet]...

Prints what happened and writes it to docs/reliability.md, each its own part of it. Exits with 1 if
anything did not hold.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import budgets, server
from tests.chaos.ordeal import die_at, die_at_request, moments_of
from tests.chaos.report import faults, folded
from tests.engines import new_database
from tests.lab import Lab
from tests.outcomes import in_words, run
from tests.reliability import ENGINES, put, setting
from tests.stub_model import StubModel

LETTERS = {"sqlite": "a", "postgres": "b", "fleet": "c"}
KILLS, SERVER_KILLS, BUDGETS = 20, 30, 50
DEATHS = """
`make chaos` kills a worker with SIGKILL at every commit, before every call is sent and after every
answer came, then at random times; and the whole server under load. After each death: the next read
must show the run as `failed`, `worker_lost` (or waiting, where it had not been claimed), `crucible
runs verify` must find every total and count right, a resume must complete it, and verify again. No
settled call may be lost or changed, and no question answered before the death may be paid for
again.
""".strip()
FLEET = "tests/celery/test_fleet.py"
PIECES = """
Workers, servers and the broker (Redis) as processes of their own, killed, stopped and started
again; [workers.md](workers.md) says what each death means. Each line is a test.
""".strip()


@contextmanager
def lab(name: str, work: Path, stub: StubModel, engine: str, **environ: str) -> Iterator[Lab]:
    settings = {f"CRUCIBLE_{key}": value for key, value in environ.items()}
    folder = server.folder_of(work / name)
    settings["CRUCIBLE_DATABASE_URL"] = new_database(folder, work, engine)
    made = Lab(folder, stub, settings)
    try:
        yield made
    finally:
        made.close()


def deaths(engine: str, stub: StubModel, work: Path) -> tuple[str, list[str]]:
    """What happened, as Markdown; and what did not hold."""
    with lab("points", work, stub, engine, CONCURRENCY="1") as one:
        moments = moments_of(one, 2, 2)
        points = [die_at(one, 2, 2, deadly) for deadly in range(len(moments))]
    stub.delay_seconds = 0.02
    dice = random.Random(1)
    with lab("any", work, stub, engine) as one:
        kills = [die_at_request(one, 3, 5, dice.randint(1, 17)) for _ in range(KILLS)]
    with lab("server", work, stub, engine) as one:
        failures = server.deaths(one, SERVER_KILLS)
        story = server.summary(one)
    with lab("budgets", work, stub, engine, CONCURRENCY=budgets.CONCURRENCY) as one:
        over = [f"seed {n}: {o}" for n in range(BUDGETS) for o in budgets.overshoots(one, n)]
    parts = [
        f"## kill -9, on {ENGINES[engine]}",
        setting(engine),
        DEATHS if engine == "sqlite" else "The same, on the other engine.",
        f"### Every kill point of a 2 x 2 run: {len(points)}",
        folded(points),
        f"### At any time, four calls in flight: {len(kills)}",
        folded(kills),
        f"### Of the server under {server.RUNS_AT_ONCE} runs: {SERVER_KILLS}",
        _listed(failures)
        or f"{story}; every run was completed in the end, and all history verified after each "
        "death.",
        f"### Random budgets with eight calls in flight: {BUDGETS}",
        _listed(over) or "None was overshot.",
    ]
    return "\n\n".join(parts), [*faults(points), *faults(kills), *failures, *over]


def fleet() -> tuple[str, list[str]]:
    code, outcomes = run(FLEET)
    lines = [f"- {in_words(name)}: {outcome}" for name, outcome in outcomes.of.items()]
    parts = [
        "## The pieces of a fleet",
        setting("sqlite").replace("SQLite", "SQLite and PostgreSQL, Celery on Redis"),
        PIECES,
        "\n".join(lines),
    ]
    return "\n\n".join(parts), outcomes.failed or [f"pytest exited with {code}"][: code > 0]


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {each}" for each in lines)


def main() -> int:
    wrong: list[str] = []
    for what in sys.argv[1:] or LETTERS:
        if what == "fleet":
            text, found = fleet()
        else:
            stub = StubModel()
            with tempfile.TemporaryDirectory() as folder:
                text, found = deaths(what, stub, Path(folder))
            stub.close()
        sys.stdout.write(f"{text}\n\n")
        put(LETTERS[what], text)
        wrong += found
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
