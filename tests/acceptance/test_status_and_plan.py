"""`runner status` and `runner plan` tell everything and change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from tests.directories import RevisionFile, chain, make_directory
from tests.holding import runner_that_holds_the_lock
from tests.preloaded import run_runner

ENVIRONMENTS = pytest.mark.parametrize("env", ["none", "generic"])
CANARY = "canary-Zq7%2B81"


def answer(finished: Any) -> dict[str, Any]:
    """Return the one database of a JSON answer."""
    (one,) = json.loads(finished.check().stdout)
    assert isinstance(one, dict)
    return one


def table_names(url: str) -> list[str]:
    """Return all tables of a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = sorted(inspect(connection).get_table_names())
    engine.dispose()
    return found


@ENVIRONMENTS
def test_the_story_of_a_database(tmp_path: Path, database_url: str, env: Any) -> None:
    """Empty, then partly applied with a failure, then newer: status follows, plan says what would run."""
    broken = RevisionFile(revision="r0003", down_revision="r0002", message="breaks", upgrade="raise ValueError('no')")
    directory = make_directory(tmp_path / "new", [*chain(2), broken], env=env)
    variables = {"DATABASE_URL": database_url}

    empty = answer(run_runner("status", "--json", cwd=directory.root, env=variables))
    assert (empty["state"], empty["rows"], len(empty["pending"]), empty["history"]) == ("behind", [], 3, [])
    planned = answer(run_runner("plan", "--json", cwd=directory.root, env=variables))
    assert [step["revision"] for step in planned["steps"]] == ["r0001", "r0002", "r0003"]
    assert planned["end_heads"] == ["r0003"]
    assert table_names(database_url) == []

    run_runner("upgrade", cwd=directory.root, env=variables).check(50)
    partly = answer(run_runner("status", "--json", cwd=directory.root, env=variables))
    assert (partly["state"], partly["rows"]) == ("behind", ["r0002"])
    assert [(row["revision"], row["outcome"]) for row in partly["history"]] == [
        ("r0003", "failed"),
        ("r0002", "applied"),
        ("r0001", "applied"),
    ]
    text = run_runner("status", cwd=directory.root, env=variables).check().stdout
    assert "behind: an upgrade has something to run" in text
    assert "r0003  breaks" in text
    assert "failed (revision-failed)  r0003" in text
    assert "1. r0003  breaks" in run_runner("plan", cwd=directory.root, env=variables).check().stdout
    assert run_runner("status", "--check", cwd=directory.root, env=variables).check(70).stdout == text

    old = make_directory(tmp_path / "old", chain(1), env=env)
    newer = answer(run_runner("status", "--json", cwd=old.root, env=variables))
    assert (newer["state"], newer["unknown"], newer["pending"]) == ("newer", ["r0002"], [])
    run_runner("status", "--check", cwd=old.root, env=variables).check(72)
    run_runner("plan", cwd=old.root, env=variables).check(72)
    accepting = {**variables, "RUNNER_NEWER_DATABASE": "ok"}
    run_runner("status", "--check", cwd=old.root, env=accepting).check()
    assert answer(run_runner("plan", "--json", cwd=old.root, env=accepting))["steps"] == []


def test_status_of_a_database_at_its_heads(tmp_path: Path, database_url: str) -> None:
    """Nothing pending: --check succeeds."""
    directory = make_directory(tmp_path, chain(2), env="none")
    variables = {"DATABASE_URL": database_url, "RUNNER_RELEASE": "v1.2"}
    run_runner("upgrade", cwd=directory.root, env=variables).check()

    finished = run_runner("status", "--check", cwd=directory.root, env=variables).check()

    assert "current: nothing is pending" in finished.stdout
    assert "release v1.2" in finished.stdout
    assert "Nothing would run." in run_runner("plan", cwd=directory.root, env=variables).check().stdout


def test_edited_revisions_are_shown(tmp_path: Path, database_url: str) -> None:
    """Both commands name what was edited after it had been applied."""
    directory = make_directory(tmp_path, chain(2), env="none")
    variables = {"DATABASE_URL": database_url}
    run_runner("upgrade", cwd=directory.root, env=variables).check()
    directory.add(RevisionFile(revision="r0001", message="number 1", upgrade="op.execute('SELECT 1')"))

    for command in ("status", "plan"):
        shown = answer(run_runner(command, "--json", cwd=directory.root, env=variables))
        assert [one["revision"] for one in shown["edited"]] == ["r0001"]
        assert "was edited after it had been applied" in run_runner(command, cwd=directory.root, env=variables).stdout
    failing = {**variables, "RUNNER_EDITED_REVISIONS": "fail"}
    run_runner("status", "--check", cwd=directory.root, env=failing).check(73)


def test_plan_says_what_leaves_the_transaction_and_what_has_limits(tmp_path: Path, database_url: str) -> None:
    """What a reviewer wants to know of a revision before it runs."""
    revisions = [
        RevisionFile(revision="r0001", upgrade="with context.get_context().autocommit_block():\n    pass"),
        RevisionFile(revision="r0002", down_revision="r0001", header="runner_options = {'lock_timeout_seconds': 2}"),
    ]
    directory = make_directory(tmp_path, revisions, env="none")

    first, second = answer(run_runner("plan", "--json", cwd=directory.root, env={"DATABASE_URL": database_url}))[
        "steps"
    ]

    assert (first["transactional"], first["limits"]) == (False, {})
    assert (second["transactional"], second["limits"]) == (True, {"lock_timeout_seconds": 2})
    text = run_runner("plan", cwd=directory.root, env={"DATABASE_URL": database_url}).stdout
    assert "(not in one transaction)" in text
    assert "(lock_timeout_seconds = 2)" in text


def test_plan_fails_on_a_revision_that_cannot_be_imported(tmp_path: Path, database_url: str) -> None:
    """What would stop the upgrade before its first statement stops the plan."""
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", header="import nowhere_to_be_found")])

    run_runner("plan", cwd=directory.root, env={"DATABASE_URL": database_url}).check(20)


def test_plan_names_the_runner_that_is_at_work(tmp_path: Path, pg_url: str) -> None:
    """It takes no lock itself, and says who has it."""
    with runner_that_holds_the_lock(tmp_path, pg_url) as root:
        shown = answer(run_runner("plan", "--json", cwd=root, env={"DATABASE_URL": pg_url}))

    assert shown["lock_holder"]["holder_pid"]


def test_sqlite_files_are_not_made_by_looking(tmp_path: Path) -> None:
    """A database file that is not there is an empty database, and stays one that is not there."""
    directory = make_directory(tmp_path, chain(1), env="none")
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path / 'absent.sqlite'}"}

    assert answer(run_runner("status", "--json", cwd=directory.root, env=variables))["rows"] == []
    assert len(answer(run_runner("plan", "--json", cwd=directory.root, env=variables))["steps"]) == 1
    assert not (tmp_path / "absent.sqlite").exists()
