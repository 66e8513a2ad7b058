from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.dialects.statement_kind import StatementKind, statement_kind

BRIEF, ONLINE, BACKFILL, OTHER = (
    StatementKind.BRIEF,
    StatementKind.ONLINE,
    StatementKind.BACKFILL,
    StatementKind.OTHER,
)

CASES = [
    ("ALTER TABLE t ADD COLUMN a INT", BRIEF),
    ("alter table only public.t alter column a type bigint;", BRIEF),
    ("ALTER TABLE t VALIDATE CONSTRAINT c", ONLINE),
    ('ALTER TABLE IF EXISTS ONLY "Odd; name"."t" VALIDATE CONSTRAINT "c"', ONLINE),
    ("ALTER TABLE t VALIDATE CONSTRAINT a, VALIDATE CONSTRAINT b", ONLINE),
    ("ALTER TABLE t VALIDATE CONSTRAINT a, ADD COLUMN b INT", BRIEF),
    ("ALTER TABLE t ADD CONSTRAINT validate CHECK (a > 0)", BRIEF),
    ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", ONLINE),
    ("ALTER TABLE t DETACH PARTITION p", BRIEF),
    ("ALTER TABLE t DETACH PARTITION p FINALIZE", BRIEF),
    ("ALTER TABLE concurrently ADD COLUMN b INT", BRIEF),
    ("ALTER TYPE mood ADD VALUE 'glad'", BRIEF),
    ("CREATE TABLE t (a INT)", BRIEF),
    ("CREATE TABLE t (a INT GENERATED ALWAYS AS (1) STORED)", BRIEF),
    ("CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY)", BRIEF),
    ("CREATE TABLE t AS SELECT * FROM u", BACKFILL),
    ("CREATE UNLOGGED TABLE t (a, b) AS (SELECT 1, 2)", BACKFILL),
    ("CREATE TEMPORARY TABLE t AS WITH x AS (SELECT 1) SELECT * FROM x", BACKFILL),
    ("CREATE MATERIALIZED VIEW v AS SELECT 1", BACKFILL),
    ("CREATE VIEW v AS SELECT 1", BRIEF),
    ("CREATE INDEX i ON t (a)", BRIEF),
    ("CREATE INDEX CONCURRENTLY i ON t (a)", ONLINE),
    ("create unique index\n  concurrently if not exists i on t (a)", ONLINE),
    ("CREATE /* not */ INDEX -- CONCURRENTLY\n i ON t (a)", BRIEF),
    ("/* big /* nested */ ; */ CREATE INDEX CONCURRENTLY i ON t (a)", ONLINE),
    ('CREATE INDEX "CONCURRENTLY" ON t (a)', BRIEF),
    ("DROP INDEX CONCURRENTLY IF EXISTS i", ONLINE),
    ("DROP INDEX i", BRIEF),
    ("DROP TABLE t", BRIEF),
    ("REINDEX TABLE t", BRIEF),
    ("REINDEX (VERBOSE) INDEX CONCURRENTLY i", ONLINE),
    ("REINDEX (CONCURRENTLY, VERBOSE) TABLE t", ONLINE),
    ("REINDEX (CONCURRENTLY FALSE) TABLE t", BRIEF),
    ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", ONLINE),
    ("REFRESH MATERIALIZED VIEW v", BRIEF),
    ("VACUUM t", ONLINE),
    ("VACUUM (ANALYZE) t", ONLINE),
    ("VACUUM FULL t", BRIEF),
    ("VACUUM (FULL, ANALYZE) t", BRIEF),
    ("ANALYZE", ONLINE),
    ("TRUNCATE t", BRIEF),
    ("LOCK TABLE t IN SHARE MODE", BRIEF),
    ("COMMENT ON TABLE t IS 'CREATE INDEX CONCURRENTLY; INSERT'", BRIEF),
    ("GRANT SELECT ON t TO app", BRIEF),
    ("INSERT INTO t VALUES ('; ALTER TABLE t')", BACKFILL),
    (r"INSERT INTO t VALUES (E'it\'s; DROP TABLE t')", BACKFILL),
    ("INSERT INTO t VALUES ('it''s; DROP TABLE t'); ", BACKFILL),
    ("INSERT INTO t SELECT $q$; DROP TABLE t$q$", BACKFILL),
    ("UPDATE t SET a = 1 -- ; ALTER TABLE t", BACKFILL),
    ("DELETE FROM t", BACKFILL),
    ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", BACKFILL),
    ("COPY t FROM STDIN", BACKFILL),
    ("CALL fill()", BACKFILL),
    ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", BACKFILL),
    ("WITH x AS (SELECT 'DELETE') SELECT * FROM x", OTHER),
    ("SELECT 1", OTHER),
    ("(SELECT 1) UNION (SELECT 2)", OTHER),
    ("SET LOCAL lock_timeout = '1s'", OTHER),
    ("EXPLAIN ANALYZE UPDATE t SET a = 1", OTHER),
    ("SAVEPOINT a", OTHER),
    ("", OTHER),
    (" -- nothing", OTHER),
    ("; ;", OTHER),
    ("SELECT 1; INSERT INTO t VALUES (1); CREATE INDEX CONCURRENTLY i ON t (a)", BACKFILL),
    ("UPDATE t SET a = 1; ALTER TABLE t ADD COLUMN b INT; SELECT 1", BRIEF),
    ("DO $$ BEGIN ALTER TABLE t ADD COLUMN a INT; END $$", BRIEF),
    ("DO $body$ BEGIN UPDATE t SET a = 1; END $body$ LANGUAGE plpgsql", BACKFILL),
    ("DO $$ BEGIN EXECUTE 'UP' || 'DATE t SET a = 1'; END $$", BRIEF),
    ("DO 'BEGIN PERFORM fill(); END'", BRIEF),
    ("DO 'EXECUTE x'", BRIEF),
    ("DO 'BEGIN DELETE FROM t; END'", BACKFILL),
    ("DO LANGUAGE plpgsql $$ BEGIN INSERT INTO t VALUES (1); END $$; SELECT 1", BACKFILL),
    ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO t VALUES (1); $$", BRIEF),
    ("INSERT INTO t VALUES ('unfinished; DROP TABLE t", BACKFILL),
    ("RENAME TABLE a TO b", BRIEF),
]


@pytest.mark.parametrize(("sql", "kind"), CASES)
def test_a_statement_is_of_the_kind_of_its_locks(sql: str, kind: StatementKind) -> None:
    """Comments, strings, quoted names, DO blocks and several statements in one text mislead nobody."""
    assert kind == statement_kind(sql)


@given(st.text(alphabet="aAsS;'\"$-/*\\\n (),eE.", max_size=60))
def test_no_text_is_too_odd(sql: str) -> None:
    """Any text has a kind, and a comment in front of it does not change it."""
    assert statement_kind(sql) == statement_kind(f"/* ; ' */ {sql}")


@given(st.sampled_from(CASES), st.sampled_from(CASES))
def test_the_strictest_statement_decides(first: tuple[str, StatementKind], second: tuple[str, StatementKind]) -> None:
    """Two statements in one text are of the stricter one's kind."""
    if "unfinished" in first[0] or "--" in first[0]:
        return
    assert max(first[1], second[1]) == statement_kind(f"{first[0]}\n;\n{second[0]}")
