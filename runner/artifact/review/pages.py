"""What the review page shows, as values: the same for HTML and for Markdown. Pure; no markup here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runner.artifact.analysis import (
    POSTGRESQL,
    Hazard,
    HazardKind,
    Severity,
    StatementFacts,
    TableLock,
    Work,
    analyse_all,
)
from runner.artifact.analysis.facts import strength, with_hazards
from runner.artifact.phases import PhaseKind, file_name, phases_of
from runner.artifact.recording import Note, Obstacle, RecordedRevision, RecordedStatement, Recording, Role
from runner.artifact.review.held import held_in_files
from runner.dialects.postgresql_locks import LockMode

__all__ = [
    "FileView",
    "HazardGroup",
    "HazardPlace",
    "PageView",
    "RevisionView",
    "StatementView",
    "TableView",
    "page_of",
]


_OTHERS_HAVE_NONE = "The bundle holds no way back, because of other revisions."


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """One statement: `number` counts from 1 within its revision; `anchor` is unique on the page."""

    anchor: str
    number: int
    statement: RecordedStatement
    facts: StatementFacts
    file: str

    @property
    def is_text(self) -> bool:
        """Tell whether it is no statement, but a comment of the revision."""
        return self.statement.role is Role.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """One revision, with its way back."""

    anchor: str
    revision: RecordedRevision
    statements: tuple[StatementView, ...]
    files: tuple[str, ...]
    undone_by: tuple[StatementView, ...]
    without_downgrade: str
    """Why there is none; empty where there is one."""

    @property
    def hazards(self) -> Counter[HazardKind]:
        """How many hazards of each kind its statements have."""
        return Counter(hazard.kind for view in self.statements for hazard in view.facts.hazards)

    @property
    def severity(self) -> str:
        """The worst there is: danger, warning, note, or nothing. An obstacle counts as a warning."""
        found = {kind.severity for kind in self.hazards}
        if self.revision.obstacle is not None:
            found.add(Severity.WARNING)
        return next((one.value for one in Severity if one in found), "")

    @property
    def is_without_downgrade(self) -> bool:
        """Tell whether it is this revision that has none."""
        return self.without_downgrade not in {"", _OTHERS_HAVE_NONE}

    @property
    def notes(self) -> str:
        """What the docstring says below its first paragraph, Alembic's own lines left out."""
        return author_notes(self.revision.doc)


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardPlace:
    """A hazard, and where it is; `statement` is None for one of the revision as a whole."""

    revision: RevisionView
    statement: StatementView | None
    hazard: Hazard


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardGroup:
    """All hazards of one kind."""

    kind: HazardKind
    places: tuple[HazardPlace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """One table: the strongest lock it gets, and the most that is done to its rows under any lock."""

    table: str
    mode: LockMode
    work: Work
    places: tuple[StatementView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """One file of the bundle, in the order in which they are applied."""

    path: str
    kind: PhaseKind
    revisions: tuple[RevisionView, ...]
    statements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """All that the page shows."""

    manifest: Mapping[str, Any]
    upgrade: Recording
    start: tuple[str, ...]
    end: tuple[str, ...]
    files: tuple[FileView, ...]
    way_back: tuple[FileView, ...]
    has_way_back: bool
    revisions: tuple[RevisionView, ...]
    hazards: tuple[HazardGroup, ...]
    tables: tuple[TableView, ...]
    obstacles: tuple[Obstacle, ...]
    notes: tuple[Note, ...]
    statement_count: int
    unknown_count: int

    @property
    def locks_are_known(self) -> bool:
        """Tell whether this is the database whose locks are known."""
        return self.upgrade.dialect_name == POSTGRESQL

    def count(self, severity: Severity) -> int:
        """Return how many hazards of that weight there are."""
        return sum(len(group.places) for group in self.hazards if group.kind.severity is severity)


# --- building ------------------------------------------------------------------------------------------------------


def page_of(upgrade: Recording, downgrade: Recording | None, manifest: Mapping[str, Any]) -> PageView:
    """Return what the page of a bundle shows.

    Args:
        upgrade: what was recorded.
        downgrade: the way back; None where the bundle has none.
        manifest: of the bundle, without the digests of its pages.
    """
    facts = analyse_all(upgrade)
    files = _files_by_statement(upgrade)
    back = {} if downgrade is None else {one.revision: one for one in downgrade.revisions}
    back_facts = {} if downgrade is None else analyse_all(downgrade)
    reasons = {one["revision"]: str(one["reason"]) for one in manifest.get("without_downgrade", ())}
    back_files = {} if downgrade is None else _files_by_statement(downgrade)
    revisions = _with_held_locks(
        RevisionView(
            anchor=f"r{number}",
            revision=revision,
            statements=_views(f"r{number}s", revision, facts[revision.revision], files),
            files=_files_of(revision, files),
            undone_by=_views(f"r{number}d", back[revision.revision], back_facts[revision.revision], back_files)
            if revision.revision in back
            else (),
            without_downgrade=_no_way_back(revision, back, reasons),
        )
        for number, revision in enumerate(upgrade.revisions, 1)
    )
    return PageView(
        manifest=manifest,
        upgrade=upgrade,
        start=upgrade.start,
        end=upgrade.end,
        files=_file_views(upgrade, revisions),
        way_back=() if downgrade is None else _file_views(downgrade, revisions),
        has_way_back=downgrade is not None,
        revisions=revisions,
        hazards=_groups(revisions),
        tables=_tables(revisions),
        obstacles=upgrade.obstacles,
        notes=tuple(upgrade.all_notes()),
        statement_count=sum(not view.is_text for one in revisions for view in one.statements),
        unknown_count=sum(not view.facts.is_known for one in revisions for view in one.statements),
    )


def _views(
    prefix: str, revision: RecordedRevision, facts: Sequence[StatementFacts], files: Mapping[int, str]
) -> tuple[StatementView, ...]:
    return tuple(
        StatementView(
            anchor=f"{prefix}{number}",
            number=number,
            statement=statement,
            facts=one,
            file=files.get(id(statement), ""),
        )
        for number, (statement, one) in enumerate(zip(revision.own_statements, facts, strict=True), 1)
    )


def _with_held_locks(revisions: Iterable[RevisionView]) -> tuple[RevisionView, ...]:
    """Return the revisions with the hazards that come from the statements' sharing a transaction."""
    found = tuple(revisions)
    views = [view for one in found for view in one.statements if view.statement.transactional and not view.is_text]
    hazards = held_in_files((view.anchor, view.facts, view.file) for view in views)
    if not hazards:
        return found
    return tuple(
        replace(one, statements=tuple(_with_hazard(view, hazards) for view in one.statements)) for one in found
    )


def _with_hazard(view: StatementView, hazards: Mapping[str, Hazard]) -> StatementView:
    hazard = hazards.get(view.anchor)
    return view if hazard is None else replace(view, facts=with_hazards(view.facts, hazard))


def _files_by_statement(recording: Recording) -> dict[int, str]:
    """Return the file of each statement, by the identity of the statement: equal ones may be in several files."""
    return {
        id(statement): f"{recording.direction.value}/{file_name(phase)}"
        for phase in phases_of(recording)
        for part in phase.parts
        for statement in part.statements
    }


def _files_of(revision: RecordedRevision, files: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(files[id(one)] for one in revision.own_statements if id(one) in files))


def _no_way_back(revision: RecordedRevision, back: Mapping[str, RecordedRevision], reasons: Mapping[str, str]) -> str:
    if revision.revision in back and revision.revision not in reasons:
        return ""
    return reasons.get(revision.revision, _OTHERS_HAVE_NONE)


def _file_views(recording: Recording, revisions: Sequence[RevisionView]) -> tuple[FileView, ...]:
    known = {one.revision.revision: one for one in revisions}
    return tuple(
        FileView(
            path=f"{recording.direction.value}/{file_name(phase)}",
            kind=phase.kind,
            revisions=tuple(known[part.revision.revision] for part in phase.parts if part.revision.revision in known),
            statements=phase.statement_count,
        )
        for phase in phases_of(recording)
    )


def _groups(revisions: Iterable[RevisionView]) -> tuple[HazardGroup, ...]:
    places: dict[HazardKind, list[HazardPlace]] = {}
    for place in _places(revisions):
        places.setdefault(place.hazard.kind, []).append(place)
    ordered = sorted(places, key=lambda kind: (list(Severity).index(kind.severity), kind.rank))
    return tuple(HazardGroup(kind=kind, places=tuple(places[kind])) for kind in ordered)


def _places(revisions: Iterable[RevisionView]) -> Iterator[HazardPlace]:
    for one in revisions:
        for statement in one.statements:
            for hazard in statement.facts.hazards:
                yield HazardPlace(revision=one, statement=statement, hazard=hazard)
        if one.is_without_downgrade:
            hazard = Hazard(kind=HazardKind.NOT_REVERSIBLE, text=one.without_downgrade)
            yield HazardPlace(revision=one, statement=None, hazard=hazard)


def _tables(revisions: Iterable[RevisionView]) -> tuple[TableView, ...]:
    found: dict[str, list[tuple[TableLock, StatementView]]] = {}
    for one in revisions:
        for view in one.statements:
            for lock in view.facts.locks:
                if lock.is_named and not lock.is_new:
                    found.setdefault(lock.table, []).append((lock, view))
    views = [_table(table, seen) for table, seen in found.items()]
    return tuple(sorted(views, key=lambda one: (-strength(one.mode), -one.work.rank, one.table)))


def _table(table: str, seen: Sequence[tuple[TableLock, StatementView]]) -> TableView:
    mode = max((lock.mode for lock, _ in seen), key=strength)
    views = [view for _, view in seen]
    main = [view.facts.work for view in views if view.facts.tables[:1] == (table,)]
    work = max(main, key=lambda one: one.rank, default=Work.NOTHING)
    return TableView(table=table, mode=mode, work=work, places=tuple(views))


# --- words of the author -------------------------------------------------------------------------------------------

_BY_THE_TEMPLATE = ("Revision ID:", "Revises:", "Create Date:")


def author_notes(doc: str) -> str:
    """Return what an author wrote below the first paragraph of a docstring; not what the template puts there."""
    _, _, rest = doc.strip().partition("\n\n")
    lines = [line.rstrip() for line in rest.splitlines() if not line.strip().startswith(_BY_THE_TEMPLATE)]
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(indents, default=0)
    return "\n".join(line[margin:] for line in lines).strip("\n")
