"""`crucible runs trends`: how a project's runs go over time."""

import click

from crucible.cli import emit, fields, source
from crucible.cli.options import examples, format_option, project_option, url_option
from crucible.cli.text import Screen
from crucible.clock import SystemClock


@click.command(
    short_help="Show runs by day, and failures that come again.",
    epilog=examples(
        "crucible runs trends",
        "crucible runs trends --project-id 'Checkout p99' --days 30",
        "crucible runs trends --format json | jq '.days[] | [.date, .cost_usd]'",
    ),
)
@project_option("Id, its first 8 characters or more, or title; not needed if there is only one.")
@click.option(
    "--limit",
    type=click.IntRange(1, 200),
    default=50,
    show_default=True,
    help="How many last runs.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=14,
    show_default=True,
    help="How many last days, today included.",
)
@format_option()
@fields.json_option("trends")
@url_option
def trends(project: str | None, limit: int, days: int, form: str) -> None:
    """Show a project's last runs, its last days, and which failures come again.

    A line for each day: runs created, how they ended, spend, tokens, why they failed. Days are
    those of UTC. Then the most frequent failures of these days, each with its last run. `json` is
    what the API answers.
    """
    now = SystemClock().now()
    with source.opened() as asked:
        found = asked.trends(project, limit, days)
    if form == "json":
        fields.value(found)
        return
    from crucible.cli import trends_view  # noqa: PLC0415 - tabulate, for this format only

    emit.text(trends_view.render(found, Screen.of(), now))
