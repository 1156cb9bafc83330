"""`crucible runs watch`: one run, followed to its end."""

import re
import time
from typing import TYPE_CHECKING, Any

import click

from crucible.cli import fields, source
from crucible.cli.options import examples, format_option, project_option, url_option
from crucible.errors import CrucibleError, Unavailable

if TYPE_CHECKING:
    from crucible.cli.watch_view import View

EXIT = {"completed": 0, "failed": 4, "cancelled": 5}
LIVE = ("created", "running")
GIVE_UP_SECONDS = 60
_INTERVAL = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m)?")
_SECONDS = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0}


def _seconds(_context: click.Context, _param: click.Parameter, given: str) -> float:
    found = _INTERVAL.fullmatch(given.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0.1 <= seconds <= 3600:
        raise click.BadParameter("takes a time such as 500ms, 2s or 1m, from 100ms to 60m")
    return seconds


@click.command(
    short_help="Follow a run to its end.",
    epilog=examples(
        "crucible runs watch",
        "crucible runs watch 42 --interval 5s",
        "crucible runs watch 42 && crucible runs show 42",
        "crucible runs watch --json status,progress.done | jq -r '.\"progress.done\"'",
    ),
)
@click.argument("run", required=False)
@project_option("The project that a number such as 42 is counted in, or to find a live run in.")
@click.option(
    "--interval",
    callback=_seconds,
    default="1s",
    show_default=True,
    metavar="TIME",
    help="How often to look: 500ms, 2s, 1m.",
)
@format_option("table", "jsonl")
@fields.json_option("summary", form="jsonl")
@url_option
def watch(run: str | None, project: str | None, interval: float, form: str) -> None:
    """Follow a run until it ends; without RUN, the newest live one.

    On a terminal one block is redrawn in place and its last frame stays. Piped, a line is
    printed for every change; `jsonl` prints the run's summary for every change. Looking changes
    nothing: Ctrl-C leaves the run alone (exit code 130).

    Exit code 0 if the run completed, 4 if it failed, 5 if it was cancelled. A server or database
    that cannot be reached any more is tried for a minute; then the exit code is 6.
    """
    from crucible.cli import watch_view  # noqa: PLC0415 - tabulate: not for `--help`

    with source.opened() as asked:
        run_id = asked.run_id(run, project) if run else _newest(asked, project)
        with watch_view.shown(form) as view:
            found = _followed(asked, run_id, interval, view)
    raise click.exceptions.Exit(EXIT[found["status"]])


def _newest(asked: source.Source, project: str | None) -> str:
    page = asked.runs(project, status=LIVE, limit=1)
    if not page["runs"]:
        raise CrucibleError(
            "no run is live",
            hint="`crucible runs` lists those that ended; `crucible runs watch RUN` shows one.",
        )
    return str(page["runs"][0]["id"])


def _followed(asked: source.Source, run_id: str, interval: float, view: "View") -> dict[str, Any]:
    """The run as it ended. Raises Unavailable when it could not be seen for too long."""
    view.update(found := asked.run(run_id))
    seen = time.monotonic()
    while found["status"] in LIVE:
        time.sleep(interval)
        try:
            view.update(found := asked.run(run_id))
            seen = time.monotonic()
        except Unavailable as error:
            away = time.monotonic() - seen
            if away > GIVE_UP_SECONDS:
                raise
            view.trouble(f"{error.message}; trying again", away)
    return found
