"""Brings a database to the schema this version knows. Migrations alone make tables."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from crucible.db import make_engine, translated_errors
from crucible.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0006"
"""The newest revision. Kept here so that a database that is up to date costs no Alembic import;
a test holds it against the migrations."""


def ensure(url: str) -> bool:
    """Creates or upgrades the database at `url`; True when there was something to do.

    Raises Conflict for a database newer than this version, Unavailable when it cannot be used.
    """
    current = revision(url)
    if current == HEAD:
        return False
    _refuse_newer(url, current)
    from alembic import command  # noqa: PLC0415 - 300 ms that an up-to-date database saves

    with translated_errors():
        command.upgrade(config(url), "head")
    return True


def revision(url: str) -> str | None:
    """The database's revision, None for an empty one."""
    engine = make_engine(url)
    try:
        with translated_errors(), engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
            return None if row is None else str(row[0])
    except DatabaseError as error:
        raise Unavailable(f"the database cannot be used: {error.orig}") from error
    finally:
        engine.dispose()


def check(url: str) -> list[str]:
    """What differs between the database and this version's models; empty when nothing does."""
    current = revision(url)
    if current != HEAD:
        _refuse_newer(url, current)
        return [f"revision is {current or 'none'}, this version needs {HEAD}"]
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - see `ensure`
    from alembic.migration import MigrationContext  # noqa: PLC0415

    from crucible.models import Base  # noqa: PLC0415

    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return [str(difference) for difference in compare_metadata(context, Base.metadata)]
    finally:
        engine.dispose()


def config(url: str) -> "Config":
    """Alembic's configuration, without a file."""
    from alembic.config import Config  # noqa: PLC0415 - see `ensure`

    logging.getLogger("alembic").setLevel(logging.WARNING)
    made = Config()
    made.set_main_option("script_location", str(scripts()))
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return made


def scripts() -> Path:
    """The folder of migrations: inside an installed package, or at the top of a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "_migrations"
    return installed if installed.is_dir() else here.parents[1] / "migrations"


def _refuse_newer(url: str, current: str | None) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see `ensure`

    if current is None:
        return
    known = {
        script.revision for script in ScriptDirectory.from_config(config(url)).walk_revisions()
    }
    if current not in known:
        raise Conflict(
            f"the database is newer (revision {current}) than this version of Int Crucible knows "
            f"({HEAD}): upgrade the program, or point CRUCIBLE_DATABASE_URL elsewhere"
        )
