"""What is left of a statement."""

from __future__ import annotations

import pytest

from runner.migration.statement_effect import StatementEffect, effect_of


@pytest.mark.parametrize(
    ("sql", "effect"),
    [
        ("SELECT count(*) FROM t", "reads"),
        ("  (SELECT 1) UNION (SELECT 2)", "reads"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "reads"),
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "writes"),
        ("-- why\nselect 1", "reads"),
        ("INSERT INTO t SELECT 1", "writes"),
        ("CREATE TABLE settings (id int)", "writes"),
        ("SET LOCAL search_path = x", "session"),
        ("SELECT pg_catalog.set_config('search_path', '', false)", "session"),
        ("SELECT pg_advisory_xact_lock(1)", "session"),
        ("SAVEPOINT s", "session"),
        ("LOCK TABLE t", "session"),
        ("COMMIT", "commits"),
        ("end", "commits"),
        ("COMMENT ON TABLE t IS 'x'", "writes"),
        ("DO $$ BEGIN END $$", "writes"),
    ],
)
def test_effect(sql: str, effect: str) -> None:
    """What writes is never done twice; what reads or concerns the session is done again."""
    assert effect_of(sql, is_operation=False) is StatementEffect(effect)


def test_the_rows_of_an_operation_reach_nobody() -> None:
    """op.execute('SELECT f()') is executed for what f() does, so it is not done twice either."""
    assert effect_of("SELECT setval('s', 1)", is_operation=True) is StatementEffect.WRITES
    assert effect_of("SET search_path = x", is_operation=True) is StatementEffect.SESSION
