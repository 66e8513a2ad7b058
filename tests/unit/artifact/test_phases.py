"""Cutting a recording into files."""

from __future__ import annotations

from pathlib import Path

from runner.artifact.phases import Phase, PhaseKind, file_name, phases_of
from tests.directories import RevisionFile
from tests.recordings import recorded

BLOCK = "with op.get_context().autocommit_block():\n    op.execute('VACUUM')\n"


def shape(phases: tuple[Phase, ...]) -> list[tuple[str, list[str], tuple[str, ...], tuple[str, ...]]]:
    return [
        (one.kind.value, [part.revision.revision for part in one.parts], one.rows_before, one.rows_after)
        for one in phases
    ]


def test_consecutive_revisions_share_a_transaction(tmp_path: Path) -> None:
    """A chain without autocommit blocks is one file."""
    chain = [RevisionFile(revision="a"), RevisionFile(revision="b", down_revision="a")]

    phases = phases_of(recorded(tmp_path, *chain))

    assert shape(phases) == [("transactional", ["a", "b"], (), ("b",))]
    assert (file_name(phases[0]), phases[0].is_last) == ("01_transactional.sql", True)


def test_an_autocommit_block_splits(tmp_path: Path) -> None:
    """What is before it, in it and behind it are three files; the version row changes in the last one."""
    revision = RevisionFile(revision="b", down_revision="a", upgrade=f"op.execute('UPDATE t SET x = 1')\n{BLOCK}")

    phases = phases_of(recorded(tmp_path, RevisionFile(revision="a"), revision))

    assert shape(phases) == [
        ("transactional", ["a", "b"], (), ("a",)),
        ("non_transactional", ["b"], ("a",), ("a",)),
        ("transactional", ["b"], ("a",), ("b",)),
    ]
    assert [phase.parts[-1].written_before for phase in phases] == [0, 1, 2]
    assert [phase.parts[-1].ends for phase in phases] == [False, False, True]


def test_two_revisions_with_blocks_do_not_share_a_file(tmp_path: Path) -> None:
    """Between two autocommit blocks there is the transaction that records the first revision."""
    first = RevisionFile(revision="a", upgrade=BLOCK)
    second = RevisionFile(revision="b", down_revision="a", upgrade=BLOCK)

    phases = phases_of(recorded(tmp_path, first, second))

    assert [one.kind for one in phases] == [
        PhaseKind.NON_TRANSACTIONAL,
        PhaseKind.TRANSACTIONAL,
        PhaseKind.NON_TRANSACTIONAL,
        PhaseKind.TRANSACTIONAL,
    ]


def test_a_revision_that_needs_the_database_is_a_step_of_its_own(tmp_path: Path) -> None:
    """The files around it begin and end where it does."""
    asks = RevisionFile(revision="b", down_revision="a", upgrade="op.get_bind().scalar(sa.text('SELECT 1'))")
    after = RevisionFile(revision="c", down_revision="b")

    phases = phases_of(recorded(tmp_path, RevisionFile(revision="a"), asks, after))

    assert shape(phases) == [
        ("transactional", ["a"], (), ("a",)),
        ("online", ["b"], ("a",), ("b",)),
        ("transactional", ["c"], ("b",), ("c",)),
    ]
    assert file_name(phases[1]) == "02_online.md"


def test_where_ddl_commits_there_is_one_file_without_transactions(tmp_path: Path) -> None:
    """MySQL's files are sequences of single statements."""
    chain = [RevisionFile(revision="a"), RevisionFile(revision="b", down_revision="a", upgrade=BLOCK)]

    phases = phases_of(recorded(tmp_path, *chain, dialect_name="mysql"))

    assert shape(phases) == [("non_transactional", ["a", "b"], (), ("b",))]
