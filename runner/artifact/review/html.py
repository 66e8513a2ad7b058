"""The review page as one HTML file that needs no other: no network, no script, the same bytes for the same bundle."""

from __future__ import annotations

import base64
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from mako.template import Template

from runner.artifact.analysis import BLOCKS, Severity, StatementFacts, TableLock
from runner.artifact.analysis.facts import strength
from runner.artifact.review.escaping import html_text
from runner.artifact.review.highlighting import highlight
from runner.artifact.review.pages import FileView, PageView, RevisionView, StatementView, TableView
from runner.artifact.review.picture import draw_path
from runner.artifact.review.words import (
    DATABASES,
    FILE_KINDS,
    LOCK_LEGEND,
    heads,
    plural,
    server_text,
    summary_of,
    way_back_of,
)
from runner.dialects.postgresql_locks import LockMode

__all__ = ["html_page"]

_TEMPLATES = os.path.join(os.path.dirname(__file__), "templates")
_MANY_REVISIONS = 40
"""More are shown closed, and the browser lays them out when they come into view."""
_PLAIN_REVISIONS = 2_000
"""More are shown without colours: that saves a third of the time, and nobody reads so many."""
_MOST_PLACES, _MOST_TABLES, _MOST_LINKS = 50, 200, 8


@cache
def _template() -> Template:
    return Template(  # noqa: S702  # the default filter escapes, and a test proves it
        filename=os.path.join(_TEMPLATES, "page.html.mako"),
        default_filters=["html_text"],
        imports=["from runner.artifact.review.escaping import html_text"],
        strict_undefined=True,
    )


@cache
def _style() -> str:
    with open(os.path.join(_TEMPLATES, "page.css"), encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return "\n".join(lines)


def html_page(page: PageView) -> str:
    """Return the page as the text of an HTML file."""
    style = _style()
    pieces = _Pieces(page)
    text: str = _template().render_unicode(
        page=page,
        style=style,
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        is_big=len(page.revisions) > _MANY_REVISIONS,
        database=page.manifest.get("database", ""),
        summary=summary_of(page),
        tiles=_tiles(page),
        severities=_severities(page),
        contents=_contents(page),
        picture=draw_path([one.revision for one in page.revisions], [one.severity for one in page.revisions]),
        picture_words=_picture_words(page),
        way_back=way_back_of(page),
        made_by=_made_by(page),
        file_kinds=FILE_KINDS,
        blocks=BLOCKS,
        legend=LOCK_LEGEND,
        most=_MOST_PLACES,
        most_tables=_MOST_TABLES,
        by_mode=_by_mode,
        chips_of=_chips_of,
        listing=_listing,
        sql=pieces.sql,
        revision_links=pieces.revision_links,
        statement_links=pieces.statement_links,
    )
    return text


class _Pieces:
    """Parts of the page that are HTML already."""

    def __init__(self, page: PageView) -> None:
        self._dialect_name = page.upgrade.dialect_name
        self._is_plain = len(page.revisions) > _PLAIN_REVISIONS
        self._revision_of = {view.anchor: one.revision.revision for one in page.revisions for view in one.statements}

    def sql(self, view: StatementView) -> str:
        sql = view.statement.sql
        return html_text(sql) if self._is_plain else highlight(sql, self._dialect_name)

    def revision_links(self, file: FileView) -> str:
        return _links((one.anchor, one.revision.revision) for one in file.revisions)

    def statement_links(self, table: TableView) -> str:
        return _links((view.anchor, f"{self._revision_of[view.anchor]}, {view.number}") for view in table.places)


def _links(targets: Iterable[tuple[str, str]]) -> str:
    """Return links, some of them where there are many."""
    every = list(targets)
    shown = every if len(every) <= _MOST_LINKS else [*every[: _MOST_LINKS - 1], every[-1]]
    links = [f'<a href="#{anchor}">{html_text(text)}</a>' for anchor, text in shown]
    if len(shown) < len(every):
        links.insert(-1, f"{len(every) - len(shown):,} more")
    return " &middot; ".join(links)


def _by_mode(facts: StatementFacts) -> list[tuple[LockMode, list[TableLock]]]:
    modes: dict[LockMode, list[TableLock]] = {}
    for lock in facts.locks:
        modes.setdefault(lock.mode, []).append(lock)
    return sorted(modes.items(), key=lambda item: -strength(item[0]))


@dataclass(frozen=True, slots=True)
class _Listing:
    """How a list of statements is headed."""

    word: str
    count: int
    shows_files: bool


def _listing(revision: RevisionView, *, back: bool = False) -> _Listing:
    views = revision.undone_by if back else revision.statements
    files = {view.file for view in views}
    return _Listing("Downgrade statement" if back else "Statement", len(views), len(files) > 1)


@dataclass(frozen=True, slots=True)
class _Tile:
    """A number at the head of the page."""

    name: str
    value: str
    more: str = ""


def _tiles(page: PageView) -> list[_Tile]:
    manifest = page.manifest
    dialect = page.upgrade.dialect_name
    server = server_text(manifest.get("server"))
    tiles = [
        _Tile("Database", DATABASES.get(dialect, dialect), f"versions {server}" if server else "any version"),
        _Tile("Revisions", f"{len(page.revisions):,}", plural(page.statement_count, "statement")),
        _Tile("Files", f"{len(page.files):,}", "applied in order"),
    ]
    if page.locks_are_known:
        tiles.append(_strongest(page))
    tiles.append(
        _Tile("Way back", "yes" if page.has_way_back else "no", "downgrade files" if page.has_way_back else "")
    )
    return tiles


def _strongest(page: PageView) -> _Tile:
    if not page.tables:
        return _Tile("Strongest lock", "none", "on tables that are there")
    mode = page.tables[0].mode
    count = sum(one.mode is mode for one in page.tables)
    unknown = f"; unknown for {plural(page.unknown_count, 'statement')}" if page.unknown_count else ""
    return _Tile("Strongest lock", mode.value, f"on {plural(count, 'table')}{unknown}")


def _severities(page: PageView) -> list[tuple[Severity, int]]:
    return [(one, page.count(one)) for one in Severity if page.count(one)]


def _chips_of(revision: RevisionView) -> list[tuple[Severity, int]]:
    found: Counter[Severity] = Counter()
    for kind, count in revision.hazards.items():
        found[kind.severity] += count
    return [(one, found[one]) for one in Severity if found[one]]


def _contents(page: PageView) -> list[tuple[str, str]]:
    found = [("hazards", "Hazards"), ("files", "Files"), ("path", "Path")]
    if page.locks_are_known and page.tables:
        found.append(("tables", "Tables"))
    return [*found, ("revisions", "Revisions")]


def _picture_words(page: PageView) -> str:
    ids = [one.revision.revision for one in page.revisions]
    joined = sum(len(one.revision.down_revisions) > 1 for one in page.revisions)
    ends = f", from {ids[0]} at the top to {ids[-1]} at the bottom" if len(ids) > 1 else ""
    merges = f"; {plural(joined, 'merge')}" if joined else ""
    return f"{plural(len(ids), 'revision')}{ends}{merges}. The list beside it names them in the same order."


def _made_by(page: PageView) -> str:
    manifest: Mapping[str, Any] = page.manifest
    tool = manifest.get("tool") or {}
    bundle = manifest.get("bundle", "")
    words = f"Made by {tool.get('name', 'revision-runner')} {tool.get('version', '')}".rstrip()
    goal = f" for version rows {heads(page.start)} to {heads(page.end)}"
    return f"{words}{goal}. Bundle {bundle}." if bundle else f"{words}{goal}."
