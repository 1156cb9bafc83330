"""`make bench-health`: judges and forecasts over histories whose troubles are known.

Prints precision, recall and delay, and how good estimates are; with `--write` puts them into
docs/health.md. With `--strict`, exits with 1 if a goal is missed. Thresholds may be fixed on
`--half tune` only.
"""

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence

from tests.health import page
from tests.health.bench import HALVES, bench
from tests.health.replay import Guess
from tests.health.score import Found
from tests.health.simulator import NOISES, WILD


def report(
    half: str,
    found: Sequence[Found],
    guesses: Sequence[Guess],
    best: Sequence[tuple[str, float]],
    missed: Sequence[str],
) -> Iterator[str]:
    name = {"tune": "tuning", "report": "reported"}[half]
    calm = page.within(found)
    yield (
        f"Over {len(found)} simulated histories of the {name} half, "
        f"{sum(f.healthy for f in found)} of them healthy. "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores.\n"
    )
    yield (
        "Widths of the lognormal noise, of a run's weather and of a call: "
        + ", ".join(f"{noise.name} {noise.weather:g} and {noise.call:g}" for noise in NOISES)
        + f". Goals are for all but {WILD}, which is in the tables by noise only.\n"
    )
    yield (
        "\n".join(["Goals that are missed:\n", *(f"- {m}" for m in missed)])
        if missed
        else ("All goals are met.")
    )
    yield "\n### By code\n"
    yield from page.codes(calm)
    yield "\n### By trouble\n"
    yield from page.troubles(calm)
    yield "\n### False alarms\n"
    yield from page.healthy(calm)
    yield "\n### By noise and size\n"
    yield from page.noises(found)
    yield "\n### A slow phase of one call\n"
    yield from page.single_calls(found)
    yield "\n### Estimates\n"
    yield from page.estimates(guesses)
    yield page.foreseeable(best)


def details(found: Sequence[Found]) -> Iterator[str]:
    """Every miss and every false alarm, by seed: `tests.health.histories.history(seed)`."""
    for f in found:
        where = f"seed {f.seed}: {f.kind}, {f.size}, {f.noise}"
        if f.false:
            yield f"FALSE {where}: {', '.join(sorted(f.false))}; first {f.first_false}"
        if f.expected and not f.healthy and (f.delay is None or f.delay > 3):
            yield f"MISS {where}: {f.expected} after {f.delay} of {f.hits}; said {sorted(f.right)}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.health")
    parser.add_argument("--half", choices=HALVES, default="tune")
    parser.add_argument("--histories", type=int, default=1200, help="in the half")
    parser.add_argument("--detail", action="store_true", help="every miss and false alarm")
    parser.add_argument("--write", action="store_true", help="into docs/health.md")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a goal is missed")
    asked = parser.parse_args()
    found, guesses, best = bench(asked.half, asked.histories)
    missed = page.missed(found, guesses)
    text = "\n".join(report(asked.half, found, guesses, best, missed))
    sys.stdout.write(text + "\n")
    if asked.detail:
        sys.stdout.write("\n" + "\n".join(details(found)) + "\n")
    if asked.write:
        page.write(text)
    return 1 if missed and asked.strict else 0


if __name__ == "__main__":
    sys.exit(main())
