"""The operation objects on enum types, sequences, schemas, extensions and replaceable objects."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from runner.errors import OperationError
from runner.operations import ops
from runner.operations.replaceable import Function, MaterializedView, Trigger, View

VIEW, OLD_VIEW = View("v", "SELECT 2"), View("v", "SELECT 1")
MATERIALIZED = MaterializedView("m", "SELECT 1")
FUNCTION = Function("f", "RETURNS int LANGUAGE sql AS 'SELECT 1'")
TRIGGER = Trigger("g", "EXECUTE FUNCTION f()", table="t", event="BEFORE UPDATE")
COLUMNS = (ops.EnumColumn("t", "c", "a"),)

CREATED = (
    ops.CreateEnumOp("e", ["a", "b"], schema="s"),
    ops.CreateSequenceOp("q", start=5, cycle=True, schema="s"),
    ops.CreateSchemaOp("s", if_not_exists=True),
    ops.CreateExtensionOp("hstore", schema="s", version="1.8"),
    ops.CreateViewOp(VIEW),
    ops.CreateMaterializedViewOp(MATERIALIZED),
    ops.CreateFunctionOp(FUNCTION),
    ops.CreateTriggerOp(TRIGGER),
)
CHANGED = (
    ops.AddEnumValueOp("e", "b", existing_values=["a"], columns=COLUMNS).reverse(),
    ops.RenameEnumValueOp("e", "a", "b", schema="s"),
    ops.ReplaceEnumValuesOp("e", ["a", "n"], ["a", "o"], columns=COLUMNS, mapping={"o": "n"}),
    ops.ReplaceEnumValuesOp("e", ["b"], ["a", "b"], columns=COLUMNS, mapping={"a": "b"}),
    ops.AlterSequenceOp("q", increment=2, existing={"increment": 1, "start": 5}, schema="s"),
    ops.ReplaceViewOp(VIEW, replaces=OLD_VIEW, recreate=True),
    ops.ReplaceMaterializedViewOp(MATERIALIZED, replaces=MATERIALIZED),
    ops.ReplaceFunctionOp(FUNCTION, replaces=FUNCTION),
    ops.ReplaceTriggerOp(TRIGGER, replaces=TRIGGER),
)


def _plain(value: Any) -> Any:
    return (type(value).__name__, {k: v for k, v in vars(value).items() if k != "mapping"})


@pytest.mark.parametrize("operation", [*CREATED, *CHANGED], ids=lambda operation: type(operation).__name__)
def test_the_reverse_of_the_reverse_is_the_operation(operation: Any) -> None:
    """Nothing a directive said is lost on the way down and up (OP-63)."""
    back = operation.reverse()

    if isinstance(operation, ops.ReplaceEnumValuesOp):
        there = back.reverse()
        assert (there.values, there.existing_values) == (operation.values, operation.existing_values)
        assert [c.default_after(there.mapping) for c in there.columns] == [
            c.default_after(operation.mapping) for c in operation.columns
        ]
    else:
        assert _plain(back.reverse()) == _plain(operation)


def test_swapped_enum_values_are_swapped_back() -> None:
    """Rows that no other value can have become are told apart, so they get their value back; others cannot."""
    swapped = ops.ReplaceEnumValuesOp("e", ["a", "b"], ["a", "b"], mapping={"a": "b", "b": "a"})
    merged = ops.ReplaceEnumValuesOp("e", ["a"], ["a", "b"], mapping={"b": "a"})

    assert swapped.reverse().mapping == {"a": "b", "b": "a"}
    assert merged.reverse().mapping == {}


@pytest.mark.parametrize(
    "operation",
    [
        ops.DropEnumOp("e"),
        ops.AddEnumValueOp("e", "b"),
        ops.AddEnumValueOp("e", "b", existing_values=["a"]),
        ops.DropSequenceOp("q"),
        ops.AlterSequenceOp("q", increment=2),
        ops.AlterSequenceOp("q", increment=2, existing={"start": 1}),
        ops.DropSchemaOp("s", cascade=True),
        ops.DropExtensionOp("hstore", cascade=True),
        ops.DropViewOp(View("v", "")),
        ops.DropViewOp(VIEW, cascade=True),
        ops.ReplaceViewOp(VIEW),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_is_not_known_cannot_be_put_back(operation: Any) -> None:
    """The refusal is a sentence that says what is missing (OP-63)."""
    with pytest.raises(ValueError, match=r"cannot be reversed: "):
        operation.reverse()


def test_differences_are_tuples_with_the_objects() -> None:
    """Every operation says what it changes in the form compare_metadata() reports (AG-75)."""
    assert [operation.to_diff_tuple() for operation in CREATED if not isinstance(operation, ops.CreateSequenceOp)] == [
        ("add_enum", "s", "e", ("a", "b")),
        ("add_schema", "s"),
        ("add_extension", "s", "hstore", "1.8"),
        ("add_view", VIEW),
        ("add_materialized_view", MATERIALIZED),
        ("add_function", FUNCTION),
        ("add_trigger", TRIGGER),
    ]
    assert [operation.reverse().to_diff_tuple()[0] for operation in CREATED] == [
        *("remove_enum", "remove_sequence", "remove_schema", "remove_extension"),
        *("remove_view", "remove_materialized_view", "remove_function", "remove_trigger"),
    ]
    assert [operation.to_diff_tuple() for operation in CHANGED[1:6]] == [
        ("rename_enum_value", "s", "e", "a", "b"),
        ("modify_enum", None, "e", ("a", "o"), ("a", "n")),
        ("modify_enum", None, "e", ("a", "b"), ("b",)),
        ("modify_sequence", "s", "q", {"increment": 1}, {"increment": 2}),
        ("modify_view", OLD_VIEW, VIEW),
    ]
    added = ops.AddEnumValueOp("e", "b", after="a", schema="s")
    assert added.to_diff_tuple() == ("add_enum_value", "s", "e", "b", {"before": None, "after": "a"})


@pytest.mark.parametrize(
    ("place", "values"),
    [
        ({}, ("a", "b", "n")),
        ({"before": "a"}, ("n", "a", "b")),
        ({"after": "a"}, ("a", "n", "b")),
    ],
)
def test_the_place_of_a_new_value_is_known(place: dict[str, str], values: tuple[str, ...]) -> None:
    """The values afterwards follow from those before."""
    assert ops.AddEnumValueOp("e", "n", existing_values=["a", "b"], **place).values == values  # type: ignore[arg-type]


def test_contradicting_arguments_are_refused() -> None:
    """Two places, values given twice, letters instead of values, and mappings to nowhere are found at once."""
    with pytest.raises(OperationError, match="not both"):
        ops.AddEnumValueOp("e", "n", before="a", after="b")
    with pytest.raises(OperationError, match="values a are given twice"):
        ops.CreateEnumOp("e", ["a", "a"])
    with pytest.raises(OperationError, match="not one string"):
        ops.CreateEnumOp("e", "ab")
    with pytest.raises(OperationError, match="mapping takes 'x' to 'a'"):
        ops.ReplaceEnumValuesOp("e", ["a"], ["a", "b"], mapping={"x": "a"})


def test_enum_operations_come_from_types() -> None:
    """Autogenerate makes them of the type of a column; a type without a name is no type of the database."""
    enum = sa.Enum("a", "b", name="e", schema="s")

    created, dropped = ops.CreateEnumOp.from_enum(enum), ops.DropEnumOp.from_enum(enum)

    assert _plain(dropped.reverse()) == _plain(created)
    with pytest.raises(OperationError, match="needs a name"):
        ops.CreateEnumOp.from_enum(sa.Enum("a"))


def test_sequence_operations_come_from_sequences() -> None:
    """Only options both name can differ; what the model leaves out is the database's business."""
    there = sa.Sequence("q", start=1, increment=1, cache=1)
    wanted = sa.Sequence("q", start=1, increment=5, maxvalue=9)

    changed = ops.AlterSequenceOp.from_sequences(there, wanted)

    assert (changed.options, changed.existing) == ({"increment": 5}, {"start": 1, "increment": 1, "cache": 1})
    assert changed.reverse().options == {"increment": 1}
    assert ops.CreateSequenceOp.from_sequence(wanted).kw == {"start": 1, "increment": 5, "maxvalue": 9}
    assert ops.DropSequenceOp.from_sequence(wanted).to_sequence().increment == 5


def _with_indexes() -> ops.CreateTableOp:
    a = sa.Column("a", sa.Integer, index=True)
    free = sa.Index("i", "b", unique=True, postgresql_where=sa.text("b > 1"), info={"note": 1})
    return ops.CreateTableOp("t", [a, sa.Column("b", sa.Integer), free, sa.Index("j", sa.func.abs(a))], schema="s")


def _made(operation: ops.CreateTableOp) -> list[str]:
    table = operation.to_table()
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    dialect: Any = postgresql.dialect  # not annotated
    return [str(CreateIndex(index).compile(dialect=dialect())) for index in indexes]


def test_a_table_remembers_its_indexes_on_the_way_there_and_back() -> None:
    """Indexes given with the table, and those of columns, come back with it, however often (OP-4, OP-63)."""
    operation = _with_indexes()
    expected = [
        "CREATE UNIQUE INDEX i ON s.t (b) WHERE b > 1",
        "CREATE INDEX ix_s_t_a ON s.t (a)",
        "CREATE INDEX j ON s.t (abs(a))",
    ]

    assert _made(operation) == expected
    assert _made(operation) == expected
    again = operation.reverse().reverse()
    assert _made(again) == expected
    assert _made(again.reverse().reverse()) == expected
    assert next(index.info for index in again.to_table().indexes if index.name == "i") == {"note": 1}


def test_a_table_that_was_found_leaves_its_indexes_to_operations_of_their_own() -> None:
    """Autogenerate drops and creates indexes beside the table; there are no two of each (OP-63)."""
    table = _with_indexes().to_table()

    assert _made(ops.CreateTableOp.from_table(table)) == []
    assert _made(ops.DropTableOp.from_table(table).reverse()) == []


def test_the_name_of_an_index_is_not_enough_to_make_it_again() -> None:
    """A dropped index of which only the name is known is refused, not made on a stand-in column (OP-9)."""
    with pytest.raises(ValueError, match="index i cannot be reversed: its columns are not known"):
        ops.DropIndexOp("i", "t").reverse()


@pytest.mark.parametrize(
    ("default", "after"),
    [
        ("{}", "{}"),
        ("{old,other}", "{new,other}"),
        ('{"old", old , NULL}', "{new, new, NULL}"),
        ('{{old},{"a,b"}}', '{{new},{"a \\"b\\\\"}}'),
        ('{"say \\"x\\""}', '{"NULL"}'),
    ],
)
def test_the_default_of_an_array_of_enum_values_is_mapped_item_by_item(default: str, after: str) -> None:
    """Items may stand in quotes and arrays in arrays; what is not mapped is not touched, NULL is no value."""
    mapping = {"old": "new", "a,b": 'a "b\\', 'say "x"': "NULL", "NULL": "old"}

    assert ops.EnumColumn("t", "c", default, array=True).default_after(mapping) == after
