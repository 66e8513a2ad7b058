"""The manifest of a bundle: what it is for, what is in it, and the digest of every file. Values and JSON, no files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from runner.artifact.guards.base import WritingOptions
from runner.artifact.phases import Phase, PhaseKind, file_name
from runner.artifact.recording import Obstacle, RecordedRevision, RecordedStatement, Recording, ServerRange
from runner.graph import Direction

__all__ = ["FORMAT", "MANIFEST", "bundle_id", "manifest_json", "manifest_of", "sha256"]

FORMAT = 1
"""Changes when a reader of the older form would misunderstand the newer one."""
MANIFEST = "manifest.json"


def sha256(contents: bytes) -> str:
    """Return the digest of a file as the manifest has it."""
    return hashlib.sha256(contents).hexdigest()


def manifest_json(manifest: Mapping[str, Any]) -> bytes:
    """Return the manifest as the bytes of its file."""
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def bundle_id(upgrade: Recording, downgrade: Recording | None, options: Mapping[str, object]) -> str:
    """Return what tells a bundle from others: a digest of all that decides about its statements."""
    told = {
        "options": dict(options),
        "upgrade": _told(upgrade),
        "downgrade": None if downgrade is None else _told(downgrade),
    }
    return sha256(json.dumps(told, sort_keys=True).encode())


def _told(recording: Recording) -> dict[str, object]:
    return {
        "name": recording.name,
        "dialect": recording.dialect_name,
        "start": recording.start,
        "version_table": [recording.version_table_schema, recording.version_table, recording.version_table_sql],
        "around": [_sql(recording.before), _sql(recording.after)],
        "revisions": [[one.revision, one.source_digest, _sql(one.statements)] for one in recording.revisions],
    }


def _sql(statements: Sequence[RecordedStatement]) -> list[object]:
    return [[one.script, one.transactional] for one in statements]


def manifest_of(
    upgrade: Recording,
    downgrade: Recording | None,
    *,
    phases: Mapping[Direction, Sequence[Phase]],
    missing_downgrades: Sequence[Obstacle],
    options: WritingOptions,
) -> dict[str, Any]:
    """Return the manifest, ready for JSON, without the files' digests: some files are made of it.

    Args:
        upgrade: what was recorded.
        downgrade: the way back, None where a revision has none that can be written.
        phases: of each direction that is in the bundle.
        missing_downgrades: why there is no way back.
        options: what the files were written with.
    """
    undone = {} if downgrade is None else {one.revision: one for one in downgrade.revisions}
    return {
        "format": FORMAT,
        "tool": {"name": "revision-runner", "version": options.tool_version},
        "bundle": options.bundle_id,
        "database": upgrade.name,
        "dialect": upgrade.dialect_name,
        "server": _server(options.server),
        "client": options.client.value,
        "schema": options.schema,
        "version_table": {"name": upgrade.version_table, "schema": upgrade.version_table_schema},
        "lock": {"tool": options.lock.tool, "target": options.lock.target},
        "from": list(upgrade.start),
        "to": list(upgrade.end),
        "statements": sum(len(one.own_statements) for one in upgrade.revisions),
        "revisions": [_revision(one, undone.get(one.revision)) for one in upgrade.revisions],
        "upgrade": [_phase(Direction.UPGRADE, one) for one in phases[Direction.UPGRADE]],
        "downgrade": [_phase(Direction.DOWNGRADE, one) for one in phases.get(Direction.DOWNGRADE, ())],
        "not_written": [_obstacle(one) for one in upgrade.obstacles],
        "without_downgrade": [_obstacle(one) for one in missing_downgrades],
        "notes": [
            {"code": one.code, "revision": one.revision, "file": one.file, "line": one.line, "text": one.text}
            for recording in (upgrade, downgrade)
            if recording is not None
            for one in recording.all_notes()
        ],
    }


def _server(server: ServerRange) -> dict[str, int | None]:
    return {"minimum": server.minimum, "maximum": server.maximum}


def _revision(revision: RecordedRevision, undone: RecordedRevision | None) -> dict[str, Any]:
    return {
        "revision": revision.revision,
        "down_revisions": list(revision.down_revisions),
        "depends_on": list(revision.depends_on),
        "branch_labels": list(revision.branch_labels),
        "message": revision.message,
        "path": revision.path,
        "source_digest": revision.source_digest,
        "syntax_digest": revision.syntax_digest,
        "written": revision.obstacle is None,
        "statements": len(revision.own_statements),
        "downgrade_statements": None if undone is None else len(undone.own_statements),
    }


def _phase(direction: Direction, phase: Phase) -> dict[str, Any]:
    found: dict[str, Any] = {
        "file": f"{direction.value}/{file_name(phase)}",
        "kind": phase.kind.value,
        "from": list(phase.rows_before),
        "to": list(phase.rows_after),
        "revisions": [part.revision.revision for part in phase.parts],
        "statements": phase.statement_count,
    }
    if phase.kind is not PhaseKind.ONLINE:
        found["statements_before"] = phase.parts[0].written_before
    return found


def _obstacle(obstacle: Obstacle) -> dict[str, Any]:
    return {
        "revision": obstacle.revision,
        "file": obstacle.file,
        "line": obstacle.line,
        "reason": obstacle.reason,
    }
