# ruff: noqa: S107  # the tokens are names of template sections
"""Operations that hold operations, and the revision file to be written (floor 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from runner.operations.ops.base import MigrateOperation

if TYPE_CHECKING:
    import os

__all__ = ["DowngradeOps", "MigrationScript", "ModifyTableOps", "OpContainer", "UpgradeOps"]

Identifiers: TypeAlias = str | Sequence[str]
"""One revision identifier or label, or several."""


class OpContainer(MigrateOperation):
    """A sequence of operations."""

    def __init__(self, ops: Sequence[MigrateOperation] = ()) -> None:
        self.ops: list[MigrateOperation] = list(ops)

    def is_empty(self) -> bool:
        """Tell whether there is no operation; an empty container inside counts as one."""
        return not self.ops

    def as_diffs(self) -> list[Any]:
        """Return the difference of every operation inside, containers flattened."""
        return list(OpContainer._ops_as_diffs(self))

    @classmethod
    def _ops_as_diffs(cls, migrations: OpContainer) -> Iterator[Any]:
        for op in migrations.ops:
            if isinstance(op, OpContainer):
                yield from cls._ops_as_diffs(op)
            else:
                yield op.to_diff_tuple()


def _reversed(container: OpContainer) -> list[MigrateOperation]:
    """Return the reverse operations, last first."""
    return [op.reverse() for op in reversed(container.ops)]


class ModifyTableOps(OpContainer):
    """The operations on one existing table."""

    def __init__(self, table_name: str, ops: Sequence[MigrateOperation], *, schema: str | None = None) -> None:
        super().__init__(ops)
        self.table_name = table_name
        self.schema = schema

    def reverse(self) -> ModifyTableOps:
        """Return the reverse operations on the same table, last first."""
        return ModifyTableOps(self.table_name, _reversed(self), schema=self.schema)


class UpgradeOps(OpContainer):
    """What `upgrade()` of a revision does.

    Args:
        upgrade_token: the name of the section in the file template.
    """

    def __init__(self, ops: Sequence[MigrateOperation] = (), upgrade_token: str = "upgrades") -> None:
        super().__init__(ops)
        self.upgrade_token = upgrade_token

    def reverse_into(self, downgrade_ops: DowngradeOps) -> DowngradeOps:
        """Replace what `downgrade_ops` holds with the reverse of these operations, and return it."""
        downgrade_ops.ops[:] = _reversed(self)
        return downgrade_ops

    def reverse(self) -> DowngradeOps:
        """Return the reverse operations, last first."""
        return self.reverse_into(DowngradeOps())


class DowngradeOps(OpContainer):
    """What `downgrade()` of a revision does.

    Args:
        downgrade_token: the name of the section in the file template.
    """

    def __init__(self, ops: Sequence[MigrateOperation] = (), downgrade_token: str = "downgrades") -> None:
        super().__init__(ops)
        self.downgrade_token = downgrade_token

    def reverse(self) -> UpgradeOps:
        """Return the reverse operations, last first."""
        return UpgradeOps(_reversed(self))


class MigrationScript(MigrateOperation):
    """A revision file to be written.

    With several databases in one directory there is a pair of operation lists for each; then
    `upgrade_ops_list` and `downgrade_ops_list` hold more than one.

    Args:
        rev_id: the identifier; None lets the writer make one.
        head: the revision or label it comes after.
        splice: whether `head` may be a revision that has a successor already.
        imports: import lines for the file.
    """

    def __init__(
        self,
        rev_id: str | None,
        upgrade_ops: UpgradeOps | Sequence[UpgradeOps],
        downgrade_ops: DowngradeOps | Sequence[DowngradeOps],
        *,
        message: str | None = None,
        imports: set[str] | None = None,
        head: str | None = None,
        splice: bool | None = None,
        branch_label: Identifiers | None = None,
        version_path: str | os.PathLike[str] | None = None,
        depends_on: Identifiers | None = None,
    ) -> None:
        self.rev_id = rev_id
        self.message = message
        self.imports = set() if imports is None else imports
        self.head = head
        self.splice = splice
        self.branch_label = branch_label
        self.version_path = version_path
        self.depends_on = depends_on
        self.upgrade_ops = upgrade_ops
        self.downgrade_ops = downgrade_ops

    @property
    def upgrade_ops(self) -> UpgradeOps | None:
        """The operations of `upgrade()`.

        Raises:
            ValueError: there are several, one for each database.
        """
        if len(self._upgrade_ops) > 1:
            raise ValueError("This MigrationScript has several UpgradeOps; use its upgrade_ops_list.")
        return self._upgrade_ops[0] if self._upgrade_ops else None

    @upgrade_ops.setter
    def upgrade_ops(self, upgrade_ops: UpgradeOps | Sequence[UpgradeOps] | None) -> None:
        self._upgrade_ops = _as_list(upgrade_ops)

    @property
    def downgrade_ops(self) -> DowngradeOps | None:
        """The operations of `downgrade()`.

        Raises:
            ValueError: there are several, one for each database.
        """
        if len(self._downgrade_ops) > 1:
            raise ValueError("This MigrationScript has several DowngradeOps; use its downgrade_ops_list.")
        return self._downgrade_ops[0] if self._downgrade_ops else None

    @downgrade_ops.setter
    def downgrade_ops(self, downgrade_ops: DowngradeOps | Sequence[DowngradeOps] | None) -> None:
        self._downgrade_ops = _as_list(downgrade_ops)

    @property
    def upgrade_ops_list(self) -> list[UpgradeOps]:
        """Every UpgradeOps of the file."""
        return self._upgrade_ops

    @property
    def downgrade_ops_list(self) -> list[DowngradeOps]:
        """Every DowngradeOps of the file."""
        return self._downgrade_ops


def _as_list(value: Any) -> list[Any]:
    """Return one or several containers as a list, none as an empty one."""
    if value is None:
        return []
    return [value] if isinstance(value, OpContainer) else list(value)
