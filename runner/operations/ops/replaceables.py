"""Operations on views, materialized views, functions, procedures and triggers (floor 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from runner.errors import OperationError
from runner.operations.ops.base import MigrateOperation
from runner.operations.replaceable import Function, MaterializedView, Replaceable, Trigger, View

if TYPE_CHECKING:
    from runner.operations.base import Operations

__all__ = [
    "CreateFunctionOp",
    "CreateMaterializedViewOp",
    "CreateReplaceableOp",
    "CreateTriggerOp",
    "CreateViewOp",
    "DropFunctionOp",
    "DropMaterializedViewOp",
    "DropReplaceableOp",
    "DropTriggerOp",
    "DropViewOp",
    "RefreshMaterializedViewOp",
    "ReplaceFunctionOp",
    "ReplaceMaterializedViewOp",
    "ReplaceReplaceableOp",
    "ReplaceTriggerOp",
    "ReplaceViewOp",
]

_R = TypeVar("_R", bound=Replaceable)


class CreateReplaceableOp(MigrateOperation, Generic[_R]):
    """Create an object from its definition; the base of `CreateViewOp` and the like.

    Attributes:
        target: the object.
    """

    noun: ClassVar[str]
    """What the directive and the difference call it: `create_<noun>`, `add_<noun>`."""

    def __init__(self, target: _R) -> None:
        self.target = target

    def reverse(self) -> DropReplaceableOp[_R]:
        """Return the drop that remembers the object."""
        return _DROPS[self.noun](self.target)

    def to_diff_tuple(self) -> tuple[str, _R]:
        """Return ("add_view", view), with the noun of the object."""
        return (f"add_{self.noun}", self.target)


class DropReplaceableOp(MigrateOperation, Generic[_R]):
    """Drop an object; the base of `DropViewOp` and the like.

    Attributes:
        target: the object; its definition is empty where only the name is known.
        if_exists: do nothing where it is gone already.
        cascade: drop what uses it too.
    """

    noun: ClassVar[str]
    """What the directive and the difference call it: `drop_<noun>`, `remove_<noun>`."""

    def __init__(self, target: _R, *, if_exists: bool | None = None, cascade: bool | None = None) -> None:
        self.target = target
        self.if_exists = if_exists
        self.cascade = cascade

    def reverse(self) -> CreateReplaceableOp[_R]:
        """Return the operation that creates the object again.

        Raises:
            ValueError: its definition is not known, or what used it went with it.
        """
        what = f"Dropping the {self.target.kind} {self.target.name} cannot be reversed: "
        if not self.target.definition:
            kind = type(self.target).__name__
            raise ValueError(f"{what}its definition is not known to this operation. Give a {kind}, not its name.")
        if self.cascade:
            raise ValueError(f"{what}with cascade=True, what used it is dropped too and not known to this operation.")
        return _CREATES[self.noun](self.target)

    def to_diff_tuple(self) -> tuple[str, _R]:
        """Return ("remove_view", view), with the noun of the object."""
        return (f"remove_{self.noun}", self.target)


class ReplaceReplaceableOp(MigrateOperation, Generic[_R]):
    """Put an object in the place of an older one; the base of `ReplaceViewOp` and the like.

    Attributes:
        target: the object as it is to be.
        replaces: the object as it is; None where it is not known, and has the same name then.
        recreate: True drops the old one and creates the new one, None does so where the database cannot replace it.
    """

    noun: ClassVar[str]
    """What the directive and the difference call it: `replace_<noun>`, `modify_<noun>`."""

    def __init__(self, target: _R, *, replaces: _R | None = None, recreate: bool | None = None) -> None:
        self.target = target
        self.replaces = replaces
        self.recreate = recreate

    def reverse(self) -> ReplaceReplaceableOp[_R]:
        """Return the operation that puts the older object back.

        Raises:
            ValueError: it is not known.
        """
        if self.replaces is None:
            raise ValueError(
                f"Replacing the {self.target.kind} {self.target.name} cannot be reversed: the one it replaces is not "
                "known to this operation. Give it as replaces=."
            )
        return _REPLACES[self.noun](self.replaces, replaces=self.target, recreate=self.recreate)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return ("modify_view", existing view, view), with the noun of the object."""
        return (f"modify_{self.noun}", self.replaces, self.target)


def find_replaced(operations: Operations, replaced: Replaceable | str | None, kind: type[_R]) -> _R | None:
    """Return the object a revision means: itself, or the one an older revision has under a name.

    Args:
        replaced: an object, or "<revision>.<attribute>": a module attribute of that revision's file.

    Raises:
        OperationError: there is no such revision, attribute or object.
    """
    if replaced is None or isinstance(replaced, kind):
        return replaced
    if not isinstance(replaced, str):
        raise OperationError(f"A {kind.__name__} takes the place of a {kind.__name__}, not of {replaced!r}.")
    revision, dot, attribute = replaced.rpartition(".")
    script = operations.migration_context.script
    if not dot or script is None:
        raise OperationError(
            f"replaces={replaced!r}: there is no such object. Write '<revision>.<attribute>' where the migration has "
            "a revision directory, or give the object itself."
        )
    found = getattr(script.get_revision(revision).module, attribute, None)
    if not isinstance(found, kind):
        raise OperationError(
            f"replaces={replaced!r}: revision {revision} has no {kind.__name__} {attribute!r}. Correct the name.",
            revision=revision,
            attribute=attribute,
        )
    return found


def replacement(
    operations: Operations,
    target: _R,
    kind: type[_R],
    replaces: Replaceable | str | None,
    replace_with: Replaceable | str | None,
) -> tuple[_R, _R | None]:
    """Return the new object and the old one; `replace_with` says the new one, as a downgrade does.

    Raises:
        OperationError: both or neither can be told apart.
    """
    if replaces is not None and replace_with is not None:
        raise OperationError(
            f"{target.kind} {target.name}: give replaces= (what is there now) or replace_with= (what comes), not both."
        )
    new = find_replaced(operations, replace_with, kind)
    return (target, find_replaced(operations, replaces, kind)) if new is None else (new, target)


# --- views ------------------------------------------------------------------------------------------------------------


class CreateViewOp(CreateReplaceableOp[View]):
    """Create a view."""

    noun = "view"

    @classmethod
    def create_view(cls, operations: Operations, view: View) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(view))


class DropViewOp(DropReplaceableOp[View]):
    """Drop a view."""

    noun = "view"

    @classmethod
    def drop_view(
        cls,
        operations: Operations,
        view: View | str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        target = View(view, "", schema=schema) if isinstance(view, str) else view
        operations.invoke(cls(target, if_exists=if_exists, cascade=cascade))


class ReplaceViewOp(ReplaceReplaceableOp[View]):
    """Replace a view."""

    noun = "view"

    @classmethod
    def replace_view(
        cls,
        operations: Operations,
        view: View,
        *,
        replaces: View | str | None = None,
        replace_with: View | str | None = None,
        recreate: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        new, old = replacement(operations, view, View, replaces, replace_with)
        operations.invoke(cls(new, replaces=old, recreate=recreate))


# --- materialized views -----------------------------------------------------------------------------------------------


class CreateMaterializedViewOp(CreateReplaceableOp[MaterializedView]):
    """Create a materialized view with its indexes."""

    noun = "materialized_view"

    @classmethod
    def create_materialized_view(cls, operations: Operations, view: MaterializedView) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(view))


class DropMaterializedViewOp(DropReplaceableOp[MaterializedView]):
    """Drop a materialized view."""

    noun = "materialized_view"

    @classmethod
    def drop_materialized_view(
        cls,
        operations: Operations,
        view: MaterializedView | str,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        target = MaterializedView(view, "", schema=schema) if isinstance(view, str) else view
        operations.invoke(cls(target, if_exists=if_exists, cascade=cascade))


class ReplaceMaterializedViewOp(ReplaceReplaceableOp[MaterializedView]):
    """Replace a materialized view and its indexes."""

    noun = "materialized_view"

    @classmethod
    def replace_materialized_view(
        cls,
        operations: Operations,
        view: MaterializedView,
        *,
        replaces: MaterializedView | str | None = None,
        replace_with: MaterializedView | str | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        new, old = replacement(operations, view, MaterializedView, replaces, replace_with)
        operations.invoke(cls(new, replaces=old))


class RefreshMaterializedViewOp(MigrateOperation):
    """Fill a materialized view again.

    Attributes:
        view_name: without schema.
        schema: None is the default schema.
        concurrently: let it be read meanwhile; needs a unique index on it.
        with_data: False empties it.
    """

    def __init__(
        self,
        view_name: str,
        *,
        schema: str | None = None,
        concurrently: bool = False,
        with_data: bool = True,
    ) -> None:
        self.view_name = view_name
        self.schema = schema
        self.concurrently = concurrently
        self.with_data = with_data

    @classmethod
    def refresh_materialized_view(
        cls,
        operations: Operations,
        view: MaterializedView | str,
        *,
        schema: str | None = None,
        concurrently: bool = False,
        with_data: bool = True,
    ) -> None:
        """Carry out the directive of the same name."""
        name, schema = (view, schema) if isinstance(view, str) else (view.name, view.schema)
        operations.invoke(cls(name, schema=schema, concurrently=concurrently, with_data=with_data))


# --- functions and procedures -----------------------------------------------------------------------------------------


class CreateFunctionOp(CreateReplaceableOp[Function]):
    """Create a function or procedure."""

    noun = "function"

    @classmethod
    def create_function(cls, operations: Operations, function: Function) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(function))


class DropFunctionOp(DropReplaceableOp[Function]):
    """Drop a function or procedure."""

    noun = "function"

    @classmethod
    def drop_function(
        cls,
        operations: Operations,
        function: Function | str,
        *,
        arguments: str = "",
        schema: str | None = None,
        kind: Literal["function", "procedure"] = "function",
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        if isinstance(function, str):
            function = Function(function, "", arguments=arguments, schema=schema, kind=kind)
        operations.invoke(cls(function, if_exists=if_exists, cascade=cascade))


class ReplaceFunctionOp(ReplaceReplaceableOp[Function]):
    """Replace a function or procedure."""

    noun = "function"

    @classmethod
    def replace_function(
        cls,
        operations: Operations,
        function: Function,
        *,
        replaces: Function | str | None = None,
        replace_with: Function | str | None = None,
        recreate: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        new, old = replacement(operations, function, Function, replaces, replace_with)
        operations.invoke(cls(new, replaces=old, recreate=recreate))


# --- triggers ---------------------------------------------------------------------------------------------------------


class CreateTriggerOp(CreateReplaceableOp[Trigger]):
    """Create a trigger."""

    noun = "trigger"

    @classmethod
    def create_trigger(cls, operations: Operations, trigger: Trigger) -> None:
        """Carry out the directive of the same name."""
        operations.invoke(cls(trigger))


class DropTriggerOp(DropReplaceableOp[Trigger]):
    """Drop a trigger."""

    noun = "trigger"

    @classmethod
    def drop_trigger(
        cls,
        operations: Operations,
        trigger: Trigger | str,
        table_name: str | None = None,
        *,
        schema: str | None = None,
        if_exists: bool | None = None,
        cascade: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        if isinstance(trigger, str):
            trigger = Trigger(trigger, "", table=table_name or "", event="", schema=schema)
        operations.invoke(cls(trigger, if_exists=if_exists, cascade=cascade))


class ReplaceTriggerOp(ReplaceReplaceableOp[Trigger]):
    """Replace a trigger."""

    noun = "trigger"

    @classmethod
    def replace_trigger(
        cls,
        operations: Operations,
        trigger: Trigger,
        *,
        replaces: Trigger | str | None = None,
        replace_with: Trigger | str | None = None,
        recreate: bool | None = None,
    ) -> None:
        """Carry out the directive of the same name."""
        new, old = replacement(operations, trigger, Trigger, replaces, replace_with)
        operations.invoke(cls(new, replaces=old, recreate=recreate))


_CREATES: dict[str, type[CreateReplaceableOp[Any]]] = {
    cls.noun: cls for cls in (CreateViewOp, CreateMaterializedViewOp, CreateFunctionOp, CreateTriggerOp)
}
_DROPS: dict[str, type[DropReplaceableOp[Any]]] = {
    cls.noun: cls for cls in (DropViewOp, DropMaterializedViewOp, DropFunctionOp, DropTriggerOp)
}
_REPLACES: dict[str, type[ReplaceReplaceableOp[Any]]] = {
    cls.noun: cls for cls in (ReplaceViewOp, ReplaceMaterializedViewOp, ReplaceFunctionOp, ReplaceTriggerOp)
}
