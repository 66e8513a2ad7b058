"""Two digests tell an edited revision from a reformatted one."""

from __future__ import annotations

import timeit

import pytest

from runner.revisions.digest import digest_of, source_digest, syntax_digest

PLAIN = b'''"""add a table

Revision ID: a1
"""
from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None


def upgrade():
    """Make it."""
    op.create_table("t", sa.Column("id", sa.Integer, nullable=False))


def downgrade():
    op.drop_table("t")
'''


def test_line_ends_and_byte_order_marks_are_not_content() -> None:
    """A checkout with other line ends has the same source digest."""
    assert source_digest(PLAIN) == source_digest(PLAIN.replace(b"\n", b"\r\n"))
    assert source_digest(PLAIN) == source_digest(PLAIN.replace(b"\n", b"\r"))
    assert source_digest(PLAIN) == source_digest(b"\xef\xbb\xbf" + PLAIN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"add a table", b"add another table"),
        (b'    """Make it."""\n', b""),
        (b'    """Make it."""\n', b'    """Make it."""\n    pass\n'),
        (b"import sqlalchemy as sa\n", b"import sqlalchemy as sa  # noqa\n"),
        (b'revision = "a1"', b"revision = 'a1'"),
        (b'revision = "a1"', b"revision = (u'a' '1')"),
        (
            b'"t", sa.Column("id", sa.Integer, nullable=False)',
            b'\n  "t",\n  sa.Column("id", sa.Integer, nullable=False),\n',
        ),
        (b"\n\n\n", b"\n\n# a comment\n\n\n\n"),
    ],
)
def test_formatting_comments_and_docstrings_leave_the_syntax_digest(old: bytes, new: bytes) -> None:
    """What the file does is the same, so the syntax digest is, though the bytes differ."""
    edited = PLAIN.replace(old, new, 1)
    assert source_digest(edited) != source_digest(PLAIN)
    assert syntax_digest(edited) == syntax_digest(PLAIN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"nullable=False", b"nullable=True"),
        (b'"id"', b'"ID"'),
        (b"sa.Integer", b"sa.BigInteger"),
        (b"nullable=False", b"nullable=0"),
        (b"nullable=False", b"nullable=None"),
        (b'op.drop_table("t")', b"pass"),
        (b'op.drop_table("t")', b'op.drop_table(b"t")'),
        (b'op.drop_table("t")', b'op.drop_table("t")\n    op.drop_table("t")'),
        (b"down_revision = None", b"down_revision = 'b'"),
        (b"def downgrade", b"async def downgrade"),
        (b'    op.create_table("t"', b'    "no docstring"; op.create_table("u"'),
    ],
)
def test_another_program_has_another_syntax_digest(old: bytes, new: bytes) -> None:
    """A change of what the file does is seen."""
    assert syntax_digest(PLAIN.replace(old, new, 1)) != syntax_digest(PLAIN)


@pytest.mark.parametrize("source", [b"def broken(", b"x = '\0'", b"\xff\xfe\x00"])
def test_what_is_no_program_has_a_source_digest_only(source: bytes) -> None:
    """A file that cannot be parsed is told apart by its bytes alone."""
    found = digest_of(source)
    assert (len(found.source), found.syntax) == (64, None)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            b"x: int = f(1, *a, k=2.5) if y else [b'z', ...]\n",
            "17d3fc3439dbcaab1d2230da9f083d318d115be16fd25dd33859df1c1fa6fa2e",
        ),
        (
            b'def f(a, b=1) -> None:\n  "d"\n  return f"{a!r:>{b}} x"\nclass A(B): pass\nasync def g(): pass\n',
            "aa75a72d42d3ffd0ee04d2fb775c2a15e5f9971ec9109438acea5c9dd3ed393f",
        ),
    ],
)
def test_the_syntax_digest_is_the_same_under_every_version_of_python(source: bytes, expected: str) -> None:
    """The digest is stored, and compared later by another image: its form is fixed here."""
    assert syntax_digest(source) == expected


def test_making_both_digests_is_cheap() -> None:
    """An ordinary file costs well below what sending its statements costs."""
    assert timeit.timeit(lambda: digest_of(PLAIN), number=20) / 20 < 0.02
