"""The fast reader answers for ordinary files and for nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runner.revisions.declared import Declared, NotIdentifiers
from runner.revisions.header import read_header, read_ordinary

ORDINARY = '''\
"""add a table

Revision ID: ae10c4
Revises: b2
Create Date: 2024-03-01 10:00:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = 'ae10c4'
down_revision: Union[str, Sequence[str], None] = ('b2', 'c3')
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = "d4"


def upgrade() -> None:
    """Upgrade schema."""
    op.execute("SELECT 1")


def downgrade() -> None:
    pass
'''
ANSWER = Declared(revision="ae10c4", down_revisions=("b2", "c3"), depends_on=("d4",))


def read(text: str) -> Declared | None:
    """Return the fast reader's answer without the docstring."""
    found = read_ordinary(text.encode())
    if found is None:
        return None
    return Declared(
        revision=found.revision,
        down_revisions=found.down_revisions,
        branch_labels=found.branch_labels,
        depends_on=found.depends_on,
    )


def test_a_file_as_generated_is_read() -> None:
    """Every identifier and the docstring's source (REV-1, REV-3)."""
    found = read_ordinary(ORDINARY.encode())

    assert read(ORDINARY) == ANSWER
    assert found is not None
    assert found.docstring == ORDINARY.partition("from typing")[0].strip().encode()


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("cookie", ["", "# -*- coding: utf-8 -*-\n", "#!/usr/bin/python\n# vim: fileencoding=UTF8\n"])
def test_line_ends_and_marks_make_no_difference(line_end: str, mark: bytes, cookie: str) -> None:
    """Files come from every editor."""
    text = (cookie + ORDINARY).replace("\n", line_end).encode()
    found = read_ordinary(mark + text)

    assert found is not None
    assert (found.revision, found.down_revisions) == ("ae10c4", ("b2", "c3"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("revision = 'a'", "a"),
        ('revision="a"  # the id', "a"),
        ("revision = u'a'", "a"),
        ("revision = ('a')", "a"),
        ("revision = (\n    'a'  # the id\n)", "a"),
        ("revision: 'str' = 'é'", "é"),
        ("revision = 'a'\nrevision = 'b'", "b"),
    ],
)
def test_spellings_of_an_id(line: str, expected: str) -> None:
    """A string, in the spellings people and formatters use."""
    assert read(f"{line}\ndown_revision = None\n") == Declared(revision=expected, down_revisions=())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("None", ()),
        ("()", ()),
        ("[]", ()),
        ("('a',)", ("a",)),
        ("['a']", ("a",)),
        ("('a', \"b\")", ("a", "b")),
        ("(\n    'a',\n    # the other\n    'b',\n)", ("a", "b")),
    ],
)
def test_spellings_of_parents(value: str, expected: tuple[str, ...]) -> None:
    """None, tuples and lists, on one line or several."""
    assert read(f"revision = 'x'\ndown_revision = {value}\n") == Declared(revision="x", down_revisions=expected)


def test_what_functions_contain_does_not_matter() -> None:
    """Importing a file runs no function body, so a word in it is only a word."""
    body = "    # to the revision before\n    global revision\n    exec('1')\n    globals()['depends_on'] = 1\n"

    assert read(ORDINARY.replace("    pass\n", body)) == ANSWER
    assert read(ORDINARY.replace("upgrade()", "upgrade(engine_name: str = 'x', *a, **kw)")) == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "import os.path\nfrom typing import (\n    Any,  # (why)\n    List,\n)\nfrom __future__ import annotations\n",
        "TABLES = ['a', 'b']\n\n\nclass Base:\n    id = 1\n\n\n@decorated\ndef helper():\n    pass\n",
        'def helper():\n    return """\nSELECT revisions FROM t\n"""\n',
        "def helper(\n    a=call(),\n):\n    pass\n",
        "def prüfe():\n    return 'é'\n",
    ],
)
def test_other_code_without_telling_words_is_no_obstacle(text: str) -> None:
    """Constants, classes, helpers and SQL at the margin stay with the fast reader."""
    imports = text.startswith("import")
    place = "\n# revision identifiers" if imports else "\ndef upgrade"

    assert read(ORDINARY.replace(place, f"\n{text}\n{place}", 1)) == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "if True:\n    revision = 'b'\n",
        "revision += 'b'\n",
        "import os as revision\n",
        "from os import *\n",
        "from os import name as depends_on\n",
        "x = [revision]\n",
        "def revision():\n    pass\n",
        "def __getattr__(name):\n    pass\n",
        "def f(a=globals()):\n    pass\n",
        "def f(a: T[(revision := 'b')]):\n    pass\n",
        "exec('1')\n",
        "class A:\n    x = vars()\n",
        "__doc__ = 'x'\n",
        "print(upgrade.__globals__)\n",
        "\N{FULLWIDTH LATIN SMALL LETTER R}evision = 'b'\n",
        "\frevision = 'b'\n",
    ],
)
def test_what_could_bind_an_identifier_again_is_refused(text: str) -> None:
    """The parser decides then."""
    assert read(ORDINARY) is not None
    assert read(f"{ORDINARY}\n{text}") is None
    assert read(ORDINARY.replace("\n\ndef upgrade", f"\n{text}\n\ndef upgrade", 1)) is None


@pytest.mark.parametrize(
    "text",
    [
        "revision = 'a' 'b'\n",
        "revision = '\\x61'\n",
        "revision = '''a'''\n",
        "revision = 'a' + 'b'\n",
        "revision = f'a'\n",
        "revision = 'a'; x = 1\n",
        "revision = 'a', 'b'\n",
        "down_revision = revision = 'a'\n",
        "revision = ('a' 'b')\n",
        "revision: str\n",
        "'doc' 'string'\nrevision = 'a'\n",
        '"""doc \\x61"""\nrevision = "a"\n',
        "('docstring')\nrevision = 'a'\n",
        "# coding: latin-1\nrevision = 'a'\n",
        "# coding: utf-7\nrevision = 'a'\n",
        f"{' ' * 300}\n# coding: utf-7\nrevision = 'a'\n",
    ],
)
def test_uncommon_spellings_are_refused(text: str) -> None:
    """They are rare, and the parser reads them."""
    assert read(text) is None


def test_bytes_that_are_not_utf8_are_refused() -> None:
    """Importing such a file fails; that is for the parser to say."""
    assert read_ordinary(b"revision = '\xe9'\n") is None
    assert read_ordinary(b"revision = 'a'\nx = '\xe9'\n") is None


def test_a_value_of_the_wrong_type_is_an_error() -> None:
    """An id that is no string cannot be anything else (ERR-24)."""
    with pytest.raises(NotIdentifiers, match="revision must be a string, not NoneType"):
        read("revision = None\n")
    with pytest.raises(NotIdentifiers, match="revision must be a string, not tuple"):
        read("revision = ('a', 'b')\n")


def test_the_header_of_a_broken_file_is_still_read() -> None:
    """What stands above the error says where the file belongs."""
    found = read_header(b"revision = 'a'\ndown_revision = 'b'\nif True: revision = 1 +\n")

    assert found is not None
    assert (found.revision, found.down_revisions) == ("a", ("b",))
    assert read_header(b"def broken(:\n") is None


def test_an_ordinary_file_needs_neither_parser_nor_unicode_tables() -> None:
    """Nothing heavy is imported for it; dataclasses bring `ast` and `inspect` along, so those are not asked about."""
    program = f"""
import sys
from runner.revisions.scan import scan_locations
from runner.revisions.header import read_ordinary
assert read_ordinary({ORDINARY!r}.encode()) is not None
heavy = {{"sqlalchemy", "mako", "pathlib", "unicodedata", "importlib.util", "importlib.resources", "tempfile"}}
heavy |= {{"runner.revisions.syntax", "runner.revisions.load"}}
print(sorted(heavy.intersection(sys.modules)))
"""
    answer = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
