"""`crucible runs trends` for a person: a strip of runs, a line a day, a line a failure."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from statistics import median
from typing import Any

from crucible.cli import format, run_words
from crucible.cli.grid import Row, fit, lay_out
from crucible.cli.text import Screen, clean, wrapped

OTHERS = ("cancelled", "running", "created")
DAY_COLUMNS = ("date", "runs", "completed", "failed", *OTHERS, "spent", "tokens", "why")
DAY_DISPENSABLE = ("why", "tokens", *OTHERS, "spent")
RIGHT = ("runs", "completed", "failed", *OTHERS, "spent", "tokens", "count")
FAILURE_COLUMNS = ("count", "what", "reason", "last", "when")
ENOUGH = 20
INDENT = 2
Value = dict[str, Any]


def render(trends: Value, screen: Screen, now: datetime) -> str:
    if not trends["runs"]:
        return f"No runs yet.\nnext: crucible test-run --project-id {trends['project_id']}"
    blocks = [
        _runs(trends["runs"], screen),
        _days(trends["days"], screen),
        _failures(trends["failures"], screen, now),
        [screen.dim(_next(trends))],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _next(trends: Value) -> str:
    failures = trends["failures"]
    if not failures:
        return f"next: crucible runs --project-id {trends['project_id']}"
    last = max(failures, key=lambda each: str(each["last_run"]["created_at"]))
    return f"next: crucible runs show {last['last_run']['id']}"


def _titled(title: str, figures: Sequence[str], screen: Screen) -> list[str]:
    first, *rest = wrapped(": ".join([title, " · ".join(figures)]), screen)
    return [screen.style(title, bold=True) + first.removeprefix(title), *rest]


def _runs(runs: Sequence[Value], screen: Screen) -> list[str]:
    ended = [run["duration_seconds"] for run in runs if not run_words.live(run)]
    known = [seconds for seconds in ended if seconds is not None]
    span = f"#{runs[0]['number']}" + (f" to #{runs[-1]['number']}" if len(runs) > 1 else "")
    figures = [
        span,
        f"{sum(run['status'] == 'failed' for run in runs):,} failed",
        *([f"median {format.duration(median(known))}"] if known else []),
        *_spent(runs),
    ]
    title = "Last run" if len(runs) == 1 else f"Last {len(runs)} runs"
    room = screen.columns or len(runs)
    strips = [runs[start : start + room] for start in range(0, len(runs), room)]
    return [*_titled(title, figures, screen), *(_strip(strip, screen) for strip in strips)]


def _strip(runs: Sequence[Value], screen: Screen) -> str:
    return "".join(
        run_words.coloured(screen, run["status"], run_words.mark(run["status"])) for run in runs
    )


def _spent(parts: Sequence[Value]) -> list[str]:
    """The cost of runs or days; a lower bound where some calls have no known price."""
    known = [Decimal(str(part["cost_usd"])) for part in parts if part["cost_usd"] is not None]
    unpriced = sum(part["unpriced_call_count"] for part in parts)
    return [format.money(sum(known, Decimal(0)), unpriced)] if known else []


def _days(days: Sequence[Value], screen: Screen) -> list[str]:
    title = "Today (UTC)" if len(days) == 1 else f"Last {len(days)} days (UTC)"
    count = sum(day["run_count"] for day in days)
    if not count:
        return _titled(title, ["no runs"], screen)
    failed = sum(day["by_status"].get("failed", 0) for day in days)
    figures = [format.plural(count, "run"), f"{failed:,} failed", *_spent(days)]
    days = _folded(days)
    rows, columns = fit(
        [_day(day) for day in days],
        DAY_COLUMNS,
        screen.columns,
        flexible="why",
        narrowest=ENOUGH,
        dispensable=DAY_DISPENSABLE,
    )
    styled = [_styled(row, day, screen) for row, day in zip(rows, days, strict=True)]
    return [*_titled(title, figures, screen), *lay_out(styled, columns, RIGHT)]


def _folded(days: Sequence[Value]) -> list[Value]:
    """Days on end without a run as one."""
    folded: list[Value] = []
    for empty, stretch in groupby(days, key=lambda day: not day["run_count"]):
        found = list(stretch)
        if empty and len(found) > 1:
            found = [found[0] | {"date": f"{len(found)} days"}]
        folded += found
    return folded


def _day(day: Value) -> Row:
    row = {"date": day["date"], "runs": format.plural(day["run_count"], "run")}
    marks = {
        status: f"{run_words.mark(status)} {day['by_status'][status]:,}"
        if status in day["by_status"]
        else ""
        for status in ("completed", "failed", *OTHERS)
    }
    why = ", ".join(f"{n:,} {_words(kind)}" for kind, n in day["failures_by_kind"].items())
    if not day["run_count"]:
        return row | marks | dict.fromkeys(("spent", "tokens", "why"), "")
    return {
        **row,
        **marks,
        "spent": format.money(day["cost_usd"], day["unpriced_call_count"]),
        "tokens": format.tokens(day["total_tokens"]),
        "why": why,
    }


def _styled(row: Row, day: Value, screen: Screen) -> Row:
    if not day["run_count"]:
        return {**row, "date": screen.dim(row["date"]), "runs": screen.dim(row["runs"])}
    marks = ("completed", "failed", *OTHERS)
    return row | {name: run_words.coloured(screen, name, row[name]) for name in marks}


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _failures(failures: Sequence[Value], screen: Screen, now: datetime) -> list[str]:
    if not failures:
        return []
    rows, columns = fit(
        [_failure(failure, screen, now) for failure in failures],
        FAILURE_COLUMNS,
        screen.columns,
        flexible="reason",
        narrowest=ENOUGH,
        dispensable=("reason", "when"),
    )
    rows, columns = fit(rows, columns, screen.columns, flexible="what")
    styled = [
        {**row, "count": screen.style(row["count"], fg="red"), "when": screen.dim(row["when"])}
        for row in rows
    ]
    lines = [screen.style("Failures", bold=True)]
    for laid, row in zip(lay_out(styled, columns, RIGHT), rows, strict=True):
        # A reason for which there is no room beside the figures has a line of its own.
        below = [] if "reason" in columns or not row["reason"] else [_below(row["reason"], screen)]
        lines += [laid, *below]
    return lines


def _below(reason: str, screen: Screen) -> str:
    return " " * INDENT + screen.dim(screen.fit(reason, (screen.columns or 0) - INDENT))


def _failure(failure: Value, screen: Screen, now: datetime) -> Row:
    kind, phase, last = failure["kind"], failure["phase"], failure["last_run"]
    what = _words(kind) if kind else "of no known kind"
    at = last["completed_at"] or last["created_at"]
    return {
        "count": f"{failure['count']:,} ×",
        "what": f"{what} in {phase}" if phase else what,
        "reason": _reason(failure),
        "last": f"last #{last['number']}",
        "when": format.ago(at, now) if screen.terminal else at,
    }


def _reason(failure: Value) -> str:
    """The summary without its beginning, which the line has said already."""
    summary = clean(failure["error_summary"] or "")
    said = f"{failure['phase'].capitalize()} failed: " if failure["phase"] else "Run failed: "
    return summary.removeprefix(said)
