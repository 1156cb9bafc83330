"""`crucible welcome`: what a first visit needs. `make run` calls it before it serves."""

from typing import TYPE_CHECKING, Any

import click

from crucible import config
from crucible.cli.options import examples
from crucible.clock import SystemClock
from crucible.config import Settings
from crucible.errors import CrucibleError, Precondition

if TYPE_CHECKING:
    from crucible.db import Database

FIRST_LABEL = "first run"


@click.command(epilog=examples("crucible welcome", "crucible welcome --candidates 2 --scenarios 2"))
@click.option("--candidates", type=click.IntRange(1, 50), default=3, show_default=True)
@click.option("--scenarios", type=click.IntRange(1, 50), default=3, show_default=True)
def welcome(candidates: int, scenarios: int) -> None:
    """Prepare an empty database for a first visit.

    Makes a sample project. With the embedded model, also fetches the model and queues one run
    for the next `crucible serve`; with an endpoint of your own it spends nothing. Does nothing
    once there is a project. Creates or upgrades the database.
    """
    settings = config.load()
    from crucible import migrate  # noqa: PLC0415 - SQLAlchemy: not for `--help`
    from crucible.cli.state import opened  # noqa: PLC0415

    migrate.ensure(settings.database_url)
    with opened(settings.database_url) as database:
        project_id = _sample_project(database)
        if project_id is None:
            return
        click.echo("Made a sample project to start with.", err=True)
        if settings.llm != "local":
            click.echo("Your endpoint is configured: no run is started until you do.", err=True)
            return
        if not _runs_here():
            return
        click.echo(
            f"The embedded model {settings.llm_model} answers: free, and small. "
            "CRUCIBLE_LLM_BASE_URL points to a better one.",
            err=True,
        )
        if _fetched(settings):
            asked = {"num_candidates": candidates, "num_scenarios": scenarios}
            _queue(database, settings, project_id, {**asked, "label": FIRST_LABEL})
            click.echo("Queued a first run; watch it on the page.", err=True)


def _sample_project(database: "Database") -> str | None:
    """The sample project's id; None when the database holds a project already."""
    from crucible.sample import SAMPLE_PROJECT  # noqa: PLC0415 - for an empty database only
    from crucible.services import projects  # noqa: PLC0415

    with database.writing() as session:
        if projects.list_projects(session):
            return None
        return str(projects.create_project(session, SystemClock(), SAMPLE_PROJECT)["id"])


def _runs_here() -> bool:
    """Whether the embedded model can run; says why not. A run queued then would only fail."""
    from crucible.llm.local import runtime  # noqa: PLC0415 - for the embedded model only

    try:
        runtime.require()
    except Precondition as lacking:
        click.echo(
            f"The embedded model cannot run here: {lacking.message}; no run was started.\n"
            f"To change that: {lacking.hint}\n"
            "Or set CRUCIBLE_LLM_BASE_URL to an endpoint of your own.",
            err=True,
        )
        return False
    return True


def _fetched(settings: Settings) -> bool:
    """Brings the embedded model; a page without it is still of use, so failing is no end."""
    from crucible.cli.model import bring  # noqa: PLC0415 - for the embedded model only
    from crucible.llm.local import files  # noqa: PLC0415 - as above

    found = files.status(settings.local_model)
    if found.state != "ready" and found.size_bytes:
        click.echo(
            f"No endpoint is configured, so the embedded model {found.name} will answer.\n"
            f"It is fetched now, once: {found.size_bytes / 1e9:.1f} GB into {found.path.parent}.\n"
            "To use an endpoint of your own instead: Ctrl-C, then set CRUCIBLE_LLM_BASE_URL.",
            err=True,
        )
    try:
        bring(settings.local_model)
    except CrucibleError as error:
        click.echo(f"{error.message} {error.hint or ''}".rstrip(), err=True)
        click.echo("No first run was started. `crucible model fetch` tries again.", err=True)
        return False
    return True


def _queue(
    database: "Database", settings: Settings, project_id: str, request: dict[str, Any]
) -> None:
    from crucible import schemas  # noqa: PLC0415 - marshmallow: for a first run only
    from crucible.services import runs  # noqa: PLC0415

    loaded = schemas.load(schemas.RunInputSchema(), request)
    with database.writing() as session:
        runs.start_run(session, SystemClock(), settings, project_id, loaded)
