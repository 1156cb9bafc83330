"""What the parts of `make bench` hand in, and the document they are put into.

A part is a module with `run(scale: Scale) -> Section`.
"""

import math
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Scale:
    """How much a part is to do, and where it may put its files."""

    folder: Path
    """Empty, the part's own; it is removed afterwards."""
    shared: Path
    """Of all parts of this bench: what takes long to make and is only read."""
    tiny: bool = False
    """The smallest sizes, to see that the part works: a few seconds, and goals mean nothing."""
    say: Callable[[str], None] = field(default=lambda text: print(text, file=sys.stderr))  # noqa: T201 - progress of a command


@dataclass(frozen=True)
class Goal:
    """A promise and what was found: kept when `found` is at most `limit`."""

    what: str
    found: float
    limit: float
    unit: str
    """`x`, `ms`, `s` or `MB`."""

    @property
    def kept(self) -> bool:
        return self.found <= self.limit

    def row(self) -> list[str]:
        return [
            self.what,
            figure(self.found, self.unit),
            f"at most {figure(self.limit, self.unit)}",
            "yes" if self.kept else "**no**",
        ]


@dataclass(frozen=True)
class Section:
    letter: str
    title: str
    body: str
    """Markdown: what was done, then `table(...)` of what was found."""
    goals: Sequence[Goal] = ()

    def markdown(self) -> str:
        goals = table(["Goal", "found", "limit", "kept"], [goal.row() for goal in self.goals])
        return "\n\n".join([f"## ({self.letter}) {self.title}", self.body.strip(), goals]).strip()


@dataclass(frozen=True)
class Sample:
    """Repeated measurements of one thing, in one unit."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def n(self) -> int:
        return len(self.values)

    def quantile(self, share: float) -> float:
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))]

    def shown(self, unit: str = "ms") -> str:
        """Median, and in brackets where the middle half lies."""
        low, high = (figure(self.quantile(share), unit) for share in (0.25, 0.75))
        return f"{figure(self.median, unit)} ({low.split()[0]}–{high.split()[0]})"


def figure(value: float, unit: str) -> str:
    """A number with three digits that count, and its unit."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(decimals, 3)}f} {unit}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is words, the others are figures. Nothing without rows."""
    if not rows:
        return ""
    lines = [headings, ["---", *("---:" for _ in headings[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def merged(document: str, letter: str, text: str) -> str:
    """`document` with the part of this letter replaced, or put where it belongs."""
    block = f"<!-- part {letter} -->\n{text.strip()}\n<!-- end {letter} -->"
    parts = {found[1]: found[0] for found in _PART.finditer(document)} | {letter: block}
    head = _PART.split(document)[0].rstrip()
    return "\n\n".join([head, *(parts[each] for each in sorted(parts))]) + "\n"


_PART = re.compile(r"<!-- part (\w) -->\n.*?\n<!-- end \1 -->", re.DOTALL)
