"""seed accounts

Revision ID: 27c6a30d7c24
Revises: ae1027a6acf0
Create Date: 2026-03-21 11:02:14
"""

import sqlalchemy as sa
from alembic import op

revision = "27c6a30d7c24"
down_revision = "ae1027a6acf0"
branch_labels = None
depends_on = None

account = sa.table("account", sa.column("id", sa.Integer), sa.column("name", sa.String))


def upgrade():
    op.bulk_insert(account, [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}])


def downgrade():
    op.execute(account.delete().where(account.c.id.in_([1, 2])))
