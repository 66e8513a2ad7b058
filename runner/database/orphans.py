"""Finds the sessions that an earlier run in the same pod left at work on the server: floor 4.

A killed process does not end what the server executes for it. Our sessions carry the pod's name, so a run that finds
the lock held can tell its own predecessor from another pod's runner. Nobody else's session is ever touched: tool, pod,
user and database must all be ours, in the very statement that terminates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runner.database.session import NO_WORD, SessionName, parse_application_name
from runner.events import emit

__all__ = ["attend_to_orphans", "orphans_sql"]

_SHOWN = 200  # characters of a query


_ORPHANS = """\
SELECT pid, application_name, state, query, backend_start, {action} FROM pg_catalog.pg_stat_activity
WHERE pid <> pg_catalog.pg_backend_pid() AND usename = current_user AND datname = current_database()
  AND backend_type = 'client backend'
  AND pg_catalog.split_part(application_name, ' ', 1) = '{tool}'
  AND pg_catalog.split_part(application_name, ' ', 3) = '{pod}'
  AND pg_catalog.split_part(application_name, ' ', 4) NOT IN ('', '-', '(monitor)')
  AND pg_catalog.split_part(application_name, ' ', 5) = ''
ORDER BY pid"""


def orphans_sql(name: SessionName, *, terminate: bool) -> str:
    """Return the query for the pod's other sessions at work; the words are made of letters that need no quoting."""
    action = "pg_catalog.pg_terminate_backend(pid)" if terminate else "false"
    return _ORPHANS.format(action=action, tool=name.tool_word(), pod=name.pod_word())


def attend_to_orphans(ask: Callable[[str], list[Any]], name: SessionName, *, terminate: bool) -> int:
    """Report the pod's leftover sessions, ending them if `terminate`, and return how many there are.

    Args:
        ask: executes a query on PostgreSQL, outside any transaction.
        name: this run's own name; without a pod nothing is looked for.
        terminate: end them instead of waiting for them.
    """
    if name.pod_word() == NO_WORD:
        return 0
    rows = ask(orphans_sql(name, terminate=terminate))
    for pid, application, state, query, since, terminated in rows:
        named = parse_application_name(application)
        emit(
            "orphan.found",
            level="warning",
            pid=pid,
            application=application,
            revision=None if named is None else named.revision,
            state=state,
            query=" ".join((query or "").split())[:_SHOWN],
            since=str(since),
            policy="terminate" if terminate else "wait",
            terminated=bool(terminated),
        )
    return len(rows)
