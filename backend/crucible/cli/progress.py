"""A run as it goes, on stderr: one line redrawn on a terminal, a few lines in a log."""

import sys
from typing import Any

import click

from crucible.cli import format, run_words
from crucible.cli.run_words import Summary
from crucible.cli.text import Screen

ERASE = "\r\x1b[K"
QUARTERS = 4
# Fewer finished pairs than this say too little about the pace of the rest.
PACE_AFTER = 3


class Progress:
    def __init__(self, screen: Screen | None = None) -> None:
        self._screen = screen or Screen.of(sys.stderr)
        # Redrawing is cursor control: only where colour is welcome too.
        self._redraws = self._screen.colour
        self._ended: dict[str, str] | None = None
        self._told: tuple[str, int] | None = None
        self._drawn = False

    def update(self, run: Summary) -> None:
        timings = run["metrics"]["phase_timings"]
        ends = {phase: t["completed_at"] for phase, t in timings.items() if t["completed_at"]}
        if self._ended is None:
            # A resumed run comes with phases of earlier attempts: those are not news.
            self._ended = ends if run["attempt"] > 1 else {}
        for phase in [phase for phase, end in ends.items() if self._ended.get(phase) != end]:
            self.say(_phase_line(run, phase, timings[phase], self._screen))
        self._ended = ends
        if not run_words.live(run):
            self._erase()
        elif self._redraws:
            self._draw(run)
        else:
            self._tell_quarter(run)

    def say(self, line: str) -> None:
        """A line that stays."""
        self._erase()
        click.echo(line, err=True, color=self._screen.colour)

    def _draw(self, run: Summary) -> None:
        line = " · ".join(_now(run))
        drawn = self._screen.fit(f"{run_words.mark(run['status'])} {line}")
        sys.stderr.write(ERASE + run_words.coloured(self._screen, run["status"], drawn))
        sys.stderr.flush()
        self._drawn = True

    def _erase(self) -> None:
        if self._drawn:
            sys.stderr.write(ERASE)
            sys.stderr.flush()
            self._drawn = False

    def _tell_quarter(self, run: Summary) -> None:
        """In a log: the start of a phase, and each quarter of its work."""
        now = run["progress"]
        if not now:
            return
        quarter = (now["done"] or 0) * QUARTERS // now["expected"] if now["expected"] else 0
        if (now["phase"], quarter) != self._told and now["phase"] not in (self._ended or ()):
            self._told = (now["phase"], quarter)
            self.say(f"{run_words.mark(run['status'])} {' · '.join(_now(run))}")


def _now(run: Summary) -> list[str]:
    first, *rest = standing(run)
    return [f"#{run['number']} {first}", *rest]


def standing(run: Summary) -> list[str]:
    """How far a live run is, how long it has worked, what it spent, what is left."""
    total = run_words.usage(run)
    left = _seconds_left(run)
    return [
        run_words.remark(run),
        run_words.duration(run) if run["duration_seconds"] else format.elapsed(0),
        # Not as a lower bound: what is spent so far is understood to be one.
        *([format.money(total["cost_usd"])] if total.get("cost_usd") is not None else []),
        *([format.plural(total["failed_call_count"], "failed call")] if _failed(total) else []),
        *([f"about {format.elapsed(left)} left"] if left is not None else []),
    ]


def _failed(total: dict[str, Any]) -> bool:
    return bool(total.get("failed_call_count"))


def _seconds_left(run: Summary) -> float | None:
    """From the pace of the evaluations so far; before them there is none to go by."""
    now = run["progress"] or {}
    timing = run["metrics"]["phase_timings"].get(now.get("phase") or "") or {}
    done, expected = now.get("done") or 0, now.get("expected")
    if now.get("phase") != "evaluation" or not expected or done < PACE_AFTER:
        return None
    return float((timing.get("duration_seconds") or 0.0) / done * (expected - done))


def _phase_line(run: Summary, phase: str, timing: dict[str, Any], screen: Screen) -> str:
    made = run["metrics"]["resource_breakdown"].get(phase) or {}
    used = ((run["llm_usage"] or {}).get("phases") or {}).get(phase) or {}
    said = [
        f"{format.count(made.get('produced'))} of {format.count(made.get('expected'))}"
        if made.get("expected")
        else "",
        format.duration(timing["duration_seconds"]),
        format.money(used["cost_usd"], used["unpriced_call_count"])
        if used.get("cost_usd") is not None
        else "",
    ]
    mark = run_words.coloured(screen, timing["status"], run_words.mark(timing["status"]))
    return f"{mark} {phase:<10}  {' · '.join(filter(None, said))}"
