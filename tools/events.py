"""Finds the log events in the code: every call of `emit` with its name, level and keys.

python -m tools.events   list them, to compare with docs/log-events.md
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["EmittedEvent", "emitted_events", "main"]

_PACKAGE = Path(__file__).resolve().parent.parent / "runner"


@dataclass(slots=True, kw_only=True)
class EmittedEvent:
    """What the code says about one event, over all its calls.

    Args:
        keys: the keys that are written out; those of a `**mapping` cannot be seen.
        places: `file:line` of each call.
    """

    name: str
    levels: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    places: list[str] = field(default_factory=list)


def emitted_events(package: Path = _PACKAGE) -> dict[str, EmittedEvent]:
    """Return name -> event for all calls below `package`; raises ValueError where a name is not a constant."""
    events: dict[str, EmittedEvent] = {}
    for path in sorted(package.rglob("*.py")):
        for call in _emit_calls(path):
            place = f"{path.relative_to(package.parent)}:{call.lineno}"
            name = _name(call, place)
            event = events.setdefault(name, EmittedEvent(name=name))
            event.places.append(place)
            event.levels.add(_level(call))
            event.keys.update(key.arg for key in call.keywords if key.arg is not None and key.arg != "level")
    return dict(sorted(events.items()))


def _emit_calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            if (isinstance(called, ast.Name) and called.id == "emit") or (
                isinstance(called, ast.Attribute) and called.attr == "emit" and _is_name(called.value, "events")
            ):
                yield node


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _name(call: ast.Call, place: str) -> str:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    raise ValueError(f"{place}: the event's name must be a constant, so that it can be found")


def _level(call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg == "level":
            return keyword.value.value if isinstance(keyword.value, ast.Constant) else "any"  # type: ignore[return-value]
    return "info"


def main() -> None:
    """Print one line per event."""
    for event in emitted_events().values():
        print(
            f"{event.name}  {'/'.join(sorted(event.levels))}  {', '.join(sorted(event.keys))}  {' '.join(event.places)}"
        )


if __name__ == "__main__":
    main()
