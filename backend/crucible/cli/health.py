"""`crucible runs health`: is something going wrong?"""

import click

from crucible.cli import emit, fields, source
from crucible.cli.options import examples, format_option, project_option, url_option
from crucible.cli.text import Screen
from crucible.clock import SystemClock

FAILING = 7


@click.command(
    short_help="Say whether something is going wrong.",
    epilog=examples(
        "crucible runs health",
        "crucible runs health --project-id 'Checkout p99' --exit-code",
        "crucible runs health --format json | jq -r '.anomalies[].next'",
    ),
)
@project_option("Id, its first 8 characters or more, or title; not needed if there is only one.")
@click.option("--exit-code", is_flag=True, help="Exit with 7 if the verdict is failing.")
@format_option()
@fields.json_option("health")
@url_option
def health(project: str | None, exit_code: bool, form: str) -> None:
    """Judge a project's newest runs: is something going wrong, what failed last, what is usual?

    The verdict is ok, degraded, failing, or unknown while there are too few runs. Each finding
    says what was seen, what was usual, since which run, and what to look at next; docs/health.md
    has the methods and thresholds. `json` is what the API answers.
    """
    now = SystemClock().now()
    with source.opened() as asked:
        found = asked.health(project)
    if form == "json":
        fields.value(found)
    else:
        from crucible.cli import health_view  # noqa: PLC0415 - for this format only

        emit.text(health_view.render(found, Screen.of(), now))
    if exit_code and found["verdict"] == "failing":
        raise click.exceptions.Exit(FAILING)
