"""Reading columns out of SHOW CREATE TABLE, as MariaDB and MySQL write it."""

from __future__ import annotations

import pytest

from runner.operations.mysql_stored import StoredColumn, in_session, keeps_type, renamed_columns, stored_columns

MARIADB = r"""CREATE TABLE `odd(,``` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s \\ 50%, DEFAULT 5',
  `c` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'a''b\\%:x,(' COMMENT 'x',
  `d` int(11) DEFAULT 5 CHECK (`d` > 0 and `c` <> 'd'),
  `e` int(11) INVISIBLE DEFAULT NULL,
  `f` datetime(3) DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3),
  `g` int(11) GENERATED ALWAYS AS (`d` + 1) STORED COMMENT 'generated',
  `j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`j`)),
  `k` varchar(50) DEFAULT concat('a)',',',uuid()),
  `l` text /*M!100301 COMPRESSED*/ DEFAULT NULL,
  `n` enum('a','b''c','d, NOT NULL') DEFAULT 'a',
  `q` bit(1) DEFAULT b'1',
  `key` timestamp NULL DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `ix` (`c`(5),`d`),
  CONSTRAINT `c` CHECK (`d` < 100)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci
 PARTITION BY LIST (`d`)
(PARTITION `missing` VALUES IN (1) ENGINE = InnoDB)"""
MYSQL = r"""CREATE TABLE `t` (
  `a` int NOT NULL DEFAULT '5',
  `b` varchar(36) COLLATE utf8mb4_bin NOT NULL DEFAULT (uuid()) COMMENT 'b',
  `c` int GENERATED ALWAYS AS ((`a` + 1)) STORED NOT NULL,
  `d` int DEFAULT NULL /*!80023 INVISIBLE */,
  `e` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `f` geometry NOT NULL /*!80003 SRID 4326 */,
  UNIQUE KEY `u` (`a`) /*!80000 INVISIBLE */,
  CONSTRAINT `k` CHECK ((`a` > 0)) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB"""
ANSI = """CREATE TABLE "t" ("A""b" int(11) CHECK ("A""b" > 0), "j" longtext CHECK (json_valid("j")), KEY "k" ("j"))"""


def test_mariadb() -> None:
    """Every clause of a column is in its place, whatever is in quotes and parentheses."""
    columns = stored_columns(MARIADB)

    assert list(columns) == ["id", "c", "d", "e", "f", "g", "j", "k", "l", "n", "q", "key"]
    assert columns["id"] == StoredColumn(
        name="id",
        type="int(10) unsigned",
        nullability="NOT NULL",
        autoincrement="AUTO_INCREMENT",
        comment=r"COMMENT 'it''s \\ 50%, DEFAULT 5'",
    )
    assert columns["c"] == StoredColumn(
        name="c",
        type="varchar(20) CHARACTER SET latin1 COLLATE latin1_bin",
        nullability="NOT NULL",
        default=r"DEFAULT 'a''b\\%:x,('",
        comment="COMMENT 'x'",
    )
    assert columns["d"].check == "CHECK (`d` > 0 and `c` <> 'd')"
    assert columns["e"] == StoredColumn(name="e", type="int(11)", other="INVISIBLE")
    assert columns["f"].default == "DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3)"
    assert columns["g"].generated == "GENERATED ALWAYS AS (`d` + 1) STORED"
    assert [name for name, column in columns.items() if column.is_json] == ["j"]
    assert columns["k"].default == "DEFAULT concat('a)',',',uuid())"
    assert columns["l"] == StoredColumn(name="l", type="text", other="/*M!100301 COMPRESSED*/")
    assert columns["n"] == StoredColumn(name="n", type="enum('a','b''c','d, NOT NULL')", default="DEFAULT 'a'")
    assert columns["q"] == StoredColumn(name="q", type="bit(1)", default="DEFAULT b'1'")
    assert columns["key"] == StoredColumn(name="key", type="timestamp", nullability="NULL")


def test_mysql() -> None:
    """MySQL writes versions in comments, and NOT NULL behind generated columns."""
    columns = stored_columns(MYSQL)

    assert list(columns) == ["a", "b", "c", "d", "e", "f"]
    assert columns["a"] == StoredColumn(name="a", type="int", nullability="NOT NULL", default="DEFAULT '5'")
    assert columns["b"].default == "DEFAULT (uuid())"
    assert columns["c"] == StoredColumn(
        name="c", type="int", generated="GENERATED ALWAYS AS ((`a` + 1)) STORED", nullability="NOT NULL"
    )
    assert columns["d"] == StoredColumn(name="d", type="int", other="/*!80023 INVISIBLE */")
    assert columns["e"].default == "DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
    assert columns["f"].other == "/*!80003 SRID 4326 */"


def test_names_in_other_quotes() -> None:
    """sql_mode and sql_quote_show_create decide what names stand in."""
    columns = stored_columns(ANSI)

    assert list(columns) == ['a"b', "j"]
    assert columns["j"].is_json
    assert columns['a"b'].check_after({'A"b': 'c"d'}, type_changes=False) == 'CHECK ("c""d" > 0)'
    assert list(stored_columns("CREATE TABLE t (a int(11) NOT NULL, KEY k (a))")) == ["a"]


@pytest.mark.parametrize(
    ("said", "stored", "same"),
    [
        ("INTEGER", "int(10) unsigned", True),
        ("INTEGER", "int", True),
        ("INTEGER UNSIGNED", "int(11)", False),
        ("BIGINT", "int(11)", False),
        ("BOOL", "tinyint(1)", True),
        ("NUMERIC(10, 2)", "decimal(10,2) unsigned zerofill", True),
        ("NUMERIC", "decimal(10,0)", True),
        ("DOUBLE", "double", True),
        ("JSON", "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", True),
        ("VARCHAR(20)", "varchar(20) CHARACTER SET latin1", True),
        ("VARCHAR(20) CHARACTER SET utf8mb4", "varchar(20)", False),
        ("VARCHAR(30)", "varchar(20)", False),
        ("ENUM('a','B UNSIGNED')", "enum('a','B UNSIGNED') COLLATE latin1_bin", True),
        ("ENUM('a','b')", "enum('a','B')", False),
    ],
)
def test_a_type_said_again(said: str, stored: str, same: bool) -> None:
    """A revision's word for a type is the stored type, if it only leaves options out."""
    assert keeps_type(said, stored) is same


@pytest.mark.parametrize(
    ("stored", "said", "expected"),
    [
        ("varchar(9) CHARACTER SET latin1", "TEXT", "TEXT CHARACTER SET latin1"),
        ("enum('a') COLLATE latin1_bin", "VARCHAR(5)", "VARCHAR(5) COLLATE latin1_bin"),
        ("varchar(9) CHARACTER SET latin1", "TEXT COLLATE utf8mb4_bin", "TEXT COLLATE utf8mb4_bin"),
        ("varchar(9) CHARACTER SET latin1", "INTEGER", "INTEGER"),
        ("varchar(9) CHARACTER SET latin1", "BLOB", "BLOB"),
        ("int(10) unsigned", "VARCHAR(5)", "VARCHAR(5)"),
        ("varchar(9)", "TEXT", "TEXT"),
    ],
)
def test_the_character_set_goes_on(stored: str, said: str, expected: str) -> None:
    """Text that stays text keeps its character set, unless the new type names one."""
    assert StoredColumn(name="c", type=stored).type_like(said) == expected


def test_renames_spare_strings() -> None:
    """Only names are renamed, not what is in a string."""
    assert renamed_columns("(`a` > 'it''s `a` \\' `a`' and `A` < f(`b`))", {"a": "x`y"}) == (
        "(`x``y` > 'it''s `a` \\' `a`' and `x``y` < f(`b`))"
    )


def test_strings_where_a_backslash_is_a_character() -> None:
    """The server always escapes; a session with NO_BACKSLASH_ESCAPES does not read it so."""
    stored = r"DEFAULT 'a\\b\nc\'d''e' COMMENT `\\`"

    assert in_session(stored, backslash_escapes=True) == stored
    assert in_session(stored, backslash_escapes=False) == "DEFAULT 'a\\b\nc''d''e' COMMENT `\\\\`"
