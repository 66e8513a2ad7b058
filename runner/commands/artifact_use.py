"""Verify, apply and compare bundles that are on disk: floor of the commands. No revision directory is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.artifact.apply import ApplyOptions, apply_bundle
from runner.artifact.diff import BundleDifference, compare_bundles
from runner.artifact.fingerprint import schema_fingerprint
from runner.artifact.reading import StoredBundle, altered_error, read_bundle, read_bundles
from runner.artifact.verify import verify_database
from runner.commands.results import DatabaseState, RunResult, StepView
from runner.database.engine import make_engine, open_connection
from runner.database.waiting import retry_connecting
from runner.errors import ArtifactDiffers, ArtifactInvalid, ArtifactNotApplied
from runner.events import emit

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from runner.commands.target import Target

__all__ = ["VerifiedArtifact", "apply_artifact", "diff_artifacts", "require_applied", "require_same", "verify_artifact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedArtifact:
    """What was found about the bundles of a directory.

    Args:
        bundles: the ids; their files are those that were written.
        files: how many files were compared with their digests.
        database: the URL without its password, None where no database was asked.
        rows: its version rows.
        applied_by: revision -> `artifact` or `other`; nothing where no history knows.
        fingerprint: of its schema.
        problems: why it is not, or not exactly, where the bundle leads.
    """

    bundles: tuple[str, ...]
    files: int
    database: str | None = None
    rows: tuple[str, ...] = ()
    applied_by: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str | None = None
    problems: tuple[str, ...] = ()


def verify_artifact(
    target: Target,
    directory: str,
    *,
    ask_database: bool,
    direction: str = "upgrade",
    fingerprint: str | None = None,
) -> VerifiedArtifact:
    """Compare the files with their digests and, if asked to, the database with the bundle.

    Args:
        target: names the database.
        directory: of a bundle; without a database also of several.
        ask_database: look whether exactly this was applied.
        direction: which way.
        fingerprint: what the schema's has to be.

    Raises:
        ArtifactInvalid: there is no bundle, or it cannot be read.
        ArtifactAltered: a file is not what was written.
    """
    bundles = read_bundles(directory)
    for bundle in bundles:
        alterations = bundle.alterations()
        if alterations:
            raise altered_error(bundle.directory, alterations)
    facts = VerifiedArtifact(
        bundles=tuple(one.id for one in bundles), files=sum(len(one.manifest["files"]) for one in bundles)
    )
    if not ask_database:
        return facts
    bundle = read_bundle(directory)
    with _session(target, bundle) as connection:
        found = verify_database(bundle, connection, direction=direction, fingerprint=fingerprint)
    return VerifiedArtifact(
        bundles=facts.bundles,
        files=facts.files,
        database=target.required_url().masked(),
        rows=found.rows,
        applied_by=found.applied_by,
        fingerprint=found.fingerprint,
        problems=found.problems,
    )


def require_applied(verified: VerifiedArtifact) -> None:
    """Raise if the database is not where the bundle leads.

    Raises:
        ArtifactNotApplied: it is not.
    """
    if verified.problems:
        raise ArtifactNotApplied(
            f"The database {verified.database} is not what the artifact makes of it: {'; '.join(verified.problems)}.",
            bundle=verified.bundles[0],
            problems=list(verified.problems),
        )


def apply_artifact(target: Target, directory: str, *, direction: str = "upgrade") -> RunResult:
    """Apply the files of a bundle that are still to be applied, under the job's lock.

    Args:
        target: names the database, and has the operator's choices.
        directory: of the bundle of one database.
        direction: which way.

    Raises:
        RunnerError: see `runner.artifact.apply.apply_bundle`.
    """
    bundle = read_bundle(directory)
    alterations = bundle.alterations()
    if alterations:
        raise altered_error(bundle.directory, alterations)
    options = ApplyOptions(
        direction=direction,
        lock_wait_seconds=target.options.lock_wait_seconds,
        lock_retry_seconds=target.options.lock_retry_seconds,
        clock=target.clock,
    )
    if bundle.dialect != "postgresql":
        raise ArtifactInvalid(
            f"The artifact in {bundle.directory} is for {bundle.dialect}; what is not PostgreSQL is applied with the "
            "database's own client.",
            directory=bundle.directory,
        )
    with target.around(), _session(target, bundle) as connection:
        applied = apply_bundle(bundle, connection, options)
        emit("artifact.applied", path=directory, bundle=bundle.id, fingerprint=schema_fingerprint(connection))
    steps = tuple(
        StepView(revision=one.revision, direction=direction, duration_seconds=one.duration_seconds)
        for one in applied.applied
    )
    return RunResult(databases=(DatabaseState(start_heads=applied.start, end_heads=applied.end, applied=steps),))


def diff_artifacts(first: str, second: str) -> BundleDifference:
    """Return what differs between the bundles of two directories.

    Raises:
        ArtifactInvalid: one of them is no bundle.
        ArtifactAltered: a file is not what was written.
    """
    return compare_bundles(read_bundle(first), read_bundle(second))


def require_same(first: str, second: str, difference: BundleDifference) -> None:
    """Raise if there is a difference.

    Raises:
        ArtifactDiffers: there is.
    """
    if not difference.is_empty:
        raise ArtifactDiffers(f"The artifacts in {first} and {second} differ.", first=first, second=second)


def _family(dialect: str) -> str:
    return "mysql" if dialect == "mariadb" else dialect


@contextmanager
def _session(target: Target, bundle: StoredBundle) -> Iterator[Connection]:
    """Open a session in autocommit on the database of a bundle."""
    url = target.required_url()
    if _family(url.dialect) != _family(bundle.dialect):
        raise ArtifactInvalid(
            f"The artifact in {bundle.directory} is for {bundle.dialect}, and the database is {url.dialect}.",
            directory=bundle.directory,
        )
    options = target.options
    engine = make_engine(
        url, application_name=options.application_name, connect_timeout_seconds=options.connect_timeout_seconds
    ).execution_options(isolation_level="AUTOCOMMIT")
    connection = retry_connecting(
        lambda: open_connection(engine, url), clock=target.clock, wait_seconds=options.connect_wait_seconds
    )
    try:
        yield connection
    finally:
        connection.close()
        engine.dispose()
