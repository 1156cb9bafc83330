"""what lists filter by, in the indexes they walk over

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "crucible_runs"
SORTS = [
    (f"ix_crucible_runs_{scope}{key}", [*columns, f"sort_{key}", "id"])
    for key in ("duration", "cost", "tokens")
    for scope, columns in (("", []), ("project_", ["project_id"]))
]
BY_MODE = ["mode", "status", "created_at", "id"]
TEXTS = ["created_at", "id", "project_id", "status", "mode", "label", "error_summary"]
HAS_TEXT = sa.text("label IS NOT NULL OR error_summary IS NOT NULL")


def upgrade() -> None:
    for name, columns in SORTS:
        op.drop_index(name, TABLE)
        op.create_index(name, TABLE, [*columns, "status", "mode"])
    op.create_index("ix_crucible_runs_mode_status_created", TABLE, BY_MODE)
    op.create_index("ix_crucible_runs_project_mode_status_created", TABLE, ["project_id", *BY_MODE])
    op.create_index(
        "ix_crucible_runs_texts",
        TABLE,
        TEXTS,
        sqlite_where=HAS_TEXT,
        postgresql_where=HAS_TEXT,
    )


def downgrade() -> None:
    for name in ("texts", "project_mode_status_created", "mode_status_created"):
        op.drop_index(f"ix_crucible_runs_{name}", TABLE)
    for name, columns in SORTS:
        op.drop_index(name, TABLE)
        op.create_index(name, TABLE, columns)
