r"""Which statements of a file are executed: the commands of psql that the files use, for whoever is not psql. Pure.

These are `\set`, `\gset`, `\if :name` and `\endif`, and the variable ERROR. What `\gexec` executes is up to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.artifact.reading import StoredStatement

__all__ = ["Conditions"]


@dataclass(slots=True)
class Conditions:
    """The state that psql would have between the statements of one file."""

    _variables: dict[str, str] = field(default_factory=dict)
    _open: list[bool] = field(default_factory=list)

    @property
    def stops_at_errors(self) -> bool:
        """Tell whether an error ends the file."""
        return self._variables.get("ON_ERROR_STOP", "on") == "on"

    def takes(self, statement: StoredStatement) -> bool:
        """Tell whether the statement is to be executed; a command alone is followed and is none."""
        match statement.command:
            case "if":
                self._open.append(self._is_true(statement.argument))
            case "endif":
                self._open.pop()
            case "set" if all(self._open):
                name, _, value = statement.argument.partition(" ")
                self._variables[name] = value
        return bool(statement.sql) and all(self._open)

    def _is_true(self, argument: str) -> bool:
        return self._variables.get(argument.removeprefix(":"), "") == "true"

    def executed(self, *, failed: bool) -> None:
        """Note how a statement ended."""
        self._variables["ERROR"] = "true" if failed else "false"

    def set_all(self, row: Mapping[str, object]) -> None:
        """Take the columns of a row as variables; they are conditions."""
        self._variables |= {name: "true" if value else "false" for name, value in row.items()}
