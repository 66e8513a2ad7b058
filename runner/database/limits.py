"""The server's own time limits, by kind of statement: floor 4. Decides and spells; the caller executes.

Whoever is nearer to a statement is right: the revision before env.py, env.py before the operator, the operator before
the role and the database, these before our default. What kind of statement gets which limit is ADR 0008.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from runner.dialects.statement_kind import StatementKind

__all__ = ["CONNECTION_CHECK", "DEFAULT_LOCK_TIMEOUT_SECONDS", "FoundValues", "Limiter", "TimeLimits", "limiter_for"]

DEFAULT_LOCK_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """Limits somebody asked for, in seconds; None leaves them to the next who may say, 0 is no limit.

    Args:
        lock_timeout_seconds: how long a statement that others queue behind may wait for its lock.
        statement_timeout_seconds: how long such a statement may take.
        backfill_timeout_seconds: how long a statement that moves rows may take.
    """

    lock_timeout_seconds: float | None = None
    statement_timeout_seconds: float | None = None
    backfill_timeout_seconds: float | None = None

    def given(self) -> list[str]:
        """Return the names of the limits that were asked for, as settings call them, without the unit."""
        named = {
            "lock_timeout": self.lock_timeout_seconds,
            "statement_timeout": self.statement_timeout_seconds,
            "backfill_timeout": self.backfill_timeout_seconds,
        }
        return [name for name, seconds in named.items() if seconds is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundValues:
    """What a session had before the run touched it.

    Args:
        values: parameter -> value, as the server writes it.
        fixed: the parameters that env.py, or the URL, has set for this session: not ours to change.
        decided: those that somebody has set for the role or the database: our default steps back.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    decided: frozenset[str] = frozenset()


class Limiter(Protocol):
    """How one database limits a session. All SQL is one statement without parameters."""

    unknown: tuple[str, ...]
    """The limits it does not have, as `TimeLimits.given()` names them."""

    def look_sql(self) -> str:
        """Return the query whose rows `found()` understands."""

    def found(self, rows: list[Any]) -> FoundValues:
        """Return what the session has."""

    def wanted(self, kind: StatementKind, run: TimeLimits, revision: TimeLimits, found: FoundValues) -> dict[str, str]:
        """Return parameter -> value for a kind; what is not in it stays as it is."""

    def set_sql(self, values: Mapping[str, str], *, local: bool) -> str:
        """Return the statement that sets them, for the transaction only if `local` and the database can."""

    def reset_sql(self, found: FoundValues, names: set[str]) -> list[str]:
        """Return the statements that put them back for the session."""


def limiter_for(dialect: str, *, is_mariadb: bool = False) -> Limiter | None:
    """Return the limiter of a database, None for one without such limits."""
    if dialect == "postgresql":
        return _PostgreSQL()
    if dialect in {"mysql", "mariadb"}:
        return _MariaDB() if is_mariadb or dialect == "mariadb" else _MySQL()
    return None


CONNECTION_CHECK = "client_connection_check_interval"
"""How often the server looks, while it works, whether the client is still there; it stops working when not."""


class _PostgreSQL:
    unknown: tuple[str, ...] = ()

    def look_sql(self) -> str:
        return (
            "SELECT name, setting, source, version() FROM pg_catalog.pg_settings WHERE name IN "
            "('lock_timeout', 'statement_timeout', 'application_name', 'client_connection_check_interval')"
        )

    def found(self, rows: list[Any]) -> FoundValues:
        values, sources = {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}
        # Asking a platform that cannot tell is an error, and would cost the transaction. Linux can.
        if CONNECTION_CHECK in values and "linux" not in rows[0][3]:
            del values[CONNECTION_CHECK]
        return FoundValues(
            values=values,
            fixed=frozenset(
                name
                for name, source in sources.items()
                # A start-up parameter of that name is the session's own name, and ours is made from it.
                if source == "session" or (source == "client" and name != "application_name")
            ),
            decided=frozenset(name for name, source in sources.items() if source in _DECIDED_BY),
        )

    def wanted(self, kind: StatementKind, run: TimeLimits, revision: TimeLimits, found: FoundValues) -> dict[str, str]:
        if kind is StatementKind.OTHER:
            return {}
        chosen = {
            "lock_timeout": self._lock_timeout(kind, run, revision, found),
            "statement_timeout": self._statement_timeout(kind, run, revision, found),
        }
        return {name: value for name, value in chosen.items() if value is not None}

    def _lock_timeout(
        self, kind: StatementKind, run: TimeLimits, revision: TimeLimits, found: FoundValues
    ) -> str | None:
        name = "lock_timeout"
        if kind is not StatementKind.BRIEF:
            back = "0" if kind is StatementKind.ONLINE else found.values.get(name, "0")
            return None if name in found.fixed and revision.lock_timeout_seconds is None else back
        if revision.lock_timeout_seconds is not None:
            return _milliseconds(revision.lock_timeout_seconds)
        if name in found.fixed:
            return None
        if run.lock_timeout_seconds is not None:
            return _milliseconds(run.lock_timeout_seconds)
        return found.values.get(name) if name in found.decided else _milliseconds(DEFAULT_LOCK_TIMEOUT_SECONDS)

    def _statement_timeout(
        self, kind: StatementKind, run: TimeLimits, revision: TimeLimits, found: FoundValues
    ) -> str | None:
        name = "statement_timeout"
        own, asked, otherwise = {
            StatementKind.BRIEF: (
                revision.statement_timeout_seconds,
                run.statement_timeout_seconds,
                found.values.get(name, "0"),
            ),
            StatementKind.BACKFILL: (revision.backfill_timeout_seconds, run.backfill_timeout_seconds, "0"),
            StatementKind.ONLINE: (None, None, "0"),
        }[kind]
        if own is not None:
            return _milliseconds(own)
        if name in found.fixed:
            touched = revision.statement_timeout_seconds, revision.backfill_timeout_seconds
            return None if touched == (None, None) else found.values.get(name)
        return otherwise if asked is None else _milliseconds(asked)

    def set_sql(self, values: Mapping[str, str], *, local: bool) -> str:
        calls = (f"pg_catalog.set_config('{name}', '{value}', {str(local).lower()})" for name, value in values.items())
        return f"SELECT pg_catalog.pg_backend_pid(), {', '.join(calls)}"

    def reset_sql(self, found: FoundValues, names: set[str]) -> list[str]:
        return [f"RESET {name}" for name in sorted(names)]


# pg_settings.source of what an administrator decided for the role or the database.
_DECIDED_BY = frozenset({"user", "database", "database user"})


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000))) if seconds else "0"


class _MySQL:
    """Only what was asked for: a metadata lock is waited for a year by default, and that is MySQL's own choice.

    These databases do not say who set a value, so one that differs from the global one counts as set by env.py.
    """

    unknown: tuple[str, ...] = ("statement_timeout", "backfill_timeout")
    _names: tuple[str, ...] = ("lock_wait_timeout",)

    def look_sql(self) -> str:
        rows = (f"SELECT '{name}', @@SESSION.{name}, @@GLOBAL.{name}" for name in self._names)
        return " UNION ALL ".join(rows)

    def found(self, rows: list[Any]) -> FoundValues:
        return FoundValues(
            values={row[0]: _number(row[1]) for row in rows},
            fixed=frozenset(row[0] for row in rows if float(row[1]) != float(row[2])),
        )

    def wanted(self, kind: StatementKind, run: TimeLimits, revision: TimeLimits, found: FoundValues) -> dict[str, str]:
        if kind is StatementKind.OTHER:
            return {}
        name = "lock_wait_timeout"
        own = revision.lock_timeout_seconds
        if own is None and (run.lock_timeout_seconds is None or name in found.fixed):
            return {}
        if kind is not StatementKind.BRIEF:
            return {name: found.values[name]}
        seconds = own if own is not None else run.lock_timeout_seconds
        assert seconds is not None  # one of them was asked for
        return {name: str(max(1, round(seconds))) if seconds else "31536000"}

    def set_sql(self, values: Mapping[str, str], *, local: bool) -> str:
        return "SET " + ", ".join(f"SESSION {name} = {value}" for name, value in values.items())

    def reset_sql(self, found: FoundValues, names: set[str]) -> list[str]:
        values = {name: found.values[name] for name in sorted(names) if name in found.values}
        return [self.set_sql(values, local=False)] if values else []


class _MariaDB(_MySQL):
    unknown: tuple[str, ...] = ()
    _names: tuple[str, ...] = ("lock_wait_timeout", "max_statement_time")

    def wanted(self, kind: StatementKind, run: TimeLimits, revision: TimeLimits, found: FoundValues) -> dict[str, str]:
        chosen = super().wanted(kind, run, revision, found)
        name = "max_statement_time"
        is_asked = {"statement_timeout", "backfill_timeout"} & {*run.given(), *revision.given()}
        if kind is StatementKind.OTHER or not is_asked or name in found.fixed:
            return chosen
        own, asked = {
            StatementKind.BRIEF: (revision.statement_timeout_seconds, run.statement_timeout_seconds),
            StatementKind.BACKFILL: (revision.backfill_timeout_seconds, run.backfill_timeout_seconds),
            StatementKind.ONLINE: (None, None),
        }[kind]
        seconds = asked if own is None else own
        otherwise = found.values[name] if kind is StatementKind.BRIEF else "0"
        return {**chosen, name: otherwise if seconds is None else _number(seconds)}


def _number(value: object) -> str:
    return f"{float(str(value)):.6f}".rstrip("0").rstrip(".")
