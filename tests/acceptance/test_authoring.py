"""init, revision, merge, edit and check through the command line, misused too."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from tests.directories import Directory, RevisionFile, make_directory
from tests.linters import RUFF
from tests.oracle import sqlite_url
from tests.programs import Finished, run_program, run_runner
from tests.sequence import Call, run_sequence
from tests.side_tables import without_side_tables

MODELS = """\
import sqlalchemy as sa

metadata = sa.MetaData()
users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False, index=True),
)
posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE")),
    sa.Column("title", sa.Text, server_default="untitled"),
)
"""
LATER = """\
tags = sa.Table("tags", metadata, sa.Column("id", sa.Integer, primary_key=True))
users.append_column(sa.Column("age", sa.Integer))
posts.c.title.nullable = False
"""


def tree(root: Path) -> list[str]:
    """Return every file and directory below, without what Python caches."""
    found = (path.relative_to(root) for path in root.rglob("*"))
    return sorted(str(path) for path in found if "__pycache__" not in path.parts and path.suffix != ".sqlite")


def run(cwd: Path, *commands: tuple[str, ...], **environment: str) -> list[Finished]:
    """Run commands one after the other."""
    return run_sequence("runner", [Call(args=one, cwd=cwd, env=environment) for one in commands])


def tables(url: str) -> list[str]:
    """Return the names of the tables."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = without_side_tables(inspect(connection).get_table_names())
    engine.dispose()
    return names


def test_a_whole_project(tmp_path: Path, database_url: str) -> None:
    """init, revision --autogenerate, upgrade, check: each answer has its exit code; nothing is left to do (CLI-2)."""
    (tmp_path / "models.py").write_text(MODELS)
    environment = {"DATABASE_URL": database_url, "RUNNER_METADATA": "models:metadata"}
    first = run(
        tmp_path,
        ("init", "-t", "job", "db"),
        ("check",),
        ("revision", "--autogenerate", "-m", "first", "--rev-id", "aaaa1"),
        ("check",),
        ("check", "--json"),
        ("revision", "--autogenerate", "-m", "too early"),
        ("upgrade",),
        ("check",),
        ("check", "--json"),
        **environment,
    )
    assert [0, 71, 0, 70, 70, 70, 0, 0, 0] == [one.returncode for one in first]
    assert "add table users" in first[1].stdout.splitlines()
    assert "In step" not in first[3].stdout
    assert "behind" == json.loads(first[4].stdout)["status"]
    assert "The database is in step with the model.\n" == first[7].stdout
    assert {"status": "in-step", "differences": [], "missing": []} == json.loads(first[8].stdout)

    (tmp_path / "models.py").write_text(MODELS + LATER)
    second = run(
        tmp_path,
        ("check", "--json"),
        ("revision", "--autogenerate", "-m", "second", "--rev-id", "bbbb1"),
        ("upgrade",),
        ("check",),
        ("revision", "--autogenerate", "-m", "nothing", "--rev-id", "cccc1"),
        ("downgrade", "base"),
        ("upgrade",),
        ("check",),
        **environment,
    )
    assert [71, 0, 0, 0, 0, 0, 0, 0] == [one.returncode for one in second]
    found = json.loads(second[0].stdout)["differences"]
    assert {("add_table", "tags", None), ("add_column", "users", "age"), ("modify_nullable", "posts", "title")} == {
        (one["kind"], one["table"], one["name"]) for one in found
    }
    assert ["alembic_version", "posts", "tags", "users"] == tables(database_url)
    assert "pass" in (tmp_path / "db" / "versions" / "cccc1_nothing.py").read_text()


def test_an_env_py_with_a_model(tmp_path: Path, database_url: str) -> None:
    """The generic template does the same once env.py names the model (TPL-2)."""
    (tmp_path / "models.py").write_text(MODELS)
    run(tmp_path, ("init", "db"))[0].check()
    env_py = tmp_path / "db" / "env.py"
    env_py.write_text(
        env_py.read_text().replace("target_metadata = None", "import models\n\ntarget_metadata = models.metadata")
    )
    commands = (("revision", "--autogenerate", "-m", "first"), ("upgrade",), ("check",))
    for one in run(tmp_path, *commands, DATABASE_URL=database_url):
        one.check()
    assert ["alembic_version", "posts", "users"] == tables(database_url)


def test_several_databases(tmp_path: Path) -> None:
    """With the multidb template each one is compared with its own model, into its own functions (ENV-43, TPL-4)."""
    names = {"engine1": "dbname", "engine2": "dbname2"}
    tables = "".join(
        f"{one} = sa.MetaData()\nsa.Table('of_{one}', {one}, sa.Column('id', sa.Integer))\n" for one in names
    )
    (tmp_path / "models.py").write_text(f"import sqlalchemy as sa\n{tables}")
    run(tmp_path, ("init", "-t", "multidb", "db"))[0].check()
    ini, env_py = tmp_path / "alembic.ini", tmp_path / "db" / "env.py"
    text = ini.read_text()
    for engine, name in sorted(names.items(), reverse=True):
        text = text.replace(f"driver://user:pass@localhost/{name}", sqlite_url(tmp_path / f"{engine}.sqlite"))
    ini.write_text(text)
    models = "import models\n\ntarget_metadata = {name: getattr(models, name) for name in engine_names}"
    env_py.write_text(env_py.read_text().replace("target_metadata: dict[str, MetaData] = {}", models))

    commands = (("check",), ("revision", "--autogenerate", "-m", "x", "--rev-id", "aaaa1"), ("upgrade",), ("check",))
    drift, *others = run(tmp_path, *commands)

    assert [71, 0, 0, 0] == [one.returncode for one in (drift, *others)]
    assert "engine1_upgrades: add table of_engine1\nengine2_upgrades: add table of_engine2\n" == drift.stdout
    before, _, after = (tmp_path / "db" / "versions" / "aaaa1_x.py").read_text().partition("def upgrade_engine2")
    assert ("of_engine1" in before, "of_engine2" in before) == (True, False)
    assert ("of_engine1" in after, "of_engine2" in after) == (False, True)


VECTORS = """\
from sqlalchemy.types import UserDefinedType


class Vector(UserDefinedType[object]):
    cache_ok = True

    def get_col_spec(self, **kw: object) -> str:
        return "VECTOR"
"""
VECTOR_MODEL = """\
import sqlalchemy as sa
from aa_vectors.types import Vector

from shop.money import Money

metadata = sa.MetaData()
sa.Table("t", metadata, sa.Column("a", Vector()), sa.Column("b", Money()))
"""


@pytest.mark.parametrize("template", ["generic", "job"])
def test_imports_of_types_are_in_order(template: str, tmp_path: Path, sqlite_file_url: str) -> None:
    """Types of an installed package and of the program are imported where a linter wants them (AG-52)."""
    project, packages = tmp_path / "project", tmp_path / "packages"
    for package, module, text in [
        (packages / "aa_vectors", "types.py", VECTORS),
        (project / "src" / "shop", "money.py", VECTORS.replace("Vector", "Money")),
    ]:
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / module).write_text(text)
    (project / "pyproject.toml").write_text("[tool.ruff]\n")
    (project / "src" / "shop" / "models.py").write_text(VECTOR_MODEL)
    environment = {"DATABASE_URL": sqlite_file_url, "RUNNER_METADATA": "shop.models:metadata"}
    run(project, ("init", "-t", template, "db"))[0].check()
    env_py = project / "db" / "env.py"
    if env_py.exists():
        model = "from shop.models import metadata as target_metadata"
        env_py.write_text(env_py.read_text().replace("target_metadata = None", model))

    ini = project / "alembic.ini"
    ini.write_text(ini.read_text().replace("prepend_sys_path = .", f"prepend_sys_path = {project / 'src'}:{packages}"))

    run(project, ("revision", "--autogenerate", "-m", "one", "--rev-id", "one1"), **environment)[0].check()

    head = (project / "db" / "versions" / "one1_one.py").read_text().partition("revision: str")[0]
    assert (
        "from collections.abc import Sequence\n\n"
        "import aa_vectors.types\nimport sqlalchemy as sa\nfrom alembic import op\n\n"
        "import shop.money\n\n"
    ) in head
    run_program([RUFF, "check", "--no-cache", "--select", "I,F,E", "db/versions"], cwd=project).check()


def test_renames_are_proposed_with_a_note(tmp_path: Path, sqlite_file_url: str) -> None:
    """What looks renamed is written as a rename with a note; `off`, and nobody to ask, drop and create (AG-3)."""
    (tmp_path / "models.py").write_text(MODELS)
    environment = {"DATABASE_URL": sqlite_file_url, "RUNNER_METADATA": "models:metadata"}
    commands = (
        ("init", "-t", "job", "db"),
        ("revision", "--autogenerate", "-m", "one", "--rev-id", "one1"),
        ("upgrade",),
    )
    for one in run(tmp_path, *commands, **environment):
        one.check()
    (tmp_path / "models.py").write_text(MODELS.replace('"title"', '"titel"'))

    texts = {}
    for mode in ("suggest", "off", "ask"):
        words = ("revision", "--autogenerate", "-m", "two", "--rev-id", "two1", "--renames", mode)
        (written,) = run(tmp_path, words, **environment)
        path = Path(written.check().stdout.removeprefix("Generated ").strip())
        texts[mode] = path.read_text()
        path.unlink()

    assert 'new_column_name="titel"' in texts["suggest"]
    assert "# title is taken for titel" in texts["suggest"]
    assert "drop_column" not in texts["suggest"]
    for mode in ("off", "ask"):
        assert 'batch_op.drop_column("title")' in texts[mode]


def test_a_model_that_is_not_there(tmp_path: Path, sqlite_file_url: str) -> None:
    """Each way to name no model has its sentence, and no file appears (ERR-6, exit code 19)."""
    (tmp_path / "models.py").write_text("metadata = 3\nimport nowhere_at_all\n")
    (tmp_path / "good.py").write_text("thing = 3\n")
    run(tmp_path, ("init", "-t", "job", "db"))[0].check()
    before = tree(tmp_path)
    for name, message in {
        "": "No model is named",
        "models": "names no model",
        "models:metadata": "nowhere_at_all",
        "absent:metadata": "No module named 'absent'",
        "good:metadata": "has no attribute metadata",
        "good:thing": "is a int, not a MetaData",
    }.items():
        (refused,) = run(
            tmp_path,
            ("revision", "--autogenerate", "-m", "x"),
            DATABASE_URL=sqlite_file_url,
            **({"RUNNER_METADATA": name} if name else {}),
        )
        assert message in refused.check(19).event("run.failed")["message"]
    assert tree(tmp_path) == before


def test_init_refuses_what_is_there(tmp_path: Path) -> None:
    """A directory that is not empty, a file, an unknown template: refused, and nothing changed (CLI-9, ERR-21)."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    before = tree(tmp_path)
    refused = run(
        tmp_path,
        ("init", "full"),
        ("init", "file"),
        ("init", "file/below"),
        ("init", "-t", "generik", "new"),
        ("init", "-t", "../generic", "new"),
    )
    assert [20, 20, 18, 20, 20] == [one.returncode for one in refused]
    assert "Did you mean generic?" in refused[3].stderr
    assert tree(tmp_path) == before
    run(tmp_path, ("init", "empty"))[0].check()


def test_init_leaves_configuration_files_alone(tmp_path: Path) -> None:
    """An existing alembic.ini stays; pyproject.toml is appended to once, and stays valid TOML (CLI-9)."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nmine = 1\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    made = run(tmp_path, ("init", "-t", "pyproject", "--package", "db"), ("init", "-t", "pyproject", "second"))
    assert [0, 0] == [one.returncode for one in made]
    assert (tmp_path / "alembic.ini").read_text() == "[alembic]\nmine = 1\n"
    text = (tmp_path / "pyproject.toml").read_text()
    assert text.startswith('[project]\nname = "x"\n\n[tool.alembic]\n')
    assert text.count("[tool.alembic]") == 1
    assert (tmp_path / "db" / "versions" / "__init__.py").exists()
    assert 'script_location = "%(here)s/db"' in text


def test_where_the_configuration_file_goes(tmp_path: Path) -> None:
    """A file named on the command line, or by a variable, is the one that is written (CFG-1)."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    first, second = (
        run(tmp_path, ("-c", "conf/one.ini", "init", "one"))[0],
        run(tmp_path, ("init", "two"), RUNNER_CONFIG="conf/two.ini")[0],
    )
    assert [0, 0] == [first.returncode, second.returncode]
    assert ["one.ini", "two.ini"] == sorted(path.name for path in (tmp_path / "conf").iterdir())
    used = run(
        tmp_path, ("-c", "conf/one.ini", "revision", "-m", "x"), ("-c", "conf/one.ini", "history"), RUNNER_DIRECTORY=""
    )
    assert [0, 0] == [one.returncode for one in used]
    assert str((tmp_path / "one").resolve()) in used[0].stdout


def test_an_unwritable_directory(tmp_path: Path) -> None:
    """Where the user may not write, the sentence says so, and nothing is left (exit code 18)."""
    directory = make_directory(tmp_path / "p", [RevisionFile(revision="aaaa1")])
    # Root may write anywhere, so a file stands where a directory would have to be.
    directory.set_option("file_template", "aaaa1_message.py/%%(rev)s")
    directory.set_option("recursive_version_locations", "true")
    before = tree(directory.root)
    (refused,) = run(directory.root, ("revision", "-m", "x"))
    assert refused.check(18).event("run.failed")["error_code"] == "write-failed"
    assert tree(directory.root) == before


def hooked(tmp_path: Path, code: str) -> Directory:
    """Write a project with a post-write hook that runs Python code."""
    directory = make_directory(tmp_path / "p", [RevisionFile(revision="aaaa1")])
    hook = {"hooks": "check", "check.type": "exec", "check.executable": sys.executable}
    options = {**hook, "check.options": f'-c "{code}" REVISION_SCRIPT_FILENAME'}
    for name, value in options.items():
        directory.set_option(name, value, section="post_write_hooks")
    return directory


def test_a_failing_hook(tmp_path: Path) -> None:
    """The command fails, names hook, status and last lines, and takes the file back (CLI-E5, TPL-24)."""
    directory = hooked(tmp_path, "print('that is wrong'); raise SystemExit(3)")
    before = tree(directory.root)
    (refused,) = run(directory.root, ("revision", "-m", "x"))
    message = refused.check(58).event("run.failed")["message"]
    assert "hook check failed" in message
    assert "exit status 3" in message
    assert "that is wrong" in message
    assert tree(directory.root) == before


def test_a_hook_that_works(tmp_path: Path) -> None:
    """What a hook says is logged; standard output has the result alone."""
    directory = hooked(tmp_path, "print('formatted')")
    (finished,) = run(directory.root, ("revision", "-m", "x", "--rev-id", "bbbb1"))
    assert finished.check().event("hook.finished")["output"] == ["formatted"]
    assert finished.stdout == f"Generated {directory.versions.resolve() / 'bbbb1_x.py'}\n"


def with_directives(tmp_path: Path, body: str) -> Directory:
    """Write a project whose env.py is run for every revision, with a process_revision_directives."""
    directory = make_directory(tmp_path / "p", url=sqlite_url(tmp_path / "x.sqlite"))
    directory.set_option("revision_environment", "true")
    env_py = directory.scripts / "env.py"
    text = env_py.read_text().replace(
        "context.configure(connection=connection,",
        "context.configure(connection=connection, process_revision_directives=directives,",
    )
    env_py.write_text(f"def directives(context, revision, scripts):\n    {body}\n\n\n{text}")
    return directory


def test_directives_may_empty_the_list(tmp_path: Path) -> None:
    """An emptied list is no file, and a success (ENV-42, AG-70, CB-7)."""
    directory = with_directives(tmp_path, "scripts[:] = []")
    before = tree(directory.root)
    (finished,) = run(directory.root, ("revision", "-m", "x"))
    assert finished.check().stdout == ""
    assert tree(directory.root) == before


def test_template_arguments(tmp_path: Path) -> None:
    """What env.py gives as template_args is a variable of the file's template (ENV-28)."""
    directory = make_directory(tmp_path / "p", url=sqlite_url(tmp_path / "x.sqlite"))
    directory.set_option("revision_environment", "true")
    for name, old, new in (
        ("env.py", "context.configure(", "context.configure(template_args={'colour': 'deep red'}, "),
        ("script.py.mako", "Written:", "Colour: ${colour}\nWritten:"),
    ):
        path = directory.scripts / name
        path.write_text(path.read_text().replace(old, new))

    (finished,) = run(directory.root, ("revision", "-m", "x", "--rev-id", "aaaa1"))

    finished.check()
    assert "Colour: deep red\n" in (directory.versions / "aaaa1_x.py").read_text()


SEVERAL = (
    "from alembic.operations import ops\n"
    "    scripts.append(ops.MigrationScript('bbbb1', ops.UpgradeOps([ops.ExecuteSQLOp('SELECT 1')]),"
    " ops.DowngradeOps([]), message='two', head={head!r}))"
)


def test_directives_may_write_several_files(tmp_path: Path) -> None:
    """Several MigrationScripts are several files, the second on the first (ENV-42, AG-70)."""
    directory = with_directives(tmp_path, SEVERAL.format(head="aaaa1@head"))
    finished, history = run(directory.root, ("revision", "-m", "one", "--rev-id", "aaaa1"), ("history",))
    assert finished.check().stdout.count("Generated ") == 2
    assert "aaaa1 -> bbbb1 (head), two\n<base> -> aaaa1, one\n" == history.stdout
    assert 'op.execute("SELECT 1")' in (directory.versions / "bbbb1_two.py").read_text()


def test_a_second_file_that_is_refused_takes_the_first_back(tmp_path: Path) -> None:
    """All files of a command, or none (DNG-8)."""
    directory = with_directives(tmp_path, SEVERAL.format(head="zzzz"))
    before = tree(directory.root)
    (refused,) = run(directory.root, ("revision", "-m", "one", "--rev-id", "aaaa1"))
    refused.check(25)
    assert tree(directory.root) == before


def test_from_database(tmp_path: Path, database_url: str) -> None:
    """A schema that exists becomes a base revision; run on an empty database it makes the same schema (CB-14)."""
    (tmp_path / "models.py").write_text(MODELS)
    environment = {"DATABASE_URL": database_url, "RUNNER_METADATA": "models:metadata"}
    fill = (
        "import os, sqlalchemy as sa, models; models.metadata.create_all(sa.create_engine(os.environ['DATABASE_URL']))"
    )
    run_program([sys.executable, "-c", fill], cwd=tmp_path, env=environment).check()
    finished = run(
        tmp_path,
        ("init", "-t", "job", "db"),
        ("revision", "--from-database", "-m", "baseline", "--rev-id", "aaaa1"),
        ("stamp", "aaaa1"),
        ("check",),
        ("downgrade", "base"),
        ("upgrade",),
        ("check",),
        ("revision", "--from-database", "-m", "again"),
        **environment,
    )
    assert [0, 0, 0, 0, 0, 0, 0, 28] == [one.returncode for one in finished]
    assert "runner stamp aaaa1\n" in finished[1].stdout


def test_edit_opens_the_editor(tmp_path: Path) -> None:
    """$EDITOR gets the file; where it fails the command does (CLI-5)."""
    directory = make_directory(tmp_path, [RevisionFile(revision="aaaa1")])
    editor = tmp_path / "editor"
    editor.write_text(f"#!{sys.executable}\nimport sys\nopen(sys.argv[-1], 'a').write('# edited')\n")
    editor.chmod(0o755)
    opened, failed, missing, base = (
        run_runner("edit", revision, cwd=directory.root, env={"EDITOR": program})
        for revision, program in (("head", f"{editor} -w"), ("head", "false"), ("head", "/no/editor"), ("base", "x"))
    )
    opened.check()
    assert [17, 17, 20] == [one.returncode for one in (failed, missing, base)]
    assert (directory.versions / "aaaa1_message.py").read_text().endswith("# edited")


def test_the_graph_on_the_command_line(tmp_path: Path) -> None:
    """History draws branches and merges, and marks where the database is."""
    branches = [RevisionFile(revision=one, down_revision="aaaa1") for one in ("bbbb1", "cccc1")]
    merge = RevisionFile(revision="dddd1", down_revision=("bbbb1", "cccc1"))
    directory = make_directory(
        tmp_path, [RevisionFile(revision="aaaa1"), *branches, merge], url=sqlite_url(tmp_path / "x.sqlite")
    )
    commands = [("stamp", "cccc1"), ("history", "--graph", "-i"), *(("history", "--format", f) for f in FORMATS)]
    finished = [one.check() for one in run(directory.root, *commands, PYTHONIOENCODING="utf-8")]
    lines = finished[1].stdout.splitlines()
    assert len(lines) == 5
    assert [line.split()[-2:] for line in lines if "current" in line] == [["(current),", "message"]]
    for form, one in zip(FORMATS, finished[2:], strict=True):
        assert one.stdout.startswith(FORMATS[form])


FORMATS = {"mermaid": "flowchart TD\n", "dot": "digraph revisions {\n", "svg": "<svg "}


def test_misuse_of_options(tmp_path: Path) -> None:
    """Options that exclude each other, or belong to others, are refused."""
    directory = make_directory(tmp_path, [RevisionFile(revision="aaaa1")])
    commands = (
        ("revision", "--autogenerate", "--from-database"),
        ("revision", "--stamp"),
        ("history", "--graph", "--format", "dot"),
        ("squash",),
        ("merge",),
        ("init",),
    )
    assert [10, 10, 2, 2, 2, 2] == [one.returncode for one in run(directory.root, *commands)]
