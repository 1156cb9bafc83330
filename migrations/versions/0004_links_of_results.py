"""results by what they link to, so that deleting a run does not read whole tables

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_crucible_evaluations_scenario", "crucible_evaluations", ["scenario_id"])
    op.create_index(
        "ix_crucible_missing_candidate", "crucible_missing_evaluations", ["candidate_id"]
    )
    op.create_index("ix_crucible_missing_scenario", "crucible_missing_evaluations", ["scenario_id"])


def downgrade() -> None:
    op.drop_index("ix_crucible_missing_scenario", "crucible_missing_evaluations")
    op.drop_index("ix_crucible_missing_candidate", "crucible_missing_evaluations")
    op.drop_index("ix_crucible_evaluations_scenario", "crucible_evaluations")
