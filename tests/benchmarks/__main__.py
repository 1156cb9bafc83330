"""Measures the product and writes docs/benchmarks.md.

python -m tests.benchmarks [--only LETTER]... [--tiny] [--no-write]

Every part puts the product beside a floor, in turns and in the same run, so that a busy or a
slow machine is so for both. Exits with 1 when a goal is missed.
"""

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.benchmarks.machine import described
from tests.benchmarks.report import DOCUMENT, Scale, Section, merged

PARTS = {
    "a": "tests.benchmarks.reading",
    "b": "tests.benchmarks.reading_postgres",
    "c": "tests.benchmarks.cli_cost",
    "d": "tests.benchmarks.running",
    "e": "tests.benchmarks.serving",
    "f": "tests.benchmarks.growth",
}


def measured(letter: str, shared: Path, *, tiny: bool) -> Section:
    """What the part of this letter finds, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="crucible-bench-") as folder:
        made: Section = import_module(PARTS[letter]).run(Scale(Path(folder), shared, tiny=tiny))
    return made


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--only", action="append", choices=PARTS, metavar="LETTER")
    parser.add_argument("--tiny", action="store_true", help="smallest sizes: to see it work")
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md alone")
    asked = parser.parse_args()
    kept = []
    with tempfile.TemporaryDirectory(prefix="crucible-bench-") as shared:
        for letter in asked.only or PARTS:
            machine = described()
            section = measured(letter, Path(shared), tiny=asked.tiny)
            said = f"{section.markdown()}\n\n{machine}"
            sys.stdout.write(f"{said}\n\n")
            sys.stdout.flush()
            if not (asked.no_write or asked.tiny):
                DOCUMENT.write_text(merged(DOCUMENT.read_text(), letter, said))
            kept += [goal.kept for goal in section.goals]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
