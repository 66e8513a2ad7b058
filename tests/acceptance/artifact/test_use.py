"""`runner artifact verify`, `apply` and `diff`, as a user."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.artifacts import PATH, apply_all, files, make_artifact, manifest
from tests.directories import Directory, make_directory
from tests.fix_postgres import PgDatabaseFactory, PgDump
from tests.postgres import libpq_url
from tests.programs import Finished, run_runner


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return make_directory(tmp_path / "app", PATH)


@pytest.fixture
def bundle(directory: Directory) -> Path:
    return make_artifact(directory, "--from", "base")


def runner(*words: str, cwd: Path, url: str | None = None, **env: str) -> Finished:
    return run_runner(*words, cwd=cwd, env=env if url is None else {"DATABASE_URL": url, **env})


def rows(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(libpq_url(url)) as connection:
        return connection.execute("SELECT id, name, note FROM t ORDER BY id").fetchall()


@contextmanager
def held_lock(url: str, bundle: Path) -> Iterator[None]:
    told = manifest(bundle)["lock"]
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s, %s)", (told["tool"], told["target"]))
        yield


def test_applying_is_the_online_run(
    directory: Directory, bundle: Path, pg_database_factory: PgDatabaseFactory, pg_dump: PgDump
) -> None:
    """Applied without psql and without the revision directory: same schema, rows, version rows and events."""
    applied, online = pg_database_factory(), pg_database_factory()
    elsewhere = directory.root.parent / "elsewhere"
    shutil.copytree(bundle, elsewhere / "bundle")

    done = runner("artifact", "apply", "bundle", cwd=elsewhere, url=applied).check()
    runner("upgrade", cwd=directory.root, url=online).check()

    assert pg_dump(applied) == pg_dump(online)
    assert pg_dump(applied, "--data-only", "--inserts") == pg_dump(online, "--data-only", "--inserts")
    assert [(one["revision"], one["from"], one["to"]) for one in done.events("step.finished")] == [
        ("aaaa", [], ["aaaa"]),
        ("bbbb", ["aaaa"], ["bbbb"]),
        ("cccc", ["bbbb"], ["cccc"]),
    ]
    assert len(done.events("step.started")) == 3
    assert done.event("run.finished")["to"] == ["cccc"]
    assert done.event("lock.released")["confirmed"] is True
    fingerprint = done.event("artifact.applied")["fingerprint"]
    verified = runner("artifact", "verify", str(bundle), "--fingerprint", fingerprint, cwd=elsewhere, url=online)
    assert fingerprint in verified.check().stdout

    again = runner("artifact", "apply", "bundle", cwd=elsewhere, url=applied).check()
    assert (again.event("run.finished")["applied"], again.events("lock.acquired")) == (0, [])
    runner("artifact", "apply", "bundle", "--downgrade", cwd=elsewhere, url=applied).check()
    runner("downgrade", "base", cwd=directory.root, url=online).check()
    assert pg_dump(applied) == pg_dump(online)


def test_psql_and_the_runner_take_turns(bundle: Path, pg_url: str) -> None:
    """What psql began, `apply` goes on with, also in the middle of a revision."""
    paths = files(bundle)
    for count in range(1, len(paths) + 1):
        apply_all(pg_url, paths[:count])
        runner("artifact", "apply", str(bundle), cwd=bundle, url=pg_url).check()
        assert rows(pg_url) == [(11, "it's 100% \\ :x", "50%"), (12, "a;\nb", "50%")]
        runner("artifact", "apply", str(bundle), "--downgrade", cwd=bundle, url=pg_url).check()


def test_a_busy_database_is_waited_for_and_then_refused(bundle: Path, pg_url: str) -> None:
    """Another runner's lock gives the exit code of an online run (40)."""
    with held_lock(pg_url, bundle):
        done = runner("artifact", "apply", str(bundle), cwd=bundle, url=pg_url, RUNNER_LOCK_WAIT_SECONDS="0.2")

    assert done.returncode == 40, done
    runner("artifact", "apply", str(bundle), cwd=bundle, url=pg_url).check()


def test_a_database_that_is_elsewhere_is_refused(directory: Directory, bundle: Path, pg_url: str) -> None:
    """Version rows at which no file begins: exit code 75, and nothing was changed."""
    runner("upgrade", "aaaa", cwd=directory.root, url=pg_url).check()
    other = make_artifact(directory, "--from", "cccc", "--to", "cccc", output="none")
    assert not (other / "manifest.json").exists()  # nothing to do, nothing written
    later = make_artifact(directory, "--from", "bbbb", output="later")

    done = runner("artifact", "apply", str(later), cwd=bundle, url=pg_url)

    assert (done.returncode, done.event("run.failed")["error_code"]) == (75, "artifact-not-applied")
    assert "it starts from bbbb" in done.event("run.failed")["message"]


def test_a_statement_that_fails_is_reported_as_online(tmp_path: Path, pg_url: str, pg_dump: PgDump) -> None:
    """Exit code 51, the revision named, and nothing of the file left."""
    broken = replace(PATH[2], upgrade=f"{PATH[2].upgrade}\nop.execute('SELECT 1/0')")
    directory = make_directory(tmp_path, (*PATH[:2], broken))
    bundle = make_artifact(directory, "--from", "base")

    done = runner("artifact", "apply", str(bundle), cwd=bundle, url=pg_url)

    assert done.returncode == 51, done
    failed = done.event("run.failed")
    assert (failed["revision"], failed["sqlstate"]) == ("cccc", "22012")
    assert "note" not in pg_dump(pg_url)


def test_an_altered_file_is_noticed(bundle: Path, pg_url: str) -> None:
    """One character, a missing file, a file too many: exit code 74 for verify and for apply, and nothing runs."""
    first = files(bundle)[0]
    text = first.read_text(encoding="utf-8")
    first.write_text(text.replace("CREATE TABLE t", "CREATE TABLE u"), encoding="utf-8")
    for verb in ("verify", "apply"):
        done = runner("artifact", verb, str(bundle), cwd=bundle, url=pg_url)
        assert done.returncode == 74, done
    first.write_text(text, encoding="utf-8")
    runner("artifact", "verify", str(bundle), cwd=bundle).check()
    (bundle / "upgrade" / "99_more.sql").write_text("DROP TABLE t;")
    assert "99_more.sql is not part of the artifact" in str(runner("artifact", "verify", str(bundle), cwd=bundle))
    (bundle / "upgrade" / "99_more.sql").unlink()
    (bundle / "README.md").unlink()
    assert runner("artifact", "verify", str(bundle), cwd=bundle).returncode == 74


def test_verifying_says_whether_exactly_this_was_applied(directory: Directory, bundle: Path, pg_url: str) -> None:
    """Version rows, history and fingerprint are asked; exit code 75 where one of them says no."""
    assert runner("artifact", "verify", str(bundle), cwd=bundle, url=pg_url).returncode == 75
    runner("upgrade", "aaaa", cwd=directory.root, url=pg_url).check()  # which makes the history table
    part = make_artifact(directory, "--from", "aaaa", output="part")
    apply_all(pg_url, files(part))

    found = json.loads(runner("artifact", "verify", str(part), "--json", cwd=bundle, url=pg_url).check().stdout)
    whole = json.loads(runner("artifact", "verify", str(bundle), "--json", cwd=bundle, url=pg_url).check().stdout)

    assert found["applied_by"] == {"bbbb": "artifact", "cccc": "artifact"}
    assert whole["applied_by"] == {"aaaa": "other", "bbbb": "other", "cccc": "other"}
    assert found["fingerprint"] == whole["fingerprint"]
    with psycopg.connect(libpq_url(pg_url)) as connection:
        connection.execute("ALTER TABLE t ADD COLUMN by_hand int")
    changed = runner("artifact", "verify", str(part), "--fingerprint", found["fingerprint"], cwd=bundle, url=pg_url)
    assert changed.returncode == 75
    assert (
        runner("artifact", "verify", str(part), "--files-only", cwd=bundle, url=pg_url).check().stdout.count("\n") == 1
    )


def test_an_edited_source_is_not_exactly_this(tmp_path: Path, pg_url: str) -> None:
    """The history's digest of a revision's file is compared with the manifest's."""
    directory = make_directory(tmp_path / "one", PATH)
    runner("upgrade", cwd=directory.root, url=pg_url).check()
    other = make_directory(tmp_path / "two", (*PATH[:2], replace(PATH[2], upgrade=f"{PATH[2].upgrade}\nprint()")))
    bundle = make_artifact(other, "--from", "base")

    done = runner("artifact", "verify", str(bundle), cwd=bundle, url=pg_url)

    assert done.returncode == 75
    assert "revision cccc was applied from another source" in str(done)


def test_differences_of_two_artifacts(tmp_path: Path, directory: Directory, bundle: Path) -> None:
    """Revisions added, removed and changed, with their statements; 78 when there are any, 0 when there are none."""
    same = make_artifact(directory, "--from", "base", output="same")
    assert runner("artifact", "diff", str(bundle), str(same), cwd=bundle).check().stdout == ""
    changed = replace(PATH[2], upgrade=PATH[2].upgrade.replace("50%", "51%"))
    more = replace(PATH[2], revision="dddd", down_revision="cccc", upgrade="op.execute('SELECT 2')", downgrade="pass")
    other = make_artifact(make_directory(tmp_path / "two", (*PATH[:2], changed, more)), "--from", "base")

    done = runner("artifact", "diff", str(bundle), str(other), cwd=bundle)
    as_json = runner("artifact", "diff", str(bundle), str(other), "--json", cwd=bundle)

    assert (done.returncode, as_json.returncode) == (78, 78)
    assert "revision added: dddd\nupgrade of revision cccc (its file changed):\n" in done.stdout
    assert "  -ALTER TABLE t ADD COLUMN note TEXT DEFAULT '50%';\n" in done.stdout
    assert "  +ALTER TABLE t ADD COLUMN note TEXT DEFAULT '51%';\n" in done.stdout
    assert json.loads(as_json.stdout)["added"] == ["dddd"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("verify", "."), 64),
        (("apply", "."), 64),
        (("diff", ".", "."), 64),
        (("verify",), 10),
        (("diff", "."), 10),
        (("burn", "."), 2),
    ],
)
def test_what_is_no_artifact_is_said_to_be_none(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    """Misuse and directories without a manifest have exit codes of their own."""
    assert runner("artifact", *words, cwd=tmp_path, url="postgresql://x@127.0.0.1:1/y").returncode == code


def test_a_manifest_of_another_format_is_refused(bundle: Path) -> None:
    """A reader that would misunderstand a bundle does not read it."""
    path = bundle / "manifest.json"
    for contents in ("{", "[]", '{"format": 99}', '{"format": 1}'):
        path.write_text(contents)
        assert runner("artifact", "verify", str(bundle), cwd=bundle).returncode == 64
