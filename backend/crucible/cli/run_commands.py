"""`crucible runs cancel` and `crucible runs resume`."""

from typing import Any

import click

from crucible import config
from crucible.cli import emit, state
from crucible.cli.options import (
    budget_of,
    budget_options,
    examples,
    format_option,
    project_option,
)
from crucible.cli.run_reference import resolve
from crucible.clock import SystemClock


@click.command(
    short_help="Stop a live run.",
    epilog=examples("crucible runs cancel 42", "crucible runs cancel 019ac1f2-7d30"),
)
@click.argument("run")
@project_option("The project that a number such as 42 is counted in.")
@format_option()
def cancel(run: str, project: str | None, form: str) -> None:
    """Ask a live run to stop. It stops within the time of one call; what it made is kept.

    RUN is an id, its first 8 characters or more, or a number within its project.
    """
    from crucible.services import runs  # noqa: PLC0415 - SQLAlchemy

    summary = _asked(run, project, runs.cancel_run)
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
def resume(run: str, project: str | None, here: bool, form: str, **limits: Any) -> None:
    """Let a failed or cancelled run go on: only what is missing is done and paid for.

    It is queued for `crucible serve`, unless --here runs it now; then the exit code is that of
    `crucible test-run`. Limits given here replace those it had; they count everything it has
    ever used.
    """
    from crucible.cli import test_run  # noqa: PLC0415 - for `here` only
    from crucible.services import runs  # noqa: PLC0415 - SQLAlchemy

    settings = config.load()
    if here:
        test_run.require_model(settings)

    def go_on(session: Any, clock: Any, run_id: str) -> None:
        runs.resume_run(session, clock, settings, run_id, budget_of(limits))

    summary = _asked(run, project, go_on)
    if not here:
        return _say(summary, form, "queued; a running `crucible serve` takes it up")
    with state.opened(settings.database_url) as database:
        code = test_run.watched(database, settings, summary["id"], form)
    raise click.exceptions.Exit(code)


def _asked(run: str, project: str | None, command: Any) -> dict[str, Any]:
    from crucible.services import runs  # noqa: PLC0415 - SQLAlchemy

    clock = SystemClock()
    with state.reading() as session:
        run_id = resolve(session, run, project)
    with state.opened(config.load().database_url) as database, database.writing() as session:
        command(session, clock, run_id)
        return runs.get_summary(session, run_id, clock.now())


def _say(summary: dict[str, Any], form: str, what: str) -> None:
    if form == "json":
        emit.value(summary)
    else:
        emit.text(f"#{summary['number']} {what}\nnext: crucible runs show {summary['id']}")
