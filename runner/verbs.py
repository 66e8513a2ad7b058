"""Call a command with what was typed, and say what to print: floor 7."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from runner.commands.target import Target
from runner.errors import SettingsError
from runner.settings import Settings

__all__ = ["VERBS", "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What goes to stdout, the keys of the canonical log line, and what is raised once the text is out."""

    text: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    verdict: Callable[[], None] | None = None


_Verb = Callable[[Target, argparse.Namespace, Settings], Outcome]


def _upgrade(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    if settings.targets is not None:
        from runner.fleet_verb import upgrade_fleet

        return Outcome(keys=upgrade_fleet(target, values, settings))
    from runner.commands.upgrade import upgrade

    return _ran(upgrade(target, values.revision or settings.target, sql=values.sql, tag=values.tag))


def _downgrade(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    _refuse_targets(settings, "downgrade")
    from runner.commands.downgrade import downgrade

    return _ran(downgrade(target, values.revision, sql=values.sql, tag=values.tag))


def _stamp(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    _refuse_targets(settings, "stamp")
    from runner.commands.stamp import stamp

    return _ran(stamp(target, values.revisions, sql=values.sql, tag=values.tag, purge=values.purge))


def _ensure_version(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    _refuse_targets(settings, "ensure-version")
    from runner.commands.ensure_version import ensure_version

    ensure_version(target, sql=values.sql)
    return Outcome()


def _refuse_targets(settings: Settings, command: str) -> None:
    """Raise where many targets are named for a command that would change only the one of DATABASE_URL."""
    if settings.targets is not None:
        raise SettingsError(
            f"RUNNER_TARGETS is set, and `runner {command}` works on one database. Unset it, and name the database "
            "with DATABASE_URL, the schema with RUNNER_SCHEMA."
        )


def _asked_of_many(target: Target, values: argparse.Namespace, settings: Settings, command: str) -> Outcome:
    from runner.fleet_verb import ask_fleet

    text, verdict = ask_fleet(target, values, settings, command=command)
    return Outcome(text=text, verdict=verdict)


def _ran(result: Any) -> Outcome:
    from runner.report import run_summary

    return Outcome(keys=run_summary(result))


def _current(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    if settings.targets is not None:
        return _asked_of_many(target, values, settings, "current")
    from runner.commands.current import current
    from runner.report import current_text

    states = current(target, check_heads=values.check_heads)
    return _shown(values, states, lambda: current_text(states, verbose=values.verbose))


def _heads(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.heads import heads
    from runner.report import views_text

    found = heads(target, resolve_dependencies=values.resolve_dependencies)
    return _shown(values, found, lambda: views_text(found, verbose=values.verbose))


def _history(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.history import history
    from runner.report import history_diagram, history_graph, views_text

    drawn = values.graph or values.format is not None
    found = history(target, values.rev_range, indicate_current=values.indicate_current, include_parents=not drawn)
    if values.format is not None:
        return _shown(values, found, lambda: history_diagram(found, values.format))
    if values.graph:
        encoding = getattr(sys.__stdout__, "encoding", None) or "ascii"
        return _shown(values, found, lambda: history_graph(found, encoding=encoding))
    return _shown(values, found, lambda: views_text(found, verbose=values.verbose))


def _branches(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.branches import branches
    from runner.report import branches_text

    found = branches(target)
    return _shown(values, found, lambda: branches_text(found, verbose=values.verbose))


def _show(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.show import show
    from runner.report import views_text

    found = show(target, values.revision)
    return _shown(values, found, lambda: views_text(found, verbose=True))


def _resolve(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    _refuse_targets(settings, "resolve")
    from runner.commands.resolve import resolve
    from runner.report import journal_text

    found = resolve(
        target,
        values.revision,
        statement=values.statement,
        outcome=values.outcome,
        restart=values.restart,
        direction=values.direction,
    )
    return _shown(values, found, lambda: journal_text(found))


def _status(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    if settings.targets is not None:
        return _asked_of_many(target, values, settings, "status")
    from runner.commands.status import require_current, status
    from runner.status_text import status_text

    found = status(target)
    outcome = _shown(values, found, lambda: status_text(found))
    return replace(outcome, verdict=lambda: require_current(target, found)) if values.check else outcome


def _plan(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    if settings.targets is not None:
        return _asked_of_many(target, values, settings, "plan")
    from runner.commands.plan import plan
    from runner.status_text import plan_text

    found = plan(target, values.revision or settings.target)
    return _shown(values, found, lambda: plan_text(found))


def _wait(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    from runner.commands.wait import WaitFor, wait

    ready = wait(target, WaitFor(values.wait_for), seconds=settings.wait_seconds)
    return Outcome(keys={"to": list(ready.rows), "waited_seconds": ready.waited_seconds})


def _validate(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.validate import validate
    from runner.report import validation_text

    found = validate(target, allowed_heads=values.heads)
    return replace(_shown(values, found, lambda: validation_text(found)), verdict=found.require_valid)


def _init(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.init import init
    from runner.report import initialised_text

    made = init(target.config, values.path, template=values.template, package=values.package, env_py=values.with_env_py)
    return _shown(values, made, lambda: initialised_text(made))


def _list_templates(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.list_templates import list_templates
    from runner.report import templates_text

    found = list_templates(target.config)
    return _shown(values, found, lambda: templates_text(found))


def _revision(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.revision import revision
    from runner.report import baseline_text, written_text

    if values.autogenerate and values.from_database:
        raise SettingsError("--autogenerate and --from-database exclude each other; give one of them.")
    if values.stamp and not values.from_database:
        raise SettingsError("--stamp belongs to --from-database, whose revision the database has already.")
    written = revision(
        target,
        values.message,
        autogenerate=values.autogenerate,
        sql=values.sql,
        head=values.head,
        splice=values.splice,
        branch_label=values.branch_label,
        version_path=values.version_path,
        rev_id=values.rev_id,
        depends_on=values.depends_on,
        from_database=values.from_database,
        renames=values.renames,
        ask=_ask_about_rename,
    )
    if values.stamp:
        from runner.commands.stamp import stamp

        target.script.refresh()
        stamp(target, [one.revision for one in written])
    elif values.from_database:
        return _shown(values, written, lambda: baseline_text(written))
    return _shown(values, written, lambda: written_text(written))


def _ask_about_rename(candidate: Any) -> bool:
    """Ask at the terminal; where nobody can answer, nothing is renamed."""
    if not sys.stdin.isatty():
        return False
    place = f"{candidate.table}." if candidate.kind == "column" else ""
    sys.stderr.write(f"Is {place}{candidate.new} the {candidate.kind} {place}{candidate.old} renamed? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _merge(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.merge import merge
    from runner.report import written_text

    written = merge(
        target,
        values.revisions,
        values.message,
        branch_label=values.branch_label,
        rev_id=values.rev_id,
        splice=values.splice,
    )
    return _shown(values, written, lambda: written_text([written]))


def _check(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    _refuse_targets(settings, "check")
    from runner.commands.check import check
    from runner.report import check_text

    result = check(target)
    return replace(_shown(values, result, lambda: check_text(result)), verdict=result.require_in_step)


def _squash(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    _refuse_targets(settings, "squash")
    from runner.commands.squash import squash
    from runner.report import squashed_text

    result = squash(target, values.revisions, values.message, scratch=settings.scratch_database_url)
    return _shown(values, result, lambda: squashed_text(result))


def _artifact(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    if values.action != "create":
        return _on_artifact(target, values)
    from runner.commands.artifact import artifact
    from runner.report import artifact_text

    written = artifact(
        target,
        start=settings.artifact_from,
        destination=values.to or settings.target,
        directory=settings.artifact_directory,
        split=settings.artifact_on_data == "split",
        replace=values.replace,
        tag=values.tag,
        client=settings.artifact_client,
        server=settings.artifact_server,
        schema=settings.artifact_schema or settings.tenant_schema,
    )
    return _shown(values, written, lambda: artifact_text(written))


def _on_artifact(target: Target, values: argparse.Namespace) -> Outcome:
    from runner.commands import artifact_use as use
    from runner.report import artifact_difference_text, verified_text

    action, directories = values.action, values.paths
    direction = "downgrade" if values.downgrade else "upgrade"
    wanted = {"verify": 1, "apply": 1, "diff": 2}[action]
    if len(directories) != wanted:
        raise SettingsError(
            f"`runner artifact {action}` takes {'one directory' if wanted == 1 else 'two directories'}."
        )
    if action == "apply":
        return _ran(use.apply_artifact(target, directories[0], direction=direction))
    if action == "diff":
        found = use.diff_artifacts(directories[0], directories[1])
        outcome = _shown(values, found, lambda: artifact_difference_text(found))
        return replace(outcome, verdict=lambda: use.require_same(directories[0], directories[1], found))
    verified = use.verify_artifact(
        target,
        directories[0],
        ask_database=target.url is not None and not values.files_only,
        direction=direction,
        fingerprint=values.fingerprint,
    )
    outcome = _shown(values, verified, lambda: verified_text(verified))
    return replace(outcome, verdict=lambda: use.require_applied(verified))


def _edit(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.edit import files_to_edit
    from runner.editor import open_in_editor

    open_in_editor(files_to_edit(target, values.revision))
    return Outcome()


def _shown(values: argparse.Namespace, result: Any, text: Callable[[], str]) -> Outcome:
    if not values.json:
        return Outcome(text=text())
    from runner.report import to_json

    return Outcome(text=to_json(result))


VERBS: dict[str, _Verb] = {
    "status": _status,
    "plan": _plan,
    "wait": _wait,
    "upgrade": _upgrade,
    "downgrade": _downgrade,
    "stamp": _stamp,
    "ensure-version": _ensure_version,
    "current": _current,
    "heads": _heads,
    "history": _history,
    "branches": _branches,
    "show": _show,
    "resolve": _resolve,
    "validate": _validate,
    "init": _init,
    "list-templates": _list_templates,
    "revision": _revision,
    "merge": _merge,
    "edit": _edit,
    "check": _check,
    "squash": _squash,
    "artifact": _artifact,
}
