"""Registries and plugins."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from runner.autogenerate.dispatch import Dispatcher, DispatchPriority, PriorityDispatcher, PriorityDispatchResult
from runner.autogenerate.plugins import Plugin, selected_comparators


def _noting(calls: list[str], name: str, result: Any = None) -> Callable[..., Any]:
    def call(*_: Any) -> Any:
        calls.append(name)
        return result

    return call


def test_priority_then_dialect_then_order() -> None:
    """Functions run from FIRST to LAST, those of the dialect before the general ones (AG-72)."""
    calls: list[str] = []
    dispatcher = PriorityDispatcher()
    dispatcher.dispatch_for("table", priority=DispatchPriority.LAST)(_noting(calls, "last"))
    dispatcher.dispatch_for("table")(_noting(calls, "one"))
    dispatcher.dispatch_for("table", qualifier="postgresql")(_noting(calls, "postgresql"))
    dispatcher.dispatch_for("table")(_noting(calls, "two"))
    dispatcher.dispatch_for("table", priority=DispatchPriority.FIRST)(_noting(calls, "first"))
    dispatcher.dispatch("table", qualifier="postgresql")(1)
    assert ["first", "postgresql", "one", "two", "last"] == calls


def test_stop_ends_a_subgroup() -> None:
    """STOP ends the calls of its subgroup only; other results, None too, go on (AG-72)."""
    calls: list[str] = []
    dispatcher = PriorityDispatcher()
    dispatcher.dispatch_for("t", subgroup="a")(_noting(calls, "a1", PriorityDispatchResult.STOP))
    dispatcher.dispatch_for("t", subgroup="b")(_noting(calls, "b1"))
    dispatcher.dispatch_for("t", subgroup="a")(_noting(calls, "a2"))
    dispatcher.dispatch_for("t", subgroup="b")(_noting(calls, "b2", PriorityDispatchResult.CONTINUE))
    dispatcher.dispatch("t")()
    assert ["a1", "b1", "b2"] == calls


def test_dispatcher_takes_the_nearest_class() -> None:
    """A class without a function takes that of its base; a second registration has to say replace."""
    dispatcher = Dispatcher()
    dispatcher.dispatch_for(int)("integer".upper)
    assert "INTEGER" == dispatcher.dispatch(True)()
    with pytest.raises(ValueError, match="already"):
        dispatcher.dispatch_for(int)("again".upper)
    dispatcher.dispatch_for(int, replace=True)("again".upper)
    assert "AGAIN" == dispatcher.dispatch(5)()
    with pytest.raises(ValueError, match="No function"):
        dispatcher.dispatch("text")


def test_plugins_are_selected_by_name() -> None:
    """Names select with `*` and take out with `~`; what was registered for all takes part always (ENV-45, AG-73)."""
    module = ModuleType("grants")
    calls: list[str] = []
    module.setup = lambda plugin: plugin.add_autogenerate_comparator(_noting(calls, "grants"), "schema")  # type: ignore[attr-defined]
    plugin = Plugin("tests.grants")
    module.setup(plugin)
    try:
        selected_comparators(["tests.*"]).dispatch("schema")()
        selected_comparators(["tests.*", "~tests.grants"]).dispatch("schema")()
        assert ["grants"] == calls
        with pytest.raises(ValueError, match="registered already"):
            Plugin("tests.grants")
    finally:
        plugin.remove()
