"""MigrationInfo: what an on_version_apply listener is told about a step. Floor 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.graph import Direction, Step

if TYPE_CHECKING:
    from runner.revisions.directory import Script, ScriptDirectory

__all__ = ["MigrationInfo"]


class MigrationInfo:
    """Facts about one step, as identifiers and, on request, as Script objects.

    Attributes:
        is_upgrade: the step goes up, whether it runs a revision or only stamps.
        is_stamp: version rows change and no revision runs.
        up_revision_ids: the revision(s) at the upper end.
        down_revision_ids: the revision(s) at the lower end; empty at the base.
    """

    def __init__(
        self,
        revision_map: ScriptDirectory | None,
        is_upgrade: bool,
        is_stamp: bool,
        up_revisions: str | tuple[str, ...],
        down_revisions: str | tuple[str, ...],
    ) -> None:
        self.revision_map = revision_map
        self.is_upgrade = is_upgrade
        self.is_stamp = is_stamp
        self.up_revision_ids = _tuple(up_revisions)
        self.down_revision_ids = _tuple(down_revisions)

    @classmethod
    def of_step(cls, step: Step, script: ScriptDirectory | None) -> MigrationInfo:
        """Return the facts about a step of a plan."""
        upward = step.movement is Direction.UPGRADE
        up, down = (step.destinations, step.sources) if upward else (step.sources, step.destinations)
        return cls(script, upward, step.direction is Direction.STAMP, up, down)

    @property
    def is_migration(self) -> bool:
        """Tell whether a revision's code runs."""
        return not self.is_stamp

    @property
    def up_revision_id(self) -> str | None:
        """Return the one revision at the upper end; None for several (a stamp) or none."""
        return self.up_revision_ids[0] if len(self.up_revision_ids) == 1 else None

    @property
    def source_revision_ids(self) -> tuple[str, ...]:
        """Return where the step starts."""
        return self.down_revision_ids if self.is_upgrade else self.up_revision_ids

    @property
    def destination_revision_ids(self) -> tuple[str, ...]:
        """Return where the step ends."""
        return self.up_revision_ids if self.is_upgrade else self.down_revision_ids

    @property
    def up_revision(self) -> Script | None:
        """Return the revision at the upper end as a Script."""
        found = self.up_revisions
        return found[0] if found else None

    @property
    def up_revisions(self) -> tuple[Script | None, ...]:
        """Return the upper end as Scripts."""
        return self._scripts(self.up_revision_ids)

    @property
    def down_revisions(self) -> tuple[Script | None, ...]:
        """Return the lower end as Scripts."""
        return self._scripts(self.down_revision_ids)

    @property
    def source_revisions(self) -> tuple[Script | None, ...]:
        """Return where the step starts, as Scripts."""
        return self._scripts(self.source_revision_ids)

    @property
    def destination_revisions(self) -> tuple[Script | None, ...]:
        """Return where the step ends, as Scripts."""
        return self._scripts(self.destination_revision_ids)

    def _scripts(self, ids: tuple[str, ...]) -> tuple[Script | None, ...]:
        if self.revision_map is None:
            return ()
        return tuple(self.revision_map.get_revision(one) for one in ids)


def _tuple(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())
