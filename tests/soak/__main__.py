"""`make soak`: everything at once, for ten minutes; prints what it found.

python -m tests.soak [--minutes 10] [--workers N] [--engine sqlite|postgres] [--set NAME=VALUE]...
    [--no-write]

A whole soak (ten minutes or more, one process that serves) writes its part of
docs/reliability.md. Exits with 1 if anything did not hold.
"""

import argparse
import sys
from dataclasses import replace

from tests.reliability import put
from tests.soak.report import markdown
from tests.soak.soak import Plan, soak

WHOLE_MINUTES = 10.0
PARTS = {"sqlite": ("e", "Soak"), "postgres": ("f", "Soak on PostgreSQL")}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=WHOLE_MINUTES)
    parser.add_argument("--workers", type=int, default=1, help="processes that serve")
    parser.add_argument("--engine", choices=PARTS, default="sqlite")
    parser.add_argument("--readers", type=int, default=Plan.readers)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="for all who take part"
    )
    parser.add_argument("--no-write", action="store_true", help="leave docs/reliability.md alone")
    asked = parser.parse_args()
    plan = Plan(
        asked.minutes * 60,
        asked.engine,
        asked.workers,
        readers=asked.readers,
        seed=asked.seed,
        environ=dict(each.split("=", 1) for each in asked.set),
    )
    # Deaths in proportion, so that a short soak has some as well.
    plan = replace(plan, kills=max(1, round(Plan.kills * asked.minutes / WHOLE_MINUTES)))
    letter, title = PARTS[asked.engine]
    found = soak(plan, lambda text: print(text, file=sys.stderr))  # noqa: T201 - progress of a command
    workers = f", {plan.workers} processes that serve" if plan.workers > 1 else ""
    text = markdown(found, f"{title}: {asked.minutes:g} minutes{workers}")
    sys.stdout.write(text + "\n")
    if asked.minutes >= WHOLE_MINUTES and plan.workers == 1 and not (asked.set or asked.no_write):
        put(letter, text)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
