"""`crucible runs calls`: every request a run sent to a model."""

import shlex
from typing import Any

import click

from crucible.cli import emit, fields, source, state
from crucible.cli.options import examples, format_option, project_option, url_option
from crucible.cli.text import Screen
from crucible.clock import SystemClock

# As the models have them; a test holds them together. Importing those would load SQLAlchemy.
PHASES = ("design", "scenarios", "evaluation", "ranking")
OUTCOMES = ("pending", "ok", "error", "invalid", "timeout", "unknown")
LIMIT = 100


@click.command(
    short_help="List the calls a run made to models.",
    epilog=examples(
        "crucible runs calls 42",
        "crucible runs calls 42 --outcome error",
        "crucible runs calls 42 --phase evaluation --limit 500 --format csv > calls.csv",
        "crucible runs calls 42 --json subject,latency_seconds,cost_usd",
    ),
)
@click.argument("run")
@project_option("The project that a number such as 42 is counted in.")
@click.option("--phase", type=click.Choice(PHASES), help="Only calls of this phase.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only calls that came to this.")
@click.option("--limit", type=click.IntRange(1, 500), default=LIMIT, show_default=True)
@click.option("--cursor", help="`next_cursor` of the page before.")
@format_option("table", "json", "jsonl", "csv")
@fields.json_option("call")
@url_option
def calls(run: str, project: str | None, form: str, **asked: Any) -> None:
    """List the calls a run made to models, in the order they were sent.

    The table shows, for each call: what became of it, phase, what it was for (which attempt at
    it, if not the first), model, tokens in → out, cost, latency, when it was sent, and why it
    failed. Failed calls and the slowest ones are marked, and summed up below. `json` is what the
    API answers.

    RUN is an id, its first 8 characters or more, or a number within its project.
    """
    with source.opened() as opened:
        page = opened.calls(run, project, **asked)
        found = {} if page["calls"] or form != "table" else opened.run(run, project)
    if form == "json":
        fields.value(page, of="calls")
    elif form == "jsonl":
        fields.lines(page["calls"])
    elif form == "csv":
        emit.table(list(fields.names("call")), page["calls"])
    else:
        emit.text(_table(page, found, run, project, asked))


def _table(
    page: dict[str, Any],
    found: dict[str, Any],
    run: str,
    project: str | None,
    asked: dict[str, Any],
) -> str:
    from crucible.cli import calls_view  # noqa: PLC0415 - tabulate, for this format only

    if not page["calls"]:
        return calls_view.nothing(
            found, any(asked[name] for name in ("phase", "outcome", "cursor"))
        )
    more = _repeat(run, project, asked, page["next_cursor"]) if page["has_more"] else None
    return calls_view.render(page["calls"], Screen.of(), SystemClock().now(), more)


def _repeat(run: str, project: str | None, asked: dict[str, Any], cursor: str) -> str:
    """The same question, from where this page ends."""
    words = ["crucible", "runs", "calls", run]
    words += ["--project-id", project] if project else []
    for name in ("phase", "outcome"):
        words += [f"--{name}", asked[name]] if asked[name] else []
    words += ["--limit", str(asked["limit"])] if asked["limit"] != LIMIT else []
    words += ["--url", url] if (url := state.given_url()) else []
    return shlex.join([*words, "--cursor", cursor])
