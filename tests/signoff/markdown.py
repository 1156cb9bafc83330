"""Pieces of Markdown: prose, blocks of output, pictures."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from tests.signoff.house import Typed
from tests.signoff.stories import Run, Seen

WIDTH = 100
LEFT_OUT = "…"


def prose(text: str) -> str:
    """A paragraph, from words however broken."""
    filled = textwrap.fill(" ".join(text.split()), WIDTH, break_on_hyphens=False)
    return f"{filled}\n"


def picture(name: str, words: str) -> str:
    return f"![{words}](images/sign-off-{name}.png)\n"


def block(lines: Sequence[str]) -> Iterator[str]:
    yield "```"
    yield from lines
    yield "```\n"


def typed(
    said: Typed, *, upto: str | None = None, lines: list[str] | None = None, most: int = 40
) -> Iterator[str]:
    """What was typed and what came, up to a heading of it, or some lines of it."""
    shown = said.lines if lines is None else lines
    if upto in shown:
        shown = shown[: shown.index(upto)]
    shown = shown[:most]
    while shown and not shown[-1]:
        shown = shown[:-1]
    first = said.lines.index(shown[0]) if shown else 0
    before = [LEFT_OUT] if first else []
    after = [LEFT_OUT] if first + len(shown) < len(said.lines) else []
    yield from block([f"$ {said.command}", *before, *shown, *after])


def surfaces(seen: Seen) -> Iterator[str]:
    """The row as read from the page, the line on the terminal, and the API's figures."""
    yield "Run History, as read from the page; `crucible runs`; `GET /api/runs/{id}`:\n"
    yield from block([seen.row.text, "", *_one_run(seen), "", *_essence(seen.run)])


def _one_run(seen: Seen) -> list[str]:
    """Its line, and the reason, where that stands below it."""
    lines, mark = seen.listed.lines, f"#{seen.run['number']} "
    place = next(n for n, line in enumerate(lines) if mark in line)
    below = lines[place + 1 : place + 2]
    return [lines[place], *(line for line in below if line.startswith("  "))]


def _essence(run: Run) -> list[str]:
    """The fields that matter, as they came."""
    total = run["llm_usage"]["total"]
    error = run["error"] and {each: run["error"][each] for each in ("kind", "phase")}
    counts = ("candidate_count", "scenario_count", "evaluation_count")
    calls = ("call_count", "failed_call_count", "retry_count", "input_tokens", "output_tokens")
    money = ("cost_usd", "unpriced_call_count", "wasted_cost_usd")
    lines: list[dict[str, Any]] = [
        {name: run[name] for name in ("status", "attempt", "duration_seconds", *counts)},
        {"llm_usage.total": {name: total[name] for name in calls}},
        {"llm_usage.total": {name: total[name] for name in money}, "error": error},
    ]
    return [json.dumps(line) for line in lines]


def plain(text: Any) -> str:
    """A model wrote it: no markup of its."""
    return "".join(c for c in str(text)[:80] if c.isalnum() or c in " -,.:'()")
