"""What can stop an SQL file for PostgreSQL, for the DBA's page, and the checks that are the same in every file."""

from __future__ import annotations

from runner.artifact.guards.base import Guard
from runner.artifact.guards.plpgsql import raising

__all__ = ["GUARDS", "IN_TRANSACTION", "READ_ONLY", "REPLICA"]

GUARDS: tuple[Guard, ...] = (
    Guard(
        code="RR001",
        sentence="This file is for PostgreSQL ...",
        meaning="The server has another major version than those the SQL was written and reviewed for. Have the bundle "
        "made for this server.",
    ),
    Guard(code="RR002", sentence="This server is a replica ...", meaning="Connect to the primary."),
    Guard(
        code="RR003",
        sentence="Transactions are read-only here ...",
        meaning="Connect as a role that may write, or switch default_transaction_read_only off for it.",
    ),
    Guard(
        code="RR004",
        sentence="Another runner, or another file of a bundle, is at work ...",
        meaning="Somebody holds the advisory lock. Wait until it has ended, look at the version rows, and apply again.",
    ),
    Guard(
        code="RR005",
        sentence="The current schema is ..., and this file is for ...",
        meaning="The session would create tables in the wrong schema. Correct search_path.",
    ),
    Guard(
        code="RR006",
        sentence="The version rows are ..., and this file needs ...",
        meaning="The database is not where this file begins: a file was left out, or the bundle is for another state.",
    ),
    Guard(
        code="RR007",
        sentence="This file was applied already ...",
        meaning="The version rows are those it leads to. There is nothing to do.",
    ),
    Guard(
        code="RR008",
        sentence="A version row changed underneath ...",
        meaning="Something without the lock changed the version table meanwhile. Nothing of this file remains.",
    ),
    Guard(
        code="RR009",
        sentence="Revision ... was begun and is not where this file goes on ...",
        meaning="A non-transactional file before this one has not ended, or an online run was interrupted.",
    ),
    Guard(
        code="RR010",
        sentence="This file must not run inside a transaction ...",
        meaning="Leave out psql's options -1 and --single-transaction, and any BEGIN of your own.",
    ),
    Guard(
        code="RR011",
        sentence="The session does not hold the lock any more ...",
        meaning="A transaction pooler is between psql and the server. Connect to the server itself for this file.",
    ),
    Guard(
        code="RR012",
        sentence="The version rows have become ...",
        meaning="A statement of a revision changed the version table. Nothing of this file remains.",
    ),
    Guard(
        code="RR013",
        sentence="Statement ... of revision ... was at work when its session ended ...",
        meaning="The file was applied again, and nothing tells whether that statement took effect. Look, say so as the "
        "hint has it, and apply the file again.",
    ),
    Guard(
        code="RR014",
        sentence="The server refused statement ... of revision ...",
        meaning="A statement outside of transactions failed, for the reason above the message. Correct the cause and "
        "apply the file again: it goes on there.",
    ),
)
"""Every guard of a file, in the order of their codes."""

REPLICA = [
    "IF pg_is_in_recovery() THEN",
    *raising(
        "RR002", "'This server is a replica and takes no writes. Nothing was changed.'", "'Connect to the primary.'"
    ),
    "END IF;",
]
READ_ONLY = [
    "IF current_setting('transaction_read_only') = 'on' THEN",
    *raising(
        "RR003",
        "format('Transactions are read-only here for the role %s. Nothing was changed.', current_user)",
        "'Connect as a role that may write, or switch default_transaction_read_only off for it.'",
    ),
    "END IF;",
]
IN_TRANSACTION = [
    "IF transaction_timestamp() <> statement_timestamp() THEN",
    *raising(
        "RR010",
        "'This file must not run inside a transaction, and it does. Nothing was changed.'",
        "'Leave out the options -1 and --single-transaction, and any BEGIN of your own.'",
    ),
    "END IF;",
]
