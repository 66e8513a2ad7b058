"""RevisionContext: one `revision` command, from the environment it runs to the files it writes. Floor 4."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from runner.errors import DatabaseBehind, InvalidTarget, OfflineUnsupported, RunnerError
from runner.graph.faults import listed
from runner.operations.ops import DowngradeOps, MigrationScript, UpgradeOps
from runner.revisions.files import FileChanges
from runner.revisions.naming import new_rev_id

if TYPE_CHECKING:
    from sqlalchemy.schema import MetaData

    from runner.autogenerate.context import AutogenContext
    from runner.config import Config
    from runner.revisions.directory import Script, ScriptDirectory

__all__ = ["ProcessRevisionDirectives", "RevisionContext"]

ProcessRevisionDirectives = Callable[[Any, Any, list[MigrationScript]], Any]
"""Called with the MigrationContext, the current heads and the list of files to be written, which it may change."""


class RevisionContext:
    """What a `revision`, `merge` or `check` command gathers while env.py runs, and writes afterwards.

    Args:
        config: for the templates.
        script_directory: where the files go.
        command_args: message, rev_id, head, splice, branch_label, version_path, depends_on, sql, autogenerate.
        process_revision_directives: called before the one that env.py configures.

    Source: Alembic's API documentation, RevisionContext.
    """

    def __init__(
        self,
        config: Config,
        script_directory: ScriptDirectory,
        command_args: dict[str, Any],
        process_revision_directives: ProcessRevisionDirectives | None = None,
    ) -> None:
        self.config = config
        self.script_directory = script_directory
        self.command_args = command_args
        self.process_revision_directives = process_revision_directives
        self.template_args: dict[str, Any] = {"config": config}
        self.generated_revisions: list[MigrationScript] = [self._default_revision()]
        self._autogen_context: AutogenContext | None = None
        self._passes = 0

    def _default_revision(self) -> MigrationScript:
        args = self.command_args
        return MigrationScript(
            rev_id=args.get("rev_id") or new_rev_id(),
            message=args.get("message"),
            upgrade_ops=UpgradeOps([]),
            downgrade_ops=DowngradeOps([]),
            head=args.get("head"),
            splice=args.get("splice"),
            branch_label=args.get("branch_label"),
            version_path=args.get("version_path"),
            depends_on=args.get("depends_on"),
        )

    # -- while env.py runs -------------------------------------------------------------------------------

    def run_autogenerate(self, rev: Sequence[str], migration_context: Any) -> None:
        """Compare the database with the model and keep the difference as operations.

        Args:
            rev: the version rows.
            migration_context: what env.py configured; called once for each of its databases.

        Raises:
            DatabaseBehind: the database is not at the heads of the directory.
            ModelMissing: no target_metadata is configured.
        """
        if migration_context.as_sql:
            raise OfflineUnsupported("--autogenerate compares with a live database, so it cannot be used with --sql.")
        self._require_heads(tuple(rev), migration_context)
        self._run(rev, migration_context, compares=True)

    def run_from_database(self, rev: Sequence[str], migration_context: Any) -> None:
        """Take everything the database has, as a first revision.

        Args:
            rev: the version rows; there must be none.
            migration_context: what env.py configured.

        Raises:
            InvalidTarget: the database has version rows, so its schema has revisions already.
        """
        from sqlalchemy import MetaData

        from runner.autogenerate.baseline import fill_from_database

        if rev:
            raise InvalidTarget(
                f"The database is at {listed(rev)} already, so its schema has revisions. --from-database is for a "
                "database that has none.",
                current=tuple(rev),
            )
        self.template_args.update(migration_context.opts.get("template_args") or {})
        script = self.generated_revisions[-1]
        self._add_operations(script, migration_context.opts)
        self._autogen_context = fill_from_database(migration_context, script, MetaData())
        self._passes += 1

    def run_difference_from(self, before: MetaData, migration_context: Any) -> None:
        """Take what the database has and a model of what it had before has not."""
        from runner.autogenerate.baseline import fill_from_database

        self.template_args.update(migration_context.opts.get("template_args") or {})
        self._autogen_context = fill_from_database(migration_context, self.generated_revisions[-1], before)

    def run_no_autogenerate(self, rev: Sequence[str], migration_context: Any) -> None:
        """Take what env.py configures (template variables, directives) without comparing."""
        self._run(rev, migration_context, compares=False)

    def _run(self, rev: Sequence[str], migration_context: Any, *, compares: bool) -> None:
        from runner.autogenerate.context import AutogenContext

        opts = migration_context.opts
        self.template_args.update(opts.get("template_args") or {})
        autogen_context = AutogenContext(migration_context, autogenerate=compares)
        script = self.generated_revisions[-1]
        self._add_operations(script, opts)
        if compares:
            from runner.autogenerate.compare import populate_migration_script

            populate_migration_script(autogen_context, script)
        self._autogen_context = autogen_context
        self._passes += 1
        for hook in (self.process_revision_directives, opts.get("process_revision_directives")):
            if hook is not None:
                hook(migration_context, rev, self.generated_revisions)

    def _add_operations(self, script: MigrationScript, opts: dict[str, Any]) -> None:
        """Give the file a pair of operation lists for this database; the first pair is there already."""
        upgrades = opts.get("upgrade_token") or "upgrades"
        downgrades = opts.get("downgrade_token") or "downgrades"
        if self._passes:
            script.upgrade_ops_list.append(UpgradeOps([], upgrade_token=upgrades))
            script.downgrade_ops_list.append(DowngradeOps([], downgrade_token=downgrades))
            return
        script.upgrade_ops_list[-1].upgrade_token = upgrades
        script.downgrade_ops_list[-1].downgrade_token = downgrades

    def _require_heads(self, rows: tuple[str, ...], migration_context: Any) -> None:
        graph = self.script_directory.graph_for(rows)
        if graph.is_at_heads(rows):
            return
        missing = [head for head in graph.real_heads if head not in rows]
        url = getattr(getattr(migration_context.connection, "engine", None), "url", None)
        where = f" {url.render_as_string(hide_password=True)}" if url is not None else ""
        raise DatabaseBehind(
            f"The database{where} is at {listed(rows) or 'base'}, not at {listed(missing) or 'the heads'}, so a "
            "comparison with the model would repeat pending revisions. Run `runner upgrade` first.",
            current=rows,
            missing=tuple(missing),
        )

    # -- afterwards --------------------------------------------------------------------------------------

    def generate_scripts(self) -> Iterator[Script]:
        """Write the files and iterate over them; an error takes all of them back."""
        with FileChanges() as changes:
            try:
                written = [self._write(script, changes) for script in self.generated_revisions]
            except RunnerError:
                changes.take_back()
                self.script_directory.refresh()
                raise
        return iter(written)

    def _write(self, script: MigrationScript, changes: FileChanges) -> Script:
        return self.script_directory.generate_revision(
            script.rev_id or new_rev_id(),
            script.message,
            head=script.head,
            splice=script.splice,
            branch_labels=script.branch_label,
            version_path=script.version_path,
            depends_on=script.depends_on,
            **self.rendered(script),
            changes=changes,
        )

    def rendered(self, script: MigrationScript) -> dict[str, Any]:
        """Return the variables of a file's template, its operations as Python."""
        template_args = dict(self.template_args)
        if self._autogen_context is not None:
            self._render_into(script, template_args)
        return template_args

    def _render_into(self, script: MigrationScript, template_args: dict[str, Any]) -> None:
        from runner.autogenerate.render import render_python_into_templatevars

        assert self._autogen_context is not None  # the caller looked
        self._autogen_context.imports = set(script.imports or ())
        render_python_into_templatevars(self._autogen_context, script, template_args)
