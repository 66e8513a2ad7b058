"""A revision that was edited after it had been applied is noticed; one that was reformatted is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.directories import Directory, RevisionFile, chain, make_directory
from tests.preloaded import run_runner
from tests.programs import Finished

FIRST = RevisionFile(revision="r0001", upgrade="op.execute('SELECT 1')")
EDITED = RevisionFile(revision="r0001", upgrade="op.execute('SELECT 2')")
ENVIRONMENTS = pytest.mark.parametrize("env", ["none", "generic"])


def applied(root: Path, url: str, env: Any) -> Directory:
    """Return a directory whose first revision is applied and whose second is pending."""
    directory = make_directory(root, [FIRST], env=env)
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check()
    directory.add(*chain(2)[1:])
    return directory


def upgrade(directory: Directory, url: str, policy: str | None = None) -> Finished:
    """Run an upgrade under a policy."""
    variables = {"DATABASE_URL": url} | ({"RUNNER_EDITED_REVISIONS": policy} if policy else {})
    return run_runner("upgrade", cwd=directory.root, env=variables)


@ENVIRONMENTS
def test_an_edit_is_warned_about(tmp_path: Path, database_url: str, env: Any) -> None:
    """By default the run goes on, and says which revision of which file."""
    directory = applied(tmp_path, database_url, env)
    directory.add(EDITED)

    finished = upgrade(directory, database_url).check()

    warning = finished.event("revision.edited")
    assert (warning["level"], warning["revision"]) == ("warning", "r0001")
    assert warning["path"].endswith(FIRST.name)
    assert finished.event("run.finished")["applied"] == 1


@ENVIRONMENTS
def test_an_edit_can_stop_the_run_before_anything_is_changed(tmp_path: Path, database_url: str, env: Any) -> None:
    """The policy fail ends with exit code 73, and nothing was run."""
    directory = applied(tmp_path, database_url, env)
    directory.add(EDITED)

    finished = upgrade(directory, database_url, "fail").check(73)

    assert finished.event("run.failed")["revisions"] == ["r0001"]
    assert finished.events("step.started") == []


@ENVIRONMENTS
def test_an_edit_can_be_accepted_once(tmp_path: Path, database_url: str, env: Any) -> None:
    """The policy accept remembers what the file says now: the next run finds nothing edited."""
    directory = applied(tmp_path, database_url, env)
    directory.add(EDITED)

    assert upgrade(directory, database_url, "accept").check().event("revision.edit_accepted")["revision"] == "r0001"

    directory.add(*chain(3)[2:])
    upgrade(directory, database_url, "fail").check()


def test_formatting_is_no_edit(tmp_path: Path, database_url: str) -> None:
    """Line ends, comments, quotes and docstrings may change."""
    directory = applied(tmp_path, database_url, "none")
    path = directory.versions / FIRST.name
    text = path.read_text(encoding="utf-8").replace("'r0001'", '"r0001"  # the first').replace('"""message', '"""msg')
    path.write_bytes(text.replace("\n", "\r\n").encode())

    upgrade(directory, database_url, "fail").check()


def test_a_downgraded_revision_may_be_edited(tmp_path: Path, database_url: str) -> None:
    """What is not applied any more may say anything."""
    directory = applied(tmp_path, database_url, "none")
    run_runner("downgrade", "base", cwd=directory.root, env={"DATABASE_URL": database_url}).check()
    directory.add(EDITED)

    upgrade(directory, database_url, "fail").check()


def test_a_run_with_nothing_to_do_does_not_look(tmp_path: Path, database_url: str) -> None:
    """The fast path reads no history."""
    directory = make_directory(tmp_path, [FIRST], env="none")
    upgrade(directory, database_url).check()
    directory.add(EDITED)

    upgrade(directory, database_url, "fail").check()
