"""`crucible runs cancel` and `crucible runs resume`."""

from typing import Any, NoReturn

import click

from crucible import config
from crucible.cli import emit, source, state
from crucible.cli.options import (
    budget_of,
    budget_options,
    examples,
    format_option,
    project_option,
    url_option,
)


@click.command(
    short_help="Stop a live run.",
    epilog=examples("crucible runs cancel 42", "crucible runs cancel 019ac1f2-7d30"),
)
@click.argument("run")
@project_option("The project that a number such as 42 is counted in.")
@format_option()
@url_option
def cancel(run: str, project: str | None, form: str) -> None:
    """Ask a live run to stop. It stops within the time of one call; what it made is kept.

    RUN is an id, its first 8 characters or more, or a number within its project.
    """
    with source.opened() as asked:
        summary = asked.cancel(run, project)
    _say(summary, form, "cancelled" if summary["status"] == "cancelled" else "asked to stop")


@click.command(
    short_help="Let a failed or cancelled run go on.",
    epilog=examples(
        "crucible runs resume 42",
        "crucible runs resume 42 --here",
        "crucible runs resume 42 --max-cost-usd 2.50",
    ),
)
@click.argument("run")
@project_option("The project that a number such as 42 is counted in.")
@click.option("--here", is_flag=True, help="Run it in this process and watch it.")
@budget_options
@format_option()
@url_option
def resume(run: str, project: str | None, here: bool, form: str, **limits: Any) -> None:
    """Let a failed or cancelled run go on: only what is missing is done and paid for.

    It is queued for `crucible serve` or `crucible worker`, unless --here runs it now; then the
    exit code is that of `crucible test-run`. Limits given here replace those it had; they count
    everything it has ever used.
    """
    if here:
        _go_on_here(run, project, budget_of(limits), form)
    with source.opened() as asked:
        summary = asked.resume(run, project, budget_of(limits))
    _say(summary, form, "queued; a running `crucible serve` or `crucible worker` takes it up")


def _go_on_here(
    run: str, project: str | None, budget: dict[str, Any] | None, form: str
) -> NoReturn:
    from crucible.cli import local_source, test_run  # noqa: PLC0415 - SQLAlchemy: not for `--help`

    if state.given_url():
        raise click.UsageError("--here works on the database here: it does not go with --url.")
    settings = config.load()
    test_run.require_model(settings)
    with local_source.opened() as asked:
        summary = asked.resume(run, project, budget, here=True)
    with state.opened(settings.database_url) as database:
        code = test_run.watched(database, settings, summary["id"], form)
    raise click.exceptions.Exit(code)


def _say(summary: dict[str, Any], form: str, what: str) -> None:
    if form == "json":
        emit.value(summary)
    else:
        emit.text(f"#{summary['number']} {what}\nnext: crucible runs show {summary['id']}")
