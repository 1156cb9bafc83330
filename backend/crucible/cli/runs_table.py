"""`crucible runs` as a table: one line a run, cut to the terminal, whole when piped."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any

from crucible.cli import format, run_words
from crucible.cli.grid import GAP, Row, fit, lay_out, squeeze, total_width
from crucible.cli.run_words import Summary
from crucible.cli.text import Screen, cut, width, wrapped

FIGURES = ("run", "status", "name", "duration", "counts", "tokens", "cost", "when")
PIPED = (*FIGURES, "id", "remark")
RIGHT = ("duration", "counts", "tokens", "cost")
# What a narrow terminal does without, first to last. The remark gives way before all of these.
DISPENSABLE = ("tokens", "counts", "name", "when", "cost", "duration")
NARROWEST_REMARK = 60
NAME_ENOUGH = 24
INDENT = 2


def render(page: dict[str, Any], screen: Screen, now: datetime, more: str | None) -> str:
    """`more` is the command for the next page, if there is one."""
    across = page["project_id"] is None
    runs: list[Summary] = page["runs"]
    rows = [_cells(run, screen, now, across=across) for run in runs]
    lines = _terminal(runs, rows, screen) if screen.terminal else _piped(rows)
    return "\n".join([*lines, *_footer(page, screen, more)])


def _cells(run: Summary, screen: Screen, now: datetime, *, across: bool) -> Row:
    return {
        "run": f"{run_words.mark(run['status'])} #{run['number']}",
        "status": run["status"],
        "name": run_words.name(run, across=across),
        "duration": run_words.duration(run),
        "counts": run_words.counts(run),
        "tokens": run_words.tokens(run),
        "cost": run_words.cost(run),
        "when": format.ago(run["created_at"], now) if screen.terminal else run["created_at"],
        "id": run["id"],
        "remark": run_words.remark(run),
    }


def _piped(rows: Sequence[Row]) -> list[str]:
    """Nothing cut. The id is there, since the next program has no other way to name the run."""
    return lay_out(*fit(rows, PIPED, None), right=RIGHT)


def _terminal(runs: Sequence[Summary], rows: Sequence[Row], screen: Screen) -> list[str]:
    room = screen.columns or 0
    longest = max(width(row["remark"]) for row in rows)
    rows, columns = fit(rows, FIGURES, room, flexible="name", dispensable=DISPENSABLE)
    # A long name lends the remark some room: it can be recognised by less.
    wanted = total_width(rows, columns) + GAP + longest - room
    lent = squeeze(rows, "name", wanted, NAME_ENOUGH) if "name" in columns else rows
    spare = room - total_width(lent, columns) - GAP
    if spare >= min(longest, NARROWEST_REMARK):
        lent = [{**row, "remark": cut(row["remark"], spare)} for row in lent]
        return lay_out(_styled(runs, lent, screen), [*columns, "remark"], RIGHT)
    lines = lay_out(_styled(runs, rows, screen), columns, RIGHT)
    return [
        line
        for laid, row in zip(lines, rows, strict=True)
        for line in (laid, _below(row["remark"], screen))
        if line
    ]


def _below(remark: str, screen: Screen) -> str:
    """The remark on a line of its own, where there is no room for it beside the figures."""
    room = (screen.columns or 0) - INDENT
    return " " * INDENT + screen.dim(cut(remark, room)) if remark else ""


def _styled(runs: Sequence[Summary], rows: Sequence[Row], screen: Screen) -> list[Row]:
    return [
        {
            **row,
            "run": run_words.coloured(screen, run["status"], row["run"]),
            "status": run_words.coloured(screen, run["status"], row["status"]),
            "when": screen.dim(row["when"]),
        }
        for run, row in zip(runs, rows, strict=True)
    ]


def _footer(page: dict[str, Any], screen: Screen, more: str | None) -> list[str]:
    runs: list[Summary] = page["runs"]
    said = " · ".join(_figures(page))
    chosen = next((run for run in runs if run["status"] == "failed"), runs[0])
    command = f"next: crucible runs show {chosen['id']}"
    rest = [screen.dim(f"more: {more}")] if more else []
    if not screen.terminal:
        return [f"{said}    {command}", *rest]
    spare = (screen.columns or 0) - width(said) - width(command)
    if spare < 4:
        return [*wrapped(said, screen), screen.dim(command), *rest]
    return [said + " " * min(spare, 12) + screen.dim(command), *rest]


def _figures(page: dict[str, Any]) -> list[str]:
    runs: list[Summary] = page["runs"]
    failed = sum(run["status"] == "failed" for run in runs)
    ended = [run["duration_seconds"] for run in runs if not run_words.live(run)]
    durations = [seconds for seconds in ended if seconds is not None]
    spent = _spent(runs)
    return [
        _how_many(page),
        f"{failed:,} failed",
        *([f"median {format.duration(median(durations))}"] if durations else []),
        *([spent] if spent else []),
    ]


def _how_many(page: dict[str, Any]) -> str:
    shown, total = len(page["runs"]), page["total"]
    if total is None:
        return f"{shown:,} of more than 1,000 runs"
    return f"{shown:,} of {total:,} runs" if total > shown else format.plural(shown, "run")


def _spent(runs: Sequence[Summary]) -> str | None:
    """The cost of the runs shown; a lower bound where some calls have no known price."""
    totals = [total for total in map(run_words.usage, runs) if total]
    if not totals:
        return None
    known = [Decimal(str(t["cost_usd"])) for t in totals if t["cost_usd"] is not None]
    unpriced = sum(total["unpriced_call_count"] for total in totals)
    return format.money(sum(known, Decimal(0)) if known else None, unpriced)
