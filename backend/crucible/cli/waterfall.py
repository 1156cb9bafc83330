"""Phases as bars of text on a true time axis."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crucible.cli import format, run_words
from crucible.cli.grid import GAP, HARD_SPACE, Row, fit, lay_out, total_width
from crucible.cli.run_words import Summary
from crucible.cli.text import Screen, wrapped

BAR = "━"
SLIVER = "▏"
"""Stands for a phase shorter than half a column: three milliseconds are still seen."""

NARROWEST, WIDEST = 12, 48
FIGURES = ("duration", "share", "calls", "tokens", "cost")
RIGHT = ("duration", "share", "tokens", "cost")
DISPENSABLE = ("tokens", "calls", "share", "cost")


@dataclass(frozen=True)
class Axis:
    start: datetime
    end: datetime
    columns: int

    def column(self, moment: datetime) -> float:
        span = (self.end - self.start).total_seconds()
        past = (moment - self.start).total_seconds()
        return past / span * self.columns if span else 0.0

    def bar(self, start: datetime, end: datetime) -> tuple[int, str]:
        """How far in it begins, and the bar itself; never nothing."""
        first = min(self.columns - 1, max(0, round(self.column(start))))
        length = round(self.column(end)) - first
        return first, BAR * length if length > 0 else SLIVER

    def ruler(self) -> str:
        last = format.duration((self.end - self.start).total_seconds())
        return "0s" + HARD_SPACE * max(1, self.columns - 2 - len(last)) + last


def render(run: Summary, screen: Screen, now: datetime) -> list[str]:
    """One line a phase: bar, duration, share, calls, tokens, cost; then the axis."""
    timings = run["metrics"]["phase_timings"]
    if not timings:
        return ["no phase has begun"]
    if not run_words.live(run):
        # A phase of a run that is over has no later end than the run, even if nobody closed it.
        now = format.parse_time(run["completed_at"] or run["updated_at"])
    rows = [_figures(run, phase, timing) for phase, timing in timings.items()]
    room = screen.columns and screen.columns - NARROWEST - GAP
    rows, columns = fit(rows, ("phase", *FIGURES), room, dispensable=DISPENSABLE)
    axis = _axis(run, now, _bar_columns(screen, total_width(rows, columns)))
    drawn = [
        {**row, "bar": _drawn(axis, timing, screen, now)}
        for row, timing in zip(rows, timings.values(), strict=True)
    ]
    ruler = {column: "" for column in columns} | {"bar": screen.dim(axis.ruler())}
    lines = lay_out([*drawn, ruler], ["phase", "bar", *columns[1:]], RIGHT)
    if run["attempt"] == 1:
        return lines
    return lines + wrapped(f"{run['attempt']} attempts: the bars span the pauses between", screen)


def _bar_columns(screen: Screen, taken: int) -> int:
    if screen.columns is None:
        return WIDEST
    return max(4, min(WIDEST, screen.columns - taken - GAP))


def _figures(run: Summary, phase: str, timing: dict[str, Any]) -> Row:
    usage = ((run["llm_usage"] or {}).get("phases") or {}).get(phase) or {}
    seconds = timing["duration_seconds"]
    made = usage.get("call_count") or 0
    retries = usage.get("retry_count") or 0
    calls = format.plural(made, "call") if made else ""
    return {
        "phase": f"{run_words.mark(timing['status'])} {phase}",
        "duration": format.duration(seconds),
        "share": format.share(seconds, run["duration_seconds"]),
        "calls": calls + (f", {format.plural(retries, 'retry', 'retries')}" if retries else ""),
        "tokens": format.tokens_in_out(usage.get("input_tokens"), usage.get("output_tokens"))
        if made
        else "",
        "cost": format.money(usage.get("cost_usd"), usage.get("unpriced_call_count") or 0)
        if made
        else "",
    }


def _axis(run: Summary, now: datetime, columns: int) -> Axis:
    """From the run's start to its end: what lay between phases counts as well."""
    timings = run["metrics"]["phase_timings"].values()
    starts = [run["started_at"], *(timing["started_at"] for timing in timings)]
    ends = [format.parse_time(run["completed_at"])] if run["completed_at"] else []
    ends += [_end(timing, now) for timing in timings]
    return Axis(min(map(format.parse_time, filter(None, starts)), default=now), max(ends), columns)


def _end(timing: dict[str, Any], now: datetime) -> datetime:
    return format.parse_time(timing["completed_at"]) if timing["completed_at"] else now


def _drawn(axis: Axis, timing: dict[str, Any], screen: Screen, now: datetime) -> str:
    if not timing["started_at"]:
        return ""
    first, bar = axis.bar(format.parse_time(timing["started_at"]), _end(timing, now))
    return HARD_SPACE * first + run_words.coloured(screen, timing["status"], bar)
