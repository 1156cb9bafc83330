"""`crucible runs compare`: what took longer, and why it cost more."""

import click

from crucible.cli import emit, fields, source
from crucible.cli.options import examples, format_option, project_option, url_option
from crucible.cli.text import Screen


@click.command(
    short_help="Set one run against another.",
    epilog=examples(
        "crucible runs compare 41 43",
        "crucible runs compare 41 43 --project-id 'Checkout p99'",
        "crucible runs compare 019ac1f2-7d30 019ac1f5-11e2 --format json | jq .cost_usd.causes",
    ),
)
@click.argument("base")
@click.argument("head")
@project_option("The project that numbers such as 42 are counted in.")
@format_option()
@fields.json_option("comparison")
@url_option
def compare(base: str, head: str, project: str | None, form: str) -> None:
    """Set HEAD against BASE: time by phase, cost by cause, what was made and how good it is.

    Both are ids, their first 8 characters or more, or numbers; a HEAD of 43 counts in the project
    of BASE. A change is HEAD - BASE. The causes of a change of cost are the number of calls,
    tokens a call, the price, and retries; docs/metrics.md says how they are told apart. `json` is
    what the API answers.
    """
    with source.opened() as asked:
        found = asked.compare(base, head, project)
    if form == "json":
        fields.value(found)
        return
    from crucible.cli import compare_view  # noqa: PLC0415 - tabulate, for this format only

    emit.text(compare_view.render(found, Screen.of()))
