"""create purchase

Revision ID: ae1027a6acf0
Revises: 1975ea83b712
Create Date: 2026-02-03 16:40:55
"""

import sqlalchemy as sa
from alembic import op

revision = "ae1027a6acf0"
down_revision = "1975ea83b712"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "purchase",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("amount_cents", sa.Integer, nullable=False),
    )
    op.create_index("ix_purchase_account_id", "purchase", ["account_id"])


def downgrade():
    op.drop_index("ix_purchase_account_id", table_name="purchase")
    op.drop_table("purchase")
