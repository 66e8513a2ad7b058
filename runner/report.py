"""Turn results into what people and programs read on stdout: floor 7. Pure: values in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.artifact.diff import BundleDifference
    from runner.commands.artifact import WrittenArtifact
    from runner.commands.artifact_use import VerifiedArtifact
    from runner.commands.branches import BranchPoint
    from runner.commands.check import CheckResult
    from runner.commands.current import CurrentState
    from runner.commands.init import Initialised
    from runner.commands.list_templates import Template
    from runner.commands.resolve import StatementView
    from runner.commands.results import RevisionView, RunResult
    from runner.commands.squash import Squashed
    from runner.commands.validate import Validation
    from runner.graph.lanes import Mark

__all__ = [
    "artifact_difference_text",
    "artifact_text",
    "baseline_text",
    "branches_text",
    "check_text",
    "current_text",
    "history_diagram",
    "history_graph",
    "initialised_text",
    "journal_text",
    "run_summary",
    "squashed_text",
    "templates_text",
    "to_json",
    "validation_text",
    "verified_text",
    "views_text",
    "written_text",
]


def views_text(views: Iterable[RevisionView], *, verbose: bool) -> str:
    """Return one line per revision, or its long entry."""
    return "".join(f"{one.entry}\n" if verbose else f"{one.line}\n" for one in views)


def current_text(states: Iterable[CurrentState], *, verbose: bool) -> str:
    """Return the revisions each database is at; verbose names the database, password masked."""
    return "".join(_state_text(state, verbose=verbose) for state in states)


def _state_text(state: CurrentState, *, verbose: bool) -> str:
    heading = f"Current revision(s) for {state.url}:\n" if verbose and state.url else ""
    return heading + views_text(state.revisions, verbose=verbose)


def branches_text(points: Iterable[BranchPoint], *, verbose: bool) -> str:
    """Return each branch point and, indented, its children."""
    return "".join(_branch_text(point, verbose=verbose) for point in points)


def _branch_text(branch: BranchPoint, *, verbose: bool) -> str:
    heading = branch.point.entry if verbose else branch.point.line
    arrow = f"{' ' * len(branch.point.revision)} -> "
    children = "".join(f"{arrow}{child.line}{f', {child.message}' if verbose else ''}\n" for child in branch.children)
    return f"{heading}\n{children}\n"


def journal_text(views: Iterable[StatementView]) -> str:
    """Return one line per statement that an interrupted revision has come to."""
    lines = [
        f"{one.revision} {one.direction} {one.statement_number}: {one.outcome:<9}  {one.statement[:160]}\n"
        for one in views
    ]
    return "".join(lines) or "No revision is interrupted.\n"


def validation_text(found: Validation) -> str:
    """Return one line for each problem, or one that says what was looked at."""
    if found.problems:
        return "".join(f"{one.message} ({one.code})\n" for one in found.problems)
    heads = ", ".join(found.heads) or "none"
    return f"{found.directory}: {found.revisions} revision(s), head(s) {heads}; all of them load.\n"


def initialised_text(made: Initialised) -> str:
    """Return what `init` made, and what to do next."""
    return "".join(f"Created {path}\n" for path in made.paths)


def templates_text(templates: Iterable[Template]) -> str:
    """Return one line per template."""
    return "".join(f"{one.name} - {one.summary}\n" for one in templates)


def written_text(views: Iterable[RevisionView]) -> str:
    """Return the path of each new file."""
    return "".join(f"Generated {one.path}\n" for one in views)


def baseline_text(views: Sequence[RevisionView]) -> str:
    """Return the path of a first revision, and how the database learns that it has it."""
    names = " ".join(one.revision for one in views)
    return (
        written_text(views)
        + f"The database has this schema already. Say so in its version table:\n    runner stamp {names}\n"
    )


def check_text(result: CheckResult) -> str:
    """Return what a comparison found, one line for each difference."""
    if result.status == "in-step":
        return "The database is in step with the model.\n"
    return "".join(f"{f'{one.database}: ' if one.database else ''}{one.text}\n" for one in result.differences)


def history_graph(views: Sequence[RevisionView], *, encoding: str) -> str:
    """Return the revisions drawn as a graph; in plain ASCII where the encoding has no lines."""
    from runner.graph.drawing import Characters, draw

    try:
        "●◆│├─".encode(encoding)
        characters = Characters.UNICODE
    except (UnicodeEncodeError, LookupError):
        characters = Characters.ASCII
    return "".join(f"{line}\n" for line in draw(_marks(views), characters))


def history_diagram(views: Sequence[RevisionView], form: str) -> str:
    """Return the revisions as `mermaid`, `dot` or `svg`."""
    from runner.graph import diagrams

    write = {"mermaid": diagrams.to_mermaid, "dot": diagrams.to_dot, "svg": diagrams.to_svg}[form]
    return write(_marks(views))


def _marks(views: Sequence[RevisionView]) -> list[Mark]:
    from runner.graph.lanes import Mark

    return [
        Mark(
            revision=one.revision,
            parents=one.down_revisions,
            dependencies=one.dependencies,
            message=one.message,
            text=one.line,
            is_head=one.is_head,
            is_current=one.is_current,
        )
        for one in views
    ]


def squashed_text(result: Squashed) -> str:
    """Return what a squash did, and what that means for databases."""
    archived = "".join(f"Moved {path}\n" for path in result.archived)
    return (
        f"Generated {result.path}\n{archived}"
        f"The schema is the same, proved on an empty {result.proved_on} database. Databases at {result.revision}, or "
        f"not yet at {result.replaces[0]}, need nothing. One in between needs the moved files: keep them as long as "
        "there is one.\n"
    )


def artifact_text(written: WrittenArtifact) -> str:
    """Return what was written."""
    if not written.bundles:
        return "Nothing to write: the start is where the target is.\n"
    return "".join(
        f"Wrote {one.directory}: {', '.join(one.start) or 'base'} -> {', '.join(one.end) or 'base'}, "
        f"{_counted(one.revisions, 'revision')}, {_counted(one.statements, 'statement')}"
        f"{'' if one.has_downgrade else ', no way back'}"
        f"{'; to be run online: ' if one.online else ''}{', '.join(one.online)}\n"
        for one in written.bundles
    )


def verified_text(verified: VerifiedArtifact) -> str:
    """Return what was compared, and what the database says."""
    lines = [f"{_counted(verified.files, 'file')}: as written"]
    if verified.database is not None:
        by = list(verified.applied_by.values())
        known = f"{by.count('artifact')} by this artifact, {by.count('other')} otherwise" if by else "no history"
        lines.append(f"{verified.database}: {', '.join(verified.rows) or 'base'} ({known})")
        if verified.fingerprint is not None:
            lines.append(f"schema fingerprint: {verified.fingerprint}")
        lines += [f"PROBLEM: {one}" for one in verified.problems]
    return "".join(f"{line}\n" for line in lines)


def artifact_difference_text(difference: BundleDifference) -> str:
    """Return what differs between two artifacts."""
    lines = [f"{name}: {before} -> {after}" for name, (before, after) in difference.options.items()]
    lines += [f"revision removed: {one}" for one in difference.removed]
    lines += [f"revision added: {one}" for one in difference.added]
    if difference.reordered:
        lines.append("the revisions are in another order")
    for changed in difference.changed:
        source = " (its file changed)" if changed.source_changed else ""
        lines += [
            f"{changed.direction} of revision {changed.revision}{source}:",
            *(f"  {one}" for one in changed.lines),
        ]
    lines += [f"guards or settings differ in {path}" for path in difference.frame]
    return "".join(f"{line}\n" for line in lines)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def run_summary(result: RunResult) -> dict[str, Any]:
    """Return the keys of the canonical line run.finished."""
    databases = result.databases
    keys: dict[str, Any] = {"applied": result.applied_count}
    if len(databases) == 1:
        keys["from"] = list(databases[0].start_heads)
        keys["to"] = list(databases[0].end_heads)
    else:
        keys["databases"] = [_plain(database) for database in databases]
    return keys


def to_json(value: Any) -> str:
    """Return a result value as indented JSON with a final newline; tuples become lists, keys keep their order."""
    import json

    return json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n"


_NOT_IN_JSON = frozenset({"line", "entry", "failure"})  # what people read, and what becomes the exit code


def _plain(value: Any) -> Any:
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None:
        return {name: _plain(getattr(value, name)) for name in fields if name not in _NOT_IN_JSON}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value
