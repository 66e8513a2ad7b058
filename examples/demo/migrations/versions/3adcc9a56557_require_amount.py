"""purchases have a positive amount

SQLite cannot alter a constraint: the table is moved and copied there, and altered in place elsewhere.

Revision ID: 3adcc9a56557
Revises: 27c6a30d7c24
Create Date: 2026-05-08 08:30:00
"""

from alembic import op

revision = "3adcc9a56557"
down_revision = "27c6a30d7c24"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("purchase") as batch_op:
        batch_op.create_check_constraint("ck_purchase_amount", "amount_cents > 0")


def downgrade():
    with op.batch_alter_table("purchase") as batch_op:
        batch_op.drop_constraint("ck_purchase_amount", type_="check")
