"""docs/operations.md's way from "a run failed" to "I know why", walked as it is written there."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.signoff.house import House, Typed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
TITLE = 'From "a run failed" to "I know why"'
_STEP = re.compile(
    r"^\*\*(\d)\. (.+?)\*\*(.*?)(?=^\*\*\d\. |^Then act|\Z)", re.MULTILINE | re.DOTALL
)
_COMMAND = re.compile(r"`crucible (runs [^`]+)`")
SECTIONS = {"2": (None, "Phases"), "3": ("Phases", "Usage")}
"""Of `runs show`, which answers two steps: from this heading to that one."""


@dataclass(frozen=True)
class Step:
    number: str
    title: str
    typed: Typed
    part: list[str]
    """The lines that answer the question."""


def steps_of(page: str) -> list[tuple[str, str, str | None]]:
    """Number, question, and the command to type; None: further down in the answer before."""
    found = re.search(rf"^## {re.escape(TITLE)}\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL)
    if not found:
        raise SystemExit(f"{PAGE} has no section {TITLE!r}")
    steps = []
    for number, title, text in _STEP.findall(found[1]):
        command = _COMMAND.search(text)
        steps.append((number, title, command[1] if command else None))
    return steps


def follow(house: House) -> list[Step]:
    """Types each step's command, run #2 being the one that failed."""
    done: list[Step] = []
    for number, title, command in steps_of(PAGE.read_text(encoding="utf-8")):
        typed = house.type(command) if command else done[-1].typed
        done.append(Step(number, title, typed, _part(typed, number)))
    return done


def _part(typed: Typed, number: str) -> list[str]:
    first, last = SECTIONS.get(number, (None, None))
    lines = typed.lines
    start = lines.index(first) if first in lines else 0
    end = lines.index(last) if last in lines else len(lines)
    return [line for line in lines[start:end]]
