"""What the catalog says about statements whose end nobody saw."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection

from runner.database.interrupted import examine
from tests.postgres import libpq_url

SETUP = """
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE t (id int, "Name" text);
CREATE TABLE child (id int);
CREATE INDEX there ON t (id);
CREATE INDEX "Odd one" ON t (id);
ALTER TABLE child ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
ALTER TABLE child ADD CONSTRAINT valid CHECK (id > 0);
CREATE SCHEMA other; CREATE TABLE other.far (id int); CREATE INDEX there_too ON other.far (id);
"""


@pytest.fixture
def connection(pg_url: str) -> Iterator[Connection]:
    """A connection to a database with a little of everything."""
    with psycopg.connect(libpq_url(pg_url), autocommit=True) as setup:
        setup.execute(SETUP)
        with psycopg.connect(libpq_url(pg_url)) as blocker:
            blocker.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
            setup.execute("SET lock_timeout = '200ms'")
            for statement in ("CREATE INDEX CONCURRENTLY broken ON t (id)", "REINDEX INDEX CONCURRENTLY there"):
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    setup.execute(statement.encode())
    engine = create_engine(pg_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as opened:
        yield opened
    engine.dispose()


CASES = [
    ("CREATE INDEX CONCURRENTLY there ON t (id)", "done", 0),
    ("/* why */ create unique index concurrently if not exists absent on t (id)", "redo", 0),
    ("CREATE INDEX CONCURRENTLY broken ON t (id)", "redo", 1),
    ('CREATE INDEX CONCURRENTLY "Odd one" ON t (id)', "done", 0),
    ("CREATE INDEX CONCURRENTLY there_too ON other.far USING btree (id)", "done", 0),
    ("CREATE INDEX CONCURRENTLY ON t (id)", "unknown", 0),
    ("DROP INDEX CONCURRENTLY there", "redo", 0),
    ("DROP INDEX CONCURRENTLY IF EXISTS absent", "done", 0),
    ("ALTER TYPE mood ADD VALUE 'sad'", "done", 0),
    ("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'happy' BEFORE 'sad'", "redo", 0),
    ("ALTER TABLE child VALIDATE CONSTRAINT positive", "redo", 0),
    ("ALTER TABLE child VALIDATE CONSTRAINT valid", "done", 0),
    ("REINDEX INDEX CONCURRENTLY there", "redo", 1),
    ("REINDEX TABLE CONCURRENTLY t", "redo", 1),
    ("VACUUM t", "redo", 0),
    ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", "redo", 0),
    ("CREATE TABLE t (id int)", "done", 0),
    ("CREATE TABLE absent (id int)", "redo", 0),
    ("DROP TABLE absent", "done", 0),
    ("ALTER TABLE t ADD COLUMN id int", "done", 0),
    ("ALTER TABLE t ADD COLUMN extra int", "redo", 0),
    ("ALTER TABLE t ADD COLUMN id int, ADD COLUMN extra int", "unknown", 0),
    ("ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0)", "unknown", 0),
    ('ALTER TABLE t DROP COLUMN "Name"', "redo", 0),
    ("ALTER TABLE t DROP COLUMN absent", "done", 0),
    ("CREATE OR REPLACE VIEW v AS SELECT 1", "redo", 0),
    ("INSERT INTO t VALUES (1)", "unknown", 0),
    ("UPDATE t SET id = 2", "unknown", 0),
]


def test_the_catalog_answers(connection: Connection) -> None:
    """Done, to be executed again (after dropping what was left behind), or a question for a person."""
    answers = []
    for sql, _, _ in CASES:
        found = examine(connection, sql)
        answers.append((sql, found.verdict.value, len(found.first)))

    assert CASES == answers
