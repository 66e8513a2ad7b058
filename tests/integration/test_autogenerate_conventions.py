"""Names that the database has already, in a model with a naming convention."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from runner.autogenerate.api import compare_metadata, produce_migrations
from runner.autogenerate.render import render_python_code
from runner.migration.context import MigrationContext
from runner.operations import Operations

CONVENTION = {
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def model(*items: Any) -> sa.MetaData:
    metadata = sa.MetaData(naming_convention=CONVENTION)
    sa.Table("t", metadata, sa.Column("a", sa.Integer, primary_key=True), sa.Column("b", sa.Integer), *items)
    return metadata


def test_a_name_of_the_database_is_not_given_the_convention_again(pg_url: str) -> None:
    """A reflected name is written with op.f(): dropping and adding again run as written (AG-53)."""
    before = model(sa.CheckConstraint("a > 0", name="positive"), sa.UniqueConstraint("b"))
    after = model()
    engine = sa.create_engine(pg_url)
    with engine.connect() as connection:
        before.create_all(connection)
        connection.commit()
        context = MigrationContext.configure(connection, opts={"target_metadata": after})
        script = produce_migrations(context, after)
        found = []
        for operations, wanted in ((script.upgrade_ops, after), (script.downgrade_ops, before)):
            assert operations is not None
            text = render_python_code(operations, migration_context=context)
            exec(f"if True:\n    {text}", {"op": Operations(context), "sa": sa})
            connection.commit()
            found.append((text.count('op.f("ck_t_positive")'), compare_metadata(context, wanted)))
            connection.commit()
    engine.dispose()

    assert found == [(1, []), (1, [])]
