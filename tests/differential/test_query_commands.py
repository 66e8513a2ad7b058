"""current, heads, history, branches and show: the same lines as Alembic's, as JSON too, and nothing created."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from tests.differential.known_differences import DIFFERENCES, expected_answer
from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.oracle import sqlite_url
from tests.programs import Finished, run_runner
from tests.sequence import Call, run_sequence

BRANCHES = (
    RevisionFile(revision="base1111", message="base one", branch_labels="one"),
    RevisionFile(revision="base2222", message="base two", branch_labels=("two", "zwei")),
    RevisionFile(revision="left1111", down_revision="base1111", message="left"),
    RevisionFile(revision="right111", down_revision="base1111", message="right"),
    RevisionFile(revision="merge111", down_revision=("left1111", "right111"), message="merge"),
    RevisionFile(revision="two11111", down_revision="base2222", depends_on="merge111", message="depends"),
    RevisionFile(revision="branch11", down_revision="base2222", message="unlabelled", depends_on=("left1111",)),
)
LONG_DOCSTRING = '''"""base one,
with a second line

and a paragraph,
    indented
"""'''

QUERIES = (
    ("current",),
    ("current", "-v"),
    ("current", "--verbose"),
    ("heads",),
    ("heads", "-v"),
    ("heads", "--resolve-dependencies"),
    ("heads", "--resolve-dependencies", "--verbose"),
    ("branches",),
    ("branches", "-v"),
    ("history",),
    ("history", "--verbose"),
    ("history", "-i"),
    ("history", "--indicate-current", "-v"),
    ("history", "-r", "base1111:merge111"),
    ("history", "--rev-range", "base1111:merge111"),
    ("history", "-r", ":one@head"),
    ("history", "-r", "base:current"),
    ("history", "-r", "current:"),
    ("history", "-rcurrent:heads"),
    ("history", "-r", "two@base:two11111"),
    ("show", "heads"),
    ("show", "current"),
    ("show", "merge111"),
    ("show", "merg"),
    ("show", "one@base"),
    ("show", "two"),
    ("show", "one@head"),
    ("show", "base"),
)
REFUSED = (
    (("show", "head"), 24),
    (("show", "zzz"), 25),
    (("show", "base1111+1"), 26),
    (("show", "merge111:two11111"), 25),
    (("history", "-r", "nocolon"), 61),
    (("history", "-r", "merge111:base1111"), 61),
    (("history", "-r", "zz:"), 25),
    (("current", "--check-heads"), 70),
    (("current", "-c"), 70),
)


def branched_directory(root: Path) -> Directory:
    """Write a directory with branches, labels, a merge and dependencies, for a SQLite file beside it."""
    directory = make_directory(root, BRANCHES, url=sqlite_url(root / "database.sqlite"))
    first = directory.versions / BRANCHES[0].name
    first.write_text(BRANCHES[0].text().replace('"""base one"""', LONG_DOCSTRING))
    return directory


def run_both(cwd: Path, commands: Iterable[Sequence[str]]) -> list[tuple[tuple[str, ...], Finished, Finished]]:
    """Run commands with both programs; returns (command, ours, theirs)."""
    calls = [Call(args=tuple(command), cwd=cwd) for command in commands]
    ours, theirs = run_sequence("runner", calls), run_sequence("alembic", calls)
    return [(call.args, one, other) for call, one, other in zip(calls, ours, theirs, strict=True)]


def run(cwd: Path, *commands: Sequence[str]) -> list[Finished]:
    """Run commands with `runner` alone."""
    return run_sequence("runner", [Call(args=tuple(command), cwd=cwd) for command in commands])


def test_the_lines_are_alembics(tmp_path: Path) -> None:
    """Every query prints what Alembic prints, with several heads, labels and rows (CLI-1, 3, 7, 8, 13)."""
    directory = branched_directory(tmp_path)
    run_runner("stamp", "merge111", "base2222", cwd=directory.root).check()

    met: set[str] = set()
    for command, ours, theirs in run_both(directory.root, QUERIES):
        kind = "show current" if command == ("show", "current") else command[0]
        expected, needed = expected_answer(kind, theirs.check().stdout)
        met |= needed
        assert (command, expected) == (command, ours.check().stdout)
        assert "" == ours.stderr
    assert {"order-of-sets"} <= met <= DIFFERENCES.keys()


def test_refusals(tmp_path: Path) -> None:
    """Where Alembic refuses ours does: an exit code per kind, a sentence on stderr and an empty stdout (CLI-E2)."""
    directory = branched_directory(tmp_path)
    run_runner("stamp", "merge111", "base2222", cwd=directory.root).check()

    answers = run_both(directory.root, [command for command, _ in REFUSED])

    assert [code for _, code in REFUSED] == [ours.returncode for _, ours, _ in answers]
    assert {255} == {theirs.returncode for _, _, theirs in answers}
    for _, ours, _ in answers:
        assert "" == ours.stdout
        assert ours.event("run.failed")["exit_code"] == ours.returncode


def test_check_heads_once_all_are_reached(tmp_path: Path) -> None:
    """`current --check-heads` ends with 0 at the heads, though effective heads have no row (CLI-3, BUG-3)."""
    branched_directory(tmp_path)
    calls = [
        Call(args=args, cwd=tmp_path) for args in (("stamp", "heads"), ("current", "-c"), ("current", "--check-heads"))
    ]

    finished = run_sequence("runner", calls)

    assert [0, 0, 0] == [one.returncode for one in finished]
    assert "branch11 (head)\nmerge111 (effective head) (mergepoint)\ntwo11111 (head)\n" == finished[1].stdout


def test_an_empty_directory_and_an_empty_database(tmp_path: Path) -> None:
    """Without revisions, and without rows, the queries print as little as Alembic (CLI-1, CLI-3, CLI-7, CLI-8)."""
    empty = make_directory(tmp_path / "empty", url=sqlite_url(tmp_path / "empty.sqlite"))
    unversioned = make_directory(tmp_path / "chain", chain(2), url=sqlite_url(tmp_path / "unversioned.sqlite"))
    commands = (
        ("current",),
        ("heads",),
        ("history",),
        ("branches",),
        ("show", "heads"),
        ("history", "-i"),
        ("show", "head"),
    )

    answers = [*run_both(empty.root, commands[:5]), *run_both(unversioned.root, commands)]

    for command, ours, theirs in answers:
        assert (command, theirs.check().stdout) == (command, ours.check().stdout)


def test_options_before_and_after_the_command(tmp_path: Path) -> None:
    """Alembic's global options are understood in Alembic's place and behind the command (CLI-G2 to CLI-G6)."""
    directory = branched_directory(tmp_path / "project")
    other = make_directory(tmp_path / "other", chain(2), url=sqlite_url(tmp_path / "other.sqlite"))
    other.ini.write_text(other.ini.read_text().replace("[alembic]", "[second]"))
    ini = str(other.ini)
    spellings = (
        ("-c", ini, "-n", "second", "-x", "a=1", "--raiseerr", "heads"),
        ("heads", "-c", ini, "-n", "second", "-x", "a=1", "--raiseerr"),
        ("-c", ini, "heads", "--name", "second"),
        ("--name=second", "heads", f"--config={ini}"),
    )

    finished = run_sequence("runner", [Call(args=one, cwd=directory.root) for one in spellings])
    quiet = run_sequence("runner", [Call(args=one, cwd=directory.root) for one in (("-q", "heads"), ("heads", "-q"))])

    assert ["r0002 (head)\n"] * len(spellings) == [one.check().stdout for one in finished]
    assert [("", ""), ("", "")] == [(one.check().stdout, one.stderr) for one in quiet]


def test_json_holds_the_same_facts(tmp_path: Path) -> None:
    """--json gives the facts of the lines as values: ids, parents, labels, flags, the message, the path."""
    directory = branched_directory(tmp_path)
    commands = (
        ("stamp", "merge111", "base2222"),
        ("heads", "--json"),
        ("history", "-i", "--json"),
        ("current", "--json"),
        ("branches", "--json"),
        ("show", "two11111", "--json"),
        ("history", "-r", "base1111:merge111", "--json"),
    )
    finished = run_sequence("runner", [Call(args=one, cwd=tmp_path) for one in commands])
    heads, history, current, branches, show, some = (json.loads(one.check().stdout) for one in finished[1:])

    assert ["branch11", "merge111", "two11111"] == [one["revision"] for one in heads]
    assert [
        {
            "revision": "two11111",
            "down_revisions": ["base2222"],
            "depends_on": ["merge111"],
            "branch_labels": ["two", "zwei"],
            "message": "depends",
            "path": str((directory.versions / "two11111_depends.py").resolve()),
            "is_head": True,
            "is_base": False,
            "is_branch_point": False,
            "is_merge_point": False,
            "is_current": False,
            "dependencies": ["merge111"],
        }
    ] == show
    by_id = {one["revision"]: one for one in history}
    assert {one.revision for one in BRANCHES} == by_id.keys()
    assert {"merge111", "base2222"} == {one["revision"] for one in history if one["is_current"]}
    assert {"base1111", "base2222"} == {one["revision"] for one in history if one["is_base"]}
    assert ["left1111", "right111"] == by_id["merge111"]["down_revisions"]
    assert "base one,\nwith a second line" == by_id["base1111"]["message"]
    assert ["merge111", "left1111", "right111", "base1111"] == [one["revision"] for one in some]
    assert [["base2222", "merge111"]] == [one["heads"] for one in current]
    assert [["base2222", "merge111"]] == [[view["revision"] for view in one["revisions"]] for one in current]
    assert {"base1111": ["left1111", "right111"], "base2222": ["branch11", "two11111"]} == {
        one["point"]["revision"]: [child["revision"] for child in one["children"]] for one in branches
    }


READ_ONLY = (
    ("current",),
    ("current", "-v", "--json"),
    ("current", "--check-heads"),
    ("heads",),
    ("history",),
    ("history", "-i"),
    ("history", "-r", "base:current"),
    ("branches",),
    ("show", "head"),
    ("show", "current"),
)


def tables(url: str) -> list[str]:
    """Return the tables of a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = inspect(connection).get_table_names()
    engine.dispose()
    return found


@pytest.mark.parametrize("env", ["none", "generic"])
def test_queries_create_nothing(tmp_path: Path, database_url: str, env: Any) -> None:
    """No query makes a version table, and without env.py not even an SQLite file (REV-41, DNG-11)."""
    directory = make_directory(tmp_path / "project", chain(2), env=env)
    environment = {"DATABASE_URL": database_url}
    calls = [Call(args=one, cwd=directory.root, env=environment) for one in READ_ONLY]

    finished = run_sequence("runner", calls)

    assert [70 if "--check-heads" in one.args else 0 for one in finished] == [one.returncode for one in finished]
    if env == "none" or database_url.startswith("postgresql"):
        assert not (tmp_path / "database.sqlite").exists()
    # With env.py the driver itself leaves a file of no bytes behind: the engine is env.py's, and so is the decision.
    assert [] == tables(database_url)


def test_queries_print_nothing_else(tmp_path: Path, sqlite_file_url: str) -> None:
    """What env.py prints does not mix with the answer, so --json stays JSON."""
    directory = make_directory(tmp_path, chain(2), url=sqlite_file_url)
    env_py = directory.scripts / "env.py"
    loud = "print('connecting')\ncontext.config.print_stdout('still connecting')\n"
    env_py.write_text(env_py.read_text().replace("\nconfig = ", f"\n{loud}config = "))

    finished = run_runner("current", "--json", cwd=tmp_path).check()

    assert [{"heads": [], "revisions": [], "url": sqlite_file_url}] == json.loads(finished.stdout)
    assert finished.stderr == "connecting\nstill connecting\n"


def test_a_row_nobody_knows(tmp_path: Path, sqlite_file_url: str) -> None:
    """What asks for `current` says which version row has no file; `history -i` still lists the files (ERR-1)."""
    directory = make_directory(tmp_path, chain(2), url=sqlite_file_url)
    run(directory.root, ("upgrade", "head"))
    (directory.versions / "r0002_number_2.py").unlink()

    *refused, history = run(
        directory.root, ("current",), ("show", "current"), ("history", "-r", "base:current"), ("history", "-i")
    )

    # `current` asks the history, which knows that the row came later; to the others it is merely not there.
    assert [72, 35, 35] == [one.returncode for one in refused]
    for one in refused:
        assert "r0002" in one.event("run.failed")["message"]
    assert "<base> -> r0001 (head), number 1\n" == history.check().stdout
