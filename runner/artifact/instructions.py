"""What a bundle says to the DBA in prose: README.md, and the page of a revision that has to run online."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from mako.template import Template

from runner.artifact.guards.base import PhaseWriter, rows_text
from runner.artifact.phases import Phase, PhaseKind, file_name
from runner.artifact.recording import Recording
from runner.graph import Direction

__all__ = ["online_instructions", "readme"]

_TEMPLATES = os.path.join(os.path.dirname(__file__), "templates")


def readme(manifest: Mapping[str, Any], phases: Mapping[Direction, Sequence[Phase]], writer: PhaseWriter) -> str:
    """Return README.md.

    Args:
        manifest: without the digests of files that are still to be made.
        phases: of each direction that is in the bundle.
        writer: knows the commands and the guards of the database.
    """

    def lines(direction: Direction) -> list[dict[str, str]]:
        return [_line(direction, phase, writer) for phase in phases.get(direction, ())]

    return _render(
        "readme.md.mako",
        manifest=manifest,
        upgrade=lines(Direction.UPGRADE),
        downgrade=lines(Direction.DOWNGRADE),
        guards=writer.guards,
        client=writer.native_client,
        is_native=manifest["client"] == "native",
        has_single=any(one["kind"] == "non_transactional" for one in (*manifest["upgrade"], *manifest["downgrade"])),
        has_journal=writer.has_journal,
        is_postgresql=manifest["dialect"] == "postgresql",
        rows_text=rows_text,
        server=_server_text(manifest["server"]),
    )


def _line(direction: Direction, phase: Phase, writer: PhaseWriter) -> dict[str, str]:
    path = f"{direction.value}/{file_name(phase)}"
    online = phase.kind is PhaseKind.ONLINE
    return {
        "path": path,
        "command": f"# follow {path}" if online else writer.apply_command(path),
        "kind": phase.kind.value.replace("_", "-"),
        "before": rows_text(phase.rows_before),
        "after": rows_text(phase.rows_after),
        "revisions": ", ".join(part.revision.revision for part in phase.parts),
        "statements": "" if online else str(phase.statement_count),
    }


def _server_text(server: Mapping[str, int | None]) -> str:
    low, high = server["minimum"], server["maximum"]
    if low is None and high is None:
        return "any version"
    if high is None:
        return f"version {low} or later"
    return f"version {high}" if low == high else f"versions {low or 'up'} to {high}"


def online_instructions(phase: Phase, recording: Recording) -> str:
    """Return the page that stands in a bundle for a revision which needs the database."""
    return _render(
        "online.md.mako",
        phase=phase,
        revision=phase.parts[0].revision,
        verb=recording.direction.value,
        before=rows_text(phase.rows_before),
        after=rows_text(phase.rows_after),
    )


def _render(name: str, **values: Any) -> str:
    template = Template(filename=os.path.join(_TEMPLATES, name), strict_undefined=True)  # noqa: S702  # Markdown
    text: str = template.render_unicode(**values)
    return text
