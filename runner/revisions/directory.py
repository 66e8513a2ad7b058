"""ScriptDirectory: a directory of revision files and its environment. Floor 3.

The files are scanned when something about them is asked for the first time, and imported one by one when something
asks for their code. What writes files is in modules of its own, loaded when something is written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.errors import ConfigError, DirectoryMissing, EnvironmentFailed, MultipleHeads, RevisionDirectoryError
from runner.graph import Revision, RevisionGraph, Step, plan_downgrade, plan_stamp, plan_upgrade
from runner.revisions.locations import resolve_location, version_locations
from runner.revisions.scan import ScannedFile, scan_locations
from runner.revisions.script import Script, verify_rev_id

if TYPE_CHECKING:
    from runner.config import Config
    from runner.revisions.revision_map import RevisionMap

__all__ = ["Script", "ScriptDirectory"]

_Ids = str | Collection[str] | None


class ScriptDirectory:
    """The revisions of one directory, by id and by symbol.

    Args:
        dir: the directory; Alembic's layout, or a bare folder of revision files. `package:path` is understood.
        file_template: names of new files.
        truncate_slug_length: longest slug in a file name, in characters.
        version_locations: directories that hold the revision files; by default `versions` inside `dir`.
        sourceless: accept compiled files without source.
        output_encoding: of new files.
        timezone: of the dates in new files; None or blank for local time.
        hooks: programs to run on new files.
        recursive_version_locations: look into subdirectories of the version locations.
        messaging_opts: how talkative commands are.

    Raises:
        DirectoryMissing: there is no such directory.

    Source: the Script Directory page of Alembic's API documentation.
    """

    def __init__(
        self,
        dir: str | os.PathLike[str],  # noqa: A002 -- Alembic's name
        file_template: str = "%(rev)s_%(slug)s",
        truncate_slug_length: int | None = 40,
        version_locations: Sequence[str | os.PathLike[str]] | None = None,
        sourceless: bool = False,  # noqa: FBT001, FBT002 -- Alembic's signature
        output_encoding: str = "utf-8",
        timezone: str | None = None,
        hooks: Sequence[dict[str, str]] = (),
        recursive_version_locations: bool = False,  # noqa: FBT001, FBT002
        messaging_opts: dict[str, bool] | None = None,
    ) -> None:
        self.dir = resolve_location(os.fspath(dir))
        self.file_template = file_template
        self.truncate_slug_length = truncate_slug_length or 40
        self.version_locations = [os.fspath(location) for location in version_locations or ()]
        self.sourceless = sourceless
        self.output_encoding = output_encoding
        self.timezone = timezone
        self.hooks = list(hooks)
        self.recursive_version_locations = recursive_version_locations
        self.messaging_opts = dict(messaging_opts or {})
        self._rows_inside: set[str] = set()  # version rows inside squashed ranges
        if not os.path.isdir(self.dir):
            raise _missing(self.dir)

    @classmethod
    def from_config(cls, config: Config) -> ScriptDirectory:
        """Return the directory that a configuration names, and put its `prepend_sys_path` on `sys.path`.

        Raises:
            ConfigError: `script_location` is not set, or another option has an unusable value.
            DirectoryMissing: there is no such directory.
        """
        location = _text(config, "script_location")
        if not location:
            raise ConfigError(
                "No revision directory is set. Set RUNNER_DIRECTORY, or script_location in "
                f"{config.config_file_name or config.toml_file_name or 'alembic.ini'}.",
                key="script_location",
            )
        _prepend_sys_path(config.get_prepend_sys_paths_list() or ())
        return cls(
            location,
            file_template=_text(config, "file_template") or "%(rev)s_%(slug)s",
            truncate_slug_length=_whole_number(config, "truncate_slug_length"),
            version_locations=config.get_version_locations_list(),
            sourceless=config.get_alembic_boolean_option("sourceless"),
            output_encoding=_text(config, "output_encoding") or "utf-8",
            timezone=_text(config, "timezone"),
            hooks=config.get_hooks_list(),
            recursive_version_locations=config.get_alembic_boolean_option("recursive_version_locations"),
            messaging_opts=dict(config.messaging_opts),
        )

    # -- files ------------------------------------------------------------------------------------

    @property
    def versions(self) -> str:
        """The absolute path of the only version location.

        Raises:
            RevisionDirectoryError: there are several.
        """
        if len(self._version_locations) > 1:
            raise RevisionDirectoryError(
                f"There are several version locations: {', '.join(self._version_locations)}. Name one of them.",
                locations=tuple(self._version_locations),
            )
        return os.path.realpath(self._version_locations[0])

    @property
    def env_py_location(self) -> str:
        """Where env.py is, or would be."""
        return os.path.join(self.dir, "env.py")

    @property
    def has_env_py(self) -> bool:
        """Whether the directory brings its own environment."""
        return os.path.exists(self.env_py_location)

    @cached_property
    def _version_locations(self) -> list[str]:
        return version_locations(self.dir, self.version_locations)

    @cached_property
    def scanned(self) -> tuple[ScannedFile, ...]:
        """What the scan found, broken and stray files included.

        Raises:
            DirectoryMissing: a version location does not exist.
        """
        return scan_locations(
            self._version_locations, recursive=self.recursive_version_locations, sourceless=self.sourceless
        )

    @cached_property
    def graph(self) -> RevisionGraph:
        """The graph of the revisions.

        Raises:
            RevisionFileError, StrayFile: the place of a file in the graph cannot be told.
            GraphError: the revisions do not form a graph.
        """
        revisions = [_revision(file, rank) for rank, file in enumerate(self.scanned)]
        if not any(one.replaces for one in revisions):
            return RevisionGraph(revisions)
        from runner.graph.replaced import graph_with_originals, squashed

        if not self._rows_inside:
            return RevisionGraph(squashed(revisions))
        start = len(revisions)
        revisions += [_revision(file, rank) for rank, file in enumerate(self._archived, start)]
        return graph_with_originals(revisions, self._rows_inside)

    def graph_for(self, rows: Sequence[str]) -> RevisionGraph:
        """Return the graph for a database with these version rows.

        Where a row is inside a range that was squashed, the files of the range are used from now on instead of the
        squash, those in the directory `replaced` too.

        Raises:
            ReplacedFilesMissing: they are not all there.
        """
        inside = {row for row in rows if row not in self.graph and row in self.graph.replaced}
        if inside:
            self._rows_inside |= inside
            for name in ("graph", "_scripts"):
                self.__dict__.pop(name, None)
        return self.graph

    @property
    def archive(self) -> str:
        """Where the files of squashed ranges are kept."""
        return os.path.join(self.dir, "replaced")

    @cached_property
    def _archived(self) -> tuple[ScannedFile, ...]:
        if not os.path.isdir(self.archive):
            return ()
        return scan_locations([self.archive], recursive=True, sourceless=self.sourceless)

    @cached_property
    def revision_map(self) -> RevisionMap[Script]:
        """The revisions under the names that programs written for Alembic use; never out of step with the files."""
        from runner.revisions.revision_map import RevisionMap

        return RevisionMap.looking_at(lambda: (self.graph, self._scripts))

    def refresh(self) -> None:
        """Forget what was read, because files were added or removed."""
        for name in ("_version_locations", "scanned", "graph", "_scripts", "_archived"):
            self.__dict__.pop(name, None)

    def run_env(self) -> None:
        """Execute env.py in a new module; what it raises is passed on.

        Raises:
            EnvironmentFailed: there is no env.py, or it cannot be read or compiled.
        """
        from runner.revisions.load import run_file

        if not self.has_env_py:
            raise EnvironmentFailed(f"{self.dir} has no env.py to run.", path=self.env_py_location)
        run_file(self.env_py_location)

    # -- ends -------------------------------------------------------------------------------------

    def get_current_head(self) -> str | None:
        """Return the only head, or None in an empty directory.

        Raises:
            MultipleHeads: there are several.
        """
        heads = self.graph.heads
        if len(heads) > 1:
            raise MultipleHeads(
                f"There are several heads: {', '.join(heads)}. Ask for all of them, or merge them.", heads=heads
            )
        return heads[0] if heads else None

    def get_heads(self, consider_depends_on: bool = False) -> list[str]:  # noqa: FBT001, FBT002 -- Alembic's signature
        """Return the heads, sorted.

        Args:
            consider_depends_on: leave out those another revision depends on.
        """
        return list(self.graph.real_heads if consider_depends_on else self.graph.heads)

    def get_base(self) -> str | None:
        """Return the only base, or None in an empty directory.

        Raises:
            RevisionDirectoryError: there are several.
        """
        bases = self.graph.bases
        if len(bases) > 1:
            raise RevisionDirectoryError(
                f"There are several bases: {', '.join(bases)}. Ask for all of them.", bases=bases
            )
        return bases[0] if bases else None

    def get_bases(self) -> list[str]:
        """Return the bases, sorted."""
        return list(self.graph.bases)

    # -- revisions --------------------------------------------------------------------------------

    def get_revision(self, id_: str | Sequence[str] | None) -> Script | None:
        """Return the one revision a symbol names, None for base.

        Raises:
            GraphError: the symbol names no revision, or several.
        """
        if id_ is None or not isinstance(id_, str):
            symbols = _tuple(id_)
            return self.get_revision(symbols[0]) if len(symbols) == 1 else None
        revision = self.graph.resolve_one(id_)
        return None if revision is None else self._scripts[revision]

    def get_revisions(self, id_: _Ids) -> tuple[Script, ...]:
        """Return the revisions the symbols name, each once.

        Raises:
            GraphError: a symbol names no revision.
        """
        found = dict.fromkeys(revision for symbol in _tuple(id_) for revision in self.graph.resolve(symbol))
        return tuple(self._scripts[revision] for revision in found)

    def get_all_current(self, id_: _Ids) -> set[Script]:
        """Return the revisions of the version rows, and the effective heads they imply."""
        rows = tuple(script.revision for script in self.get_revisions(id_))
        return {self._scripts[revision] for revision in self.graph_for(rows).applied_heads(rows)}

    def as_revision_number(self, id_: str | None) -> str | tuple[str, ...] | None:
        """Return the id a symbol names; a tuple for `heads`, None for base.

        A symbol that counts from what the database has, like `+1`, is returned as it is.

        Raises:
            GraphError: the symbol names no revision, or several.
        """
        if id_ is None:
            return None
        if id_.rpartition("@")[2][:1] in {"+", "-"} and id_ not in self.graph:
            return id_
        if id_ == "heads":
            return self.graph.resolve(id_) or None
        return self.graph.resolve_one(id_)

    def walk_revisions(self, base: str = "base", head: str = "heads") -> Iterator[Script]:
        """Iterate from the head down to the base, both included.

        Raises:
            GraphError: a symbol names no revision, or the base is no ancestor of the head.
        """
        for revision in self.graph.walk(base, head):
            yield self._scripts[revision]

    def iterate_revisions(
        self,
        upper: str | tuple[str, ...] | None,
        lower: str | tuple[str, ...] | None,
        *,
        implicit_base: bool = False,
        inclusive: bool = False,
        assert_relative_length: bool = True,
        select_for_downgrade: bool = False,
    ) -> Iterator[Script]:
        """Iterate from the newer end down to the older one.

        Args:
            upper: the newer end.
            lower: the older end.
            implicit_base: also what the newer end requires from lineages beside the older one.
            inclusive: the older end itself, too.
            assert_relative_length: refuse a relative step that the graph is too short for.
            select_for_downgrade: what a downgrade from `upper` to `lower` takes back.

        Raises:
            GraphError: a symbol names no revision, or there is no such range.
        """
        found = self.graph.iterate(
            upper,
            lower,
            implicit_base=implicit_base,
            inclusive=inclusive,
            assert_relative_length=assert_relative_length,
            select_for_downgrade=select_for_downgrade,
        )
        for revision in found:
            yield self._scripts[revision]

    @cached_property
    def _scripts(self) -> _Scripts:
        return _Scripts(self)

    # -- writing ----------------------------------------------------------------------------------

    @classmethod
    def init(
        cls, config: Config, directory: str | os.PathLike[str], template: str = "generic", **options: Any
    ) -> tuple[str, ...]:
        """Make a revision directory from a template; see `runner.revisions.initialise.init_directory`."""
        from runner.revisions.initialise import init_directory

        return init_directory(config, os.fspath(directory), template, **options)

    @property
    def locations_to_write(self) -> list[str]:
        """The version locations for new files; a directory without any revision gets `versions`."""
        found = self._version_locations
        if found == [self.dir] and not self.version_locations and not any(_python_files(self.dir)):
            return [os.path.join(self.dir, "versions")]
        return found

    def generate_revision(
        self,
        revid: str,
        message: str | None,
        head: str | Sequence[str] | None = None,
        splice: bool | None = False,  # noqa: FBT001, FBT002 -- Alembic's signature
        branch_labels: str | Sequence[str] | None = None,
        version_path: str | os.PathLike[str] | None = None,
        file_template: str | None = None,
        depends_on: str | Sequence[str] | None = None,
        **kw: Any,
    ) -> Script:
        """Write a new revision file from `script.py.mako`, run the post-write hooks, and return the revision.

        Args:
            revid: the id.
            message: the first line of the docstring, and the words of the file name.
            head: what it follows, a symbol or several; `head` where nothing is given.
            splice: what it follows may have a successor already.
            branch_labels: labels to declare.
            version_path: the version location, where there are several.
            file_template: name of the file, instead of the configured one.
            depends_on: ids or labels.
            kw: further variables of the template; `replaces` and `changes` (a FileChanges) are the runner's own.

        Raises:
            RunnerError: the revision is refused, or writing it failed; no file is left.
        """
        from runner.revisions.files import FileChanges
        from runner.revisions.generate import NewRevision, generate_revision

        wanted = NewRevision(
            revision=revid,
            message=message,
            heads=("head",) if head is None else _tuple(head),
            splice=bool(splice),
            branch_labels=_tuple(branch_labels),
            version_path=None if version_path is None else os.fspath(version_path),
            file_template=file_template,
            depends_on=_tuple(depends_on),
            replaces=_tuple(kw.pop("replaces", None)),
        )
        outer: FileChanges | None = kw.pop("changes", None)
        changes = outer or FileChanges()
        try:
            generate_revision(self, wanted, changes, **kw)
        except BaseException:
            changes.take_back()
            self.refresh()
            raise
        return self._scripts[revid]

    # -- plans ------------------------------------------------------------------------------------

    def _upgrade_revs(self, destination: str | Sequence[str], current_rev: _Ids) -> list[Step]:
        return list(plan_upgrade(self.graph_for(_tuple(current_rev)), _tuple(current_rev), destination))

    def _downgrade_revs(self, destination: str, current_rev: _Ids) -> list[Step]:
        return list(plan_downgrade(self.graph_for(_tuple(current_rev)), _tuple(current_rev), destination))

    def _stamp_revs(self, revision: str | Sequence[str], heads: _Ids) -> list[Step]:
        return list(plan_stamp(self.graph_for(_tuple(heads)), _tuple(heads), revision))


class _Scripts(dict[str, Script]):
    """Id -> Script, made when asked for: a run with nothing to do needs none of ten thousand."""

    def __init__(self, directory: ScriptDirectory) -> None:
        super().__init__()
        self._directory = directory

    @cached_property
    def _files(self) -> dict[str, ScannedFile]:
        known = (*self._directory.scanned, *self._directory.__dict__.get("_archived", ()))
        return {file.path: file for file in known}

    def __missing__(self, revision: str) -> Script:
        entry = self._directory.graph.get(revision)
        assert entry.source is not None  # a graph of files
        script = self[revision] = Script(self._directory, self._files[entry.source], entry)
        return script


def _revision(file: ScannedFile, rank: int) -> Revision:
    error = file.error()
    if error is not None:
        raise error
    revision, declared = file.revision, file.declared
    assert revision is not None
    assert declared.down_revisions is not None
    if not revision.isalnum():
        verify_rev_id(revision)
    return Revision(
        revision=revision,
        down_revisions=declared.down_revisions,
        depends_on=declared.depends_on,
        branch_labels=declared.branch_labels,
        replaces=declared.replaces,
        source=file.path,
        rank=rank,
    )


def _tuple(ids: _Ids) -> tuple[str, ...]:
    if ids is None:
        return ()
    return (ids,) if isinstance(ids, str) else tuple(ids)


def _python_files(directory: str) -> Iterator[str]:
    return (name for name in os.listdir(directory) if name.endswith((".py", ".pyc")))


def _missing(path: str) -> DirectoryMissing:
    what = "is not a directory" if os.path.exists(path) else "does not exist"
    return DirectoryMissing(
        f"Directory {path} {what}. Create it with `runner init`, or set RUNNER_DIRECTORY or script_location to the "
        "directory that holds the revisions.",
        path=path,
    )


def _text(config: Config, name: str) -> str | None:
    """Return an option as text; None where it is blank."""
    value = config.get_alembic_option(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ConfigError(f"Key {name} must be a string, not {type(value).__name__}.", key=name)
    return value


def _whole_number(config: Config, name: str) -> int | None:
    """Return an option as a whole number; None where it is blank."""
    value = config.get_alembic_option(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ConfigError(f"Key {name} must be a whole number, not {value!r}.", key=name)
    return int(str(value))


def _prepend_sys_path(paths: Sequence[str]) -> None:
    """Put the paths at the front of `sys.path`, in this order, unless they are there already."""
    if paths and sys.path[: len(paths)] != list(paths):
        sys.path[:0] = paths
