"""The review page as Markdown, for the description or a comment of a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from runner.artifact.analysis import BLOCKS, Hazard, Severity
from runner.artifact.review.escaping import markdown_block, markdown_code, markdown_html, markdown_prose, markdown_text
from runner.artifact.review.pages import HazardPlace, PageView, RevisionView, StatementView
from runner.artifact.review.words import (
    DATABASES,
    FILE_KINDS,
    WORK,
    heads,
    plural,
    server_text,
    summary_of,
    way_back_of,
)

__all__ = ["LONGEST", "markdown_page"]

LONGEST = 60_000
"""Letters of the whole page: what hosts of pull requests take for one comment."""
_SIGNS = {Severity.DANGER: "\U0001f534", Severity.WARNING: "\U0001f7e0", Severity.NOTE: "\U0001f535"}
_MOST = 25
_Lines = Callable[[PageView], Iterator[str]]


def markdown_page(page: PageView) -> str:
    """Return the page, with as much detail as a comment can hold."""
    for revisions in (_with_sql, _without_sql, _only_counted):
        text = "\n".join([*_head(page), *revisions(page)]).rstrip() + "\n"
        if len(text) <= LONGEST:
            break
    return text


def _head(page: PageView) -> Iterator[str]:
    dialect = page.upgrade.dialect_name
    server = server_text(page.manifest.get("server"))
    database = page.manifest.get("database", "")
    yield f"## SQL to review: {markdown_text(heads(page.start))} \u2192 {markdown_text(heads(page.end))}"
    yield ""
    name = f"{DATABASES.get(dialect, dialect)} {server}".rstrip()
    where = f"{markdown_text(name)}, {markdown_text(database)}" if database else markdown_text(name)
    yield f"{where}. {markdown_text(summary_of(page))}"
    yield ""
    yield from _obstacles(page)
    yield from _hazards(page)
    yield from _files(page)
    yield from _tables(page)
    yield from _notes(page)


def _obstacles(page: PageView) -> Iterator[str]:
    for one in page.obstacles:
        line = f", line {one.line}" if one.line else ""
        place = f"{markdown_code(one.revision)} ({markdown_text(one.file)}{line})"
        yield f"- {_SIGNS[Severity.WARNING]} **Not written as SQL:** {place}: {markdown_text(one.reason)}"
    if page.obstacles:
        yield ""


def _hazards(page: PageView) -> Iterator[str]:
    yield "### Hazards"
    yield ""
    if not page.locks_are_known:
        yield "What a statement locks is known for PostgreSQL only."
        yield ""
    if not page.hazards:
        yield "None found, as far as the statements tell."
        yield ""
    for group in page.hazards:
        yield f"{_SIGNS[group.kind.severity]} **{group.kind.title}** ({len(group.places)})"
        yield ""
        yield from (_place(place) for place in group.places[:_MOST])
        if len(group.places) > _MOST:
            yield f"- and {len(group.places) - _MOST} more"
        yield ""


def _place(place: HazardPlace) -> str:
    statement = f", statement {place.statement.number}" if place.statement else ""
    return f"- {markdown_code(place.revision.revision.revision)}{statement}: {_hazard(place.hazard)}"


def _hazard(hazard: Hazard) -> str:
    advice = f" *Instead:* {markdown_prose(hazard.advice)}" if hazard.advice else ""
    return markdown_prose(hazard.text) + advice


def _files(page: PageView) -> Iterator[str]:
    yield "### Files, in order"
    yield ""
    yield "| File | Kind | Statements | Revisions |"
    yield "|---|---|---:|---|"
    for file in page.files:
        revisions = _some(markdown_code(one.revision.revision) for one in file.revisions)
        yield f"| {markdown_code(file.path)} | {FILE_KINDS[file.kind]} | {file.statements} | {revisions} |"
    yield ""
    yield markdown_text(way_back_of(page))
    yield ""


def _tables(page: PageView) -> Iterator[str]:
    if not (page.locks_are_known and page.tables):
        return
    yield "### Tables that are there already"
    yield ""
    yield "| Table | Strongest lock | Blocks | Rows |"
    yield "|---|---|---|---|"
    for one in page.tables[:_MOST]:
        yield f"| {markdown_code(one.table)} | {one.mode.value} | {BLOCKS[one.mode]} | {WORK[one.work]} |"
    if len(page.tables) > _MOST:
        yield f"| {len(page.tables) - _MOST} more | weaker | | |"
    yield ""


def _notes(page: PageView) -> Iterator[str]:
    for one in page.notes[:_MOST]:
        place = markdown_code(one.revision) if one.revision else "env.py"
        yield f"- {place}: {markdown_text(one.text)}"
    if page.notes:
        yield ""


def _some(names: Iterable[str]) -> str:
    every = list(names)
    if len(every) <= 8:
        return ", ".join(every)
    return f"{', '.join(every[:6])}, {len(every) - 7} more, {every[-1]}"


# --- revisions -----------------------------------------------------------------------------------------------------


def _with_sql(page: PageView) -> Iterator[str]:
    yield from _revisions(page, lambda one: _details(one, page))


def _without_sql(page: PageView) -> Iterator[str]:
    yield from _revisions(page, lambda _: iter(()))
    yield "The statements are in `review.html`: they are too long for a comment."


def _only_counted(page: PageView) -> Iterator[str]:
    count = plural(len(page.revisions), "revision")
    yield f"The statements of {count} are in `review.html`: they are too many for a comment."


def _revisions(page: PageView, details: Callable[[RevisionView], Iterator[str]]) -> Iterator[str]:
    yield "### Revisions"
    yield ""
    for one in page.revisions:
        signs = "".join(_SIGNS[severity] for severity in Severity if severity.value == one.severity)
        name = f"{markdown_code(one.revision.revision)} {markdown_text(one.revision.message)} {signs}".strip()
        inside = list(details(one))
        if inside:
            yield from (
                "<details>",
                f"<summary>{_summary(one)} {signs}".rstrip() + "</summary>",
                "",
                *inside,
                "</details>",
                "",
            )
        else:
            yield f"- {name}, {plural(len(one.statements), 'statement')}"
    yield ""


def _summary(one: RevisionView) -> str:
    """Return the line of a closed revision. HTML, for it stands in a block of HTML."""
    count = plural(len(one.statements), "statement")
    return f"<code>{markdown_html(one.revision.revision)}</code> {markdown_html(one.revision.message)}, {count}"


def _details(one: RevisionView, page: PageView) -> Iterator[str]:
    language = "sql"
    if one.revision.path:
        yield f"Source: {markdown_code(one.revision.path)}"
        yield ""
    if one.notes:
        yield from (f"> {markdown_text(line)}" for line in one.notes.splitlines())
        yield ""
    if one.revision.obstacle is not None:
        yield f"**Has to run online.** {markdown_text(one.revision.obstacle.reason)}"
        yield ""
    for view in one.statements:
        yield from _statement(view, language, page)
    yield from _way_back(one, language)


def _statement(view: StatementView, language: str, page: PageView) -> Iterator[str]:
    yield markdown_block(view.statement.sql, language)
    yield ""
    if view.is_text:
        return
    yield f"- {_facts(view, page)}"
    for hazard in view.facts.hazards:
        yield f"- {_SIGNS[hazard.kind.severity]} **{hazard.kind.title}.** {_hazard(hazard)}"
    yield ""


def _facts(view: StatementView, page: PageView) -> str:
    facts = view.facts
    transaction = "in the transaction of its file" if facts.is_transactional else "outside a transaction"
    if not page.locks_are_known:
        return transaction
    locks = "; ".join(
        f"{lock.mode.value} on {markdown_code(lock.table) if lock.is_named else markdown_prose(lock.table)}"
        + (" (new)" if lock.is_new else "")
        for lock in facts.locks
    )
    locks = locks or ("no lock" if facts.is_known else "locks unknown")
    blocks = f"; blocks {facts.blocks}" if facts.blocks else ""
    return f"{locks}{blocks}; rows: {WORK[facts.work]}; {transaction}"


def _way_back(one: RevisionView, language: str) -> Iterator[str]:
    if one.undone_by:
        yield "Downgrade:"
        yield ""
        for view in one.undone_by:
            yield markdown_block(view.statement.sql, language)
            yield ""
    elif one.without_downgrade:
        yield f"**No downgrade.** {markdown_text(one.without_downgrade)}"
        yield ""
