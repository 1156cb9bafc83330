"""Alembic's entry. The database's address comes from the caller (`crucible db ...`)."""

from typing import Any, Literal

from alembic import context

from crucible.db import alone, make_engine
from crucible.models import Base, UTCDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration is frozen: it names SQLAlchemy's types, not ours, which may change."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    config = context.config
    engine = make_engine(config.get_main_option("sqlalchemy.url") or "")
    # One transaction for all steps, alone from its start: of two processes that start at once the
    # second waits, then finds the work done; a failing step leaves nothing behind.
    with engine.execution_options(writes=True).connect() as connection:
        alone(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            transactional_ddl=True,
            compare_type=True,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
