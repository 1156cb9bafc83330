"""A run as it goes, on stdout: a block redrawn in place, lines, or JSON lines."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click

from crucible.cli import emit, fields, format, run_words, state, waterfall
from crucible.cli.progress import standing
from crucible.cli.run_words import Summary
from crucible.cli.text import Screen, clean, width, wrapped
from crucible.clock import SystemClock

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
ERASE_BELOW = "\x1b[J"
TERMINATED = 143
"""128 + SIGTERM, as a shell reports it."""


class View(Protocol):
    def update(self, run: Summary) -> None: ...

    def trouble(self, said: str, seconds: float) -> None:
        """The run cannot be seen, for so long already."""
        ...


@contextmanager
def shown(form: str) -> Iterator[View]:
    if form == "jsonl":
        yield JsonLines()
    elif not Screen.of().colour:  # where no colour is wanted, no cursor control is either
        yield Lines()
    else:
        with _cursor_hidden():
            yield Block()


@contextmanager
def _cursor_hidden() -> Iterator[None]:
    def end(_number: int, _frame: Any) -> None:
        raise SystemExit(TERMINATED)  # by way of `finally`: the cursor comes back

    before = signal.signal(signal.SIGTERM, end)
    _write(HIDE)
    try:
        yield
    finally:
        _write(SHOW)
        signal.signal(signal.SIGTERM, before)


class Block:
    """One block, redrawn. What is on screen when it ends stays there."""

    def __init__(self) -> None:
        self._drawn: list[str] = []
        self._run: Summary | None = None

    def update(self, run: Summary) -> None:
        self._run = run
        self._draw(frame(run, Screen.of()))

    def trouble(self, said: str, seconds: float) -> None:
        screen = Screen.of()
        line = screen.style(f"! {said} ({format.elapsed(seconds)})", fg="yellow")
        standing_still = frame(self._run, screen) if self._run else []
        self._draw([*standing_still, "", *wrapped(line, screen)])

    def _draw(self, lines: list[str]) -> None:
        columns, rows = _size()
        ended = self._run is not None and not run_words.live(self._run)
        # What has scrolled away cannot be drawn over: a live frame stays within the screen.
        lines = lines if ended else lines[: max(1, rows - 1)]
        up = sum(max(1, -(-width(line) // columns)) for line in self._drawn)
        back = f"\x1b[{up}A" if up else ""
        _write(f"{back}\r{ERASE_BELOW}" + "".join(f"{line}\n" for line in lines))
        self._drawn = lines


class Lines:
    """A line for each change, for a log or where nothing may be redrawn."""

    def __init__(self) -> None:
        self._told: Any = None
        self._away = False

    def update(self, run: Summary) -> None:
        self._away = False
        total = run_words.usage(run)
        now = (run["status"], run["progress"], total.get("failed_call_count"))
        if now == self._told:
            return
        self._told = now
        said = standing(run) if run_words.live(run) else _ended(run)
        emit.text(f"{run['updated_at']}  {_title(run)}  {' · '.join(said)}")
        if not run_words.live(run):
            emit.text("\n".join(_afterwards(run, Screen(None, False))))

    def trouble(self, said: str, seconds: float) -> None:
        if not self._away:
            click.echo(f"! {said}", err=True)
        self._away = True


class JsonLines:
    """A summary for each change, as lists have it."""

    def __init__(self) -> None:
        self._told: Any = None
        self._away = False

    def update(self, run: Summary) -> None:
        self._away = False
        summary = {name: run[name] for name in fields.names("summary") if name in run}
        # A live run's duration grows without anything having happened.
        total = run_words.usage(run)
        phases = [(name, t["status"]) for name, t in run["metrics"]["phase_timings"].items()]
        now = (run["status"], run["attempt"], run["progress"], total, phases, run["error"])
        if now != self._told:
            self._told = now
            fields.lines([summary])

    def trouble(self, said: str, seconds: float) -> None:
        if not self._away:
            click.echo(f"! {said}", err=True)
        self._away = True


def frame(run: Summary, screen: Screen) -> list[str]:
    """Head, how far it is, the phases on their time axis; of a run that ended also why, and what
    to do next."""
    now = SystemClock().now()
    name = run_words.name(run, across=True)
    title = _title(run)
    head = run_words.coloured(screen, run["status"], title)
    if name:
        head += "  " + screen.style(
            screen.fit(name, (screen.columns or 80) - len(title) - 2), bold=True
        )
    live = run_words.live(run)
    figures = wrapped(" · ".join(standing(run) if live else _ended(run)), screen)
    phases = waterfall.render(run, screen, now) if run["metrics"]["phase_timings"] else []
    last = [] if live else _afterwards(run, screen)
    blocks = [[head, *figures], phases, last]
    return "\n\n".join("\n".join(block) for block in blocks if block).split("\n")


def _title(run: Summary) -> str:
    return f"{run_words.mark(run['status'])} #{run['number']} {run['status']}"


def _ended(run: Summary) -> list[str]:
    """What it came to."""
    tokens, cost = run_words.tokens(run), run_words.cost(run)
    missing = run_words.missing(run)
    return [
        format.duration(run["duration_seconds"]),
        f"{run_words.counts(run)} made",
        *([f"{tokens} tokens"] if tokens != format.MISSING else []),
        *([cost] if cost != format.MISSING else []),
        *([missing] if missing else []),
    ]


def _afterwards(run: Summary, screen: Screen) -> list[str]:
    said = []
    if run["error_summary"]:
        for line in wrapped(clean(run["error_summary"]), screen):
            said.append(run_words.coloured(screen, run["status"], line))
        hint = (run["error"] or {}).get("hint")
        said += wrapped(clean(hint), screen) if hint else []
    return [*said, screen.dim(f"next: {_next(run)}")]


def _next(run: Summary) -> str:
    server = f" --url {url}" if (url := state.given_url()) else ""
    if run["status"] == "completed":
        return f"crucible runs show {run['id']}{server}"
    if run["ledger"] == "absent":
        return f"crucible test-run --project-id {run['project_id']}"
    here = "" if state.server_url() else " --here"
    return f"crucible runs resume {run['id']}{here}{server}"


def _size() -> tuple[int, int]:
    columns = Screen.of().columns or 80
    try:
        rows = os.get_terminal_size(sys.stdout.fileno()).lines
    except (OSError, ValueError):
        rows = 0
    return columns, rows or 1000


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (BrokenPipeError, OSError):
        pass  # a terminal that has gone away shows nothing; the exit code is still owed
