"""revisions, and runs by their last change

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PARTS = 16


def upgrade() -> None:
    revisions = op.create_table(
        "crucible_revisions",
        sa.Column("part", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_crucible_revisions")),
    )
    op.bulk_insert(revisions, [{"part": part, "value": 0} for part in range(PARTS)])
    with op.batch_alter_table("crucible_runs", schema=None) as batch_op:
        batch_op.create_index("ix_crucible_runs_updated", ["updated_at", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("crucible_runs", schema=None) as batch_op:
        batch_op.drop_index("ix_crucible_runs_updated")
    op.drop_table("crucible_revisions")
