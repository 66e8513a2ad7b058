<%!
import json


def quoted(names):
    """Return a revision identifier, several of them or None as Python source."""
    if names is None or isinstance(names, str):
        return "None" if names is None else json.dumps(names, ensure_ascii=False)
    items = [json.dumps(name, ensure_ascii=False) for name in names]
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
%>"""${message}

Revision ID: ${up_revision}
Revises:${" " if down_revision else ""}${down_revision | comma,n}
Create Date: ${create_date}

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
% if imports:
${imports}
% endif

revision: str = ${quoted(up_revision)}
down_revision: str | Sequence[str] | None = ${quoted(down_revision)}
branch_labels: str | Sequence[str] | None = ${quoted(branch_labels)}
depends_on: str | Sequence[str] | None = ${quoted(depends_on)}
% if replaces is not UNDEFINED and replaces:
replaces: Sequence[str] = ${quoted(replaces)}
% endif


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
