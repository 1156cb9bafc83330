"""`crucible estimate`: what a run would take."""

from typing import Any

import click

from crucible.cli import emit, fields, source
from crucible.cli.options import examples, format_option, project_option, url_option
from crucible.cli.run_request import request_options, unchecked_request
from crucible.cli.text import Screen


@click.command(
    short_help="Say what a run would take: calls, tokens, cost, time.",
    epilog=examples(
        "crucible estimate",
        "crucible estimate --candidates 8 --scenarios 12 --model gpt-5",
        "crucible estimate --project-id 'Checkout p99' --format json | jq .cost_usd.p90",
    ),
)
@project_option("Id, its first 8 characters or more, or title; not needed if there is only one.")
@request_options
@format_option()
@fields.json_option("estimate")
@url_option
def estimate(project: str | None, form: str, **given: Any) -> None:
    """Say what a run would take: calls, tokens, cost and time. Starts nothing.

    Takes the options of `crucible test-run`. Ranges go from p50 (as likely to be less as to be
    more) to p90 (nine in ten are less). The second line says what they rest on; then comes a
    warning for each limit that the run would probably reach. `json` is what the API answers.
    """
    request = unchecked_request(given)
    with source.opened() as asked:
        found = asked.estimate(project, request)
    if form == "json":
        fields.value(found)
    else:
        from crucible.cli import estimate_view  # noqa: PLC0415 - for this format only

        emit.text(estimate_view.render(found, Screen.of()))
