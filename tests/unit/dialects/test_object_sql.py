"""Enum types, sequences, schemas, extensions and replaceable objects: the SQL on each dialect, as a script has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from runner.dialects.unsupported import OperationUnsupported
from runner.errors import OperationError
from runner.operations import Operations, ops
from runner.operations.replaceable import Function, MaterializedView, Trigger, View, ViewIndex
from tests.unit.dialects.standin import StandInContext, offline_impl

DIALECTS = ("postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle")
SEQUENCES = ("postgresql", "mariadb", "mssql", "oracle")

VIEW = View("v", "\n  SELECT id, ':b 100%' AS x FROM t;\n", schema="s", columns=("id", "X y"))
FUNCTION = Function("f", "RETURNS integer AS $$ SELECT 1; $$", arguments="a integer = 5", schema="s")
PROCEDURE = Function("p", "BEGIN DELETE FROM t; END;", kind="procedure")
TRIGGER = Trigger("g", "FOR EACH ROW BEGIN UPDATE t SET a = '%:x'; END;", table="T", event="AFTER INSERT", schema="s")
MATERIALIZED = MaterializedView(
    "m",
    "SELECT 1 AS a -- one",
    schema="s",
    with_data=False,
    indexes=(ViewIndex("i", ("a", "(lower(b || '%:x'))"), unique=True, using="btree", where="a > 0"),),
)
SELECT = "SELECT id, ':b 100%' AS x FROM t"


def script(dialect: str, step: Callable[[Any], object]) -> list[str]:
    """Return the pieces of the script, each on one line."""
    impl, buffer = offline_impl(dialect)
    context: Any = StandInContext(impl)
    step(Operations(context))
    return [" ".join(piece.split()) for piece in buffer.getvalue().split("\n\n") if piece]


def _everywhere(sql: str) -> dict[str, list[str]]:
    """Return one statement with the ending of each dialect."""
    ending = {"mssql": [f"{sql};", "GO"], "oracle": [sql, "/"]}
    return {dialect: ending.get(dialect, [f"{sql};"]) for dialect in DIALECTS}


def _quoted(sql: str) -> str:
    return sql.replace("`", '"')


CASES: dict[str, tuple[Callable[[Any], object], dict[str, list[str]]]] = {
    "create_enum": (
        lambda op: op.create_enum("mood", ["a", "b'%"], schema="s"),
        {"postgresql": ["CREATE TYPE s.mood AS ENUM ('a', 'b''%');"]},
    ),
    "create_enum if_not_exists": (
        lambda op: op.create_enum("mood", ["$create$"], if_not_exists=True),
        {
            "postgresql": [
                (
                    "DO $create_$ BEGIN CREATE TYPE mood AS ENUM ('$create$'); "
                    "EXCEPTION WHEN duplicate_object THEN NULL; END $create_$;"
                ),
            ]
        },
    ),
    "drop_enum": (
        lambda op: op.drop_enum("Mood", schema="s", if_exists=True),
        {"postgresql": ['DROP TYPE IF EXISTS s."Mood";']},
    ),
    "add_enum_value": (
        lambda op: op.add_enum_value("mood", "c", after="a", if_not_exists=True),
        {"postgresql": ["ALTER TYPE mood ADD VALUE IF NOT EXISTS 'c' AFTER 'a';"]},
    ),
    "add_enum_value before": (
        lambda op: op.add_enum_value("mood", "it's", before="a", schema="s"),
        {"postgresql": ["ALTER TYPE s.mood ADD VALUE 'it''s' BEFORE 'a';"]},
    ),
    "rename_enum_value": (
        lambda op: op.rename_enum_value("mood", "a", "b", schema="s"),
        {"postgresql": ["ALTER TYPE s.mood RENAME VALUE 'a' TO 'b';"]},
    ),
    "replace_enum_values": (
        lambda op: op.replace_enum_values(
            "mood",
            ["a"],
            ["a", "b"],
            columns=[("t", "c", "b"), ops.EnumColumn("u", "d", "{b,NULL}", array=True, schema="z")],
            mapping={"b": "a"},
            schema="s",
        ),
        {
            "postgresql": [
                "CREATE TYPE s.mood__new AS ENUM ('a');",
                "ALTER TABLE s.t ALTER COLUMN c DROP DEFAULT;",
                (
                    "ALTER TABLE s.t ALTER COLUMN c TYPE s.mood__new "
                    "USING (CASE c::text WHEN 'b' THEN 'a' ELSE c::text END)::s.mood__new;"
                ),
                "ALTER TABLE z.u ALTER COLUMN d DROP DEFAULT;",
                (
                    "ALTER TABLE z.u ALTER COLUMN d TYPE s.mood__new[] "
                    "USING array_replace(d::text[], 'b', 'a')::s.mood__new[];"
                ),
                "DROP TYPE s.mood;",
                "ALTER TYPE s.mood__new RENAME TO mood;",
                "ALTER TABLE s.t ALTER COLUMN c SET DEFAULT 'a';",
                "ALTER TABLE z.u ALTER COLUMN d SET DEFAULT '{a,NULL}';",
            ]
        },
    ),
    "replace_enum_values with defaults that are expressions": (
        lambda op: op.replace_enum_values(
            "mood",
            ["a"],
            ["a", "b"],
            columns=[("t", "c", sa.literal_column("'a'::mood")), ("u", "d", sa.text("'a'::mood"))],
        ),
        {
            "postgresql": [
                "CREATE TYPE mood__new AS ENUM ('a');",
                "ALTER TABLE t ALTER COLUMN c DROP DEFAULT;",
                "ALTER TABLE t ALTER COLUMN c TYPE mood__new USING c::text::mood__new;",
                "ALTER TABLE u ALTER COLUMN d DROP DEFAULT;",
                "ALTER TABLE u ALTER COLUMN d TYPE mood__new USING d::text::mood__new;",
                "DROP TYPE mood;",
                "ALTER TYPE mood__new RENAME TO mood;",
                "ALTER TABLE t ALTER COLUMN c SET DEFAULT 'a'::mood;",
                "ALTER TABLE u ALTER COLUMN d SET DEFAULT 'a'::mood;",
            ]
        },
    ),
    "create_sequence": (
        lambda op: op.create_sequence(
            sa.Sequence("q", start=5, increment=2, minvalue=1, nomaxvalue=True, cycle=False), schema="s"
        ),
        {
            dialect: pieces
            for dialect, pieces in {
                **_everywhere("CREATE SEQUENCE s.q INCREMENT BY 2 START WITH 5 MINVALUE 1 NO MAXVALUE NO CYCLE"),
                "mariadb": ["CREATE SEQUENCE s.q INCREMENT BY 2 START WITH 5 MINVALUE 1 NO MAXVALUE NOCYCLE;"],
                "oracle": ["CREATE SEQUENCE s.q INCREMENT BY 2 START WITH 5 MINVALUE 1 NOMAXVALUE NOCYCLE", "/"],
            }.items()
            if dialect in SEQUENCES
        },
    ),
    "alter_sequence": (
        lambda op: op.alter_sequence("q", increment=2, minvalue=None, restart=7, schema="s"),
        {
            "postgresql": ["ALTER SEQUENCE s.q INCREMENT BY 2 NO MINVALUE RESTART WITH 7;"],
            "mariadb": ["ALTER SEQUENCE s.q INCREMENT BY 2 NO MINVALUE RESTART WITH 7;"],
            "mssql": ["ALTER SEQUENCE s.q INCREMENT BY 2 NO MINVALUE RESTART WITH 7;", "GO"],
            "oracle": ["ALTER SEQUENCE s.q INCREMENT BY 2 NOMINVALUE RESTART START WITH 7", "/"],
        },
    ),
    "alter_sequence cycle": (
        lambda op: op.alter_sequence("q", cycle=False, restart=-3),
        {
            "postgresql": ["ALTER SEQUENCE q NO CYCLE RESTART WITH -3;"],
            "mariadb": ["ALTER SEQUENCE q NOCYCLE RESTART WITH -3;"],
            "mssql": ["ALTER SEQUENCE q NO CYCLE RESTART WITH -3;", "GO"],
            "oracle": ["ALTER SEQUENCE q NOCYCLE RESTART START WITH -3", "/"],
        },
    ),
    "drop_sequence": (
        lambda op: op.drop_sequence("q", if_exists=True),
        {d: s for d, s in _everywhere("DROP SEQUENCE IF EXISTS q").items() if d in SEQUENCES},
    ),
    "create_schema": (
        lambda op: op.create_schema("my S", if_not_exists=True),
        {
            "postgresql": ['CREATE SCHEMA IF NOT EXISTS "my S";'],
            "mysql": ["CREATE SCHEMA IF NOT EXISTS `my S`;"],
            "mariadb": ["CREATE SCHEMA IF NOT EXISTS `my S`;"],
            "mssql": ["IF SCHEMA_ID(N'my S') IS NULL EXEC(N'CREATE SCHEMA [my S]');", "GO"],
        },
    ),
    "drop_schema": (
        lambda op: op.drop_schema("s", if_exists=True),
        {"postgresql": ["DROP SCHEMA IF EXISTS s;"], "mssql": ["DROP SCHEMA IF EXISTS s;", "GO"]},
    ),
    "drop_schema cascade": (
        lambda op: op.drop_schema("s", cascade=True),
        {"postgresql": ["DROP SCHEMA s CASCADE;"], "mysql": ["DROP SCHEMA s;"], "mariadb": ["DROP SCHEMA s;"]},
    ),
    "create_extension": (
        lambda op: op.create_extension("uuid-ossp", schema="s", version="1.1", if_not_exists=True, cascade=True),
        {"postgresql": ["CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" SCHEMA s VERSION '1.1' CASCADE;"]},
    ),
    "drop_extension": (
        lambda op: op.drop_extension("hstore", if_exists=True, cascade=True),
        {"postgresql": ["DROP EXTENSION IF EXISTS hstore CASCADE;"]},
    ),
    "create_view": (
        lambda op: op.create_view(VIEW),
        {
            **_everywhere(f'CREATE VIEW s.v (id, "X y") AS {SELECT}'),
            "mysql": [f"CREATE VIEW s.v (id, `X y`) AS {SELECT};"],
            "mariadb": [f"CREATE VIEW s.v (id, `X y`) AS {SELECT};"],
            "mssql": [f"CREATE VIEW s.v (id, [X y]) AS {SELECT};", "GO"],
        },
    ),
    "create_view options": (
        lambda op: op.create_view(View("v", "SELECT 1", options="WITH x")),
        {
            **_everywhere("CREATE VIEW v WITH x AS SELECT 1"),
            "mysql": ["CREATE WITH x VIEW v AS SELECT 1;"],
            "mariadb": ["CREATE WITH x VIEW v AS SELECT 1;"],
        },
    ),
    "replace_view": (
        lambda op: op.replace_view(View("v", "SELECT 2"), replaces=View("v", "SELECT 1")),
        {
            **_everywhere("CREATE OR REPLACE VIEW v AS SELECT 2"),
            "sqlite": ["DROP VIEW v;", "CREATE VIEW v AS SELECT 2;"],
            "mssql": ["CREATE OR ALTER VIEW v AS SELECT 2;", "GO"],
        },
    ),
    "replace_view renamed": (
        lambda op: op.replace_view(View("v", "SELECT 2"), replaces=View("w", "SELECT 1")),
        {
            **{
                d: [*drop, *create]
                for (d, drop), create in zip(
                    _everywhere("DROP VIEW w").items(), _everywhere("CREATE VIEW v AS SELECT 2").values(), strict=True
                )
            },
        },
    ),
    "drop_view": (lambda op: op.drop_view("v", schema="s", if_exists=True), _everywhere("DROP VIEW IF EXISTS s.v")),
    "drop_view cascade": (
        lambda op: op.drop_view(VIEW, cascade=True),
        {"postgresql": ["DROP VIEW s.v CASCADE;"]},
    ),
    "create_materialized_view": (
        lambda op: op.create_materialized_view(MATERIALIZED),
        {
            "postgresql": [
                "CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a -- one WITH NO DATA;",
                "CREATE UNIQUE INDEX i ON s.m USING btree (a, (lower(b || '%:x'))) WHERE a > 0;",
            ]
        },
    ),
    "replace_materialized_view": (
        lambda op: op.replace_materialized_view(MaterializedView("m", "SELECT 1", indexes=(ViewIndex("i", ("a",)),))),
        {
            "postgresql": [
                "DROP MATERIALIZED VIEW m;",
                "CREATE MATERIALIZED VIEW m AS SELECT 1;",
                "CREATE INDEX i ON m (a);",
            ],
            "oracle": [
                *("DROP MATERIALIZED VIEW m", "/"),
                *("CREATE MATERIALIZED VIEW m BUILD IMMEDIATE AS SELECT 1", "/"),
                *("CREATE INDEX i ON m (a)", "/"),
            ],
        },
    ),
    "refresh_materialized_view": (
        lambda op: op.refresh_materialized_view(MATERIALIZED, with_data=True),
        {
            "postgresql": ["REFRESH MATERIALIZED VIEW s.m;"],
            "oracle": ["BEGIN DBMS_MVIEW.REFRESH('s.m', 'C'); END;", "/"],
        },
    ),
    "refresh_materialized_view concurrently": (
        lambda op: op.refresh_materialized_view("m", concurrently=True),
        {"postgresql": ["REFRESH MATERIALIZED VIEW CONCURRENTLY m;"]},
    ),
    "refresh_materialized_view empty": (
        lambda op: op.refresh_materialized_view("m", with_data=False),
        {"postgresql": ["REFRESH MATERIALIZED VIEW m WITH NO DATA;"]},
    ),
    "create_function": (
        lambda op: op.create_function(FUNCTION),
        {
            "postgresql": ["CREATE FUNCTION s.f(a integer = 5) RETURNS integer AS $$ SELECT 1; $$;"],
            "mysql": [
                "DELIMITER //",
                "CREATE FUNCTION s.f(a integer = 5) RETURNS integer AS $$ SELECT 1; $$ //",
                "DELIMITER ;",
            ],
            "mariadb": [
                "DELIMITER //",
                "CREATE FUNCTION s.f(a integer = 5) RETURNS integer AS $$ SELECT 1; $$ //",
                "DELIMITER ;",
            ],
            "mssql": ["CREATE FUNCTION s.f (a integer = 5) RETURNS integer AS $$ SELECT 1; $$;", "GO"],
            "oracle": ["CREATE FUNCTION s.f (a integer = 5) RETURNS integer AS $$ SELECT 1; $$", "/"],
        },
    ),
    "replace_function": (
        lambda op: op.replace_function(Function("f", "RETURN 1"), replaces=Function("f", "RETURN 2")),
        {
            "postgresql": ["CREATE OR REPLACE FUNCTION f() RETURN 1;"],
            "mysql": ["DROP FUNCTION f;", "CREATE FUNCTION f() RETURN 1;"],
            "mariadb": ["CREATE OR REPLACE FUNCTION f() RETURN 1;"],
            "mssql": ["CREATE OR ALTER FUNCTION f () RETURN 1;", "GO"],
            "oracle": ["CREATE OR REPLACE FUNCTION f RETURN 1", "/"],
        },
    ),
    "replace_function other arguments": (
        lambda op: op.replace_function(FUNCTION, replaces=Function("f", "", arguments="a text = 'x,y', b int")),
        {
            "postgresql": [
                "DROP FUNCTION f(a text, b int);",
                "CREATE FUNCTION s.f(a integer = 5) RETURNS integer AS $$ SELECT 1; $$;",
            ],
            "mysql": [
                "DROP FUNCTION f;",
                "DELIMITER //",
                "CREATE FUNCTION s.f(a integer = 5) RETURNS integer AS $$ SELECT 1; $$ //",
                "DELIMITER ;",
            ],
            "mariadb": [
                "DROP FUNCTION f;",
                "DELIMITER //",
                "CREATE FUNCTION s.f(a integer = 5) RETURNS integer AS $$ SELECT 1; $$ //",
                "DELIMITER ;",
            ],
            "mssql": [
                *("DROP FUNCTION f;", "GO"),
                *("CREATE FUNCTION s.f (a integer = 5) RETURNS integer AS $$ SELECT 1; $$;", "GO"),
            ],
            "oracle": [
                *("DROP FUNCTION f", "/"),
                *("CREATE FUNCTION s.f (a integer = 5) RETURNS integer AS $$ SELECT 1; $$", "/"),
            ],
        },
    ),
    "create_procedure": (
        lambda op: op.create_function(PROCEDURE),
        {
            "postgresql": ["CREATE PROCEDURE p() BEGIN DELETE FROM t; END;"],
            "mysql": ["DELIMITER //", "CREATE PROCEDURE p() BEGIN DELETE FROM t; END //", "DELIMITER ;"],
            "mariadb": ["DELIMITER //", "CREATE PROCEDURE p() BEGIN DELETE FROM t; END //", "DELIMITER ;"],
            "mssql": ["CREATE PROCEDURE p BEGIN DELETE FROM t; END;", "GO"],
            "oracle": ["CREATE PROCEDURE p BEGIN DELETE FROM t; END;", "/"],
        },
    ),
    "drop_function": (
        lambda op: op.drop_function("f", arguments="a int, b text DEFAULT 'x'", schema="s", if_exists=True),
        {
            **{d: s for d, s in _everywhere("DROP FUNCTION IF EXISTS s.f").items() if d != "sqlite"},
            "postgresql": ["DROP FUNCTION IF EXISTS s.f(a int, b text);"],
        },
    ),
    "drop_procedure": (
        lambda op: op.drop_function("p", kind="procedure"),
        {
            **{d: s for d, s in _everywhere("DROP PROCEDURE p").items() if d != "sqlite"},
            "postgresql": ["DROP PROCEDURE p();"],
        },
    ),
    "create_trigger": (
        lambda op: op.create_trigger(TRIGGER),
        {
            "postgresql": [
                "CREATE TRIGGER g AFTER INSERT ON s.\"T\" FOR EACH ROW BEGIN UPDATE t SET a = '%:x'; END;",
            ],
            "sqlite": ["CREATE TRIGGER s.g AFTER INSERT ON \"T\" FOR EACH ROW BEGIN UPDATE t SET a = '%:x'; END;"],
            "mysql": [
                "DELIMITER //",
                "CREATE TRIGGER s.g AFTER INSERT ON s.`T` FOR EACH ROW BEGIN UPDATE t SET a = '%:x'; END //",
                "DELIMITER ;",
            ],
            "mariadb": [
                "DELIMITER //",
                "CREATE TRIGGER s.g AFTER INSERT ON s.`T` FOR EACH ROW BEGIN UPDATE t SET a = '%:x'; END //",
                "DELIMITER ;",
            ],
            "mssql": [
                "CREATE TRIGGER s.g ON s.[T] AFTER INSERT FOR EACH ROW BEGIN UPDATE t SET a = '%:x'; END;",
                "GO",
            ],
            "oracle": [
                "CREATE TRIGGER s.g AFTER INSERT ON s.\"T\" FOR EACH ROW BEGIN UPDATE t SET a = '%:x'; END;",
                "/",
            ],
        },
    ),
    "create_trigger constraint": (
        lambda op: op.create_trigger(
            Trigger("g", "EXECUTE FUNCTION f()", table="t", event="AFTER INSERT", constraint=True)
        ),
        {"postgresql": ["CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();"]},
    ),
    "replace_trigger constraint": (
        lambda op: op.replace_trigger(
            Trigger("g", "EXECUTE FUNCTION f()", table="t", event="AFTER INSERT", constraint=True)
        ),
        {"postgresql": ["DROP TRIGGER g ON t;", "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();"]},
    ),
    "replace_trigger": (
        lambda op: op.replace_trigger(Trigger("g", "x", table="t", event="AFTER INSERT")),
        {
            "postgresql": ["CREATE OR REPLACE TRIGGER g AFTER INSERT ON t x;"],
            "sqlite": ["DROP TRIGGER g;", "CREATE TRIGGER g AFTER INSERT ON t x;"],
            "mysql": ["DROP TRIGGER g;", "CREATE TRIGGER g AFTER INSERT ON t x;"],
            "mariadb": ["CREATE OR REPLACE TRIGGER g AFTER INSERT ON t x;"],
            "mssql": ["CREATE OR ALTER TRIGGER g ON t AFTER INSERT x;", "GO"],
            "oracle": ["CREATE OR REPLACE TRIGGER g AFTER INSERT ON t x", "/"],
        },
    ),
    "drop_trigger": (
        lambda op: op.drop_trigger("g", "T", schema="s", if_exists=True),
        {**_everywhere("DROP TRIGGER IF EXISTS s.g"), "postgresql": ['DROP TRIGGER IF EXISTS g ON s."T";']},
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", CASES)
def test_the_sql_of_each_dialect(name: str, dialect: str) -> None:
    """Each operation is the dialect's statement, verbatim definitions in it, or is refused by name (CB-5, CB-22)."""
    step, expected = CASES[name]

    if dialect in expected:
        assert script(dialect, step) == expected[dialect]
    else:
        with pytest.raises(
            OperationUnsupported, match=rf"^({name.split(maxsplit=1)[0].replace('procedure', 'function')} |Index i)"
        ):
            script(dialect, step)


@pytest.mark.parametrize(
    ("dialect", "step", "sentence"),
    [
        ("postgresql", lambda op: op.drop_trigger("g"), "a trigger belongs to its table"),
        ("sqlite", lambda op: op.replace_view(VIEW, recreate=False), "no statement that puts this view"),
        (
            "postgresql",
            lambda op: op.replace_view(VIEW, replaces=View("older", "SELECT 1"), recreate=False),
            "no statement that puts this view",
        ),
        ("mssql", lambda op: op.create_sequence("q", if_not_exists=True), "no CREATE SEQUENCE IF NOT EXISTS"),
        ("mssql", lambda op: op.alter_sequence("q", start=5), "cannot alter start value"),
        ("oracle", lambda op: op.alter_sequence("q", start=5), "cannot alter the start value"),
        *(
            (dialect, lambda op: op.alter_sequence("q", restart=False), "nothing is said to change")
            for dialect in SEQUENCES
        ),
        ("oracle", lambda op: op.refresh_materialized_view("m", with_data=False), "no CONCURRENTLY or WITH NO DATA"),
        (
            "postgresql",
            lambda op: op.replace_enum_values(
                "e",
                ["a", "b"],
                ["a", "b"],
                columns=[ops.EnumColumn("t", "c", array=True)],
                mapping={"a": "b", "b": "a"},
            ),
            "which the array t.c cannot follow",
        ),
    ],
)
def test_what_a_dialect_cannot_do_is_refused(dialect: str, step: Callable[[Any], object], sentence: str) -> None:
    """Nothing that was asked for is left out silently."""
    with pytest.raises(OperationError, match=sentence):
        script(dialect, step)


@pytest.mark.parametrize(
    ("definition", "written"),
    [
        ("SELECT 1; -- note", "SELECT 1 -- note\n;"),
        ("SELECT 1 ; /* a ; */\n", "SELECT 1 /* a ; */;"),
        ("SELECT ';' -- note;", "SELECT ';' -- note;\n;"),
        ("SELECT 1 -- note;\n;", "SELECT 1 -- note;\n;"),
        (r"SELECT 'it\'s; -- no note'", r"SELECT 'it\'s; -- no note'" + "\n;"),
    ],
)
def test_a_definition_loses_its_semicolon_and_keeps_its_comment(definition: str, written: str) -> None:
    """The terminator is the script's own: one in front of a closing comment would be a second one."""
    impl, buffer = offline_impl("mysql")
    context: Any = StandInContext(impl)
    Operations(context).create_view(View("v", definition))

    assert buffer.getvalue() == f"CREATE VIEW v AS\n{written}\n\n"


def test_a_view_of_sql_server_begins_a_batch() -> None:
    """CREATE VIEW and its like must come first in a batch, whatever was written before."""
    impl, buffer = offline_impl("mssql")
    context: Any = StandInContext(impl)
    impl.emit_begin()
    impl.static_output("-- Running upgrade")
    op = Operations(context)
    op.create_view(View("v", "SELECT 1"))
    op.create_schema("s")
    impl.emit_commit()

    assert buffer.getvalue().split("\n\n")[:-1] == [
        "BEGIN TRANSACTION;",
        "-- Running upgrade",
        "GO",
        "CREATE VIEW v AS\nSELECT 1;",
        "GO",
        "CREATE SCHEMA s;",
        "GO",
        "COMMIT;",
        "GO",
    ]


def test_the_delimiter_is_none_of_the_body() -> None:
    """The client `mysql` would end the statement at a delimiter inside of it."""
    body = "BEGIN SELECT '//', '$$', ';;'; END"

    pieces = script("mysql", lambda op: op.create_function(Function("f", body, kind="procedure")))

    assert pieces == ["DELIMITER ;;/", f"CREATE PROCEDURE f() {body} ;;/", "DELIMITER ;"]


def test_old_servers_replace_triggers_in_two_statements() -> None:
    """OR REPLACE for triggers came with PostgreSQL 14."""
    impl, _ = offline_impl("postgresql")
    trigger = Trigger("g", "EXECUTE FUNCTION f()", table="t", event="AFTER INSERT")
    impl.as_sql, impl.dialect.server_version_info = False, (13, 4)
    sent: list[str] = []
    impl._exec = lambda construct: sent.append(type(construct).__name__)

    impl.replace_replaceable(trigger)

    assert sent == ["DropTrigger", "CreateTrigger"]
