"""`crucible db sample`: made-up history."""

import dataclasses
import shlex
import sys
from typing import Any

import click

from crucible import config
from crucible.cli import emit, state
from crucible.cli.options import examples, format_option
from crucible.cli.text import is_terminal
from crucible.clock import SystemClock

TITLE = "Sample history"
MOST = 1_000_000


@click.command(
    short_help="Add made-up history.",
    epilog=examples(
        "crucible db sample --runs 500",
        "crucible db sample --runs 100000 --seed 7 --project 'Load test'",
    ),
)
@click.option(
    "--runs", type=click.IntRange(1, MOST), required=True, help="How many runs to make up."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    help="The same seed makes the same history, up to the moment it ends at.",
)
@click.option(
    "--project",
    "title",
    metavar="TITLE",
    default=TITLE,
    show_default=True,
    help="The project to add to; made if there is none with this title.",
)
@format_option()
def sample(runs: int, seed: int, title: str, form: str) -> None:
    """Add made-up history that ends now: runs that complete, fail and are cancelled, with times,
    tokens and costs that add up.

    For looking around and for measuring. Every run is labelled `sample`, has `ledger: absent`
    and cannot be resumed. Written in short transactions, so that a server can go on working.
    """
    from crucible import migrate  # noqa: PLC0415 - SQLAlchemy: not for `--help`
    from crucible.services.history.sample import add_sample  # noqa: PLC0415

    title = _title(title)
    url = config.load().database_url
    migrate.ensure(url)
    with state.opened(url) as database:
        made = add_sample(database, SystemClock(), runs, seed, title, _told(runs))
    found = dataclasses.asdict(made)
    emit.value(found) if form == "json" else emit.text(_said(found))


def _title(title: str) -> str:
    if not title.strip() or len(title) > 200 or not title.isprintable():
        raise click.BadParameter("takes 1 to 200 printable characters", param_hint="--project")
    return title


def _told(runs: int) -> Any:
    """Tells a person that waits how far it is."""
    if not is_terminal(sys.stderr):
        return lambda made: None
    return lambda made: (
        click.echo(f"{made:,} of {runs:,} runs", err=True) if not made % 10_000 else None
    )


def _said(made: dict[str, Any]) -> str:
    statuses = ", ".join(
        f"{count:,} {status}" for status, count in sorted(made["by_status"].items())
    )
    return "\n".join(
        [
            f"{made['runs']:,} made-up runs added to {made['project_title']}: {statuses}",
            f"  #{made['first_number']} to #{made['last_number']}, "
            f"{made['since']} to {made['until']}, seed {made['seed']}",
            f"next: crucible runs --project-id {shlex.quote(made['project_title'])}",
        ]
    )
