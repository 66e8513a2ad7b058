"""Asks PostgreSQL, on a session of its own, what another session is doing: floor 4. Reads only; needs no privileges.

Imported, and the session opened, only when a statement has been running for a while. Sizes are estimates from the
catalogue: asking for the real one takes a lock, which would queue behind the very statement that is looked at.

Source: PostgreSQL's documentation, chapters "Monitoring Database Activity" and "pg_locks".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.database.session import SessionName

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["Blocker", "Look", "Monitor", "Progress", "open_monitor"]

Ask = Callable[[str], list[tuple[Any, ...]]]
"""Executes a query in autocommit and returns its rows."""

_SHOWN = 200  # characters of a query
_HIDDEN = "<insufficient privilege>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A session that a statement waits for; what this role may not see is None.

    Args:
        pid: the server's number; 0 is a prepared transaction.
        holds: the modes of its lock on what is waited for; None where it merely stands ahead in the queue.
        age_seconds: since its transaction began.
    """

    pid: int
    application: str | None = None
    user: str | None = None
    holds: str | None = None
    age_seconds: float | None = None
    state: str | None = None
    query: str | None = None

    def keys(self) -> dict[str, Any]:
        """Return what is known, as an event shows it."""
        names = ("pid", "application", "user", "holds", "age_seconds", "state", "query")
        known = {name: getattr(self, name) for name in names}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What one of the server's progress views says.

    Args:
        command: CREATE INDEX CONCURRENTLY, VACUUM, ...
        phase: the server's word for it.
        done, total: of the phase, not of the whole; `total` 0 is not known.
        unit: blocks, tuples, bytes, or lockers: transactions that have to end first.
    """

    command: str
    phase: str
    relation: str | None
    done: int
    total: int
    unit: str

    def keys(self) -> dict[str, Any]:
        """Return what is known, as an event shows it; a percentage only where the server counts."""
        keys: dict[str, Any] = {"command": self.command, "phase": self.phase, "relation": self.relation}
        if self.total > 0:
            keys["percent"] = round(min(100.0, 100.0 * self.done / self.total), 1)
        if self.total > 0 or self.done > 0:
            keys |= {"done": self.done, "total": self.total or None, "unit": self.unit}
        return {name: value for name, value in keys.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen at one moment.

    Args:
        wants: the mode of the lock that is waited for, or the kind of thing where it is no relation.
        relation: what it is on.
        queue_length: how many sessions wait for this one, at first or second hand.
        longest_wait_seconds: of those; None where the server does not tell.
        activity: keys for the heartbeat.
    """

    wants: str | None = None
    relation: str | None = None
    blockers: tuple[Blocker, ...] = ()
    queue_length: int = 0
    longest_wait_seconds: float | None = None
    progress: Progress | None = None
    activity: Mapping[str, Any] = field(default_factory=dict)


class Monitor:
    """Looks at sessions of one server.

    Args:
        ask: executes a query.
        version: the server's, as a tuple.
        close: ends the session.
    """

    def __init__(self, ask: Ask, *, version: tuple[int, ...], close: Callable[[], None]) -> None:
        self._ask = ask
        self._version = version
        self._close = close

    def close(self) -> None:
        """End the monitor's own session."""
        self._close()

    def look(self, pid: int) -> Look:
        """Return what the session `pid` is doing, and who waits for whom."""
        waits = self._ask(_WAITS.format(started="waitstart" if self._version >= (14,) else "NULL::timestamptz"))
        wants, relation, blockers = self._blockers(pid) if any(row[0] == pid for row in waits) else (None, None, ())
        queue = queue_behind(pid, {row[0]: tuple(row[1] or ()) for row in waits})
        ages = [float(row[2]) for row in waits if row[0] in queue and row[2] is not None]
        progress = self._progress(pid)
        return Look(
            wants=wants,
            relation=relation,
            blockers=blockers,
            queue_length=len(queue),
            longest_wait_seconds=round(max(ages), 1) if ages else None,
            progress=progress,
            activity={} if blockers or progress else self._activity(pid),
        )

    def _blockers(self, pid: int) -> tuple[str | None, str | None, tuple[Blocker, ...]]:
        rows = self._ask(_BLOCKERS.format(pid=pid))
        if not rows:
            return None, None, ()
        wants, relation = rows[0][7], rows[0][8]
        return wants, relation, tuple(_blocker(row) for row in rows)

    def _progress(self, pid: int) -> Progress | None:
        rows = self._ask(_progress_query(self._version, pid))
        if not rows:
            return None
        command, phase, relation, *counts = rows[0]
        numbers = [int(number or 0) for number in counts]
        counted = dict(zip(_UNITS, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
        unit = next((unit for unit, (_, total) in counted.items() if total > 0), None)
        unit = unit or next((unit for unit, (done, _) in counted.items() if done > 0), _UNITS[0])
        done, total = counted[unit]
        return Progress(command=command, phase=phase, relation=relation, done=done, total=total, unit=unit)

    def _activity(self, pid: int) -> dict[str, object]:
        rows = self._ask(_ACTIVITY.format(pid=pid))
        if not rows:
            return {}
        wait_type, wait, relation, size = rows[0]
        keys = {"wait_event": f"{wait_type}:{wait}" if wait else None, "relation": relation}
        keys["relation_bytes"] = int(size) if size and int(size) > 0 else None
        return {name: value for name, value in keys.items() if value is not None}


def _blocker(row: tuple[Any, ...]) -> Blocker:
    pid, application, user, holds, age, state, query = row[:7]
    words = None if query in (None, "", _HIDDEN) else " ".join(str(query).split())
    return Blocker(
        pid=int(pid),
        application=application or None,
        user=user,
        holds=holds,
        age_seconds=None if age is None else round(float(age), 1),
        state=state,
        query=words if words is None or len(words) <= _SHOWN else words[:_SHOWN] + " ...",
    )


def queue_behind(pid: int, waits: Mapping[int, tuple[int, ...]]) -> frozenset[int]:
    """Return the sessions that wait for `pid`, or for one that waits for it.

    Args:
        waits: waiting session -> the sessions that block it.
    """
    queue: set[int] = set()
    grew = True
    while grew:
        behind = {waiter for waiter, blockers in waits.items() if waiter != pid and {pid, *queue} & set(blockers)}
        grew = not behind <= queue
        queue |= behind
    return frozenset(queue)


# -- queries -------------------------------------------------------------------------------------------------------

_WAITS = """\
SELECT l.pid, pg_catalog.pg_blocking_pids(l.pid), extract(epoch FROM clock_timestamp() - min(l.{started}))
FROM pg_catalog.pg_locks l WHERE NOT l.granted AND l.pid IS NOT NULL GROUP BY l.pid"""

_BLOCKERS = """\
WITH wanted AS (SELECT * FROM pg_catalog.pg_locks WHERE pid = {pid} AND NOT granted LIMIT 1),
blocker AS (SELECT DISTINCT unnest(pg_catalog.pg_blocking_pids({pid})) AS pid)
SELECT b.pid, a.application_name, a.usename,
  (SELECT string_agg(DISTINCT h.mode, ', ' ORDER BY h.mode) FROM pg_catalog.pg_locks h, wanted w
   WHERE h.pid = b.pid AND h.granted AND (h.locktype, h.database, h.relation, h.page, h.tuple, h.virtualxid,
     h.transactionid::text, h.classid, h.objid, h.objsubid)
   IS NOT DISTINCT FROM (w.locktype, w.database, w.relation, w.page, w.tuple, w.virtualxid,
     w.transactionid::text, w.classid, w.objid, w.objsubid)),
  extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start)), a.state, a.query,
  (SELECT CASE WHEN locktype = 'relation' THEN mode ELSE mode || ' on ' || locktype END FROM wanted),
  (SELECT relation::regclass::text FROM wanted)
FROM blocker b LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid ORDER BY b.pid"""

_ACTIVITY = """\
SELECT a.wait_event_type, a.wait_event, t.name, t.bytes
FROM pg_catalog.pg_stat_activity a LEFT JOIN LATERAL (
  SELECT c.oid::regclass::text AS name, c.relpages::bigint * current_setting('block_size')::bigint AS bytes
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
  WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation' AND c.relkind IN ('r', 'm', 'p')
    AND c.relnamespace <> 'pg_catalog'::regnamespace
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
  ORDER BY array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock',
    'ShareUpdateExclusiveLock', 'RowExclusiveLock'], l.mode) NULLS LAST, c.relpages DESC LIMIT 1) t ON true
WHERE a.pid = {pid}"""

_UNITS = ("blocks", "tuples", "bytes", "lockers")  # done and total of each, in the order they are believed
_VIEWS: tuple[tuple[int, str], ...] = (
    (
        12,
        """\
SELECT command, phase, relid::regclass::text, blocks_done, blocks_total, tuples_done, tuples_total, 0, 0,
  lockers_done, lockers_total FROM pg_catalog.pg_stat_progress_create_index""",
    ),
    (
        12,
        """\
SELECT command, phase, relid::regclass::text, heap_blks_scanned, heap_blks_total, heap_tuples_scanned, 0, 0, 0,
  0, 0 FROM pg_catalog.pg_stat_progress_cluster""",
    ),
    (
        9,
        """\
SELECT 'VACUUM', phase, relid::regclass::text,
  CASE phase WHEN 'vacuuming heap' THEN heap_blks_vacuumed ELSE heap_blks_scanned END, heap_blks_total, 0, 0, 0, 0,
  0, 0 FROM pg_catalog.pg_stat_progress_vacuum""",
    ),
    (
        13,
        """\
SELECT 'ANALYZE', phase, relid::regclass::text, sample_blks_scanned, sample_blks_total, 0, 0, 0, 0,
  0, 0 FROM pg_catalog.pg_stat_progress_analyze""",
    ),
    (
        14,
        """\
SELECT command, CASE command WHEN 'COPY FROM' THEN 'reading' ELSE 'writing' END, relid::regclass::text, 0, 0,
  tuples_processed, 0, bytes_processed, bytes_total, 0, 0 FROM pg_catalog.pg_stat_progress_copy""",
    ),
)
"""(since which server, the view in the columns of `Progress`)."""


def _progress_query(version: tuple[int, ...], pid: int) -> str:
    return " UNION ALL ".join(f"{view} WHERE pid = {pid}" for since, view in _VIEWS if version >= (since,))


# -- the session ---------------------------------------------------------------------------------------------------


def open_monitor(engine: Engine, name: SessionName) -> Monitor:
    """Open a session as the engine does, but not from its pool, which may be exhausted, and look from there.

    An engine of an asynchronous driver is replaced by psycopg with the same URL, without the driver's own options.

    Raises:
        Exception: whatever the driver raises when there is no second session to be had.
    """
    if engine.dialect.is_async:
        from sqlalchemy import create_engine

        engine = create_engine(engine.url.set(drivername="postgresql+psycopg", query={}))
    pool = engine.pool.recreate()
    proxy = pool.connect()
    session = proxy.dbapi_connection
    assert session is not None  # just connected
    engine.dialect.set_isolation_level(session, "AUTOCOMMIT")

    def ask(sql: str) -> list[tuple[Any, ...]]:
        cursor = session.cursor()
        try:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def close() -> None:
        proxy.invalidate()  # closed rather than given back: its parameters are the monitor's
        pool.dispose()

    pid, version = ask("SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num')::int")[0]
    if getattr(getattr(session, "info", None), "backend_pid", None) == pid:  # else a pooler's, where it would stay
        own = SessionName(tool=name.tool, release=name.release, pod=name.pod, revision="(monitor)")
        ask(f"SELECT pg_catalog.set_config('application_name', '{own.text()}', false)")
    return Monitor(ask, version=(version // 10000,), close=close)
