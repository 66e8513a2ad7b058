"""batch_alter_table on a real MariaDB, altering in place and rebuilding (OP-40 to OP-45)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runner.errors import OperationError
from tests.integration.test_dialects_online import operations_on

TABLES = (
    "CREATE TABLE parent (id INT PRIMARY KEY)",
    """
    CREATE TABLE t (
        id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY COMMENT 'pk',
        label VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'a''b\\\\%%:x' COMMENT 'x',
        parent_id INT, own_id INT UNSIGNED,
        size INT DEFAULT 5 CHECK (size > 0 AND label <> ':x'),
        hidden INT INVISIBLE DEFAULT 3,
        at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        bigger INT GENERATED ALWAYS AS (size + 1) STORED COMMENT 'generated',
        words VARCHAR(40) AS (concat(label, ':x%%')) VIRTUAL,
        data JSON,
        bits BIT(1) NOT NULL DEFAULT b'1',
        KEY ix (label(5)), UNIQUE KEY uq (size, label),
        CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE,
        CONSTRAINT fk_own FOREIGN KEY (own_id) REFERENCES t (id) ON DELETE SET NULL,
        CONSTRAINT ck CHECK (label <> ':y' AND size < 100)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC COMMENT='it''s 5%% :x'
    """,
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO t (parent_id, data, size, hidden) VALUES (1, '{}', 7, 8), (1, NULL, 8, 9)",
    "UPDATE t SET own_id = 1",
)


@pytest.fixture
def connection(mariadb_url: str) -> Iterator[Connection]:
    """A connection to a database with a table that has a bit of everything."""
    engine = sa.create_engine(mariadb_url)
    with engine.connect() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
        yield connection
    engine.dispose()


def lines(connection: Connection) -> set[str]:
    """Return the definitions of the table, in no order: rebuilding creates the keys anew."""
    created: str = connection.exec_driver_sql("SHOW CREATE TABLE t").one()[1]
    return {line.strip().rstrip(",") for line in created.splitlines()}


def rows(connection: Connection) -> list[Any]:
    """Return the rows, the invisible column included."""
    columns = "id, label, parent_id, own_id, size, hidden, at, bigger, words, data, bits"
    return list(connection.exec_driver_sql(f"SELECT {columns} FROM t ORDER BY id").all())


@pytest.mark.parametrize("recreate", ["auto", "never", "always"])
def test_a_batch_up_down_up(connection: Connection, recreate: str) -> None:
    """Whichever way it takes, the block does what it says, nothing else, and can be undone."""
    op, start, before = operations_on(connection), lines(connection), rows(connection)

    def up() -> None:
        with op.batch_alter_table("t", recreate=recreate) as batch:
            batch.add_column(sa.Column("n", sa.Integer(), server_default="1", comment="5% :x"))
            batch.alter_column("label", type_=sa.String(50), existing_nullable=False)
            batch.create_index("ix_n", ["n"])
            batch.create_check_constraint("ck_n", "n > 0")
            batch.drop_constraint("ck", type_="check")
            batch.create_unique_constraint("uq_n", ["n", "id"])

    def down() -> None:
        with op.batch_alter_table("t", recreate=recreate) as batch:
            batch.drop_constraint("ck_n", type_="check")
            batch.drop_index("uq_n")  # a unique constraint is nothing but an index here
            batch.drop_index("ix_n")
            batch.drop_column("n")
            batch.alter_column("label", type_=sa.String(20), existing_nullable=False)
            batch.create_check_constraint("ck", sa.text(r"label <> '\:y' AND size < 100"))

    up()
    top = lines(connection)
    assert "`n` int(11) DEFAULT 1 COMMENT '5% :x'" in top
    assert any(line.startswith("`label` varchar(50) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL") for line in top)
    down()
    assert lines(connection) == start
    assert rows(connection) == before
    up()
    assert lines(connection) == top


def test_renames_in_a_rebuild(connection: Connection) -> None:
    """A column renamed by a rebuild is renamed in checks and generated columns too."""
    op, start = operations_on(connection), lines(connection)

    for old, new in (("size", "amount"), ("amount", "size")):
        with op.batch_alter_table("t", recreate="always") as batch:
            batch.alter_column(old, new_column_name=new)
        assert any(line.startswith(f"`{new}` int(11) DEFAULT 5 CHECK (`{new}` > 0") for line in lines(connection))

    assert lines(connection) == start


def test_a_column_in_its_place(connection: Connection) -> None:
    """A rebuild puts columns where they are wanted, which ALTER here does not."""
    op = operations_on(connection)

    with op.batch_alter_table("t", recreate="always") as batch:
        batch.add_column(sa.Column("first", sa.Integer()), insert_before="label")

    names = [column["name"] for column in sa.inspect(connection).get_columns("t")]
    assert names[:3] == ["id", "first", "label"]
    with pytest.raises(OperationError, match="recreate='always'"), op.batch_alter_table("t") as batch:
        batch.add_column(sa.Column("second", sa.Integer()), insert_before="label")


@pytest.mark.parametrize(
    ("obstacle", "named"),
    [
        ("CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.size = 1", r"triggers \(tr\)"),
        ("CREATE TABLE child (t_id INT UNSIGNED, CONSTRAINT fk_c FOREIGN KEY (t_id) REFERENCES t (id))", r"\.fk_c\)"),
        ("ALTER TABLE t ADD COLUMN `o``dd` INT", "column o`dd, whose definition"),
        ("ALTER TABLE t ADD COLUMN odd INT GENERATED ALWAYS AS (size + 1) INVISIBLE", "INVISIBLE of column odd"),
    ],
)
def test_a_rebuild_that_would_lose_something_is_refused(connection: Connection, obstacle: str, named: str) -> None:
    """What cannot be carried over is refused by name, and the table is left as it was (DNG-2)."""
    connection.exec_driver_sql(obstacle)
    start, before = lines(connection), rows(connection)

    with (
        pytest.raises(OperationError, match=named),
        operations_on(connection).batch_alter_table("t", recreate="always") as batch,
    ):
        batch.drop_column("data")

    assert lines(connection) == start
    assert rows(connection) == before
    assert not sa.inspect(connection).has_table("_alembic_tmp_t")
