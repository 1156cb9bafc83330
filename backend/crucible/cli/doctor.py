"""`crucible doctor`: what is wrong with this installation, and what to do about it."""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from crucible.cli import emit, state
from crucible.cli.options import examples, format_option, url_option
from crucible.cli.text import Screen

Found = dict[str, Any]


@click.command(
    epilog=examples(
        "crucible doctor",
        "crucible doctor --offline",
        "crucible doctor --format json | jq -r '.checks[] | select(.status == \"failed\") | .fix'",
    )
)
@click.option("--offline", is_flag=True, help="Call no model and ask no other machine.")
@format_option()
@url_option
def doctor(offline: bool, form: str) -> None:
    """Check settings, database, model, prices, disk, clock and workers, and say what to do.

    The model is asked one question, for an answer of a few tokens (512 at most); what a priced
    one took for it is said. It is no run, and no ledger has it. Nothing is changed: no database
    is made or upgraded, no model fetched.

    With --url that server is asked how it is, and what is here is left alone.

    `json` is {status, version, generated_at, checks: [{name, status, detail, fix, seconds}]};
    status is ok, warning, failed or skipped, fix is null where there is nothing to do. Exit code
    1 when a check failed; warnings do not count.
    """
    from crucible import doctor as work  # noqa: PLC0415 - SQLAlchemy and requests: not for `--help`

    screen = Screen.of()
    checks: list[Found] = []
    for check in _announced(work.examine, offline=offline, server=state.given_url()):
        checks.append(check)
        if form == "table":
            from crucible.cli import doctor_view  # noqa: PLC0415 - for this format only

            emit.text(doctor_view.check(check, screen))
    found = work.together(checks)
    if form == "json":
        emit.value(found)
    else:
        from crucible.cli import doctor_view  # noqa: PLC0415 - for this format only

        emit.text(doctor_view.end(found, screen))
    if found["status"] == "failed":
        raise click.exceptions.Exit(1)


def _announced(examine: Callable[..., Iterator[Found]], **how: Any) -> Iterator[Found]:
    """With the name of the check that is at work on a terminal's last line: some take seconds."""
    screen = Screen.of(sys.stderr)
    live = screen.terminal and screen.colour

    def about_to(name: str) -> None:
        if live:
            words = name.replace("_", " ")
            click.echo(f"\r\x1b[K{screen.dim(f'… {words}')}", nl=False, err=True)

    def clear() -> None:
        if live:
            click.echo("\r\x1b[K", nl=False, err=True)

    try:
        for check in examine(os.environ, about_to=about_to, **how):
            clear()
            yield check
    finally:
        clear()
