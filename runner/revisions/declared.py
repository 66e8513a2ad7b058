"""What a revision file declares at its top level, and the names and words that decide how it must be read.

Floor 3. Shared by the readers: `header` (ordinary files, no parser), `syntax` (Python's own parser) and `load`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = [
    "ABSENT",
    "HARMLESS_DUNDERS",
    "IDENTIFIERS",
    "REBINDING_WORDS",
    "Declared",
    "NotIdentifiers",
    "as_names",
    "declared_from",
]

IDENTIFIERS = frozenset({"revision", "down_revision", "branch_labels", "depends_on", "replaces"})
"""The four variables of the revision file contract, and the one that a squash has beside them."""

REBINDING_WORDS = frozenset(
    {
        *("exec", "eval", "globals", "locals", "vars", "getattr", "setattr", "delattr"),
        *("attrgetter", "methodcaller", "getmembers", "builtins", "f_globals", "f_locals", "f_builtins"),
        *("get_referrers", "get_referents", "get_objects", "ctypes", "pickle", "marshal", "FunctionType", "CodeType"),
        "get_type_hints",
    }
)
"""Words without which no code of a file can change a global of that file that it does not name."""

HARMLESS_DUNDERS = frozenset(
    {
        *("__future__", "__name__", "__file__", "__main__", "__version__", "__author__", "__all__"),
        *("__table__", "__tablename__", "__table_args__", "__mapper_args__", "__abstract__"),
        *("__init__", "__repr__", "__str__", "__enter__", "__exit__"),
    }
)
"""Names with double underscores that lead neither to a namespace nor into the way attributes are looked up."""

ABSENT = object()
"""The value of an identifier that a file does not declare."""


class NotIdentifiers(ValueError):
    """An identifier has a value that is neither a string nor a sequence of strings; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The identifiers of one file, as importing it would have bound them.

    Args:
        revision: the id; None where the file declares none (its name may still be the id).
        down_revisions: the ids it follows; None where the file does not declare `down_revision` at all.
        branch_labels: the labels, in declared order.
        depends_on: ids or labels, in declared order.
        replaces: the ids that a squash stands for, oldest first.
        docstring: the docstring, or the source of its token as bytes; None where there is none.
    """

    revision: str | None
    down_revisions: tuple[str, ...] | None
    branch_labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    docstring: str | bytes | None = None


def declared_from(values: Mapping[str, object], docstring: str | bytes | None) -> Declared:
    """Return the identifiers among the values of a module's names.

    Raises:
        NotIdentifiers: a value has the wrong type.
    """
    revision = values.get("revision", ABSENT)
    if revision is not ABSENT and not isinstance(revision, str):
        raise NotIdentifiers(f"revision must be a string, not {type(revision).__name__}")
    down = values.get("down_revision", ABSENT)
    return Declared(
        revision=revision if isinstance(revision, str) else None,
        down_revisions=None if down is ABSENT else as_names("down_revision", down),
        branch_labels=as_names("branch_labels", values.get("branch_labels")),
        depends_on=as_names("depends_on", values.get("depends_on")),
        replaces=_replaced_names(values.get("replaces")),
        docstring=docstring,
    )


def _replaced_names(value: object) -> tuple[str, ...]:
    """Return the ids of a `replaces`; a variable of that name with another kind of value is the file's own business."""
    if isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value):
        return tuple(value)
    return ()


def as_names(name: str, value: object) -> tuple[str, ...]:
    """Return the strings that the value of an identifier stands for; sets come out sorted.

    Raises:
        NotIdentifiers: the value is neither None, nor a string, nor made of strings.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, (bytes, bytearray)):
        raise NotIdentifiers(f"{name} must be a string, a tuple of strings or None, not {type(value).__name__}")
    names = tuple(value)
    for entry in names:
        if not isinstance(entry, str):
            raise NotIdentifiers(f"{name} must hold strings only, not {type(entry).__name__}")
    return tuple(sorted(names)) if isinstance(value, (set, frozenset)) else names
