"""Recordings for tests of the artifact's review page: a small one with everything in it, and large ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from runner.artifact.recording import Note, Obstacle, RecordedRevision, RecordedStatement, Recording, Role, ServerRange
from runner.dialects.statement_kind import statement_kind
from runner.graph import Direction

__all__ = ["HOSTILE", "downgrade_of", "hostile", "large", "manifest", "recorded", "small", "statement"]

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`&lt; ]]> --> "
    "\u202etxt\u2066 \x00\x1b[31m\ud800 @team #1 |x| [a](javascript:b)"
)


def statement(sql: str, **kw: Any) -> RecordedStatement:
    """Return a statement of a revision."""
    return RecordedStatement(sql=sql, script=sql + ";", kind=statement_kind(sql), **kw)


def recorded(revision: str, *sqls: str | RecordedStatement, follows: Iterable[str] = (), **kw: Any) -> RecordedRevision:
    """Return a revision with these statements, and one that changes the version row."""
    statements = [one if isinstance(one, RecordedStatement) else statement(one) for one in sqls]
    row = statement(f"UPDATE alembic_version SET version_num = '{revision}'", role=Role.VERSION_ROW)
    kw.setdefault("message", f"change number {revision}")
    kw.setdefault("doc", kw["message"])
    kw.setdefault("path", f"versions/{revision}.py")
    kw.setdefault("source_digest", hashlib.sha256(revision.encode()).hexdigest())
    return RecordedRevision(
        revision=revision,
        down_revisions=tuple(follows),
        statements=(*statements, row),
        heads_before=tuple(follows),
        heads_after=(revision,),
        **kw,
    )


def recording(*revisions: RecordedRevision, **kw: Any) -> Recording:
    """Return the recording of an upgrade over these revisions."""
    kw.setdefault("dialect_name", "postgresql")
    kw.setdefault("direction", Direction.UPGRADE)
    kw.setdefault("start", revisions[0].down_revisions)
    kw.setdefault("end", (revisions[-1].revision,))
    return Recording(revisions=revisions, **kw)


def manifest(upgrade: Recording, **kw: Any) -> dict[str, Any]:
    """Return as much of a manifest as the pages read."""
    return {
        "tool": {"name": "revision-runner", "version": "0.1.0"},
        "bundle": hashlib.sha256(b"bundle").hexdigest(),
        "database": upgrade.name,
        "server": {"minimum": upgrade.server.minimum, "maximum": upgrade.server.maximum},
        "without_downgrade": [],
    } | kw


_NOTES = """Orders remember who shipped them

The backfill takes about a minute on production. Tell support before.

  * rows older than 2019 stay NULL
  * <b>not bold</b>

Revision ID: 3f9c0a71b2de
Revises: 8a1d22e09c44
"""


_SHIPMENT = """CREATE TABLE shipment (
    id BIGSERIAL NOT NULL,
    order_id BIGINT NOT NULL,
    shipped_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(order_id) REFERENCES orders (id)
)"""
_FRESH = """CREATE TABLE fresh_{number} (
    id BIGSERIAL NOT NULL,
    other_id BIGINT NOT NULL,
    label VARCHAR(200),
    PRIMARY KEY (id),
    FOREIGN KEY(other_id) REFERENCES {table} (id)
)"""


def small() -> Recording:
    """Return a path with a branch, a merge, every kind of hazard and a revision that has to run online."""
    return recording(
        recorded(
            "8a1d22e09c44",
            _SHIPMENT,
            "CREATE INDEX ix_shipment_order_id ON shipment (order_id)",
            follows=["51c7e0d2a9f3"],
            message="Add the shipment table",
        ),
        recorded(
            "3f9c0a71b2de",
            "ALTER TABLE orders ADD COLUMN shipped_by VARCHAR(80)",
            "-- the application writes the column from release 4.2 on",
            "UPDATE orders SET shipped_by = 'unknown: it''s older'",
            "ALTER TABLE orders ALTER COLUMN shipped_by SET NOT NULL",
            follows=["8a1d22e09c44"],
            message="Orders remember who shipped them",
            doc=_NOTES,
        ),
        recorded(
            "c0ffee12ab34",
            statement("CREATE INDEX CONCURRENTLY ix_orders_shipped_by ON orders (shipped_by)", transactional=False),
            follows=["8a1d22e09c44"],
            message="An index for the search by carrier",
            branch_labels=("search",),
        ),
        recorded(
            "d4e5f6a7b8c9",
            "ALTER TABLE customer DROP COLUMN fax",
            "ALTER TABLE customer RENAME COLUMN name TO full_name",
            'ALTER TABLE "Invoice" ADD CONSTRAINT ck_total CHECK (total >= 0)',
            "ALTER TABLE orders ALTER COLUMN reference TYPE VARCHAR(20)",
            "DO $$\nBEGIN\n    PERFORM billing.close_period('2024-12');\nEND\n$$",
            follows=["3f9c0a71b2de", "c0ffee12ab34"],
            message="Leave the fax behind, with a message so long that it has to be cut on a narrow screen somewhere",
        ),
        recorded(
            "0badc0de0001",
            "DROP TABLE fax_log",
            "ALTER TYPE order_state ADD VALUE 'returned'",
            "GRANT SELECT ON shipment TO reporting",
            follows=["d4e5f6a7b8c9"],
            message="Drop the fax log",
            depends_on=("c0ffee12ab34",),
        ),
        replace(
            recorded("feedface0002", follows=["0badc0de0001"], message="Move the rates into their table"),
            obstacle=Obstacle(
                revision="feedface0002",
                file="versions/feedface0002_rates.py",
                line=23,
                reason="It reads the rows that SELECT id, rate FROM customer finds, and only the database knows them.",
            ),
        ),
        name="shop",
        server=ServerRange(minimum=15, maximum=18),
        notes=(Note(code="search-path", text="env.py sets the search path to shop."),),
    )


def downgrade_of(upgrade: Recording) -> Recording:
    """Return a way back that drops one thing per revision."""
    revisions = [
        recorded(one.revision, f"ALTER TABLE orders DROP COLUMN c_{number}", follows=one.down_revisions)
        for number, one in enumerate(upgrade.revisions)
    ]
    return replace(
        upgrade,
        direction=Direction.DOWNGRADE,
        start=upgrade.end,
        end=upgrade.start,
        revisions=tuple(reversed(revisions)),
        notes=(),
    )


def hostile() -> Recording:
    """Return a recording in which every text of an author's is an attempt."""
    bad = statement(f"COMMENT ON TABLE a IS '{HOSTILE}'")
    return recording(
        recorded(
            'r"><i>1',
            bad,
            statement(f'ALTER TABLE "{HOSTILE}" DROP COLUMN "{HOSTILE}"'),
            statement("SELECT '\u202e' -- ```\n\u200b"),
            message=HOSTILE,
            doc=f"{HOSTILE}\n\n{HOSTILE}\n```\n</details>",
            path=HOSTILE,
            branch_labels=(HOSTILE,),
            depends_on=(HOSTILE,),
            obstacle=Obstacle(revision='r"><i>1', file=HOSTILE, line=1, reason=HOSTILE),
        ),
        name=HOSTILE,
        notes=(Note(code="x", text=HOSTILE),),
    )


def large(count: int) -> Recording:
    """Return a path of that many revisions with three statements each, every tenth merging a branch."""
    revisions = []
    for number in range(count):
        table = f"table_{number % 97}"
        follows = [f"r{number - 1:05d}"] if number else []
        if number % 10 == 9:
            follows = [f"r{number - 1:05d}", f"r{number - 2:05d}"]
        elif number % 10 == 8:
            follows = [f"r{number - 2:05d}"]
        revisions.append(
            recorded(
                f"r{number:05d}",
                f"ALTER TABLE {table} ADD COLUMN column_{number} VARCHAR(40) DEFAULT 'new' NOT NULL",
                f"CREATE INDEX ix_{table}_{number} ON {table} (column_{number})",
                _FRESH.format(number=number, table=table),
                follows=follows,
                message=f"Add column {number} to {table}, and a table beside it",
                doc=f"Add column {number} to {table}\n\nSee the ticket of {number}.",
            )
        )
    return recording(*revisions, start=())
