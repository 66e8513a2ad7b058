"""Stored CREATE statements taken apart, and expressions rewritten."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.operations.batch.expressions import canonical, identifiers, in_list_column, rename_columns, tokenize
from runner.operations.batch.sqlite_ddl import (
    DdlUnreadable,
    ParsedColumn,
    ParsedConstraint,
    Reference,
    parse_index,
    parse_table,
    with_schema,
)


def _quote(name: str) -> str:
    return f'"{name}"'


def _column(text: str) -> ParsedColumn:
    return parse_table(f"CREATE TABLE t (x {text})").columns[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ParsedColumn(name="x")),
        ("INTEGER", ParsedColumn(name="x", type="INTEGER")),
        ("unsigned  big\nint", ParsedColumn(name="x", type="unsigned big int")),
        ("decimal ( 10 , 2 )", ParsedColumn(name="x", type="decimal( 10 , 2 )")),
        ("[my type](3)", ParsedColumn(name="x", type="[my type](3)")),
        ("int not null", ParsedColumn(name="x", type="int", not_null=True)),
        ("int NULL ON CONFLICT FAIL", ParsedColumn(name="x", type="int")),
        ("int NOT NULL ON CONFLICT ignore", ParsedColumn(name="x", type="int", not_null=True, null_conflict="IGNORE")),
        ("collate nocase", ParsedColumn(name="x", collate="nocase")),
        ('text COLLATE "NOCASE"', ParsedColumn(name="x", type="text", collate="NOCASE")),
        ("default -1", ParsedColumn(name="x", default="-1")),
        ("default + 2.5e3", ParsedColumn(name="x", default="+2.5e3")),
        ("default 'it''s -- no comment'", ParsedColumn(name="x", default="'it''s -- no comment'")),
        ("default (1 + (2))", ParsedColumn(name="x", default="(1 + (2))")),
        ("default x'00'", ParsedColumn(name="x", default="x'00'")),
        ("default true", ParsedColumn(name="x", default="true")),
        ("CONSTRAINT d DEFAULT 1 CONSTRAINT n NOT NULL", ParsedColumn(name="x", default="1", not_null=True)),
        ("int generated always as (y + 1) stored", ParsedColumn(name="x", type="int", generated="y + 1", stored=True)),
        ("as (y)", ParsedColumn(name="x", generated="y")),
        ("int as (y) virtual not null", ParsedColumn(name="x", type="int", generated="y", not_null=True)),
        ("int /* a ) comment */ -- another\n default 1", ParsedColumn(name="x", type="int", default="1")),
    ],
)
def test_a_column_is_read(text: str, expected: ParsedColumn) -> None:
    """Everything SQLite accepts after the name of a column is understood (DNG-2)."""
    assert _column(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x PRIMARY KEY", ParsedConstraint(kind="primary", columns=("x",), text="x", inline=True)),
        (
            "x CONSTRAINT p PRIMARY KEY DESC ON CONFLICT abort AUTOINCREMENT",
            ParsedConstraint(
                kind="primary",
                name="p",
                columns=("x",),
                text="x",
                plain=False,
                conflict="ABORT",
                autoincrement=True,
                inline=True,
            ),
        ),
        (
            "x, PRIMARY KEY (x AUTOINCREMENT)",
            ParsedConstraint(kind="primary", columns=("x",), text="x AUTOINCREMENT", autoincrement=True),
        ),
        ("x, y, UNIQUE (x ASC, y)", ParsedConstraint(kind="unique", columns=("x", "y"), text="x ASC, y")),
        (
            "x UNIQUE ON CONFLICT replace",
            ParsedConstraint(kind="unique", columns=("x",), text="x", conflict="REPLACE", inline=True),
        ),
        ("x, UNIQUE (x DESC)", ParsedConstraint(kind="unique", columns=("x",), text="x DESC", plain=False)),
        (
            "x, UNIQUE ([x] COLLATE nocase)",
            ParsedConstraint(kind="unique", columns=("x",), text="[x] COLLATE nocase", plain=False),
        ),
        ("x CHECK (x > ')')", ParsedConstraint(kind="check", text="x > ')'", inline=True)),
        (
            "x, CONSTRAINT c CHECK (x IN (1, 2)) ON CONFLICT FAIL",
            ParsedConstraint(kind="check", name="c", text="x IN (1, 2)", conflict="FAIL"),
        ),
        (
            "x REFERENCES o",
            ParsedConstraint(kind="foreign", columns=("x",), reference=Reference(table="o"), inline=True),
        ),
        (
            "x REFERENCES o (a) NOT DEFERRABLE INITIALLY IMMEDIATE",
            ParsedConstraint(
                kind="foreign",
                columns=("x",),
                reference=Reference(table="o", columns=("a",), deferrable=False, initially="IMMEDIATE"),
                inline=True,
            ),
        ),
        (
            """x, y, CONSTRAINT f FOREIGN KEY (x, "y") REFERENCES "o o" (a, b)
            ON DELETE SET NULL ON UPDATE NO ACTION MATCH full DEFERRABLE INITIALLY DEFERRED""",
            ParsedConstraint(
                kind="foreign",
                name="f",
                columns=("x", "y"),
                reference=Reference(
                    table="o o",
                    columns=("a", "b"),
                    on_delete="SET NULL",
                    on_update="NO ACTION",
                    match="full",
                    deferrable=True,
                    initially="DEFERRED",
                ),
            ),
        ),
    ],
)
def test_a_constraint_is_read(text: str, expected: ParsedConstraint) -> None:
    """Constraints of columns and of tables are understood in full (DNG-2)."""
    assert parse_table(f"CREATE TABLE t ({text})").constraints == (expected,)


def test_constraints_need_no_commas() -> None:
    """SQLite lets the commas between table constraints be left out."""
    parsed = parse_table("CREATE TABLE t (x, UNIQUE (x) CHECK (x > 0) PRIMARY KEY (x))")

    assert [constraint.kind for constraint in parsed.constraints] == ["unique", "check", "primary"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE TABLE t (x)", ("t", False, False)),
        ('CREATE TEMP TABLE IF NOT EXISTS s."t t" (x) STRICT', ("t t", False, True)),
        ("create table `t` (x primary key) without rowid, strict;", ("t", True, True)),
    ],
)
def test_a_table_is_read(text: str, expected: tuple[str, bool, bool]) -> None:
    """Names and options of tables are understood."""
    parsed = parse_table(text)

    assert (parsed.name, parsed.without_rowid, parsed.strict) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIRTUAL TABLE t USING fts5(x)",
        "CREATE TABLE t (x",
        "CREATE TABLE t (x CHECK)",
        "CREATE TABLE t (x FOO (1) BAR)",
        "CREATE TABLE t (x) SHINY",
        "CREATE TABLE t (x, CONSTRAINT c)",
    ],
)
def test_what_is_not_understood_is_said(text: str) -> None:
    """No text is read halfway."""
    with pytest.raises(DdlUnreadable, match="cannot read"):
        parse_table(text)


def test_an_index_is_read() -> None:
    """The parts of an index are found, keywords and functions told from names."""
    parsed = parse_index('CREATE UNIQUE INDEX "i" ON [t](lower(a) DESC, "b" COLLATE nocase) WHERE c > \'d\'')

    assert (parsed.name, parsed.table, parsed.unique) == ("i", "t", True)
    assert (
        parsed.head + parsed.body == 'CREATE UNIQUE INDEX "i" ON [t](lower(a) DESC, "b" COLLATE nocase) WHERE c > \'d\''
    )
    assert parsed.mentioned >= {"a", "b", "c"}
    assert not parsed.mentioned & {"lower", "desc", "d", "nocase"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a > 0", '"z" > 0'),
        ('A + t.a + "a" + [a] + `a`', '"z" + t."z" + "z" + "z" + "z"'),
        ("a(1) + 'a' + b", "a(1) + 'a' + b"),
        ("b COLLATE a + CAST(a AS a)", 'b COLLATE a + CAST("z" AS a)'),
        ("ab + a_b + a1", "ab + a_b + a1"),
        ("a -- a\n + /* a */ 1", '"z" -- a\n + /* a */ 1'),
    ],
)
def test_a_column_is_renamed_in_an_expression(expression: str, expected: str) -> None:
    """Exactly what names the column is replaced (DNG-2)."""
    assert rename_columns(expression, {"a": "z"}, _quote) == expected


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("end > start", {"end", "start"}),
        ("CASE WHEN a THEN 1 ELSE end END > 2", {"case", "when", "a", "then", "else"}),
        ("a DESC", {"a"}),
        ("desc DESC, asc", {"desc", "asc"}),
    ],
)
def test_keywords_that_can_be_names_are_told_apart(expression: str, names: set[str]) -> None:
    """END, ASC and DESC are names where a name can stand."""
    assert identifiers(expression) >= names


@pytest.mark.parametrize(
    ("check", "column"),
    [
        ("flag IN (0, 1)", "flag"),
        ("\"my flag\" in ('a', 'b')", "my flag"),
        ("flag NOT IN (0, 1)", None),
        ("flag IN (0, 1) AND x", None),
        ("flag IN (0, other)", None),
        ("flag > 0", None),
        ("flag IN ()", None),
    ],
)
def test_the_check_of_a_boolean_or_enum_is_recognised(check: str, column: str | None) -> None:
    """A list of literals for one column is what those types make."""
    assert in_list_column(check) == column


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE INDEX i ON t (a)", 'CREATE INDEX "s".i ON t (a)'),
        ("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a)", 'CREATE UNIQUE INDEX IF NOT EXISTS "s".i ON t (a)'),
        (
            "create trigger g after insert on t begin select 1; end",
            'create trigger "s".g after insert on t begin select 1; end',
        ),
    ],
)
def test_the_schema_is_put_before_the_name(sql: str, expected: str) -> None:
    """Stored texts have lost their schema; it is put back where it belongs."""
    assert with_schema(sql, "s", _quote) == expected


def test_texts_compare_without_regard_to_layout() -> None:
    """White space, comments, quotes and case of words make no difference; strings do."""
    assert canonical("a   >\n0 -- why") == canonical('"A">0')
    assert canonical("'a'") != canonical("'A'")


@given(st.text(max_size=40))
def test_tokens_cover_the_text(text: str) -> None:
    """Whatever the text, tokens come in order, do not overlap, and stand where they say."""
    position = 0
    for token in tokenize(text):
        assert token.start >= position
        assert text[token.start : token.end] == token.text
        position = token.end


_NAME = st.sampled_from(["a", "b c", 'q"q', "select", "x'y", "é"])


@given(
    st.lists(_NAME, min_size=1, unique=True),
    st.lists(st.sampled_from(["", "INTEGER", "VARCHAR(3)", "double precision"]), min_size=6, max_size=6),
    st.lists(
        st.sampled_from(["", "NOT NULL", "DEFAULT 'a,b)'", "COLLATE nocase", "CHECK (1 > 0)"]), min_size=6, max_size=6
    ),
)
def test_columns_are_read_as_sqlite_reads_them(names: list[str], types: list[str], extras: list[str]) -> None:
    """Names, types, nullability and defaults agree with PRAGMA table_xinfo."""
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    body = ", ".join(f"{n} {t} {e}" for n, t, e in zip(quoted, types, extras, strict=False))
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t ({body})")
    (sql,) = connection.execute("SELECT sql FROM sqlite_master").fetchone()
    expected = connection.execute("PRAGMA table_xinfo(t)").fetchall()
    connection.close()

    parsed = parse_table(sql)

    assert [(c.name, c.type, int(c.not_null), c.default) for c in parsed.columns] == [
        tuple(row[1:5]) for row in expected
    ]
