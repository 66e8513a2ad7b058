"""What is said of a statement. That it is true of the servers: tests/integration/test_artifact_locks.py."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from runner.artifact.analysis import HazardKind, StatementFacts, Work, analyse, analyse_all
from runner.artifact.recording import RecordedRevision, RecordedStatement, Recording, Role
from runner.dialects.ddl import ColumnType, RenameTable
from runner.dialects.postgresql import PostgresqlColumnType
from runner.dialects.postgresql_locks import LockMode
from runner.dialects.statement_kind import statement_kind
from runner.graph import Direction

LOSS, LONG, BREAKS = HazardKind.DATA_LOSS, HazardKind.LONG_LOCK, HazardKind.BREAKS_APPLICATION


def _statement(sql: str, **kw: object) -> RecordedStatement:
    return RecordedStatement(sql=sql, script=sql, kind=statement_kind(sql), **kw)  # type: ignore[arg-type]


def _facts(sql: str, dialect: str = "postgresql", **kw: object) -> StatementFacts:
    return analyse(_statement(sql, **kw), dialect)


def _kinds(facts: StatementFacts) -> set[HazardKind]:
    return {hazard.kind for hazard in facts.hazards}


@pytest.mark.parametrize(
    ("sql", "kinds"),
    [
        ("DROP TABLE a", {LOSS, BREAKS}),
        ("ALTER TABLE a DROP COLUMN b", {LOSS, BREAKS}),
        ("ALTER TABLE a DROP b", {LOSS, BREAKS}),
        ("TRUNCATE a", {LOSS}),
        ("DELETE FROM a", {LOSS}),
        ("DELETE FROM a WHERE b = 1", set()),
        ("DELETE FROM a USING c WHERE a.b = c.b", set()),
        ("UPDATE a SET b = 1", {HazardKind.ROWS_IN_BULK}),
        ("UPDATE a SET b = 1 WHERE c", set()),
        ("WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x", {LOSS}),
        ("ALTER TABLE a ALTER COLUMN b TYPE smallint", {LONG, HazardKind.MAY_FAIL, BREAKS}),
        ("ALTER TABLE a ALTER COLUMN b SET NOT NULL", {LONG, HazardKind.MAY_FAIL}),
        ("ALTER TABLE a ADD COLUMN b integer NOT NULL", {LONG, HazardKind.MAY_FAIL}),
        ("ALTER TABLE a ADD COLUMN b integer NOT NULL DEFAULT 1", set()),
        ("ALTER TABLE a ADD COLUMN b uuid DEFAULT gen_random_uuid()", {LONG}),
        ("ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)", {LONG, HazardKind.MAY_FAIL}),
        ("ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID", set()),
        ("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c", {LONG, HazardKind.MAY_FAIL}),
        ("ALTER TABLE a VALIDATE CONSTRAINT c", {HazardKind.MAY_FAIL}),
        ("CREATE INDEX i ON a (b)", {LONG}),
        ("CREATE UNIQUE INDEX i ON a (b)", {LONG, HazardKind.MAY_FAIL}),
        ("ALTER TABLE a RENAME TO b", {BREAKS}),
        ("ALTER TABLE a RENAME COLUMN b TO c", {BREAKS}),
        ("ALTER TYPE colour ADD VALUE 'x'", {HazardKind.NOT_REVERSIBLE}),
        ("DROP SCHEMA s CASCADE", {LOSS, HazardKind.UNKNOWN}),
        ("GRANT SELECT ON a TO b", {HazardKind.ACCESS_RIGHTS}),
        ("DO $$ BEGIN PERFORM 1; END $$", {HazardKind.UNKNOWN}),
        ("SELECT my_function()", {HazardKind.UNKNOWN}),
        ("FROBNICATE a", {HazardKind.UNKNOWN}),
        ("COMMENT ON TABLE a IS 'DROP TABLE a; TRUNCATE a'", set()),
        ("SET LOCAL search_path = s", set()),
    ],
)
def test_hazards(sql: str, kinds: set[HazardKind]) -> None:
    """Each kind of hazard is found in the text of the statement, and only there."""
    assert _kinds(_facts(sql)) == kinds


def test_a_function_may_not_be_looked_into() -> None:
    """A function of somebody's makes the facts incomplete; PostgreSQL's own functions and types do not."""
    known = _facts("SELECT count(*), lower(b), cast(c AS varchar(5)) FROM a WHERE b IN (1) AND (c OR d)")
    strange = _facts("UPDATE a SET b = s.work(c) WHERE lower(b) = 'x'")

    assert known.is_known
    assert not strange.is_known
    assert strange.lock is LockMode.ROW_EXCLUSIVE
    assert "`s.work`" in strange.note


def test_several_statements_in_one_text() -> None:
    """The strongest lock per table and the greatest work of all of them count, comments and strings do not."""
    facts = _facts("UPDATE a SET b = ';' WHERE c; /* DROP TABLE z; */ CREATE INDEX ON b (c); -- TRUNCATE z\nSELECT 1")

    assert facts.tables == ("b", "a")
    assert facts.lock is LockMode.SHARE
    assert facts.work is Work.SCAN
    assert facts.blocks == "writes"
    assert facts.is_known


@pytest.mark.parametrize("sql", ["SELECT 'open", "UPDATE a SET b = $$x", "/* never closed"])
def test_what_cannot_be_read_is_unknown(sql: str) -> None:
    """A text without an end to its strings says nothing, and that is said."""
    facts = _facts(sql)

    assert not facts.is_known
    assert facts.work is Work.UNKNOWN
    assert _kinds(facts) == {HazardKind.UNKNOWN}


def test_names_as_they_stand() -> None:
    """Names keep schema and quotes where they need them, and lose them where they do not."""
    facts = _facts('TRUNCATE Public.Item, "Item", "item", "a""b", "c d"')

    assert set(facts.tables) == {"public.item", '"Item"', "item", '"a""b"', '"c d"'}


def test_a_type_that_is_not_postgresqls_own() -> None:
    """A column of a type that may be a domain: what is done to the rows is not known from the text."""
    facts = _facts("ALTER TABLE a ADD COLUMN b positive")

    assert not facts.is_known
    assert facts.work is Work.UNKNOWN
    assert facts.lock is LockMode.ACCESS_EXCLUSIVE


def test_the_construct_knows_the_old_type() -> None:
    """A longer VARCHAR rewrites nothing, which only the construct can tell; a shorter one loses data."""
    wider = PostgresqlColumnType("a", "b", sa.String(40), existing_type=sa.String(20))
    narrower = PostgresqlColumnType("a", "b", sa.String(10), existing_type=sa.String(20))
    sql = "ALTER TABLE a ALTER COLUMN b TYPE VARCHAR(40)"

    assert _facts(sql).work is Work.REWRITE
    assert _facts(sql, construct=wider).work is Work.NOTHING
    assert _facts(sql, construct=wider).hazards == ()
    assert _facts(sql.replace("40", "10"), construct=narrower).work is Work.REWRITE
    assert LOSS in _kinds(_facts(sql.replace("40", "10"), construct=narrower))


@pytest.mark.parametrize(
    ("old", "new", "narrows"),
    [
        (sa.BigInteger(), sa.Integer(), True),
        (sa.Integer(), sa.BigInteger(), False),
        (sa.Integer(), sa.SmallInteger(), True),
        (sa.Text(), sa.String(10), True),
        (sa.String(10), sa.Text(), False),
        (sa.String(10), sa.String(), False),
        (sa.Numeric(10, 2), sa.Numeric(10, 4), True),
        (sa.Numeric(10, 2), sa.Numeric(12, 2), False),
        (sa.Numeric(), sa.Numeric(10, 2), True),
        (sa.Float(), sa.Integer(), True),
        (sa.DateTime(), sa.Date(), True),
        (sa.DateTime(timezone=True), sa.DateTime(), True),
        (sa.DateTime(), sa.DateTime(timezone=True), False),
        (sa.Integer(), sa.String(5), False),
    ],
)
@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_types_that_take_less(old: object, new: object, narrows: bool, dialect: str) -> None:
    """A column that can hold less than before is a loss of data, on every database."""
    change = ColumnType("a", "b", new, existing_type=old)  # type: ignore[arg-type]

    assert (LOSS in _kinds(_facts("SELECT 1", dialect, construct=change))) is narrows


def test_outside_a_transaction() -> None:
    """A statement that is not undone when it fails is a hazard, unless it changes nothing."""
    index = _facts("CREATE INDEX CONCURRENTLY i ON a (b)", transactional=False)

    assert _kinds(index) == {HazardKind.NO_TRANSACTION}
    assert _kinds(_facts("SET lock_timeout = '1s'", transactional=False)) == set()


# --- other databases -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["mysql", "mariadb", "sqlite", "mssql", "oracle", "something"])
def test_locks_of_other_databases_are_unknown(dialect: str) -> None:
    """Other databases: locks and work are not claimed; what is dropped, emptied and renamed is found."""
    facts = _facts("ALTER TABLE a DROP COLUMN b", dialect)

    assert facts.lock is None
    assert not facts.is_known
    assert facts.work is Work.UNKNOWN
    assert _kinds(facts) == {LOSS, BREAKS}
    assert _kinds(_facts("DROP TABLE a", dialect)) == {LOSS, BREAKS}
    assert _kinds(_facts("DELETE FROM a", dialect)) == {LOSS}
    assert _kinds(_facts("ALTER TABLE a RENAME TO b", dialect)) == {BREAKS}
    assert _kinds(_facts("UPDATE a SET b = 1 WHERE c = 2", dialect)) == set()
    assert _kinds(_facts("ALTER TABLE a DROP CONSTRAINT b", dialect)) == set()


def test_words_of_their_own() -> None:
    """Quotes and procedures of other databases are read, too."""
    assert _kinds(_facts("DROP TABLE `my table`", "mysql")) == {LOSS, BREAKS}
    assert _kinds(_facts("ALTER TABLE [a] DROP COLUMN [b]", "mssql")) == {LOSS, BREAKS}
    assert _kinds(_facts("EXEC sp_rename 'a', 'b'", "mssql")) == {BREAKS}


# --- one after the other -------------------------------------------------------------------------------------------


def _recording(*statements: RecordedStatement, dialect: str = "postgresql") -> Recording:
    revision = RecordedRevision(revision="r1", statements=statements)
    return Recording(dialect_name=dialect, direction=Direction.UPGRADE, start=(), end=("r1",), revisions=(revision,))


def test_nobody_waits_for_a_new_table() -> None:
    """On a table that the script has made there is no long lock and no application to break."""
    sqls = [
        "CREATE TABLE a (b integer)",
        "CREATE INDEX i ON a (b)",
        "ALTER TABLE a RENAME TO c",
        "CREATE INDEX j ON c (b)",
    ]
    found = analyse_all(_recording(*map(_statement, sqls)))["r1"]

    assert [facts.hazards for facts in found] == [(), (), (), ()]
    assert [facts.lock for facts in found] == [None, None, None, None]
    assert found[3].locks[0].is_new


def test_a_table_that_may_have_been_there() -> None:
    """CREATE TABLE IF NOT EXISTS does not make the table a new one."""
    sqls = ["CREATE TABLE IF NOT EXISTS a (b integer)", "CREATE INDEX i ON a (b)"]
    found = analyse_all(_recording(*map(_statement, sqls)))["r1"]

    assert _kinds(found[1]) == {LONG}


def test_a_batch_copies_the_table() -> None:
    """On SQLite a batch block drops the old table when its rows are in the new one: nothing is lost."""
    sqls = [
        "CREATE TABLE _alembic_tmp_a (b integer)",
        "INSERT INTO _alembic_tmp_a SELECT b FROM a",
        "DROP TABLE a",
        "ALTER TABLE _alembic_tmp_a RENAME TO a",
    ]
    found = analyse_all(_recording(*map(_statement, sqls), dialect="sqlite"))["r1"]

    assert [_kinds(facts) for facts in found] == [set(), set(), {LONG}, set()]


def test_text_is_no_statement() -> None:
    """Comments a revision writes have no facts; the rows of the version table are not a revision's own."""
    version = _statement("UPDATE alembic_version SET version_num = 'r1'", role=Role.VERSION_ROW)
    found = analyse_all(_recording(_statement("-- hello", role=Role.TEXT), version))

    assert found == {"r1": (StatementFacts(),)}


def test_renames_of_constructs() -> None:
    """The construct of an operation and its text agree."""
    facts = _facts("ALTER TABLE a RENAME TO b", construct=RenameTable("a", "b"))

    assert facts.lock is LockMode.ACCESS_EXCLUSIVE
    assert facts.renames == (("a", "b"),)


def test_names_with_escapes() -> None:
    """A name that is written with escapes is one name, whatever stands in it."""
    assert _facts('TRUNCATE U&"d\\0061t", u').tables == ('U&"d\\0061t"', "u")
