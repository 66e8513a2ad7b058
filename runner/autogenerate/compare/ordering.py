"""The order in which the operations run as written. Floor 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.operations.ops import UpgradeOps

if TYPE_CHECKING:
    from runner.autogenerate.context import AutogenContext

__all__ = ["order_operations"]


def order_operations(autogen_context: AutogenContext, upgrade_ops: UpgradeOps) -> None:
    """Put the operations into an order in which each finds what it needs."""
