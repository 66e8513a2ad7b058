"""Plugins: named sets of comparators that `autogenerate_plugins` selects. Floor 4.

Comparators registered on `comparators` itself, as older extensions do, always take part.

Source: Alembic's documentation of `alembic.runtime.plugins` and of `autogenerate_plugins`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from runner.autogenerate.dispatch import DispatchPriority, PriorityDispatcher
from runner.errors import EnvironmentFailed

__all__ = ["DEFAULT_PLUGINS", "ENTRY_POINT_GROUP", "Plugin", "comparators", "load_entry_points", "selected_comparators"]

comparators = PriorityDispatcher()
"""Comparators of the whole process, beside those of plugins."""

DEFAULT_PLUGINS = ("alembic.autogenerate.*", "runner.autogenerate.*")
"""What Alembic detects, and what this engine detects beyond it."""

ENTRY_POINT_GROUP = "alembic.plugins"

_BUILT_IN = "runner.autogenerate.compare.builtin"
_RENAMED = {"alembic.autogenerate.checkconstraint_byname": "alembic.ext.checkconstraint_byname"}
_plugins: dict[str, Plugin] = {}
_loaded_entry_points: set[str] = set()


class Plugin:
    """A named set of comparators.

    Args:
        name: dotted, so that `autogenerate_plugins` can select by prefix: "mypackage.grants".

    Raises:
        ValueError: the name is taken.
    """

    def __init__(self, name: str) -> None:
        if name in _plugins:
            raise ValueError(f"A plugin {name!r} is registered already.")
        self.name = name
        self.autogenerate_comparators = PriorityDispatcher()
        _plugins[name] = self

    def remove(self) -> None:
        """Forget this plugin."""
        del _plugins[self.name]

    def add_autogenerate_comparator(
        self,
        fn: Callable[..., Any],
        compare_target: str,
        compare_element: str | None = None,
        *,
        qualifier: str = "default",
        priority: DispatchPriority = DispatchPriority.MEDIUM,
    ) -> None:
        """Have a function called while the database and the model are compared.

        Args:
            fn: the function; its arguments depend on the target.
            compare_target: "autogenerate", "schema", "table" or "column".
            compare_element: what it compares; a function that returns STOP ends the calls for this element.
            qualifier: name of a dialect; "default" is for all.
            priority: FIRST, MEDIUM or LAST.
        """
        register = self.autogenerate_comparators.dispatch_for(
            compare_target, subgroup=compare_element, priority=priority, qualifier=qualifier
        )
        register(fn)

    @classmethod
    def populate_autogenerate_priority_dispatch(
        cls, comparators: PriorityDispatcher, include_plugins: Sequence[str]
    ) -> None:
        """Give a dispatcher the comparators of the selected plugins.

        Args:
            comparators: where they go.
            include_plugins: names; `*` stands for any text, `~` in front takes out.

        Raises:
            EnvironmentFailed: a name selects nothing.
        """
        for name in _selected(include_plugins):
            comparators.populate_with(_plugins[name].autogenerate_comparators)

    @classmethod
    def setup_plugin_from_module(cls, module: ModuleType, name: str) -> None:
        """Make a plugin of that name and let `setup(plugin)` of the module fill it."""
        module.setup(cls(name))


def selected_comparators(include: Iterable[str] | None) -> PriorityDispatcher:
    """Return the global comparators and those of the selected plugins; None selects `DEFAULT_PLUGINS`."""
    import_module(_BUILT_IN)  # registers the plugins of this package; it imports this module
    load_entry_points()
    chosen = comparators.branch()
    Plugin.populate_autogenerate_priority_dispatch(chosen, tuple(DEFAULT_PLUGINS if include is None else include))
    return chosen


def _selected(include: Sequence[str]) -> list[str]:
    wanted = {name: _pattern(name) for name in include if not name.startswith("~")}
    unwanted = [_pattern(name.removeprefix("~")) for name in include if name.startswith("~")]
    names = sorted(_plugins, key=list(_plugins).index)
    lost = [given for given, pattern in wanted.items() if not any(pattern.fullmatch(name) for name in names)]
    if lost:
        raise EnvironmentFailed(
            f"autogenerate_plugins names {', '.join(lost)}, and there is no such plugin. Known: {', '.join(names)}."
        )
    chosen = [name for name in names if any(pattern.fullmatch(name) for pattern in wanted.values())]
    return [name for name in chosen if not any(pattern.fullmatch(name) for pattern in unwanted)]


def _pattern(given: str) -> re.Pattern[str]:
    given = _RENAMED.get(given, given)
    return re.compile(".*".join(re.escape(part) for part in given.split("*")))


def load_entry_points() -> None:
    """Set up the plugins that installed packages announce, each once.

    An entry point of the group `alembic.plugins` names a module with `setup(plugin)`, or an iterable of them.
    """
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.value not in _loaded_entry_points:
            _loaded_entry_points.add(entry.value)
            _set_up(entry)


def _set_up(entry: EntryPoint) -> None:
    loaded = entry.load()
    if isinstance(loaded, ModuleType):
        if entry.name not in _plugins:
            Plugin.setup_plugin_from_module(loaded, entry.name)
        return
    for module in loaded:
        name = f"{entry.name}.{module.__name__.rpartition('.')[2]}"
        if name not in _plugins:
            Plugin.setup_plugin_from_module(module, name)
