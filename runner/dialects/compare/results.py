"""The answer to "are these two the same?". Floor 3."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ComparisonResult", "ComparisonStatus"]


class ComparisonStatus(enum.Enum):
    """The same, different, or not to be told."""

    EQUAL = "equal"
    DIFFERENT = "different"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """What comparing two indexes or constraints gave.

    Args:
        status: equal, different, or skip: they cannot be compared, which counts as no difference.
        message: what differs, for the log; empty when equal.
    """

    status: ComparisonStatus
    message: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether they are the same."""
        return self.status is ComparisonStatus.EQUAL

    @property
    def is_different(self) -> bool:
        """Whether they differ."""
        return self.status is ComparisonStatus.DIFFERENT

    @property
    def is_skip(self) -> bool:
        """Whether they cannot be compared."""
        return self.status is ComparisonStatus.SKIP

    @classmethod
    def Equal(cls) -> ComparisonResult:  # noqa: N802  # the name that dialects of third parties call
        """Return the result for the same."""
        return cls(ComparisonStatus.EQUAL)

    @classmethod
    def Different(cls, reason: str | Sequence[str]) -> ComparisonResult:  # noqa: N802  # the same
        """Return the result for a difference, with one reason or several."""
        return cls(ComparisonStatus.DIFFERENT, reason if isinstance(reason, str) else "; ".join(reason))

    @classmethod
    def Skip(cls, reason: str | Sequence[str]) -> ComparisonResult:  # noqa: N802  # the same
        """Return the result for what cannot be compared, with one reason or several."""
        return cls(ComparisonStatus.SKIP, reason if isinstance(reason, str) else "; ".join(reason))
