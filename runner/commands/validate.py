"""Tell whether a revision directory is fit to be shipped: floor 6. Needs no database; executes no upgrade()."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.errors import MultipleHeads, RevisionDirectoryError, RevisionFileError, RunnerError

if TYPE_CHECKING:
    from runner.commands.target import Target
    from runner.revisions.directory import ScriptDirectory
    from runner.revisions.scan import ScannedFile

__all__ = ["Problem", "Validation", "validate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong; `failure` is the error that a command which meets it would raise."""

    code: str
    message: str
    failure: RunnerError = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What was looked at, and what is wrong with it."""

    directory: str
    revisions: int
    heads: tuple[str, ...]
    env_py: bool
    problems: tuple[Problem, ...]

    def require_valid(self) -> None:
        """Raise if anything is wrong: the error itself, or one that stands for several of different kinds."""
        failures = [one.failure for one in self.problems]
        if not failures:
            return
        if len(failures) == 1:
            raise failures[0]
        same = {(type(one), one.code) for one in failures}
        kind = type(failures[0]) if len(same) == 1 else RevisionDirectoryError
        raise kind(
            f"{self.directory} has {len(failures)} problems. The first: {failures[0].message}",
            problems=tuple(one.message for one in failures),
        )


def validate(target: Target, *, allowed_heads: int = 1) -> Validation:
    """Return what is wrong with the directory: files, graph, number of heads, code, templates.

    Every revision file is imported, as a run that has it to do would; what it says then must be what the scan read.

    Args:
        target: the directory; its database is not looked at.
        allowed_heads: how many heads there may be.

    Raises:
        DirectoryMissing: there is nothing to look at.
    """
    from runner.commands.upgrade import require_revisions

    script = target.script
    files = script.scanned
    if not files:
        require_revisions(script)
    broken = [error for error in (one.error() for one in files) if error is not None]
    heads: tuple[str, ...] = ()
    failures: list[RunnerError] = list(broken)
    if not broken:
        failures += _caught(lambda: script.graph)
        heads = tuple(script.graph.heads) if not failures else ()
        failures += _heads_problem(heads, allowed_heads)
    sound = [one for one in files if one.error() is None]
    failures += [error for one in sound for error in _caught(lambda one=one: _check_code(one))]
    failures += _caught(lambda: _check_environment(script))
    return Validation(
        directory=script.dir,
        revisions=len(sound),
        heads=heads,
        env_py=script.has_env_py,
        problems=tuple(Problem(code=one.code, message=one.message, failure=one) for one in failures),
    )


def _caught(check: Any) -> Iterator[RunnerError]:
    try:
        check()
    except RunnerError as error:
        yield error


def _heads_problem(heads: tuple[str, ...], allowed: int) -> Iterable[RunnerError]:
    if len(heads) > allowed:
        yield MultipleHeads(
            f"There are {len(heads)} heads: {', '.join(heads)}, and {allowed} may be. Join them: "
            f"runner merge heads; or allow them: --heads {len(heads)}.",
            heads=heads,
        )


def _check_code(file: ScannedFile) -> None:
    """Import a file, and compare what it declares then with what the scan read.

    Raises:
        RevisionFileError: it cannot be imported, lacks upgrade(), or declares something else.
    """
    from runner.migration.revision_limits import limits_of
    from runner.revisions.declared import IDENTIFIERS, NotIdentifiers, declared_from
    from runner.revisions.load import load_revision_file

    module = file.module or load_revision_file(file.path)
    values = {name: getattr(module, name) for name in IDENTIFIERS if hasattr(module, name)}
    try:
        found = declared_from(values, None)
    except NotIdentifiers as error:
        raise RevisionFileError(f"Revision file {file.path} is unusable: {error}.", path=file.path) from error
    for name in ("revision", "down_revisions", "branch_labels", "depends_on", "replaces"):
        scanned, imported = getattr(file.declared, name), getattr(found, name)
        if scanned != imported:
            raise RevisionFileError(
                f"Revision file {file.path} says {name} = {scanned!r} as it is written and {imported!r} when it is "
                "imported. Write the identifiers as plain assignments.",
                path=file.path,
            )
    if not callable(getattr(module, "upgrade", None)):
        raise RevisionFileError(
            f"Revision file {file.path} has no function upgrade(). Add it; it may be empty.", path=file.path
        )
    limits_of(module, revision=str(file.revision))


def _check_environment(script: ScriptDirectory) -> None:
    """Compile env.py and the template, without executing them.

    Raises:
        EnvironmentFailed: env.py is not Python.
        TemplateFailed: script.py.mako is no template.
    """
    import os

    from runner.revisions.load import compile_file

    if script.has_env_py:
        compile_file(script.env_py_location)
    template = os.path.join(script.dir, "script.py.mako")
    if os.path.exists(template):
        from runner.revisions.template import compile_template

        compile_template(template)
