"""traces that are to be sent

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def String(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "crucible_due_traces",
        sa.Column("run_id", String(36), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("server_address", String(255), nullable=True),
        sa.Column("server_port", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("sender", String(36), nullable=True),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["crucible_runs.id"],
            name=op.f("fk_crucible_due_traces_run_id_crucible_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "attempt", name=op.f("pk_crucible_due_traces")),
    )


def downgrade() -> None:
    op.drop_table("crucible_due_traces")
