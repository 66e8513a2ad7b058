"""Whatever a revision sends, the analysis has an answer, and the same answer when only blanks and comments change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.artifact.analysis import StatementFacts, Work, analyse
from runner.artifact.recording import RecordedStatement
from runner.dialects.statement_kind import statement_kind

_TEXT = """
ALTER TABLE INDEX CREATE DROP ADD COLUMN CONSTRAINT item part ( ) , ; . * = 'x' $$y$$ "A b" 1 NOT NULL DEFAULT now
CHECK FOREIGN KEY REFERENCES UNIQUE USING ON ONLY IF EXISTS CASCADE TYPE SET TO RENAME SELECT FROM WHERE UPDATE
DELETE INSERT INTO VALUES WITH AS MERGE TRUNCATE LOCK COMMENT IS GRANT DO BEGIN ATOMIC END CASE VIEW MATERIALIZED
CONCURRENTLY PARTITION OF ATTACH DETACH VALIDATE :: -- /* */ U& ' $ " [ ] { } \\
"""
_WORDS = st.sampled_from(_TEXT.split())
_SOUP = st.lists(_WORDS, max_size=14).map(" ".join)
_DIALECTS = st.sampled_from(["postgresql", "mysql", "sqlite", "mssql", "oracle"])


def _facts(sql: str, dialect: str = "postgresql") -> StatementFacts:
    return analyse(RecordedStatement(sql=sql, script=sql, kind=statement_kind(sql)), dialect)


@given(st.one_of(_SOUP, st.text(max_size=60)), _DIALECTS)
def test_there_is_always_an_answer(sql: str, dialect: str) -> None:
    """No text makes the analysis fail, and locks are claimed for PostgreSQL only."""
    facts = _facts(sql, dialect)

    if dialect != "postgresql":
        assert facts.locks == ()
        assert not facts.is_known or facts.work is Work.NOTHING


_KNOWN = st.sampled_from(
    [
        "ALTER TABLE item ADD COLUMN c integer DEFAULT 1 NOT NULL",
        "CREATE UNIQUE INDEX ix ON item (size)",
        "ALTER TABLE item ADD CONSTRAINT fk FOREIGN KEY (size) REFERENCES part (id)",
        "DROP TABLE item",
        "UPDATE item SET size = 1 WHERE number = 2",
        "TRUNCATE item",
        "DELETE FROM item",
    ]
)
_BLANKS = st.sampled_from([" ", "\n", "\t ", " -- DROP TABLE z;\n", " /* it's /* nested */ ; */ "])


@given(_KNOWN, st.data())
def test_blanks_and_comments_change_nothing(sql: str, data: st.DataObject) -> None:
    """The facts of a statement are those of its words."""
    words = sql.split(" ")
    spread = words[0] + "".join(data.draw(_BLANKS) + word for word in words[1:])
    cased = spread if data.draw(st.booleans()) else spread.replace("TABLE", "Table").replace("ADD", "add")

    assert _facts(cased) == _facts(sql)


@given(_SOUP)
def test_more_statements_never_mean_less(sql: str) -> None:
    """A text with another statement in front claims no weaker lock and no less work."""
    alone = _facts(sql)
    joined = _facts(f"DROP TABLE z; {sql}")

    if alone.is_known:
        assert joined.work.rank >= alone.work.rank
        assert set(alone.tables) <= set(joined.tables)
