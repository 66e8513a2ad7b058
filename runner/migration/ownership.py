"""Whose transaction a connection is in, and how it ended: floor 5. Begins, commits and rolls back nothing.

A transaction is ours (begun by the runner, or taken over from a mere statement of env.py), or theirs: begun
on purpose by env.py or by the calling program. Whoever ends one that is ours without being us is a revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event

from runner.migration.origins import TransactionOrigins

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, RootTransaction

__all__ = ["TransactionOwnership"]


class TransactionOwnership:
    """What is known about the transactions of one connection.

    Args:
        connection: watched for commits and rollbacks for as long as it lives.
        origins: knows why transactions were begun; None where nobody watched.
        on_their_rollback: called when a transaction of theirs is rolled back.
        before_foreign_commit: called when a revision commits our transaction, before it does.

    Attributes:
        rolled_back_inside: a revision rolled our transaction back.
        committed_inside: a revision committed it.
        their_commit_asked: they called commit() on the transaction seen last.
        block_open: we are inside env.py's block, or inside a run without one.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        origins: TransactionOrigins | None,
        on_their_rollback: Callable[[], None],
        before_foreign_commit: Callable[[], object],
    ) -> None:
        self._connection = connection
        self._origins = origins
        self._on_their_rollback = on_their_rollback
        self._before_foreign_commit = before_foreign_commit
        self._ours: RootTransaction | None = None
        self._theirs: RootTransaction | None = None
        self._ending_it = False  # commit or rollback is our own doing
        self.rolled_back_inside = False
        self.committed_inside = False
        self.their_commit_asked = False
        self.block_open = False
        event.listen(connection, "commit", self._on_commit)
        event.listen(connection, "rollback", self._on_rollback)
        event.listen(connection, "commit_twophase", self._on_commit_twophase)
        event.listen(connection, "rollback_twophase", self._on_rollback_twophase)

    def in_theirs(self) -> bool:
        """Tell whether the connection is in a transaction that env.py or the calling program began on purpose."""
        current = self._connection.get_transaction() if not self._connection.closed else None
        if current is None or current is self._ours:
            return False
        if current is self._theirs:
            return True
        if self._taken_over():
            self._ours = current
            return False
        self._theirs, self.their_commit_asked = current, False
        return True

    def _taken_over(self) -> bool:
        """Tell whether an unknown open transaction is ours to commit: begun by executing something."""
        if self._connection.in_nested_transaction():
            return False
        if self._origins is None:
            return self.block_open  # begun by an operation inside our own block
        return self._origins.is_begun_by_execute(self._connection)

    def claim(self) -> None:
        """Note that the transaction which is open now was begun by us."""
        self._ours = self._connection.get_transaction()

    def new_attempt(self) -> None:
        """Forget what a revision did to our transaction before."""
        self.rolled_back_inside = self.committed_inside = False

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Commits and rolls back inside the block are ours."""
        self._ending_it = True
        try:
            yield
        finally:
            self._ending_it = False

    def is_open(self) -> bool:
        """Tell whether any transaction is open."""
        return not self._connection.closed and self._connection.in_transaction()

    def _on_commit(self, _connection: Connection) -> None:
        if self._ending_it:
            return
        if self._theirs is not None and self._connection.get_transaction() is self._theirs:
            self.their_commit_asked = True
            return
        self._before_foreign_commit()
        self.committed_inside = True

    def _on_commit_twophase(self, connection: Connection, _xid: object, _is_prepared: object) -> None:
        self._on_commit(connection)

    def _on_rollback_twophase(self, connection: Connection, _xid: object, _is_prepared: object) -> None:
        self._on_rollback(connection)

    def _on_rollback(self, _connection: Connection) -> None:
        if self._ending_it:
            return
        if self._theirs is None or self._connection.get_transaction() is not self._theirs:
            self.rolled_back_inside = True
        else:
            self._on_their_rollback()
