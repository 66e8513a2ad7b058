"""RevisionGraph: the structure, its symbols and its history under one name. Floor 1."""

from __future__ import annotations

from runner.graph.faults import listed
from runner.graph.order import newest_first
from runner.graph.rows import check_rows
from runner.graph.selection import Ends, applied_heads, select_between, select_downgrade, select_pending
from runner.graph.structure import GraphStructure
from runner.graph.symbols import BASE, only, resolve, resolve_one

__all__ = ["RevisionGraph"]


class RevisionGraph(GraphStructure):
    """A revision directory as a graph that understands symbols.

    See `GraphStructure` for construction and its errors. An empty tuple or None stands for base.
    """

    def resolve(self, symbol: str) -> tuple[str, ...]:
        """Return the ids a symbol names, in directory order; empty for base."""
        return resolve(self, symbol)

    def resolve_one(self, symbol: str) -> str | None:
        """Return the one id a symbol names, None for base; several are refused."""
        return resolve_one(self, symbol)

    def pending(self, rows: tuple[str, ...], target: Ends = "heads") -> tuple[str, ...]:
        """Return what an upgrade to the target would apply, oldest first; empty where it is applied.

        It answers like `plan_upgrade`, without the plan.
        """
        check_rows(self, rows)
        selection = select_pending(self, rows, target)
        return newest_first(self, *selection)[::-1]

    def applied_heads(self, rows: tuple[str, ...]) -> tuple[str, ...]:
        """Return the version rows and the effective heads they imply, in directory order."""
        return applied_heads(self, rows)

    def is_at_heads(self, rows: tuple[str, ...]) -> bool:
        """Whether a database with these version rows has everything applied."""
        return set(rows) == set(self.real_heads)

    def iterate(
        self,
        upper: Ends,
        lower: Ends,
        *,
        implicit_base: bool = False,
        inclusive: bool = False,
        assert_relative_length: bool = True,
        select_for_downgrade: bool = False,
    ) -> tuple[str, ...]:
        """Return the ids between two ends, newest first.

        Args:
            upper: the newer end; for a downgrade, the version rows.
            lower: the older end; for a downgrade, its target.
            implicit_base: also what the upper end requires from lineages beside the lower end.
            inclusive: also the lower end.
            assert_relative_length: refuse a relative step that the graph is too short for.
            select_for_downgrade: answer what a downgrade takes back.
        """
        if select_for_downgrade:
            selection = select_downgrade(
                self, self._rows(upper), self._one_end(lower), inclusive=inclusive, clamp=not assert_relative_length
            )
        else:
            selection = select_between(
                self,
                upper,
                lower,
                implicit_base=implicit_base,
                inclusive=inclusive,
                assert_relative_length=assert_relative_length,
            )
        return newest_first(self, *selection)

    def _rows(self, ends: Ends) -> tuple[str, ...]:
        symbols = (ends,) if isinstance(ends, str) else ends or ()
        return self.in_order(one for symbol in symbols for one in self.resolve(symbol))

    def _one_end(self, ends: Ends) -> str | None:
        if ends is None or isinstance(ends, str):
            return ends
        return ends[0] if len(ends) == 1 else only(self, self._rows(ends), listed(ends))

    def walk(self, base: Ends = BASE, head: Ends = "heads") -> tuple[str, ...]:
        """Return the ids of a history, newest first, both ends included."""
        return self.iterate(head, base, inclusive=True, assert_relative_length=False)
