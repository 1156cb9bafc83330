"""`crucible runs`: list, show, verify; cancel and resume; export and import."""

import shlex
from typing import Any

import click

from crucible.cli import (
    calls,
    compare,
    emit,
    fields,
    health,
    purge,
    run_commands,
    run_history,
    source,
    state,
    trends,
    watch,
)
from crucible.cli.options import examples, format_option, project_option, url_option
from crucible.cli.run_reference import resolve
from crucible.cli.text import Screen
from crucible.clock import SystemClock

# As the models and the API have them; a test holds them together. Importing those here would
# make `--help` pay for SQLAlchemy and marshmallow.
STATUSES = ("created", "running", "completed", "failed", "cancelled")
MODES = ("full_search", "eval_only", "seeded")
SORTS = tuple(
    sign + key
    for key in ("created_at", "duration_seconds", "cost_usd", "total_tokens")
    for sign in ("-", "")
)


class RunsGroup(click.Group):
    """`crucible runs --status failed` is `crucible runs list --status failed`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_help = any(name in args for name in ctx.help_option_names)
        # A shell that completes `crucible runs ` asks for the subcommands.
        bare = not args and not ctx.resilient_parsing
        if bare or (args and args[0].startswith("-") and not asks_help):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        if incomplete.startswith("-"):
            return list_.shell_complete(ctx, incomplete)
        return super().shell_complete(ctx, incomplete)


@click.group(
    cls=RunsGroup,
    epilog=examples(
        "crucible runs",
        "crucible runs --status failed --since 24h",
        "crucible runs show 42",
        "crucible runs list --help",
    ),
)
def runs() -> None:
    """List, show, watch and judge runs; cancel, resume, move and purge them.

    Without a subcommand: lists, with the options of `crucible runs list`.
    """


@runs.command(
    "list",
    epilog=examples(
        "crucible runs list --status failed --status cancelled --since 7d",
        "crucible runs list --project-id 'Checkout p99' --sort -cost_usd --limit 5",
        "crucible runs list --format json | jq '.runs[0].error'",
        "crucible runs list --json number,status,llm_usage.total.cost_usd",
        "crucible runs list --format csv > runs.csv",
    ),
)
@project_option("Only runs of this project: id, its first 8 characters or more, or title.")
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="May be repeated."
)
@click.option("--mode", type=click.Choice(MODES), help="Only runs of this mode.")
@click.option("--since", metavar="WHEN", help="Created then or later: 24h, 7d, or RFC 3339.")
@click.option("--until", metavar="WHEN", help="Created before then.")
@click.option("-q", "--search", "q", metavar="TEXT", help="In label or error summary.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option("--cursor", help="`next_cursor` of the page before.")
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default="-created_at",
    show_default=True,
    metavar="KEY",
    help="created_at, duration_seconds, cost_usd or total_tokens; `-` before it: descending.",
)
@format_option("table", "json", "jsonl", "csv")
@fields.json_option("summary")
@url_option
def list_(form: str, project: str | None, **asked: Any) -> None:
    """List runs, newest first.

    The table shows, for each run: number, status, project and label, duration, candidates /
    scenarios / evaluations made, tokens in → out, cost, age, and why it failed. `json` is what
    the API answers; `jsonl` is one run a line; the columns of `csv` are in docs/cli.md.
    """
    now = SystemClock().now()
    page = _page(project, asked)
    if form == "json":
        fields.value(page, of="runs")
    elif form == "jsonl":
        fields.lines(page["runs"])
    elif form == "csv":
        from crucible.cli import runs_csv  # noqa: PLC0415 - for this format only

        emit.table(runs_csv.COLUMNS, map(runs_csv.flat, page["runs"]))
    else:
        emit.text(_table(page, project, asked, now))


def _page(project: str | None, given: dict[str, Any]) -> dict[str, Any]:
    query = {name: value or None for name, value in given.items() if name != "statuses"}
    with source.opened() as asked:
        return asked.runs(project, status=given["statuses"], **query)


def _table(page: dict[str, Any], project: str | None, asked: dict[str, Any], now: Any) -> str:
    if not page["runs"]:
        return _nothing(project, asked)
    from crucible.cli import runs_table  # noqa: PLC0415 - tabulate, for this format only

    more = _repeat(project, asked, page["next_cursor"]) if page["has_more"] else None
    return runs_table.render(page, Screen.of(), now, more)


def _nothing(project: str | None, asked: dict[str, Any]) -> str:
    filtered = any(asked[name] for name in ("statuses", "mode", "since", "until", "q", "cursor"))
    of_project = f" --project-id {shlex.quote(project)}" if project else ""
    if filtered:
        return f"No run matches.\nnext: crucible runs{of_project}"
    return f"No runs yet.\nnext: crucible test-run{of_project}"


def _repeat(project: str | None, asked: dict[str, Any], cursor: str) -> str:
    """The same question, from where this page ends."""
    words = ["crucible", "runs"]
    words += ["--project-id", project] if project else []
    for status in asked["statuses"]:
        words += ["--status", status]
    words += ["--search", asked["q"]] if asked["q"] else []
    for name in ("mode", "since", "until"):
        words += [f"--{name}", asked[name]] if asked[name] else []
    words += ["--limit", str(asked["limit"])] if asked["limit"] != 20 else []
    words += ["--sort", asked["sort"]] if asked["sort"] != "-created_at" else []
    words += ["--url", url] if (url := state.given_url()) else []
    return shlex.join([*words, "--cursor", cursor])


@runs.command(
    short_help="Show one run in full.",
    epilog=examples(
        "crucible runs show 42",
        "crucible runs show '#42' --project-id 'Checkout p99'",
        "crucible runs show 019ac1f2-7d30 --format json",
    ),
)
@click.argument("run")
@project_option("The project that a number such as 42 is counted in.")
@format_option()
@fields.json_option("run")
@url_option
def show(run: str, project: str | None, form: str) -> None:
    """Show one run in full: why it failed, where its time and money went, what it made.

    RUN is an id, its first 8 characters or more if no other run has them, or the number of the
    run within its project: 42 or '#42'.
    """
    now = SystemClock().now()
    with source.opened() as asked:
        found = asked.run(run, project)
        if form == "json":
            fields.value(found)
            return
        calls = source.every_call(asked, found["id"])
    from crucible.cli import run_view  # noqa: PLC0415 - tabulate, for this format only

    emit.text(run_view.render(found, calls, Screen.of(), now))


@runs.command(
    short_help="Check that runs add up.",
    epilog=examples("crucible runs verify", "crucible runs verify 42"),
)
@click.argument("run", required=False)
@project_option("The project that a number such as 42 is counted in.")
@format_option()
def verify(run: str | None, project: str | None, form: str) -> None:
    """Recompute every total from the ledger and every count from the results.

    Checks RUN, or every run; says what it covered and what it could not. Exit code 1 if anything
    differs.
    """
    from crucible.cli import verify_view  # noqa: PLC0415 - tabulate
    from crucible.services import verify as service  # noqa: PLC0415 - SQLAlchemy

    if project and not run:
        raise click.UsageError("--project-id goes with a RUN.")
    with state.reading() as session:
        if run:
            checked = [service.verify_run(session, resolve(session, run, project))]
        else:
            checked = list(service.verify_all(session))
    if form == "json":
        emit.value(checked[0] if run else verify_view.together(checked))
    else:
        emit.text(verify_view.render(checked, Screen.of()))
    if not all(each["ok"] for each in checked):
        raise click.exceptions.Exit(1)


runs.add_command(run_commands.cancel)
runs.add_command(run_commands.resume)
runs.add_command(run_history.export)
runs.add_command(run_history.import_)
runs.add_command(health.health)
runs.add_command(trends.trends)
runs.add_command(compare.compare)
runs.add_command(purge.purge)
runs.add_command(watch.watch)
runs.add_command(calls.calls)
