"""Extensions written for Alembic, next to Alembic: the same program prints the same under three sets of names.

Each program runs on the real Alembic, on this engine under Alembic's names, and on this engine under its own; in a
process of its own, since what it registers stays.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from tests.programs import run_program

NAMES = {
    "alembic": """
        from alembic import op
        from alembic.ddl.base import (
            AddColumn, ColumnDefault, ColumnName, ColumnNullable, ColumnType, DropColumn, RenameTable,
            add_column, alter_column, alter_table, drop_column, format_column_name, format_server_default,
            format_table_name, format_type,
        )
        from alembic.ddl.impl import DefaultImpl
        from alembic.ddl.mysql import MySQLImpl
        from alembic.ddl.postgresql import PostgresqlImpl
        from alembic.ddl.sqlite import SQLiteImpl
        from alembic.operations import BatchOperations, MigrateOperation, Operations, ops
        from alembic.operations import toimpl
        from alembic.runtime.environment import EnvironmentContext
        from alembic.runtime.migration import MigrationContext
        from alembic.config import Config
        from alembic.script import ScriptDirectory
        from alembic.autogenerate import comparators, produce_migrations, render_python_code, renderers
        from alembic.autogenerate.render import _add_column
    """,
    "runner": """
        from runner import op
        from runner.dialects.ddl import (
            AddColumn, ColumnDefault, ColumnName, ColumnNullable, ColumnType, DropColumn, RenameTable,
            add_column, alter_column, alter_table, drop_column, format_column_name, format_server_default,
            format_table_name, format_type,
        )
        from runner.dialects.base import DefaultImpl
        from runner.dialects.mysql import MySQLImpl
        from runner.dialects.postgresql import PostgresqlImpl
        from runner.dialects.sqlite import SQLiteImpl
        from runner.operations import BatchOperations, MigrateOperation, Operations, ops
        from runner.operations import toimpl
        from runner.migration.environment import EnvironmentContext
        from runner.migration.context import MigrationContext
        from runner.config import Config
        from runner.revisions.directory import ScriptDirectory
        from runner.alembic_compat.autogenerate.render import _add_column
        from runner.alembic_compat.autogenerate import comparators, produce_migrations, render_python_code, renderers
    """,
}
COMMON = """
import io

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles


def script(dialect, **opts):
    buffer = io.StringIO()
    opts = {"as_sql": True, "output_buffer": buffer, **opts}
    return MigrationContext.configure(dialect_name=dialect, opts=opts), buffer


def show(buffer):
    for piece in buffer.getvalue().split("\\n\\n"):
        if piece.strip():
            print(" ".join(piece.split()))
    buffer.seek(0)
    buffer.truncate()

"""

PROGRAMS = {
    # OP-60, OP-61, OP-63: a directive of one's own, in a batch block too, under two names, with a reverse
    "operations": """
        @Operations.register_operation("grant")
        @Operations.register_operation("allow", "grant")
        @BatchOperations.register_operation("grant", "batch_grant")
        class GrantOp(MigrateOperation):
            def __init__(self, table_name, role, *, schema=None):
                self.table_name, self.role, self.schema = table_name, role, schema

            @classmethod
            def grant(cls, operations, table_name, role, **kw):
                '''Let a role read a table.'''
                return operations.invoke(cls(table_name, role, **kw))

            @classmethod
            def batch_grant(cls, operations, role):
                return operations.invoke(cls(operations.impl.table_name, role, schema=operations.impl.schema))

            def reverse(self):
                return RevokeOp(self.table_name, self.role, schema=self.schema)

        class RevokeOp(GrantOp):
            pass

        @Operations.implementation_for(GrantOp)
        def grant(operations, operation):
            words = "REVOKE {} FROM" if isinstance(operation, RevokeOp) else "GRANT {} TO"
            quote = operations.impl.dialect.identifier_preparer.quote
            text = words.format(f"SELECT ON {quote(operation.table_name)}")
            operations.migration_context.impl.execute(f"{text} {operation.role}")
            return operation.role

        context, buffer = script("postgresql")
        with Operations.context(context):
            print(op.grant("My t", "reader"), op.allow("t", "app"))
            operation = GrantOp("t", "app")
            operation.info["note"] = 1
            print(op.invoke(operation.reverse()), operation.info, op.get_context() is context)
            with op.batch_alter_table("b", schema="s") as batch:
                batch.grant("reader")
                batch.drop_column("c")
        show(buffer)
        print(isinstance(Operations(context).impl, DefaultImpl), Operations(context).migration_context is context)
    """,
    # CB-22: the sequences of the documentation; the name is one this engine has a directive of
    "sequences": """
        @Operations.register_operation("create_sequence")
        class CreateSequenceOp(MigrateOperation):
            def __init__(self, sequence_name, schema=None):
                self.sequence_name, self.schema = sequence_name, schema

            @classmethod
            def create_sequence(cls, operations, sequence_name, **kw):
                return operations.invoke(CreateSequenceOp(sequence_name, **kw))

            def reverse(self):
                return DropSequenceOp(self.sequence_name, schema=self.schema)

        @Operations.register_operation("drop_sequence")
        class DropSequenceOp(MigrateOperation):
            def __init__(self, sequence_name, schema=None):
                self.sequence_name, self.schema = sequence_name, schema

            @classmethod
            def drop_sequence(cls, operations, sequence_name, **kw):
                return operations.invoke(DropSequenceOp(sequence_name, **kw))

            def reverse(self):
                return CreateSequenceOp(self.sequence_name, schema=self.schema)

        def named(operation):
            return f"{operation.schema}.{operation.sequence_name}" if operation.schema else operation.sequence_name

        @Operations.implementation_for(CreateSequenceOp)
        def create_sequence(operations, operation):
            operations.execute("CREATE SEQUENCE %s" % named(operation))

        @Operations.implementation_for(DropSequenceOp)
        def drop_sequence(operations, operation):
            operations.execute("DROP SEQUENCE %s" % named(operation))

        context, buffer = script("postgresql")
        with Operations.context(context) as own:
            op.create_sequence("q", schema="s")
            own.drop_sequence("q")
            own.invoke(CreateSequenceOp("r").reverse())
        show(buffer)
    """,
    # CB-5: replaceable objects of one's own, which find their older version through the revision directory
    "replaceable": """
        import pathlib

        class Stored:
            def __init__(self, name, text):
                self.name, self.text = name, text

        class StoredOp(MigrateOperation):
            def __init__(self, target):
                self.target = target

            @classmethod
            def apply(cls, operations, target):
                operations.invoke(cls(target))

            @classmethod
            def exchange(cls, operations, target, replaces=None, replace_with=None):
                older = cls.find(operations, replaces or replace_with)
                leaving, coming = (older, target) if replaces else (target, older)
                getattr(operations, cls.down)(leaving)
                getattr(operations, cls.up)(coming)

            @classmethod
            def find(cls, operations, name):
                revision, attribute = name.split(".")
                script = operations.get_context().script
                return getattr(script.get_revision(revision).module, attribute)

        @Operations.register_operation("create_stored", "apply")
        @Operations.register_operation("replace_stored", "exchange")
        class CreateStoredOp(StoredOp):
            up, down = "create_stored", "drop_stored"

            def reverse(self):
                return DropStoredOp(self.target)

        @Operations.register_operation("drop_stored", "apply")
        class DropStoredOp(StoredOp):
            def reverse(self):
                return CreateStoredOp(self.target)

        @Operations.implementation_for(CreateStoredOp)
        def create(operations, operation):
            operations.execute("CREATE VIEW %s AS %s" % (operation.target.name, operation.target.text))

        @Operations.implementation_for(DropStoredOp)
        def drop(operations, operation):
            operations.execute("DROP VIEW %s" % operation.target.name)

        versions = pathlib.Path("scripts/versions")
        versions.mkdir(parents=True)
        body = '''
        revision, down_revision = {0!r}, {1!r}
        from __main__ import Stored, op
        view = Stored("v", "SELECT {0}")
        def upgrade():
            {2}
        def downgrade():
            {3}
        '''.replace("\\n        ", "\\n")
        (versions / "1_.py").write_text(body.format("1", None, "op.create_stored(view)", "op.drop_stored(view)"))
        (versions / "2_.py").write_text(
            body.format(
                "2", "1", "op.replace_stored(view, replaces='1.view')", "op.replace_stored(view, replace_with='1.view')"
            )
        )
        pathlib.Path("scripts/env.py").write_text("")
        config = Config()
        config.set_main_option("script_location", "scripts")
        directory = ScriptDirectory.from_config(config)
        engine = sa.create_engine("sqlite://")
        with engine.connect() as connection:
            for destination, steps in (("2", "_upgrade_revs"), ("1", "_downgrade_revs"), ("2", "_upgrade_revs")):
                def plan(rev, context):
                    return getattr(directory, steps)(destination, rev)

                environment = EnvironmentContext(config, directory, fn=plan)
                with environment:
                    environment.configure(connection=connection)
                    with environment.begin_transaction():
                        environment.run_migrations()
                print(connection.exec_driver_sql("SELECT * FROM v").scalar())
                connection.commit()
    """,
    # OP-61: the built-in bodies are functions to call, and to replace
    "implementations": """
        @Operations.implementation_for(ops.CreateTableOp, replace=True)
        def create_table(operations, operation):
            operation.columns = [*operation.columns, sa.Column("changed_at", sa.DateTime())]
            table = toimpl.create_table(operations, operation)
            operations.execute(f"GRANT SELECT ON {table.name} TO reader")
            return table

        class SafeDropOp(ops.DropTableOp):
            pass

        @Operations.implementation_for(SafeDropOp)
        def drop_table(operations, operation):
            operation.if_exists = True
            toimpl.drop_table(operations, operation)

        context, buffer = script("postgresql")
        with Operations.context(context):
            print(type(op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))).__name__)
            op.invoke(SafeDropOp("t"))
            op.drop_table("t")
            try:
                Operations.implementation_for(ops.DropTableOp)(drop_table)
            except ValueError:
                print("ValueError")
        show(buffer)
    """,
    # OP-62: a constraint SQLAlchemy does not know
    "constraints": """
        class Period(sa.schema.Constraint):
            __visit_name__ = "period_constraint"

            def __init__(self, *columns, name=None):
                super().__init__(name=name)
                self.names = columns

        @compiles(Period)
        def period(element, compiler, **kw):
            return f"CONSTRAINT {element.name} PERIOD ({', '.join(element.names)})"

        @Operations.register_operation("create_period")
        @ops.AddConstraintOp.register_add_constraint("period_constraint")
        class CreatePeriodOp(ops.AddConstraintOp):
            def __init__(self, name, table_name, columns, *, schema=None):
                self.constraint_name, self.table_name, self.columns, self.schema = name, table_name, columns, schema

            @classmethod
            def from_constraint(cls, constraint):
                return cls(constraint.name, constraint.table.name, constraint.names, schema=constraint.table.schema)

            def to_constraint(self, migration_context=None):
                table = sa.Table(self.table_name, sa.MetaData(), schema=self.schema)
                constraint = Period(*self.columns, name=self.constraint_name)
                table.append_constraint(constraint)
                return constraint

            @classmethod
            def create_period(cls, operations, name, table_name, columns, **kw):
                return operations.invoke(cls(name, table_name, columns, **kw))

        context, buffer = script("postgresql")
        model = sa.Table("m", sa.MetaData(), sa.Column("a", sa.Integer()), Period("a", "b", name="p"), schema="s")
        (constraint,) = (item for item in model.constraints if isinstance(item, Period))
        operation = ops.AddConstraintOp.from_constraint(constraint)
        print(type(operation).__name__, operation.to_diff_tuple()[0])
        with Operations.context(context):
            op.create_period("p", "t", ["a", "b"])
            op.invoke(operation)
            op.invoke(operation.reverse())
        show(buffer)
    """,
    # TP-22: other words for the statements, with the helpers
    "compiles": """
        @compiles(AddColumn, "postgresql")
        def added(element, compiler, **kw):
            table = alter_table(compiler, element.table_name, element.schema)
            return f"{table} /* mine */ {add_column(compiler, element.column, **kw)}"

        @compiles(DropColumn, "postgresql")
        def dropped(element, compiler, **kw):
            table = alter_table(compiler, element.table_name, element.schema)
            return f"{table} {drop_column(compiler, element.column.name)} RESTRICT"

        @compiles(RenameTable, "postgresql")
        def renamed(element, compiler, **kw):
            old = format_table_name(compiler, element.table_name, element.schema)
            return f"RENAME {old} TO {format_table_name(compiler, element.new_table_name, None)}"

        @compiles(ColumnName, "postgresql")
        def named(element, compiler, **kw):
            return f"NAME {format_column_name(compiler, element.column_name)} {element.newname}"

        @compiles(ColumnType, "sqlite")
        @compiles(ColumnType, "oracle")
        def typed(element, compiler, **kw):
            column = alter_column(compiler, element.column_name)
            return f"{column} BECOMES {format_type(compiler, element.type_)} {element.existing_type}"

        @compiles(ColumnNullable, "postgresql")
        def nullable(element, compiler, **kw):
            return f"NULLS {element.nullable} {element.existing_nullable}"

        @compiles(ColumnDefault, "postgresql")
        def default(element, compiler, **kw):
            return f"DEFAULT {element.default and format_server_default(compiler, element.default)}"

        context, buffer = script("postgresql")
        with Operations.context(context):
            op.add_column("t", sa.Column("My c", sa.String(3), nullable=False, server_default="a'b"), schema="s")
            op.drop_column("t", "c", schema="s")
            op.rename_table("t", "My u", schema="s")
            op.alter_column("t", "c", new_column_name="d", nullable=False, existing_nullable=True)
            op.alter_column("t", "c", server_default="x")
            op.alter_column("t", "c", server_default=None)
        context, other = script("oracle")
        with Operations.context(context):
            op.alter_column("t", "c", type_=sa.Numeric(5, 2), existing_type=sa.Integer(), existing_nullable=True)
        show(buffer)
        show(other)
    """,
    # DI-10, TP-21: a database of one's own, with a dialect of one's own
    "dialect": """
        from sqlalchemy.dialects import registry
        from sqlalchemy.engine.default import DefaultDialect

        class Dialect(DefaultDialect):
            name = "heron"
            driver = "none"
            supports_comments = True
            supports_statement_cache = True

        registry.register("heron", "__main__", "Dialect")

        class HeronImpl(DefaultImpl):
            __dialect__ = "heron"
            transactional_ddl = True
            command_terminator = " |"

            def add_column(self, table_name, column, *, schema=None, **kw):
                print("adds", table_name, column.name, sorted(key for key, value in kw.items() if value))
                super().add_column(table_name, column, schema=schema, **kw)

            def alter_column(self, table_name, column_name, **kw):
                print("alters", column_name, sorted(key for key, value in kw.items() if value not in (None, False)))
                super().alter_column(table_name, column_name, **kw)

            def drop_constraint(self, const, **kw):
                print("drops", const.name)
                self._exec(sa.text(f"FORGET {const.name}"))

            def create_index(self, index, **kw):
                self.static_output(f"-- index {index.name}")
                super().create_index(index, **kw)

            def version_table_impl(self, **kw):
                table = super().version_table_impl(**kw)
                table.append_column(sa.Column("applied_by", sa.String(9)))
                return table

            def emit_begin(self):
                self.static_output("START" + self.command_terminator)

            def start_migrations(self):
                self.static_output("-- starts")

        @compiles(ColumnType, "heron")
        def typed(element, compiler, **kw):
            table = alter_table(compiler, element.table_name, element.schema)
            return f"{table} ALTER ({element.column_name} {format_type(compiler, element.type_)})"

        context, buffer = script("heron")
        print(type(context.impl).__name__, context.impl.transactional_ddl, context.dialect.name)
        with context.begin_transaction(), Operations.context(context):
            op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True, comment="c"), comment="x")
            op.add_column("t", sa.Column("a", sa.Integer(), sa.ForeignKey("o.id", name="fk")), schema="s")
            op.alter_column("t", "a", type_=sa.String(5), existing_nullable=False)
            op.drop_constraint("fk", "t", type_="foreignkey")
            op.create_index("ix", "t", ["a"])
            op.bulk_insert(sa.table("t", sa.column("id", sa.Integer)), [{"id": 1}, {"id": 2}])
            with op.batch_alter_table("t") as batch:
                batch.alter_column("a", nullable=True)
        show(buffer)
        table = context.impl.version_table_impl(
            version_table="v", version_table_schema=None, version_table_pk=True
        )
        print(sorted(column.name for column in table.columns))
    """,
    # DI-10: a database that is nearly PostgreSQL, another nearly MySQL, and one that takes the place of ours
    "relatives": """
        from sqlalchemy.dialects import registry
        from sqlalchemy.dialects.mysql import dialect as mysql
        from sqlalchemy.dialects.postgresql import dialect as postgresql

        class Near(postgresql):
            name = "nearpg"
            supports_statement_cache = True

        class NearMy(mysql):
            name = "nearmy"
            supports_statement_cache = True

        registry.register("nearpg", "__main__", "Near")
        registry.register("nearmy", "__main__", "NearMy")

        class NearImpl(PostgresqlImpl):
            __dialect__ = "nearpg"
            transactional_ddl = False

            def create_index(self, index, **kw):
                kw.pop("if_not_exists", None)
                index.dialect_options["postgresql"]["concurrently"] = False
                super().create_index(index, **kw)

            def prep_table_for_batch(self, batch_impl, table):
                pass

        class NearMyImpl(MySQLImpl):
            __dialect__ = "nearmy"

        class Ours(PostgresqlImpl):
            __dialect__ = "postgresql"

            def drop_table(self, table, **kw):
                print("drops", table.name)
                super().drop_table(table, **kw)

        for dialect in ("nearpg", "nearmy", "postgresql"):
            context, buffer = script(dialect)
            print(type(context.impl).__name__)
            with context.begin_transaction(), Operations.context(context):
                op.create_index("ix", "t", ["a"], postgresql_concurrently=True, if_not_exists=True)
                op.add_column("t", sa.Column("c", sa.Integer(), comment="it's"))
                if dialect != "nearmy":  # whose MODIFY is compiled for the names mysql and mariadb only
                    op.alter_column("t", "c", nullable=False, existing_type=sa.Integer(), existing_nullable=True)
                op.drop_table("t")
            show(buffer)
        print(DefaultImpl.get_by_dialect(Near()).__name__, issubclass(NearImpl, DefaultImpl))
    """,
    # TP-18, TP-20: autogenerate finds, renders and takes back objects of one's own, with the words of the built-in ones
    "autogenerate": """
        class GrantOp(MigrateOperation):
            def __init__(self, table_name, role):
                self.table_name, self.role = table_name, role

            def reverse(self):
                return RevokeOp(self.table_name, self.role)

            def to_diff_tuple(self):
                return type(self).__name__, self.table_name, self.role

        class RevokeOp(GrantOp):
            def reverse(self):
                return GrantOp(self.table_name, self.role)

        seen = []

        @comparators.dispatch_for("schema")
        def compare_grants(autogen_context, upgrade_ops, schemas):
            seen.append(sorted(str(schema) for schema in schemas))
            for table in autogen_context.sorted_tables:
                for role in table.info.get("granted", ()):
                    upgrade_ops.ops.append(GrantOp(table.name, role))

        @comparators.dispatch_for("table", qualifier="sqlite")
        def compare_table(autogen_context, modify_ops, schema, name, conn_table, metadata_table):
            seen.append((name, conn_table is None))

        @renderers.dispatch_for(GrantOp)
        def render_grant(autogen_context, op):
            autogen_context.imports.add("from own import roles")
            return "op.%s(%r, roles.%s)" % (type(op).__name__.lower(), op.table_name, op.role)

        @renderers.dispatch_for(ops.AddColumnOp, replace=True)
        def render_add_column(autogen_context, op):
            return _add_column(autogen_context, op) + "  # added"

        metadata = sa.MetaData()
        sa.Table("t", metadata, sa.Column("a", sa.Integer()), sa.Column("b", sa.Integer()), info={"granted": ["me"]})
        engine = sa.create_engine("sqlite://")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE t (a INTEGER)")
            context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
            script = produce_migrations(context, metadata)
            print(seen, [getattr(op, "role", "") for op in script.downgrade_ops.ops])
            print([str(diff[0]) for diff in script.upgrade_ops.as_diffs()])
            for line in render_python_code(script.upgrade_ops, migration_context=context).splitlines():
                if "###" not in line:
                    print(line.replace('"', "'"))
    """,
    # TP-21 in env.py: batch decisions and reflection hooks of SQLite, online
    "sqlite": """
        class Mine(SQLiteImpl):
            __dialect__ = "sqlite"

            def requires_recreate_in_batch(self, batch_op):
                print("queued", [name for name, *_ in batch_op.batch])
                return super().requires_recreate_in_batch(batch_op)

            def cast_for_batch_migrate(self, existing, existing_transfer, new_type):
                print("casts", existing.name, type(new_type).__name__)
                super().cast_for_batch_migrate(existing, existing_transfer, new_type)

        engine = sa.create_engine("sqlite://")
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            with context.begin_transaction(), Operations.context(context):
                op.create_table("t", sa.Column("a", sa.Integer()), sa.Column("b", sa.String(5)))
                op.execute("INSERT INTO t VALUES (1, 'x')")
                with op.batch_alter_table("t") as batch:
                    batch.alter_column("a", type_=sa.String(7))
                    batch.create_index("ix", ["b"])
                with op.batch_alter_table("t") as batch:
                    batch.add_column(sa.Column("c", sa.Integer()))
                print(op.get_bind().exec_driver_sql("SELECT * FROM t").all())
            print([str(column["type"]) for column in sa.inspect(connection).get_columns("t")])
    """,
}
PRINTS = {
    "operations": "GRANT SELECT ON b TO reader;",
    "sequences": "CREATE SEQUENCE s.q;",
    "replaceable": "2\n1\n2",
    "implementations": "DROP TABLE IF EXISTS t;",
    "constraints": "ALTER TABLE s.m ADD CONSTRAINT p PERIOD (a, b);",
    "compiles": "ALTER TABLE s.t DROP COLUMN c RESTRICT;",
    "dialect": "FORGET fk |",
    "relatives": "Ours",
    "sqlite": "casts a String",
    "autogenerate": "op.grantop('t', roles.me)",
}
"""Something each program must print, so that three silent failures do not pass for agreement."""


def _printed(folder: Path, names: str, program: str, *, installed: bool = False) -> str:
    folder.mkdir()
    first = "import runner\n\nrunner.install_alembic_names()\n" if installed else ""
    text = first + textwrap.dedent(NAMES[names]) + COMMON + textwrap.dedent(program)
    (folder / "program.py").write_text(text, encoding="utf-8")
    return run_program([sys.executable, "program.py"], cwd=folder).check().stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_extension_does_what_it_does_on_alembic(name: str, tmp_path: Path) -> None:
    """Hooks work alike under Alembic's names and under ours (OP-25, OP-60, OP-61, OP-62, OP-63, OP-64).

    So do those of dialect and autogenerate packages (DI-10, TP-18, TP-19, TP-20, TP-21, TP-22).
    """
    program = PROGRAMS[name]
    theirs = _printed(tmp_path / "alembic", "alembic", program)

    assert PRINTS[name] in theirs
    assert _printed(tmp_path / "installed", "alembic", program, installed=True) == theirs
    assert _printed(tmp_path / "runner", "runner", program) == theirs
