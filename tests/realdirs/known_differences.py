"""Where the runner differs from Alembic on real directories on purpose, and why.

Each function makes of Alembic's text what ours must be, or brings both to a form without the difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby

__all__ = [
    "COMPARISON_DIFFERENCES",
    "canonical_sqlite_schema",
    "offline_expected",
    "sqlite_expected",
    "with_sorted_indexes",
]

_VALUE_NEVER_ADDED = (
    "v1.2.0.a alters the column to an enum type of the same name, which PostgreSQL takes for no change: databases that "
    "are older have no such value. Alembic does not compare the values of enum types."
)
_KEY_IS_HELD = (
    "The unique constraint of oauth_clients.identifier gets another name, and PostgreSQL does not drop it while a "
    "foreign key depends on it: the foreign key goes first and comes back. Alembic's proposal fails there."
)
_KEY_IS_NEEDED = "The table is new, and its foreign key is made when the unique constraint it needs is there again."

COMPARISON_DIFFERENCES: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("optuna", "postgresql"): {"add_enum_value trialstate WAITING": _VALUE_NEVER_ADDED},
    ("jupyterhub", "postgresql"): {
        "add_fk fk_api_tokens_client_id_oauth_clients on api_tokens (client_id)": _KEY_IS_NEEDED,
        "add_fk fk_services_oauth_client_id_oauth_clients on services (oauth_client_id)": _KEY_IS_HELD,
        "add_fk fk_spawners_oauth_client_id_oauth_clients on spawners (oauth_client_id)": _KEY_IS_HELD,
        "add_fk oauth_codes_client_id_fkey on oauth_codes (client_id)": _KEY_IS_HELD,
        "remove_fk fk_services_oauth_client_id_oauth_clients on services (oauth_client_id)": _KEY_IS_HELD,
        "remove_fk fk_spawners_oauth_client_id_oauth_clients on spawners (oauth_client_id)": _KEY_IS_HELD,
        "remove_fk oauth_codes_client_id_fkey on oauth_codes (client_id)": _KEY_IS_HELD,
    },
}
"""(package, dialect) -> what `check` finds and Alembic's does not, a line each, with the reason."""


def offline_expected(alembic: str) -> str:
    """Return what our script must be, given Alembic's, both with white space collapsed.

    - Under SQLAlchemy 2.0 Alembic writes RETURNING behind the first version row; a script has no use for the answer.
    - Alembic leaves the percent sign of a driver's format style doubled, so `format('... %I')` fails on the server.
    """
    text = re.sub(r" RETURNING (alembic_version\.)?version_num;", ";", alembic)
    return text.replace("%%", "%")


def with_sorted_indexes(text: str) -> str:
    """Sort neighbouring CREATE INDEX lines.

    Alembic writes the indexes of a new table in the order of a set, which differs from run to run; ours are sorted.
    """
    lines: list[str] = []
    for is_index, group in groupby(text.splitlines(), key=_creates_index):
        run = list(group)
        lines += sorted(run) if is_index else run
    return "\n".join(lines) + "\n"


def _creates_index(line: str) -> bool:
    return re.match(r"CREATE (UNIQUE )?INDEX ", line) is not None


# Moving a table, Alembic forgets unnamed UNIQUE constraints and what a foreign key does on delete: table -> (what it
# leaves, what was there). An empty first part is something it forgets altogether.
_KEPT_BY_US: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "jupyterhub": {
        "services": (
            ("", "UNIQUE (name)"),
            (
                "FOREIGN KEY(_server_id) REFERENCES servers (id)",
                "FOREIGN KEY(_server_id) REFERENCES servers (id) ON DELETE SET NULL",
            ),
        ),
        "spawners": (
            (
                "FOREIGN KEY(user_id) REFERENCES users (id)",
                "FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE",
            ),
            (
                "FOREIGN KEY(server_id) REFERENCES servers (id)",
                "FOREIGN KEY(server_id) REFERENCES servers (id) ON DELETE SET NULL",
            ),
        ),
    },
}


def sqlite_expected(package: str, alembic: str) -> str:
    """Return what our SQLite schema must be, given Alembic's, in the form of `canonical_sqlite_schema`."""
    repairs = _KEPT_BY_US.get(package, {})
    return canonical_sqlite_schema(alembic, repairs)


def canonical_sqlite_schema(schema: str, repairs: Mapping[str, tuple[tuple[str, str], ...]] | None = None) -> str:
    """Return a schema with one line per column and constraint, constraints and indexes sorted.

    Their order means nothing, SQLAlchemy's reflection does not keep it, and Alembic's follows a set. Nor do parentheses
    around the literal of a default mean anything; Alembic adds them when it moves a table.
    """
    statements = []
    for statement in schema.split(";\n"):
        created = re.fullmatch(r'CREATE TABLE "?(\w+)"? \((.*)\)', " ".join(statement.split()))
        if created is None:
            statements.append(" ".join(statement.split()))
            continue
        table, body = created.groups()
        columns, constraints = _columns_and_constraints(body)
        for left, kept in (repairs or {}).get(table, ()):
            if left:
                constraints.remove(left)  # fails when the difference is gone
            constraints.append(kept)
        statements.append("\n  ".join([f"CREATE TABLE {table}", *columns, *sorted(constraints)]))
    statements.sort(key=lambda statement: statement if _creates_index(statement) else "")
    text = re.sub(r"DEFAULT \((true|false|-?\d+|'[^']*')\)", r"DEFAULT \1", "\n".join(statements))
    return text + "\n"


def _columns_and_constraints(body: str) -> tuple[list[str], list[str]]:
    columns: list[str] = []
    constraints: list[str] = []
    for item in _items(body):
        is_constraint = re.match(r"(CONSTRAINT|PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK)\b", item)
        (constraints if is_constraint else columns).append(item)
    return columns, constraints


def _items(body: str) -> list[str]:
    """Split at the commas outside parentheses and quotes."""
    items, depth, start = [], 0, 0
    quoted = False
    for position, character in enumerate(body):
        quoted ^= character == "'"
        depth += 0 if quoted else {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0 and not quoted:
            items.append(body[start:position].strip())
            start = position + 1
    return [*items, body[start:].strip()]
