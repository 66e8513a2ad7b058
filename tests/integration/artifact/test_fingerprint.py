"""The schema fingerprint: every kind of object counts, and what is no schema does not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from runner.artifact.fingerprint import schema_fingerprint

pytestmark = pytest.mark.pg

CHANGES = (
    "CREATE TYPE m AS ENUM ('a')",
    "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m m DEFAULT 'a', x text)",
    "ALTER TABLE t ALTER x SET NOT NULL",
    "CREATE INDEX ON t (x)",
    "CREATE VIEW v AS SELECT id FROM t",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()",
    "COMMENT ON TABLE t IS 'x'",
    "COMMENT ON COLUMN t.x IS 'x'",
    "CREATE SCHEMA s",
    "CREATE DOMAIN s.d AS int CHECK (VALUE > 1)",
    "CREATE SEQUENCE q",
    "ALTER SEQUENCE q INCREMENT 5",
    "CREATE POLICY p ON t USING (true)",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING",
    "CREATE AGGREGATE ag(int) (SFUNC=int4pl, STYPE=int)",
    "ALTER TYPE m ADD VALUE 'b'",
    "CREATE TABLE pt (a int) PARTITION BY RANGE (a)",
    "CREATE TABLE p1 PARTITION OF pt FOR VALUES FROM (1) TO (2)",
    "ALTER TABLE t ADD CHECK (id > 0) NOT VALID",
    "ALTER TABLE t ALTER x SET DEFAULT 'y'",
    'ALTER TABLE t ADD y text COLLATE "C"',
)
NO_CHANGES = (
    "INSERT INTO t (x) VALUES ('a')",
    "CREATE TABLE runner_history (a int)",
    "SET search_path = s, public",
    "ANALYZE t",
)


def test_every_object_counts_and_nothing_else(pg_url: str) -> None:
    """Each statement that changes the schema gives another digest; rows, side tables and the session do not."""
    engine = sa.create_engine(pg_url).execution_options(isolation_level="AUTOCOMMIT")
    seen = []
    with engine.connect() as connection:
        for statement in CHANGES:
            connection.exec_driver_sql(statement)
            seen.append(schema_fingerprint(connection))
        for statement in NO_CHANGES:
            connection.exec_driver_sql(statement)
            assert schema_fingerprint(connection) == seen[-1], statement
    engine.dispose()
    assert len(set(seen)) == len(CHANGES)
