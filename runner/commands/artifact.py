"""Write the offline SQL artifact: floor of the commands. Reads a database only where it is asked to start from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner import __version__
from runner.artifact.bundle import Bundle, BundleOptions, compose, write_bundles
from runner.artifact.guards.base import Client
from runner.artifact.phases import PhaseKind
from runner.artifact.recording import Obstacle, Recording, ServerRange
from runner.artifact.replay import RecordingEnvironment
from runner.artifact.reproducible import may_differ, noting_differences, noting_empty_downgrades
from runner.artifact.servers import SUPPORTED_SERVERS, parse_servers
from runner.commands.inspection import Visited, visit_databases
from runner.commands.newer import accept_newer
from runner.commands.running import ancestry_of
from runner.database.limits import TimeLimits
from runner.errors import ArtifactNotWritable, SettingsError
from runner.events import emit
from runner.graph import Direction

if TYPE_CHECKING:
    from runner.commands.target import Target

__all__ = ["WrittenArtifact", "WrittenBundle", "artifact"]

DATABASE = "database"
_SEARCH_PATH = re.compile(
    r"SET\s+(?:SESSION\s+|LOCAL\s+)?search_path\s*(?:=|TO)\s*(\"(?:[^\"]|\"\")+\"|'[^']+'|[\w$]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBundle:
    """One bundle that was written.

    Args:
        directory: where it is.
        database: which of several databases it is for; empty where there is one.
        bundle: its id, as the history will have it.
        start, end: the version rows before and after.
        revisions, statements: how many it holds.
        has_downgrade: the way back is in it.
        online: the revisions that have to be run online between its files.
    """

    directory: str
    database: str
    bundle: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    revisions: int
    statements: int
    has_downgrade: bool
    online: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenArtifact:
    """What one run wrote; no bundle where there was nothing to do."""

    bundles: tuple[WrittenBundle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One database as the bundle starts from it; what is None was not asked for."""

    rows: tuple[str, ...]
    major: int | None = None
    schema: str | None = None


def artifact(
    target: Target,
    *,
    start: str | None,
    destination: str,
    directory: str | None,
    split: bool = False,
    replace: bool = False,
    tag: str | None = None,
    client: str = "native",
    server: str | None = None,
    schema: str | None = None,
) -> WrittenArtifact:
    """Write a bundle for each database of the environment; all of them, or nothing.

    Args:
        target: the directory, and the database or its dialect.
        start: a revision, several with commas between, `base`, or `database` for what each database has.
        destination: a revision symbol.
        directory: where to write.
        split: leave revisions that need the database out, to be run online, instead of refusing.
        replace: take the place of an artifact that is there.
        tag: free text for env.py.
        client: `native` or `any`.
        server: major versions of the server, as in `14-17`.
        schema: what current_schema() has to be, `*` for any.

    Raises:
        ArtifactNotWritable: a revision cannot be written as SQL, and the artifact is not to be split.
        ArtifactDirectoryInUse: the directory is not free.
    """
    if directory is None:
        raise SettingsError("Say where the artifact goes: --output DIRECTORY, or RUNNER_ARTIFACT_DIRECTORY.")
    if start is None:
        raise SettingsError(
            "Say what the artifact starts from: --from REVISION, --from base, or --from database for what the database "
            "has (RUNNER_ARTIFACT_FROM)."
        )
    seen = _look(target) if start == DATABASE else (_Seen(rows=_rows(target, start)),)
    digests: dict[str, object] = {}
    upgrades = _record(target, seen, destination, tag, Direction.UPGRADE, digests)
    _refuse_obstacles(upgrades, split=split)
    if may_differ(target.script, upgrades):
        again = _record(target, seen, destination, tag, Direction.UPGRADE, digests)
        upgrades = tuple(noting_differences(*both) for both in zip(upgrades, again, strict=True))
    downgrades = _record(target, seen, destination, tag, Direction.DOWNGRADE, digests)
    wanted = parse_servers(server) if server is not None else None
    bundles = []
    for number, (upgrade, downgrade) in enumerate(zip(upgrades, downgrades, strict=True)):
        if not upgrade.revisions:
            continue
        found = seen[min(number, len(seen) - 1)]
        options = _options(target, upgrade, found, client=client, servers=wanted, schema=schema)
        bundles.append(_bundle(upgrade, downgrade, options))
    if bundles:
        write_bundles(bundles, directory, several=len(upgrades) > 1, replace=replace)
    return WrittenArtifact(bundles=tuple(_written(one, directory, several=len(upgrades) > 1) for one in bundles))


# -- where it starts ---------------------------------------------------------------------------------------


def _rows(target: Target, start: str) -> tuple[str, ...]:
    """Return the version rows that a start names."""
    symbols = [one.strip() for one in start.split(",") if one.strip()]
    graph = target.script.graph
    found = {revision for one in symbols for revision in graph.resolve(one)}
    return tuple(sorted(graph.highest(found)))


def _look(target: Target) -> tuple[_Seen, ...]:
    """Return what each database of the environment has, in the order in which env.py runs them."""
    return visit_databases(target, lambda visited: _seen(target, visited))


def _seen(target: Target, visited: Visited) -> _Seen:
    if visited.unknown:
        accept_newer(target.script.graph, visited.rows, ancestry_of(visited.context), policy="fail")
    connection = None if visited.context is None else visited.context.connection
    if connection is None:
        return _Seen(rows=visited.rows)
    version = connection.dialect.server_version_info
    is_postgresql = connection.dialect.name == "postgresql"
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar() if is_postgresql else None
    return _Seen(rows=visited.rows, major=version[0] if version and is_postgresql else None, schema=schema)


# -- recording ---------------------------------------------------------------------------------------------


def _record(
    target: Target,
    seen: Sequence[_Seen],
    destination: str,
    tag: str | None,
    direction: Direction,
    digests: dict[str, object],
) -> tuple[Recording, ...]:
    script = target.script
    environment = target.run_environment(
        lambda heads, _context: script._upgrade_revs(destination, heads),
        locked=False,
        as_sql=True,
        environment_class=RecordingEnvironment,
        starts=[one.rows for one in seen],
        direction=direction,
        starting_rev=seen[0].rows or None,
        destination_rev=destination,
        tag=tag,
        digests=digests,
    )
    assert isinstance(environment, RecordingEnvironment)  # asked for above
    return environment.recordings()


def _refuse_obstacles(recordings: Sequence[Recording], *, split: bool) -> None:
    obstacles = [one for recording in recordings for one in recording.obstacles]
    if not obstacles or split:
        return
    listed = "\n".join(f"  {_place(one)}: {one.reason}" for one in obstacles)
    raise ArtifactNotWritable(
        f"{len(obstacles)} revision(s) cannot be written as SQL:\n{listed}\nNothing was written. Let the revision do "
        "without the database's answers, or give --on-data split: the artifact then says where to run it online.",
        obstacles=[
            {"revision": one.revision, "file": one.file, "line": one.line, "reason": one.reason} for one in obstacles
        ],
    )


def _place(obstacle: Obstacle) -> str:
    line = f", line {obstacle.line}" if obstacle.line else ""
    return f"{obstacle.revision} ({obstacle.file}{line})"


# -- the bundle --------------------------------------------------------------------------------------------


def _options(
    target: Target, recording: Recording, seen: _Seen, *, client: str, servers: ServerRange | None, schema: str | None
) -> BundleOptions:
    options = target.options
    if servers is None and seen.major is not None:
        servers = ServerRange(minimum=seen.major, maximum=seen.major)
    return BundleOptions(
        tool_version=__version__,
        client=Client(client),
        server=servers or SUPPORTED_SERVERS.get(recording.dialect_name, ServerRange()),
        schema=_schema(recording, seen, schema),
        lock_key=options.lock_key,
        limits=TimeLimits(
            lock_timeout_seconds=options.lock_timeout_seconds,
            statement_timeout_seconds=options.statement_timeout_seconds,
            backfill_timeout_seconds=options.backfill_timeout_seconds,
        ),
        history=options.history is not None,
    )


def _schema(recording: Recording, seen: _Seen, given: str | None) -> str | None:
    """Return the schema that has to be the current one: the operator's word, what env.py sets, what was seen."""
    if recording.dialect_name != "postgresql":
        return None  # nothing there that a file could check
    if given is not None:
        return None if given == "*" else given
    named = [found[1] for one in recording.before if (found := _SEARCH_PATH.match(one.sql.strip()))]
    if named:
        return _unquoted(named[-1])
    return seen.schema or "public"


def _unquoted(name: str) -> str:
    if name[0] == '"':
        return name[1:-1].replace('""', '"')
    return name[1:-1] if name[0] == "'" else name.lower()


def _bundle(upgrade: Recording, downgrade: Recording, options: BundleOptions) -> Bundle:
    from runner.artifact.review import review  # loads the parser and the highlighter, which nothing else needs

    missing = downgrade.obstacles
    downgrade = noting_empty_downgrades(upgrade, downgrade)
    return compose(upgrade, None if missing else downgrade, missing_downgrades=missing, options=options, review=review)


def _written(bundle: Bundle, directory: str, *, several: bool) -> WrittenBundle:
    manifest: Any = bundle.manifest
    written = WrittenBundle(
        directory=f"{directory}/{bundle.name}" if several else directory,
        database=bundle.name,
        bundle=manifest["bundle"],
        start=tuple(manifest["from"]),
        end=tuple(manifest["to"]),
        revisions=len(manifest["revisions"]),
        statements=manifest["statements"],
        has_downgrade=bool(manifest["downgrade"]),
        online=tuple(
            revision
            for phase in manifest["upgrade"]
            if phase["kind"] == PhaseKind.ONLINE.value
            for revision in phase["revisions"]
        ),
    )
    ends: dict[str, Any] = {"from": list(written.start), "to": list(written.end)}
    emit("artifact.written", path=written.directory, bundle=written.bundle, files=len(bundle.files), **ends)
    return written
