"""Recording: what an upgrade would send, as values."""

from __future__ import annotations

from pathlib import Path

from runner.artifact.recording import Role
from runner.dialects.statement_kind import StatementKind
from runner.graph import Direction
from tests.directories import RevisionFile
from tests.recordings import recorded

TABLE = RevisionFile(
    revision="aaaa",
    message="a table",
    upgrade="op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))",
    downgrade="op.drop_table('t')",
)
INDEX = RevisionFile(
    revision="bbbb",
    down_revision="aaaa",
    upgrade=(
        "op.execute('UPDATE t SET id = id')\n"
        "with op.get_context().autocommit_block():\n"
        "    op.create_index('i', 't', ['id'], postgresql_concurrently=True)"
    ),
    downgrade="op.drop_index('i')",
)


def test_each_statement_is_kept_with_its_revision(tmp_path: Path) -> None:
    """Statements carry their text, their kind, their role and the line that asked for them."""
    recording = recorded(tmp_path, TABLE, INDEX)

    first, second = recording.revisions
    assert (recording.start, recording.end) == ((), ("bbbb",))
    assert (first.revision, first.message, first.path) == ("aaaa", "a table", "versions/aaaa_a_table.py")
    assert [(one.role, one.kind, one.file) for one in first.statements] == [
        (Role.OPERATION, StatementKind.BRIEF, "versions/aaaa_a_table.py"),
        (Role.VERSION_ROW, StatementKind.BACKFILL, ""),
    ]
    assert first.statements[1].sql.startswith("INSERT INTO alembic_version (version_num) VALUES ('aaaa')")
    assert [one.transactional for one in second.own_statements] == [True, False]
    assert second.own_statements[1].sql == "CREATE INDEX CONCURRENTLY i ON t (id)"
    assert second.own_statements[1].script == "CREATE INDEX CONCURRENTLY i ON t (id);"


def test_a_downgrade_leads_back_to_the_rows_the_upgrade_starts_from(tmp_path: Path) -> None:
    """The way back takes the revisions in the opposite order, version rows included."""
    recording = recorded(tmp_path, TABLE, INDEX, direction=Direction.DOWNGRADE, start=("aaaa",))

    assert (recording.start, recording.end) == (("bbbb",), ("aaaa",))
    assert [one.revision for one in recording.revisions] == ["bbbb"]
    assert [one.sql for one in recording.revisions[0].statements] == [
        "DROP INDEX i",
        "UPDATE alembic_version SET version_num='aaaa' WHERE alembic_version.version_num = 'bbbb'",
    ]


def test_a_question_to_the_database_is_an_obstacle(tmp_path: Path) -> None:
    """A revision that needs an answer has an obstacle with file and line, and no statements; the rest is recorded."""
    asks = RevisionFile(
        revision="bbbb", down_revision="aaaa", upgrade="rows = op.get_bind().execute(sa.text('SELECT 1')).fetchall()"
    )
    after = RevisionFile(revision="cccc", down_revision="bbbb", upgrade="op.execute('SELECT 2')")

    recording = recorded(tmp_path, TABLE, asks, after)

    (obstacle,) = recording.obstacles
    assert (obstacle.revision, obstacle.file) == ("bbbb", "versions/bbbb_message.py")
    assert obstacle.line > 0
    assert obstacle.reason == "It asks the database for fetchall of 'SELECT 1'."
    assert [len(one.own_statements) for one in recording.revisions] == [1, 0, 1]
    assert str(tmp_path) not in repr(recording)


def test_a_downgrade_that_fails_is_an_obstacle_at_its_line(tmp_path: Path) -> None:
    """A way back whose own code raises cannot be written, and the line that raised is named."""
    wrong = RevisionFile(revision="bbbb", down_revision="aaaa", downgrade="op.drop_column('t', sa.Column('x'))")

    recording = recorded(tmp_path, TABLE, wrong, direction=Direction.DOWNGRADE)

    (obstacle,) = recording.obstacles
    lines = (tmp_path / "migrations" / "versions" / "bbbb_message.py").read_text(encoding="utf-8").splitlines()
    assert lines[obstacle.line - 1] == "    op.drop_column('t', sa.Column('x'))"
    assert obstacle.reason.startswith(f"Revision bbbb failed at versions/bbbb_message.py:{obstacle.line}: ")


def test_a_question_whose_error_is_swallowed_is_an_obstacle(tmp_path: Path) -> None:
    """Neither `except Exception` nor `if result:` hides that a revision wanted an answer."""
    swallows = RevisionFile(
        revision="aaaa",
        upgrade="try:\n    op.get_bind().scalar(sa.text('SELECT 1'))\nexcept Exception:\n    op.execute('SELECT 2')",
    )
    tests_result = RevisionFile(
        revision="bbbb",
        down_revision="aaaa",
        upgrade="if op.get_bind().execute(sa.text('SELECT 1')):\n    op.execute('SELECT 2')",
    )

    recording = recorded(tmp_path, swallows, tests_result)

    assert [one.revision for one in recording.obstacles] == ["aaaa", "bbbb"]


def test_asking_for_offline_mode_is_noted(tmp_path: Path) -> None:
    """A revision that behaves differently offline is written, and a reviewer is told."""
    guarded = RevisionFile(revision="aaaa", upgrade="if not context.is_offline_mode():\n    op.execute('SELECT 1')")

    recording = recorded(tmp_path, guarded)

    assert recording.obstacles == ()
    assert [(one.code, one.revision) for one in recording.all_notes()] == [("asks-offline-mode", "aaaa")]
