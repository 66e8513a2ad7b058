"""A case of the offline table on a real database: up, back by the reversed operations, up again, and as a script.

The way back is what the operations say about themselves with `reverse()`. What is not taken by a server or refused by
the engine must stand in `online_rejections`, with the words and the reason.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from runner.errors import RunnerError
from runner.operations import Operations
from tests.differential.offline_sql_cases import CASES, Case
from tests.integration.online_layouts import layout, look, matches
from tests.integration.online_rejections import NO_SCRIPT, ONE_WAY, REJECTED, SAYS_ALL, Rejection
from tests.integration.test_dialects_online import operations_on
from tests.unit.dialects.standin import StandInContext, offline_impl

__all__ = ["GROUPS", "cases", "complaints_about"]

GROUPS = tuple(dict.fromkeys(group for case in CASES if (group := case.name.partition("/")[0]) != "impl"))
_REFUSALS = (DBAPIError, RunnerError, sa.exc.ArgumentError, sa.exc.CompileError)


def cases(group: str, dialect: str) -> Iterator[Case]:
    """Yield the cases of a group; what cannot be in a transaction is tested in test_dialects_online.py."""
    for case in CASES:
        if case.name.startswith(f"{group}/") and dialect in case.dialects and "concurrently" not in case.name:
            yield case


class _Recorder:
    """Operations that remember what was invoked, in a batch block of its table where asked for."""

    def __init__(self, connection: Connection, *, in_batch: bool) -> None:
        self.op: Any = operations_on(connection)
        self.done: list[tuple[Any, str | None, str | None]] = []
        self.in_batch = in_batch
        self._invoke = self.op.invoke
        self.op.invoke = self._note

    def _note(self, operation: Any) -> Any:
        self.done.append((operation, None, None))
        return self._invoke(operation)

    def __getattr__(self, name: str) -> Any:
        if not self.in_batch or name not in _IN_BATCH:
            return getattr(self.op, name)
        table_place, schema_name = _IN_BATCH[name]

        def directive(*arguments: Any, **keywords: Any) -> None:
            table, schema = arguments[table_place], keywords.pop(schema_name, None)
            rest = arguments[:table_place] + arguments[table_place + 1 :]
            self._in_block(table, schema, lambda batch: getattr(batch, name)(*rest, **keywords))

        return directive

    def _in_block(self, table: str, schema: str | None, call: Callable[[Any], object]) -> None:
        with self.op.batch_alter_table(table, schema=schema) as batch:
            invoke = batch.invoke

            def note(operation: Any) -> Any:
                self.done.append((operation, table, schema))
                return invoke(operation)

            batch.invoke = note
            call(batch)

    def go_back(self) -> None:
        """Invoke the reverse of everything."""
        for operation, table, schema in reversed(self.done.copy()):
            back = operation.reverse()
            if table is None:
                self._invoke(back)
            else:
                self._in_block(table, schema, partial(_invoke_in, operation=back))


def _invoke_in(batch: Any, operation: Any) -> None:
    batch.invoke(operation)


_IN_BATCH = {
    "add_column": (0, "schema"),
    "alter_column": (0, "schema"),
    "drop_column": (0, "schema"),
    "create_primary_key": (1, "schema"),
    "create_unique_constraint": (1, "schema"),
    "create_check_constraint": (1, "schema"),
    "create_foreign_key": (1, "source_schema"),
    "drop_constraint": (1, "schema"),
}
"""Directive -> where it has its table, and what it calls its schema."""


def _knows_its_past(case: Case) -> bool:
    """Tell whether the operations of a case know what was before them."""
    group, _, rest = case.name.partition("/")
    if group.startswith("drop_"):
        return case.name == "drop_table_comment/schema"
    if group in {"bulk_insert", "execute", "get_bind", "impl", "batch"} or case.name.endswith("/unnamed"):
        return False
    return group != "alter_column" or rest.endswith(("/existing-all", "/schema"))


def _travel(connection: Connection, case: Case, *, in_batch: bool, returns: bool) -> Any:
    """Go up, and back and up again where the operations know the way; return what is seen at the top.

    Raises:
        AssertionError: the same place does not look the same.
        DBAPIError, RunnerError, ...: the way up is refused.
    """
    recorder = _Recorder(connection, in_batch=in_batch)
    start = look(connection)
    case.call(recorder)
    top = look(connection)
    if not returns:
        return top
    try:
        recorder.go_back()
        assert look(connection) == start, "back is elsewhere"
        case.call(recorder)
        assert look(connection) == top, "up again is elsewhere"
    except _REFUSALS as error:
        raise AssertionError(f"refused on the way back: {error}") from error
    return top


def _script(case: Case, dialect: str) -> str:
    impl, buffer = offline_impl(dialect, literal_binds=True)
    context: Any = StandInContext(impl)
    case.call(Operations(context))
    return buffer.getvalue()


def _run_script(connection: Connection, script: str) -> None:
    """Execute the statements as a client would, one by one."""
    cursor = connection.connection.cursor()
    for piece in re.split(r";\n\n", script):
        statement = re.sub(r"^(--[^\n]*\n\s*)+", "", piece.strip())
        if statement and not statement.startswith("--"):
            cursor.execute(statement)
    cursor.close()


def complaints_about(
    group: str,
    run: str,
    dialect: str,
    laid_out: Callable[[list[str]], Any],
    version: tuple[int | str, ...] = (),
    *,
    in_batch: bool = False,
    script_dialect: str | None = None,
) -> list[str]:
    """Run the cases of a group and return what was otherwise than expected.

    Args:
        group: the directive.
        run: the key of the tables of expectations.
        dialect: the cases, and the kind of layout.
        laid_out: a context manager that gives a connection to a database with the statements executed, which is
            gone afterwards.
        version: of the server.
        in_batch: whether the directives are called in batch blocks.
        script_dialect: also run the script that this dialect writes, which must lead to the same place.
    """
    found = []
    expected = [rejection for rejection in REJECTED[run] if rejection.holds(version)]
    met: set[int] = set()
    for case in cases(group, dialect):
        number = next((n for n, rejection in enumerate(expected) if _is_about(rejection, case)), None)
        if number is not None:
            met.add(number)
        returns = _knows_its_past(case) and not matches(case.name, ONE_WAY[run])
        outcome = _outcome(case, dialect, laid_out, in_batch, returns, script_dialect)
        complaint = _judged(outcome, expected[number] if number is not None else None)
        found += [f"{case.name}: {complaint}"] if complaint else []
    idle = [r for n, r in enumerate(expected) if n not in met and any(p.startswith(f"{group}/") for p in r.cases)]
    return [*found, *(f"expected, but there is no such case: {rejection}" for rejection in idle)]


def _is_about(rejection: Rejection, case: Case) -> bool:
    return matches(case.name, rejection.cases) and not matches(case.name, rejection.but)


def _judged(outcome: str, rejection: Rejection | None) -> str | None:
    if rejection is None:
        return None if outcome == "travelled" else outcome
    if outcome == "travelled":
        return f"is taken, though it should be rejected: {rejection.why}"
    return None if outcome.startswith("rejected") and re.search(rejection.words, outcome) else outcome


def _outcome(
    case: Case,
    dialect: str,
    laid_out: Callable[[list[str]], Any],
    in_batch: bool,
    returns: bool,
    script_dialect: str | None,
) -> str:
    statements = list(layout(case, dialect))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with laid_out(statements) as connection:
                top = _travel(connection, case, in_batch=in_batch, returns=returns)
            has_script = not matches(case.name, NO_SCRIPT[dialect]) or matches(case.name, SAYS_ALL)
            if script_dialect is not None and has_script:
                script = _script(case, script_dialect)
                with laid_out(statements) as connection:
                    try:
                        _run_script(connection, script)
                    except Exception as error:  # noqa: BLE001  # the driver's own, of whatever driver
                        return f"the script fails: {error}\n{script}"
                    seen = look(connection)
                if seen != top:
                    return f"the script leads elsewhere: {_difference(top, seen)}\n{script}"
        except _REFUSALS as error:
            return f"rejected: {type(error).__name__}: {error}"
        except AssertionError as error:
            return str(error)
    return "travelled"


def _difference(top: Any, seen: Any) -> str:
    lines, others = repr(top), repr(seen)
    place = next((n for n, (a, b) in enumerate(zip(lines, others, strict=False)) if a != b), 0)
    return f"{lines[max(0, place - 60) : place + 120]} / {others[max(0, place - 60) : place + 120]}"
