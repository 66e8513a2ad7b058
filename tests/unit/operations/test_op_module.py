"""The module `op`: importable anywhere, usable while a migration runs, separate for each thread and task."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runner import op
from runner.errors import RunnerError
from runner.operations import Operations, ops
from runner.operations.base import current_operations
from tests.unit.dialects.standin import StandInContext
from tests.unit.operations.op_stub import STUB, render
from tests.unit.operations.recording import RecordingImpl

facade: Any = op  # what extensions register is not in the stub


def _context() -> Any:
    return StandInContext(RecordingImpl())


def test_the_module_lists_every_directive() -> None:
    """`from op import *` and completion see all directives (TP-1)."""
    directives = {name for name in dir(Operations) if not name.startswith("_")}

    assert set(facade.__all__) == {"Operations", *directives}
    assert set(dir(op)) >= directives


def test_the_stub_has_the_signatures_of_the_code() -> None:
    """op.pyi is what `python -m tests.unit.operations.op_stub` writes."""
    assert STUB.read_text(encoding="utf-8") == render()


@pytest.mark.parametrize(
    "name", sorted(set(facade.__all__) - {"Operations", "context", "implementation_for", "register_operation"})
)
def test_a_directive_outside_of_a_migration_is_a_name_error(name: str) -> None:
    """Importing works, calling says which function was called and where it can be used (TP-1, section 3)."""
    directive = getattr(op, name)

    with pytest.raises(NameError, match=rf"op\.{name} can be used only while a migration is running") as caught:
        directive()

    assert isinstance(caught.value, RunnerError)
    assert caught.value.fields == {"function": name}


def test_a_name_that_is_no_directive_is_an_attribute_error() -> None:
    """A misspelt directive is found at once, with the list of those there are."""
    with pytest.raises(AttributeError, match=r"create_tabel.*create_table"):
        facade.create_tabel  # noqa: B018  # the access is what is tested
    with pytest.raises(ImportError):
        exec("from runner.op import nothing_of_the_kind")  # an import statement as a revision has it


def test_directives_go_to_the_running_migration() -> None:
    """Inside Operations.context() the module stands for that migration; blocks nest (OP-64, TP-14)."""
    outer, inner = _context(), _context()
    with Operations.context(outer) as operations:
        assert op.get_context() is outer
        op.drop_table("a")
        with op.Operations.context(inner):
            op.drop_table("b")
        op.drop_table("c")

        assert isinstance(operations, Operations)
        assert (outer.impl.names, inner.impl.names) == (["drop_table"] * 2, ["drop_table"])


def test_a_directive_imported_before_works_during_the_migration() -> None:
    """A function taken from the module earlier calls whatever migration runs when it is called."""
    from runner.op import drop_table

    context = _context()
    with Operations.context(context):
        drop_table("t")

    assert context.impl.names == ["drop_table"]


def test_a_facade_function_looks_like_the_directive() -> None:
    """Signature, name and docstring are those of the method."""
    expected = [p for p in inspect.signature(Operations.create_index).parameters.values() if p.name != "self"]

    assert list(inspect.signature(op.create_index).parameters.values()) == expected
    assert op.create_index.__name__ == "create_index"
    assert op.create_index.__doc__ == Operations.create_index.__doc__


def test_a_registered_operation_appears_at_once() -> None:
    """An extension's directive is on the module as soon as it is registered (OP-60)."""

    class ShoutOp(ops.MigrateOperation):
        @classmethod
        def shout(cls, operations: Operations, word: str) -> str:
            return word.upper()

    op.register_operation("shout")(ShoutOp)
    try:
        with op.context(_context()):
            assert facade.shout("hey") == "HEY"
        assert "shout" in dir(op)
    finally:
        delattr(Operations, "shout")
    assert not hasattr(op, "shout")


def test_a_replaced_directive_is_the_one_that_is_called() -> None:
    """Registering under the name of a built-in directive replaces it on the module too (OP-60)."""
    original = Operations.drop_table

    class LoudDropOp(ops.DropTableOp):
        @classmethod
        def drop_table(cls, operations: Operations, *names: str, **_: Any) -> Any:
            return names

    Operations.register_operation("drop_table")(LoudDropOp)
    try:
        with op.context(_context()):
            assert facade.drop_table("a", "b") == ("a", "b")
    finally:
        Operations.drop_table = original  # type: ignore[method-assign]


def test_threads_do_not_see_each_others_migrations() -> None:
    """Threads that migrate at the same time each have their own context."""
    together = threading.Barrier(8)

    def migrate(number: int) -> list[str]:
        context = _context()
        with Operations.context(context):
            for _ in range(20):
                together.wait()
                op.drop_table(f"t{number}")
                assert op.get_context() is context
        return [arguments[0].name for _, arguments, _ in context.impl.calls]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(migrate, range(8)))

    assert found == [[f"t{number}"] * 20 for number in range(8)]


def test_tasks_do_not_see_each_others_migrations() -> None:
    """Tasks of one event loop each have their own context."""

    async def migrate(number: int) -> list[str]:
        context = _context()
        with Operations.context(context):
            for _ in range(5):
                await asyncio.sleep(0)
                op.drop_table(f"t{number}")
        return [arguments[0].name for _, arguments, _ in context.impl.calls]

    async def main() -> list[list[str]]:
        return await asyncio.gather(*(migrate(number) for number in range(3)))

    assert asyncio.run(main()) == [[f"t{number}"] * 5 for number in range(3)]


def _in_thread(function: Any, *arguments: Any) -> Any:
    """Run a function in a thread that knows nothing of this one's context."""
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(function(*arguments))
        except NameError as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return answers[0]


def test_a_thread_of_the_only_migration_belongs_to_it() -> None:
    """A revision may use a thread; with one migration in the process it is clear which one is meant."""
    context = _context()
    with Operations.context(context), Operations.context(context):
        assert _in_thread(op.get_context) is context
    assert isinstance(_in_thread(op.get_context), NameError)


def test_a_thread_among_several_migrations_has_to_be_told() -> None:
    """With two migrations in the process nothing is guessed; a copied context decides (section 3)."""
    first, second = _context(), _context()

    def inside() -> None:
        with Operations.context(second):
            answer = _in_thread(op.get_context)
            assert isinstance(answer, NameError)
            assert "2 migrations are running" in str(answer)
            assert "copy_context" in str(answer)
            assert _in_thread(contextvars.copy_context().run, op.get_context) is second

    with Operations.context(first):
        assert _in_thread(inside) is None


def test_a_failed_block_leaves_nothing_behind() -> None:
    """After an exception the module stands for nothing again."""
    with pytest.raises(ZeroDivisionError), Operations.context(_context()):
        raise ZeroDivisionError

    assert current_operations.peek() is None


def test_after_a_migration_it_is_as_before() -> None:
    """A call after the end gets the NameError of a call before it (TP-1).

    Alembic's proxy answers the first with NameError, the second with "'NoneType' object has no attribute", of which
    nobody can make sense.
    """
    with pytest.raises(NameError) as before:
        op.drop_table("t")
    with Operations.context(_context()):
        op.drop_table("t")
    with pytest.raises(NameError) as after:
        op.drop_table("t")

    assert str(after.value) == str(before.value)
