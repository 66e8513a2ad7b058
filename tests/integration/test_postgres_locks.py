"""The lock table next to real servers: mode, file and scans of each statement are what the rule says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection, Engine

from runner.dialects.postgresql_locks import LOCK_RULES, LockMode, LockRule, TableWork, rule_for
from runner.dialects.statement import OnlineSink, Statement
from runner.operations.replaceable import Function, Trigger
from tests.integration.test_dialects_online import operations_on
from tests.integration.test_operation_pages import EXAMPLES
from tools.operation_pages import Example, start

Call = Callable[[Any], object]
_OURS = "relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the server did for one statement.

    Args:
        locks: strongest mode per table that was there before.
        rewritten: tables whose file changed.
        scanned: tables of which rows were read in sequence.
    """

    locks: Mapping[str, LockMode]
    rewritten: frozenset[str]
    scanned: frozenset[str]


class ObservingSink:
    """Executes each statement in a transaction of its own and notes what the server did."""

    as_sql = False

    def __init__(self, connection: Connection) -> None:
        self._inner = OnlineSink(connection)
        self.connection = connection
        self.seen: list[tuple[Statement, Observed]] = []

    def execute(self, statement: Statement) -> Any:
        if self.connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return self._inner.execute(statement)  # nothing to see: the locks are gone at once
        self.connection.commit()
        tables, files, reads = self._tables(), self._files(), self._reads()
        result = self._inner.execute(statement)
        after = self._files()
        self.seen.append(
            (
                statement,
                Observed(
                    locks=self._locks(tables),
                    rewritten=frozenset(tables[oid] for oid in after.keys() & files.keys() if after[oid] != files[oid]),
                    scanned=frozenset(
                        tables[oid] for oid, rows in self._reads().items() if rows > reads.get(oid, 0) and oid in tables
                    ),
                ),
            )
        )
        self.connection.commit()
        return result

    def _pairs(self, sql: str) -> list[tuple[Any, Any]]:
        return [(row[0], row[1]) for row in self.connection.execute(sa.text(sql))]

    def _tables(self) -> dict[int, str]:
        return dict(self._pairs(f"SELECT oid, relname FROM pg_class WHERE relkind IN ('r', 'p') AND {_OURS}"))

    def _files(self) -> dict[int, int]:
        return dict(self._pairs("SELECT oid, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'r'"))

    def _reads(self) -> dict[int, int]:
        return dict(self._pairs("SELECT relid, seq_tup_read FROM pg_stat_xact_user_tables"))

    def _locks(self, tables: Mapping[int, str]) -> dict[str, LockMode]:
        modes = {mode.catalogue_name: mode for mode in LockMode}
        strongest: dict[str, LockMode] = {}
        for oid, name in self._pairs("SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND granted"):
            if oid in tables:
                strongest[tables[oid]] = max(
                    strongest.get(tables[oid], LockMode.ACCESS_SHARE), modes[name], key=_strength
                )
        return strongest


def _strength(mode: LockMode) -> int:
    return list(LockMode).index(mode)


def _observed(connection: Connection, call: Call) -> list[tuple[Statement, Observed]]:
    """Return what the server did for each statement of a call."""
    op = operations_on(connection)
    sink = ObservingSink(connection)
    op.impl._online = sink
    call(op)
    return sink.seen


def _complaints(rule: LockRule, observed: Observed, table: str, *, exact: bool = True) -> Iterator[str]:
    """Yield what the server did otherwise than the rule says."""
    others = {mode for name, mode in observed.locks.items() if name != table}
    lock = observed.locks.get(table)
    if lock is not rule.lock:
        yield f"{rule.name}: {table} is locked in {lock}"
    allowed = {rule.referenced, LockMode.ACCESS_SHARE}
    if rule.referenced is None:
        allowed.add(LockMode.ROW_SHARE)
    if not others <= allowed or (exact and rule.referenced and rule.referenced not in others):
        yield f"{rule.name}: other tables are locked in {others}"
    work = _work(observed, table)
    if work is not rule.work:
        yield f"{rule.name}: the rows of {table}: {work}"


def _work(observed: Observed, table: str) -> TableWork:
    if table in observed.rewritten:
        return TableWork.REWRITE
    return TableWork.SCAN if table in observed.scanned else TableWork.NOTHING


def _column(type_: Any = None, *items: Any, **kw: Any) -> Any:
    return sa.Column("c", type_ or sa.Integer(), *items, **kw)


def _alter(column: str, **kw: Any) -> Call:
    return lambda op: op.alter_column("item", column, **kw)


def _add(make: Callable[[], Any], **kw: Any) -> Call:
    return lambda op: op.add_column("item", make(), **kw)


def _reference() -> Any:
    return sa.ForeignKey("part.id", name="fk_c")


def _domain(**kw: Any) -> Any:
    return postgresql.DOMAIN("count", sa.Integer(), **kw)


def _with_domain(constraints: str, call: Call) -> Call:
    return lambda op: (op.execute(f"CREATE DOMAIN count AS integer {constraints}"), call(op))


_NOTHING = Function("nothing", "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END; $$")
_TRIGGER = Trigger("fired", "FOR EACH ROW EXECUTE FUNCTION nothing()", table="item", event="BEFORE INSERT")

CASES: dict[str, list[Call]] = {
    "add-column-domain": [
        _with_domain("CHECK (VALUE > 0)", _add(lambda: _column(_domain(check="VALUE > 0")))),
        _with_domain("NOT NULL DEFAULT 1", _add(lambda: _column(_domain(not_null=True, default="1")))),
    ],
    "add-column-filled": [
        _add(lambda: _column(None, sa.Computed("size + 1", persisted=True))),
        _add(lambda: _column(None, sa.Identity())),
        _add(lambda: _column(sa.Uuid(), server_default=sa.func.gen_random_uuid())),
        _add(lambda: _column(sa.DateTime(), server_default=sa.text("clock_timestamp()"), nullable=False)),
    ],
    "add-column-reference-checked": [
        _add(lambda: _column(None, _reference(), server_default="1"), inline_references=True)
    ],
    "add-column-checked": [_add(lambda: _column(None, sa.CheckConstraint("c > 0", name="ck_c")))],
    "add-column-reference": [_add(lambda: _column(None, _reference()), inline_references=True)],
    "add-column": [
        _add(_column),
        _add(lambda: _column(server_default="5", nullable=False)),
        _add(lambda: _column(sa.DateTime(), server_default=sa.func.now(), nullable=False)),
        _with_domain("", _add(lambda: _column(_domain()))),
    ],
    "drop-column": [lambda op: op.drop_column("child", "part_id")],
    "alter-column-not-null": [_alter("size", nullable=False)],
    "alter-column-nullable": [_alter("label", nullable=True)],
    "alter-column-type-compatible": [
        _alter("label", type_=sa.String(40), existing_type=sa.String(20)),
        _alter("label", type_=sa.Text(), existing_type=sa.String(20)),
        _alter("label", type_=sa.String(), existing_type=sa.String(20)),
        _alter("price", type_=sa.Numeric(14, 2), existing_type=sa.Numeric(10, 2)),
        _alter("price", type_=sa.Numeric(), existing_type=sa.Numeric(10, 2)),
        _with_domain("", _alter("size", type_=_domain(), existing_type=sa.Integer())),
    ],
    "alter-column-type": [
        _alter("size", type_=sa.BigInteger(), existing_type=sa.Integer()),
        _alter("label", type_=sa.String(10), existing_type=sa.String(20)),
        _alter("price", type_=sa.Numeric(12, 3), existing_type=sa.Numeric(10, 2)),
        _alter("label", type_=sa.Integer(), postgresql_using="length(label)"),
        _with_domain("CHECK (VALUE > 0)", _alter("size", type_=_domain(check="VALUE > 0"), existing_type=sa.Integer())),
    ],
    "alter-column-default": [_alter("size", server_default="5"), _alter("size", server_default=None)],
    "alter-column-identity": [_alter("number", server_default=sa.Identity())],
    "alter-column-name": [_alter("size", new_column_name="extent")],
    "alter-column-comment": [_alter("size", comment="how big")],
    "column-comment": [_add(lambda: _column(comment="said"))],
    "create-table": [lambda op: op.create_table("fresh", _column(None, _reference()))],
    "drop-table": [lambda op: op.drop_table("child")],
    "rename-table": [lambda op: op.rename_table("item", "thing")],
    "table-comment": [lambda op: op.create_table_comment("item", "said")],
    "drop-table-comment": [lambda op: op.drop_table_comment("item")],
    "create-index": [
        lambda op: op.create_index("ix", "item", ["size"]),
        lambda op: op.create_index("ix", "item", [sa.text("lower(label)")], unique=True),
    ],
    "drop-index": [lambda op: op.drop_index("ix_child", "child")],
    "add-foreign-key-not-valid": [
        lambda op: op.create_foreign_key("fk", "item", "part", ["size"], ["id"], postgresql_not_valid=True)
    ],
    "add-foreign-key": [lambda op: op.create_foreign_key("fk", "item", "part", ["size"], ["id"])],
    "add-check": [lambda op: op.create_check_constraint("ck", "item", "size > 0")],
    "add-check-not-valid": [lambda op: op.create_check_constraint("ck", "item", "size > 0", postgresql_not_valid=True)],
    "add-exclude": [lambda op: op.create_exclude_constraint("ex", "item", ("span", "&&"), using="gist")],
    "add-key": [
        lambda op: op.create_unique_constraint("uq", "item", ["size"]),
        lambda op: op.create_primary_key("pk", "item", ["number"]),
    ],
    "drop-constraint": [lambda op: op.drop_constraint("fk_child", "child", type_="foreignkey")],
    "replace-enum-values": [
        lambda op: (
            op.create_enum("digit", ["1", "2"]),
            op.alter_column("item", "label", type_=postgresql.ENUM(name="digit"), postgresql_using="label::digit"),
            op.replace_enum_values("digit", ["2", "1"], ["1", "2"], columns=[("item", "label")]),
        )
    ],
    "create-trigger": [
        lambda op: (op.create_function(_NOTHING), op.create_trigger(_TRIGGER), op.replace_trigger(_TRIGGER))
    ],
    "drop-trigger": [lambda op: (op.create_function(_NOTHING), op.create_trigger(_TRIGGER), op.drop_trigger(_TRIGGER))],
    "insert-rows": [
        lambda op: op.bulk_insert(sa.table("child", sa.column("id"), sa.column("part_id")), [{"id": 9, "part_id": 1}])
    ],
}
CONCURRENTLY: dict[str, Call] = {
    "create-index-concurrently": lambda op: op.create_index("ix", "item", ["size"], postgresql_concurrently=True),
    "drop-index-concurrently": lambda op: op.drop_index("ix_item", "item", postgresql_concurrently=True),
}
OTHER_TABLE = {"drop-column": "child", "drop-table": "child", "drop-index": "child", "drop-constraint": "child"} | {
    "insert-rows": "child",
    "create-table": "fresh",
}
PROVED_ELSEWHERE: dict[str, str] = {}
"""Rules of other directives -> the test module that proves them."""


def _lay_out(engine: Engine) -> None:
    metadata = sa.MetaData()
    part = sa.Table("part", metadata, sa.Column("id", sa.Integer(), primary_key=True))
    item = sa.Table(
        "item",
        metadata,
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(20), nullable=False),
        sa.Column("size", sa.Integer()),
        sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("span", postgresql.INT4RANGE()),
        sa.Index("ix_item", "number"),
    )
    child = sa.Table(
        "child",
        metadata,
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("part_id", sa.Integer()),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name="fk_child"),
        sa.Index("ix_child", "part_id"),
    )
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(part.insert(), [{"id": 1}, {"id": 2}])
        rows = [{"number": n, "label": str(n), "size": n, "price": n, "span": f"[{n},{n + 1})"} for n in (1, 2)]
        connection.execute(item.insert(), rows)
        connection.execute(child.insert(), [{"id": 1, "part_id": 1}])


def test_every_rule_is_proved() -> None:
    """Each rule of the lock table has a case on a real server."""
    assert {rule.name for rule in LOCK_RULES} == CASES.keys() | CONCURRENTLY.keys() | PROVED_ELSEWHERE.keys()
    assert len({rule.name for rule in LOCK_RULES}) == len(LOCK_RULES)


def test_rules_hold(pg_database_factory: Callable[[], str]) -> None:
    """Mode, file and scans of every case are those of its rule (one fresh database each)."""
    complaints: list[str] = []
    for name, call in [(name, call) for name, calls in CASES.items() for call in calls]:
        engine = sa.create_engine(pg_database_factory())
        _lay_out(engine)
        with engine.connect() as connection:
            seen = [(rule_for(st.construct), observed) for st, observed in _observed(connection, call)]
            matching = [(rule, observed) for rule, observed in seen if rule is not None and rule.name == name]
            if not matching:
                complaints.append(f"{name}: the rules found are {[rule and rule.name for rule, _ in seen]}")
            for rule, observed in matching:
                complaints += _complaints(rule, observed, OTHER_TABLE.get(name, "item"))
        engine.dispose()

    assert complaints == []


@pytest.mark.parametrize("name", CONCURRENTLY)
def test_concurrent_rules_hold(name: str, pg_url: str) -> None:
    """What cannot be in a transaction is caught waiting behind a lock of ours, which shows the mode it asks for."""
    engine = sa.create_engine(pg_url)
    _lay_out(engine)

    def run() -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            CONCURRENTLY[name](operations_on(connection))

    rule = next(rule for rule in LOCK_RULES if rule.name == name)
    with engine.connect() as holder, engine.connect() as observer:
        holder.execute(sa.text("LOCK TABLE item IN SHARE UPDATE EXCLUSIVE MODE"))
        thread = Thread(target=run)
        thread.start()
        try:
            mode = _waiting_for(observer)
        finally:
            holder.rollback()
            thread.join(60)
    engine.dispose()

    assert rule.lock is not None
    assert mode == rule.lock.catalogue_name


def _waiting_for(observer: Connection) -> str:
    """Return the mode somebody waits for on the table."""
    query = sa.text("SELECT mode FROM pg_locks WHERE relation = 'item'::regclass AND NOT granted")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        mode = observer.execute(query).scalar()
        observer.rollback()
        if mode is not None:
            return str(mode)
        time.sleep(0.05)
    raise AssertionError("nobody waited")


_IN_TRANSACTIONS = [item for item in EXAMPLES if "autocommit_block" not in item.values[0].source]
"""The others are seen by test_concurrent_rules_hold."""


@pytest.mark.parametrize("example", _IN_TRANSACTIONS)
def test_rules_hold_for_the_examples(example: Example, pg_url: str) -> None:
    """No statement of an example takes a stronger lock, or does more, than its rule says."""
    engine = sa.create_engine(pg_url)
    with engine.connect() as connection:
        op = operations_on(connection)
        start(op)
        functions = example.functions(op)
        functions["before"]()
        connection.commit()
        sink = ObservingSink(connection)
        op.impl._online = sink
        functions["upgrade"]()
        functions["downgrade"]()
        connection.commit()
    engine.dispose()

    assert [complaint for found in sink.seen for complaint in _too_weak(*found)] == []


def _too_weak(statement: Statement, observed: Observed) -> Iterator[str]:
    rule = rule_for(statement.construct)
    if rule is None:
        return
    allowed = {mode for mode in (rule.lock, rule.referenced) if mode is not None} | {LockMode.ROW_SHARE}
    limit = max(allowed, key=_strength)
    for table, mode in observed.locks.items():
        if _strength(mode) > _strength(limit):
            yield f"{rule.name}: {table} is locked in {mode}"
    if observed.rewritten and rule.work is not TableWork.REWRITE:
        yield f"{rule.name}: {sorted(observed.rewritten)} rewritten"
