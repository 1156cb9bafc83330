"""Calls as a table: one line a call, cut to the terminal, whole when piped."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from crucible.cli import format, run_words
from crucible.cli.grid import GAP, Row, fit, lay_out, total_width
from crucible.cli.run_spend import fine_money
from crucible.cli.text import Screen, clean, cut, width, wrapped

Call = dict[str, Any]

FIGURES = ("outcome", "phase", "subject", "attempt", "model", "tokens", "cost", "latency", "when")
PIPED = (*FIGURES, "error")
RIGHT = ("tokens", "cost", "latency")
NARROWEST_SUBJECT = 24
DISPENSABLE = ("model", "when", "tokens", "phase", "attempt", "cost", "latency", "subject")
COLOURS = {"ok": "completed", "pending": "running", "unknown": "cancelled"}
SLOW = "▲ "
SLOWEST = 3
"""How many of a page are marked as its slowest, of twice as many or more."""

NARROWEST_ERROR = 20
INDENT = 2


def render(calls: Sequence[Call], screen: Screen, now: datetime, more: str | None) -> str:
    """`more` is the command for the next page, if there is one."""
    slow = _slowest(calls) if screen.terminal else set()
    rows = [_row(call, screen, now, call["id"] in slow) for call in calls]
    if screen.terminal:
        lines = _terminal(calls, rows, slow, screen)
    else:
        lines = lay_out(*fit(rows, PIPED, None), right=RIGHT)
    said = wrapped(" · ".join(_sums(calls)), screen)
    return "\n".join([*lines, *said, *([screen.dim(f"more: {more}")] if more else [])])


def nothing(run: dict[str, Any], filtered: bool) -> str:
    """Why there is nothing to show. `run` is its summary."""
    made = (run_words.usage(run).get("call_count")) or 0
    if run["ledger"] != "complete" and made:
        why = "its history came without them" if run["ledger"] == "absent" else "they were deleted"
        said = f"{format.plural(made, 'call')} made, of which none is kept: {why}."
    elif filtered and made:
        said = f"No call matches; the run made {made:,}."
    else:
        said = "No call yet." if run_words.live(run) else "The run made no call."
    return f"{said}\nnext: crucible runs show {run['id']}"


def _row(call: Call, screen: Screen, now: datetime, slow: bool) -> Row:
    return {
        "outcome": f"{run_words.mark(_status(call))} {call['outcome']}",
        "phase": call["phase"],
        "subject": clean(call["subject"]),
        "attempt": run_words.tries(call),
        "model": clean(call["model_served"] or call["model_asked"]),
        "tokens": format.tokens_in_out(call["input_tokens"], call["output_tokens"]),
        "cost": fine_money(call["cost_usd"]),
        "latency": (SLOW if slow else "") + format.duration(call["latency_seconds"]),
        "when": format.ago(call["sent_at"], now) if screen.terminal else call["sent_at"],
        "error": _error(call),
    }


def _error(call: Call) -> str:
    """Its kind, and what the provider said."""
    status = f" {call['http_status']}" if (call["http_status"] or 200) >= 400 else ""
    kind = call["error_kind"] or ""
    detail = clean(call["error_detail"] or "")
    return ": ".join(part for part in (f"{kind}{status}".strip(), detail) if part)


def _status(call: Call) -> str:
    """The state of a run that has the same mark and colour."""
    return COLOURS.get(call["outcome"], "failed")


def _failed(call: Call) -> bool:
    return call["outcome"] not in ("ok", "pending")


def _slowest(calls: Sequence[Call]) -> set[str]:
    """Ids of the calls that took longest, where there are enough to compare."""
    timed = [call for call in calls if call["latency_seconds"] is not None]
    if len(timed) < 2 * SLOWEST:
        return set()
    timed.sort(key=lambda call: -call["latency_seconds"])
    return {call["id"] for call in timed[:SLOWEST]}


def _terminal(
    calls: Sequence[Call], rows: Sequence[Row], slow: set[str], screen: Screen
) -> list[str]:
    room = screen.columns or 0
    errors = max(width(row["error"]) for row in rows)
    # A reason has a line of its own: it is what one looks for, and beside figures it is cut.
    beside = errors and errors <= NARROWEST_ERROR
    left = room - errors - GAP if beside else room
    fitted, columns = fit(
        rows,
        FIGURES,
        left,
        flexible="subject",
        narrowest=NARROWEST_SUBJECT,
        dispensable=DISPENSABLE,
    )
    if beside and total_width(fitted, columns) <= left:
        columns = [*columns, "error"]
    lines = lay_out(
        [_styled(call, row, slow, screen) for call, row in zip(calls, fitted, strict=True)],
        columns,
        RIGHT,
    )
    if "error" in columns:
        return lines
    return [
        line
        for laid, row in zip(lines, rows, strict=True)
        for line in (laid, _below(row["error"], screen))
        if line
    ]


def _below(error: str, screen: Screen) -> str:
    room = (screen.columns or 0) - INDENT
    return " " * INDENT + screen.dim(cut(error, room)) if error else ""


def _styled(call: Call, row: Row, slow: set[str], screen: Screen) -> Row:
    late = screen.style(row["latency"], fg="yellow", bold=True)
    return {
        **row,
        "outcome": run_words.coloured(screen, _status(call), row["outcome"]),
        "latency": late if call["id"] in slow else row["latency"],
        "when": screen.dim(row["when"]),
    }


def _sums(calls: Sequence[Call]) -> list[str]:
    """What the calls shown come to."""
    known = [Decimal(str(call["cost_usd"])) for call in calls if call["cost_usd"] is not None]
    cost = format.money(sum(known, Decimal(0)) if known else None, len(calls) - len(known))
    taken = [call["latency_seconds"] for call in calls if call["latency_seconds"] is not None]
    return [
        format.plural(len(calls), "call"),
        f"{sum(map(_failed, calls)):,} failed",
        *([f"slowest {format.duration(max(taken))}"] if taken else []),
        *([cost] if known else []),
    ]
