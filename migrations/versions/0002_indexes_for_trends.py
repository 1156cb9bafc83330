"""indexes for trends

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("crucible_runs", schema=None) as batch_op:
        batch_op.create_index(
            "ix_crucible_runs_project_days",
            [
                "project_id",
                "created_at",
                "status",
                "error_kind",
                "cost_pico",
                "unpriced_call_count",
                "total_tokens",
            ],
            unique=False,
        )
        batch_op.create_index(
            "ix_crucible_runs_project_failures",
            [
                "project_id",
                "status",
                "created_at",
                "error_fingerprint",
                "error_kind",
                "error_phase",
                "id",
            ],
            unique=False,
            sqlite_where=sa.text("status = 'failed'"),
            postgresql_where=sa.text("status = 'failed'"),
        )


def downgrade() -> None:
    with op.batch_alter_table("crucible_runs", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_crucible_runs_project_failures",
            sqlite_where=sa.text("status = 'failed'"),
            postgresql_where=sa.text("status = 'failed'"),
        )
        batch_op.drop_index("ix_crucible_runs_project_days")
