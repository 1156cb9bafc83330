"""`crucible db`: the database's schema, and made-up history for it."""

import click

from crucible import config
from crucible.cli import emit, state
from crucible.cli.db_backup import backup
from crucible.cli.options import examples
from crucible.cli.sample import sample


@click.group(
    epilog=examples("crucible db upgrade", "crucible db check", "crucible db sample --runs 500")
)
def db() -> None:
    """Upgrade, check, copy and fill the database that CRUCIBLE_DATABASE_URL names."""


@db.command(epilog=examples("crucible db upgrade"))
def upgrade() -> None:
    """Create the database, or bring it to the schema this version needs.

    Does nothing when it is up to date; refuses one that is newer than this version.
    """
    from crucible import migrate  # noqa: PLC0415 - SQLAlchemy: not for `--help`

    url = config.load().database_url
    changed = migrate.ensure(url)
    said = "upgraded to" if changed else "already at"
    emit.text(f"{_name(url)}: {said} revision {migrate.HEAD}")


@db.command(epilog=examples("crucible db check"))
def check() -> None:
    """Compare the database with what this version needs. Exit code 1 when they differ."""
    from crucible import migrate  # noqa: PLC0415 - SQLAlchemy: not for `--help`

    url = config.load().database_url
    state.require_database(url)
    differences = migrate.check(url)
    if not differences:
        emit.text(f"{_name(url)}: as this version needs it (revision {migrate.HEAD})")
        return
    emit.text("\n".join([f"{_name(url)}: differs", *(f"  {each}" for each in differences)]))
    click.echo("Hint: `crucible db upgrade` brings it up to date.", err=True)
    raise click.exceptions.Exit(1)


def _name(url: str) -> str:
    """The database without the password that its address may carry."""
    from crucible.db import named  # noqa: PLC0415 - SQLAlchemy: not for `--help`

    return named(url)


db.add_command(backup)
db.add_command(sample)
