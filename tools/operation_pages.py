"""Fills the generated parts of docs/operations/: SQL per dialect, locks, and the table of the index.

A page is written by hand but for what stands between two markers:

    <!-- operations: add_column -->       which directives the page is about (below the title)
    <!-- sql --> ... <!-- /sql -->        the SQL of the example above it, on every dialect
    <!-- locks --> ... <!-- /locks -->    the rules of runner/dialects/postgresql_locks.py for its directives
    <!-- index --> ... <!-- /index -->    on the index page, the table of all pages
    <!-- start --> ... <!-- /start -->    on the index page, the tables every example starts from

An example is a Python block with `upgrade()` and `downgrade()`, and `before()` where more than the common
tables must be there. Tests run every example online; see tests/unit/test_operation_pages.py.
"""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import StaticPool

from runner.dialects.postgresql_locks import LOCK_RULES, LockMode, LockRule
from runner.errors import OfflineUnsupported, OperationError, RunnerError
from runner.migration.context import MigrationContext
from runner.operations import Operations

__all__ = ["DIALECTS", "DIRECTORY", "Example", "Page", "operation_pages", "pages", "start"]

DIRECTORY = Path(__file__).resolve().parent.parent / "docs" / "operations"
DIALECTS = {
    "postgresql": "PostgreSQL",
    "sqlite": "SQLite",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "mssql": "SQL Server",
    "oracle": "Oracle",
}
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OPERATIONS = re.compile(r"^<!-- operations: (.*?) -->$", re.MULTILINE)
_BLOCK = re.compile(r"^<!-- (sql|locks|index|start) -->\n(.*?)^<!-- /\1 -->$", re.MULTILINE | re.DOTALL)
_WRITES = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")


def start(op: Any) -> None:
    """Create the tables every example starts from."""
    account = op.create_table(
        "account",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("email", sa.String(200), nullable=False),
        sa.Column("note", sa.String(200)),
    )
    purchase = op.create_table(
        "purchase",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.Integer()),
        sa.Column("placed_on", sa.Date()),
    )
    op.bulk_insert(account, [{"id": 1, "email": "ann@example.org"}, {"id": 2, "email": "bob@example.org"}])
    op.bulk_insert(purchase, [{"id": 1, "account_id": 1, "amount_cents": 500}])


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example of a page.

    Args:
        page: the name of the page, without suffix.
        source: Python with `upgrade()`, `downgrade()` and maybe `before()`.
    """

    page: str
    source: str

    def functions(self, op: Any) -> dict[str, Callable[[], object]]:
        """Return the functions of the example, with this object as their `op`."""
        namespace: dict[str, Any] = {"op": op, "sa": sa, "before": lambda: None}
        exec(compile(self.source, f"{self.page}.py", "exec"), namespace)  # noqa: S102  # our own page
        return {name: namespace[name] for name in ("before", "upgrade", "downgrade")}

    def script(self, dialect: str) -> str:
        """Return the SQL of upgrade and downgrade, or the sentence with which they are refused."""
        try:
            return self._offline(dialect)
        except OfflineUnsupported as refusal:
            return self._sent() if dialect == "sqlite" else _refused(refusal)
        except (OperationError, RunnerError) as refusal:
            return _refused(refusal)

    def _offline(self, dialect: str) -> str:
        buffer = io.StringIO()
        context = MigrationContext.configure(
            dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer, "literal_binds": True}
        )
        with Operations.context(context) as op:
            functions = self.functions(op)
            up = _written(buffer, functions["upgrade"])
            down = _written(buffer, functions["downgrade"])
        return _sql_block(up, down)

    def _sent(self) -> str:
        """Return what is sent to a real SQLite database, for what needs one to look at."""
        engine = sa.create_engine("sqlite://", poolclass=StaticPool)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            with Operations.context(context) as op:
                functions = self.functions(op)
                start(op)
                functions["before"]()
                up = _recorded(engine, functions["upgrade"])
                down = _recorded(engine, functions["downgrade"])
        engine.dispose()
        return _sql_block(up, down)


def _written(buffer: io.StringIO, function: Callable[[], object]) -> str:
    position = buffer.tell()
    function()
    return re.sub(r"\n{2,}", "\n", buffer.getvalue()[position:]).replace("\t", "    ").strip()


def _recorded(engine: sa.Engine, function: Callable[[], object]) -> str:
    sent: list[str] = []

    def record(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(_WRITES):
            sent.append(statement.strip().replace("\t", "    ") + ";")

    event.listen(engine, "before_cursor_execute", record)
    try:
        function()
    finally:
        event.remove(engine, "before_cursor_execute", record)
    return "\n".join(sent)


def _sql_block(up: str, down: str) -> str:
    parts = [
        f"-- {name}\n{re.sub(r' +$', '', sql, flags=re.MULTILINE)}"
        for name, sql in (("upgrade", up), ("downgrade", down))
        if sql
    ]
    return "```sql\n" + "\n\n".join(parts or ["-- nothing"]) + "\n```"


def _refused(refusal: Exception) -> str:
    return f"> Refused: {refusal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of docs/operations/.

    Args:
        path: the file.
        text: what it says now.
    """

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Return the name of the file, without suffix."""
        return self.path.stem

    @property
    def title(self) -> str:
        """Return the heading."""
        return self.text.splitlines()[0].removeprefix("# ")

    @property
    def operations(self) -> tuple[str, ...]:
        """Return the directives the page is about."""
        match = _OPERATIONS.search(self.text)
        return tuple(name.strip() for name in match[1].split(",")) if match else ()

    @property
    def summary(self) -> str:
        """Return the first sentence below the heading."""
        body = _OPERATIONS.sub("", self.text.partition("\n")[2]).lstrip()
        paragraph = " ".join(body.partition("\n\n")[0].split())
        return re.split(r"(?<=\.)\s", paragraph)[0]

    def examples(self) -> Iterator[Example]:
        """Yield the examples, in order."""
        for source in _PYTHON.findall(self.text):
            if "def upgrade(" in source:
                yield Example(page=self.name, source=source)

    def filled(self) -> str:
        """Return the text with every generated part made anew."""
        return _BLOCK.sub(self._block, self.text)

    def _block(self, block: re.Match[str]) -> str:
        makers: dict[str, Callable[[], str]] = {
            "sql": partial(self._sql, block.start()),
            "locks": partial(_locks, self.operations),
            "index": _index,
            "start": _start,
        }
        kind = block[1]
        return f"<!-- {kind} -->\n\n{makers[kind]()}\n\n<!-- /{kind} -->"

    def _sql(self, position: int) -> str:
        source = [found for found in _PYTHON.findall(self.text[:position]) if "def upgrade(" in found][-1]
        example = Example(page=self.name, source=source)
        dialects: dict[str, list[str]] = {}
        for dialect, title in DIALECTS.items():
            dialects.setdefault(example.script(dialect), []).append(title)
        return "\n\n".join(f"**{', '.join(titles)}**\n\n{script}" for script, titles in dialects.items())


def _locks(operations: tuple[str, ...]) -> str:
    rules = [rule for rule in LOCK_RULES if set(operations) & set(rule.operations)]
    if not rules:
        return "No lock on a table."
    head = (
        "| When | Lock on the table | Lock on tables a foreign key refers to | Rows | Instead |\n|---|---|---|---|---|"
    )
    return "\n".join([head, *(_lock_row(rule) for rule in rules)])


def _lock_row(rule: LockRule) -> str:
    cells = (rule.case or "always", _lock(rule.lock), _lock(rule.referenced), rule.work.value, rule.advice)
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def _lock(mode: LockMode | None) -> str:
    return "none" if mode is None else f"{mode.value} (blocks {mode.blocks})"


def _index() -> str:
    rows = [
        f"| [{page.title}]({page.path.name}) | {', '.join(f'`{name}`' for name in page.operations)} | {page.summary} |"
        for page in pages()
        if page.operations
    ]
    return "\n".join(["| Page | Directives | What it does |", "|---|---|---|", *rows])


def _start() -> str:
    return f"```python\n{inspect.getsource(start).rstrip()}\n```"


def pages() -> list[Page]:
    """Return the pages as they are, sorted by name."""
    return [Page(path=path, text=path.read_text(encoding="utf-8")) for path in sorted(DIRECTORY.glob("*.md"))]


def operation_pages() -> dict[str, Callable[[], str]]:
    """Return path below the root -> the function that returns what the page must contain."""
    root = DIRECTORY.parent.parent
    return {page.path.relative_to(root).as_posix(): page.filled for page in pages()}
