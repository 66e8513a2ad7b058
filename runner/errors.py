"""The error tree: floor 0. Every failure has a stable code, an exit code and one sentence.

Nothing here imports another module of the project, and nothing here prints or exits: the rim does.
The sentence says what happened, which revision, file or setting is meant, and what to do next. The
typed fields carry the same facts for programs and for the log.

    RunnerError
    |-- SettingsError, TargetsInvalid, MissingDatabaseUrl, ConfigError,       10-19  the operator's settings
    |   OutputFailed,
    |   AlembicAlreadyImported, PoolerInTheWay, EditorFailed, WriteFailed, ModelMissing
    |-- RevisionDirectoryError                                                20-29  the revision directory
    |   |-- DirectoryMissing, RevisionFileError, StrayFile, DirectoryInUse, TemplateMissing
    |   |-- SquashRefused
    |   `-- GraphError: MissingParent, DuplicateRevision, CycleDetected, MultipleHeads,
    |       InvalidTarget, BranchLabelError, ResolutionError: UnknownRevision, AmbiguousRevision
    |-- DatabaseError                                                         30-39  the server refuses
    |   |-- ConnectionFailed, ConnectionLost, AuthenticationFailed, PrivilegeMissing, EncodingUnsupported,
    |   |   DriverMissing
    |   |-- ServerReadOnly, ServerUnsupported
    |   `-- UnknownDatabaseRevision, OverlappingDatabaseRevisions, ReplacedFilesMissing
    |-- LockTimeout, StatementBlocked, QueueTooLong, LockLost, DatabaseNotReady  40-49  contention: try again
    |-- RevisionFailed, StatementFailed, EnvironmentFailed, NotCommitted      50-59  the code that ran
    |   `-- VersionRowMismatch, OperationError, ResumeNeeded, NothingToResolve, HookFailed, TemplateFailed
    |-- OfflineUnsupported, RangeInvalid, ArtifactNotWritable, ArtifactDirectoryInUse  60-69  offline mode
    |   `-- ArtifactInvalid, ManifestInUse
    |-- DatabaseBehind, DriftDetected, NewerDatabase, EditedRevision, SquashDiffers  70-79  answers, not accidents
    |   |-- TargetsFailed, WorkerLost
    |   `-- ArtifactAltered, ArtifactNotApplied, ArtifactDiffers
    `-- Interrupted                                                           128 + signal
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AlembicAlreadyImported",
    "AmbiguousRevision",
    "ArtifactAltered",
    "ArtifactDiffers",
    "ArtifactDirectoryInUse",
    "ArtifactInvalid",
    "ArtifactNotApplied",
    "ArtifactNotWritable",
    "AuthenticationFailed",
    "BranchLabelError",
    "ConfigError",
    "ConnectionFailed",
    "ConnectionLost",
    "CycleDetected",
    "DatabaseBehind",
    "DatabaseError",
    "DatabaseNotReady",
    "DirectoryInUse",
    "DirectoryMissing",
    "DriftDetected",
    "DriverMissing",
    "DuplicateRevision",
    "EditedRevision",
    "EditorFailed",
    "EncodingUnsupported",
    "EnvironmentFailed",
    "GraphError",
    "HookFailed",
    "Interrupted",
    "InvalidTarget",
    "LockLost",
    "LockTimeout",
    "ManifestInUse",
    "MissingDatabaseUrl",
    "MissingParent",
    "ModelMissing",
    "MultipleHeads",
    "NewerDatabase",
    "NotCommitted",
    "NothingToResolve",
    "OfflineUnsupported",
    "OperationError",
    "OutputFailed",
    "OverlappingDatabaseRevisions",
    "PoolerInTheWay",
    "PrivilegeMissing",
    "QueueTooLong",
    "RangeInvalid",
    "ReplacedFilesMissing",
    "ResolutionError",
    "ResumeNeeded",
    "RevisionDirectoryError",
    "RevisionFailed",
    "RevisionFileError",
    "RunnerError",
    "ServerReadOnly",
    "ServerUnsupported",
    "SettingsError",
    "SquashDiffers",
    "SquashRefused",
    "StatementBlocked",
    "StatementFailed",
    "StrayFile",
    "TargetsFailed",
    "TargetsInvalid",
    "TemplateFailed",
    "TemplateMissing",
    "UnknownDatabaseRevision",
    "UnknownRevision",
    "VersionRowMismatch",
    "WorkerLost",
    "WriteFailed",
]


class RunnerError(Exception):
    """Base of every failure this package raises on purpose.

    Args:
        message: one sentence for a person: what happened, where, what to do next. Never a secret.
        fields: the same facts as values, for the log and for programs that catch the error.
    """

    code: ClassVar[str] = "runner-error"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    """Whether running the same command again, with nothing changed, may succeed."""

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.fields: dict[str, object] = fields

    def __str__(self) -> str:
        return self.message


class SettingsError(RunnerError):
    """One or more settings are unusable; the message lists every problem by variable name."""

    code = "settings-invalid"
    exit_code = 10


class TargetsInvalid(SettingsError):
    """The list of targets, or the manifest of an earlier run over it, cannot be used; nothing was started."""

    code = "targets-invalid"
    exit_code = 10


class MissingDatabaseUrl(RunnerError):
    """Neither the environment, a flag nor the configuration file names a database."""

    code = "missing-database-url"
    exit_code = 11


class ConfigError(RunnerError):
    """alembic.ini or pyproject.toml cannot be read, or a key in it has an unusable value."""

    code = "config-invalid"
    exit_code = 13


class AlembicAlreadyImported(RunnerError):
    """Another `alembic` is imported in this process, so its name cannot be given to this engine any more."""

    code = "alembic-already-imported"
    exit_code = 14


class OutputFailed(RunnerError):
    """stdout could not take the result: a full disk or device."""

    code = "output-failed"
    exit_code = 15


class PoolerInTheWay(RunnerError):
    """A transaction pooler is between the runner and the server, and a pending revision needs a session of its own."""

    code = "pooler-in-the-way"
    exit_code = 16


class EditorFailed(RunnerError):
    """No editor could be started on a revision file."""

    code = "editor-failed"
    exit_code = 17


class WriteFailed(RunnerError):
    """A file could not be written: a full disk, or a directory this user may not write to."""

    code = "write-failed"
    exit_code = 18


class ModelMissing(RunnerError):
    """No target_metadata is configured, or it cannot be imported, so there is nothing to compare the database with."""

    code = "model-missing"
    exit_code = 19


class RevisionDirectoryError(RunnerError):
    """The revision directory on disk is unusable for this command."""

    code = "directory-invalid"
    exit_code = 20


class DirectoryMissing(RevisionDirectoryError):
    """The revision directory, or one of its version locations, does not exist."""

    code = "directory-missing"
    exit_code = 12


class RevisionFileError(RevisionDirectoryError):
    """One revision file cannot be loaded: a syntax error, a failing import, a wrong identifier type."""

    code = "revision-file-invalid"


class StrayFile(RevisionDirectoryError):
    """A Python file in a version location declares no revision identifier."""

    code = "stray-file"
    exit_code = 27


class DirectoryInUse(RevisionDirectoryError):
    """`init` was given a directory that exists and is not empty, or a file would be overwritten."""

    code = "directory-in-use"


class TemplateMissing(RevisionDirectoryError):
    """There is no template of that name."""

    code = "template-missing"


class SquashRefused(RevisionDirectoryError):
    """The range cannot be squashed: it is no chain, or something outside hangs on its inner revisions."""

    code = "squash-refused"
    exit_code = 29


class GraphError(RevisionDirectoryError):
    """The revisions do not form a usable graph, or a symbol does not name a place in it."""

    code = "graph-invalid"
    exit_code = 29


class MissingParent(GraphError):
    """A revision names a down_revision or a dependency that no file declares."""

    code = "missing-parent"
    exit_code = 21


class DuplicateRevision(GraphError):
    """Two files declare the same revision identifier."""

    code = "duplicate-revision"
    exit_code = 22


class CycleDetected(GraphError):
    """Following down_revision or depends_on leads back to the start."""

    code = "cycle-detected"
    exit_code = 23


class MultipleHeads(GraphError):
    """A single head was asked for and the graph has several."""

    code = "multiple-heads"
    exit_code = 24


class ResolutionError(GraphError):
    """A symbol does not lead to a place in the graph; subclasses say whether there is none or several."""

    code = "symbol-unresolved"


class UnknownRevision(ResolutionError):
    """No revision, label or prefix of that name exists."""

    code = "unknown-revision"
    exit_code = 25


class AmbiguousRevision(ResolutionError):
    """A partial identifier or a relative step fits several revisions."""

    code = "ambiguous-revision"
    exit_code = 26


class InvalidTarget(GraphError):
    """The target exists but cannot be reached from where the database is, in the direction asked for."""

    code = "invalid-target"
    exit_code = 28


class BranchLabelError(GraphError):
    """A branch label is used twice, or names a branch the revision is not a member of."""

    code = "branch-label-invalid"


class DatabaseError(RunnerError):
    """The database refused; subclasses say in which way."""

    code = "database-error"
    exit_code = 39


class ConnectionFailed(DatabaseError):
    """No session could be opened: host, port, network, or a server that is starting up."""

    code = "connection-failed"
    exit_code = 30
    retryable = True


class ConnectionLost(DatabaseError):
    """The session ended during the run: the server, an administrator or the network cut it off."""

    code = "connection-lost"
    exit_code = 30
    retryable = True


class AuthenticationFailed(DatabaseError):
    """The server rejected the user or the password."""

    code = "authentication-failed"
    exit_code = 31


class PrivilegeMissing(DatabaseError):
    """The role may not do what the run needs."""

    code = "privilege-missing"
    exit_code = 32


class EncodingUnsupported(DatabaseError):
    """The session's encoding makes the driver return bytes where text is needed."""

    code = "encoding-unsupported"
    exit_code = 33


class DriverMissing(DatabaseError):
    """The Python driver that the URL names is not installed."""

    code = "driver-missing"
    exit_code = 34


class UnknownDatabaseRevision(DatabaseError):
    """The version table holds a revision that no file declares."""

    code = "unknown-database-revision"
    exit_code = 35


class NewerDatabase(UnknownDatabaseRevision):
    """The database has every revision of this directory and later ones: the image is older than the database.

    The history says so. RUNNER_NEWER_DATABASE=ok makes it a success, for an application that was rolled back.
    """

    code = "newer-database"
    exit_code = 72


class OverlappingDatabaseRevisions(DatabaseError):
    """Two rows of the version table are ancestor and descendant of each other."""

    code = "overlapping-database-revisions"
    exit_code = 36


class ServerReadOnly(DatabaseError):
    """The server takes no writes: a replica, a read-only setting, or a file that may not be written."""

    code = "server-read-only"
    exit_code = 37


class ServerUnsupported(DatabaseError):
    """The server is older than what the runner knows how to work with."""

    code = "server-unsupported"
    exit_code = 38


class ReplacedFilesMissing(UnknownDatabaseRevision):
    """The database stands inside a range that was squashed, and the files of the range are not there any more."""

    code = "replaced-files-missing"
    exit_code = 35


class LockTimeout(RunnerError):
    """Another runner kept the advisory lock longer than this run was told to wait."""

    code = "lock-timeout"
    exit_code = 40
    retryable = True


class StatementBlocked(RunnerError):
    """A statement of a revision was not granted its lock, or lost a deadlock, until the retry budget was used up."""

    code = "statement-blocked"
    exit_code = 41
    retryable = True


class QueueTooLong(RunnerError):
    """A statement was cancelled because more sessions queued behind it than RUNNER_MAX_BLOCKED_SESSIONS allows."""

    code = "queue-too-long"
    exit_code = 42
    retryable = True


class LockLost(RunnerError):
    """The advisory lock was no longer held when the run was about to go on."""

    code = "lock-lost"
    exit_code = 43
    retryable = True


class DatabaseNotReady(RunnerError):
    """`runner wait` used up its budget before the database, or its schema, was there."""

    code = "database-not-ready"
    exit_code = 44
    retryable = True


class RevisionFailed(RunnerError):
    """upgrade() or downgrade() of a revision raised; its transaction was rolled back."""

    code = "revision-failed"
    exit_code = 50


class StatementFailed(RevisionFailed):
    """The server rejected a statement of a revision; its transaction was rolled back."""

    code = "statement-failed"
    exit_code = 51


class EnvironmentFailed(RunnerError):
    """env.py raised, or did not call what it must call."""

    code = "environment-failed"
    exit_code = 52


class NotCommitted(RunnerError):
    """env.py ran the revisions in a transaction of its own and never committed it."""

    code = "not-committed"
    exit_code = 53


class VersionRowMismatch(RunnerError):
    """A version row changed underneath the run: an update or delete did not match exactly one row."""

    code = "version-row-mismatch"
    exit_code = 54
    retryable = True


class OperationError(RunnerError):
    """A revision asked for an operation in a way this dialect cannot carry out."""

    code = "operation-invalid"
    exit_code = 55


class ResumeNeeded(RunnerError):
    """A revision was interrupted after it had committed a part; only a person can say what became of a statement."""

    code = "resume-needed"
    exit_code = 56


class NothingToResolve(RunnerError):
    """`runner resolve` named a revision or a statement of which the journal knows nothing."""

    code = "nothing-to-resolve"
    exit_code = 57


class HookFailed(RunnerError):
    """A post-write hook failed or could not be started; the revision file was removed again."""

    code = "hook-failed"
    exit_code = 58


class TemplateFailed(RunnerError):
    """A template cannot be rendered, or what it rendered is no usable revision file."""

    code = "template-failed"
    exit_code = 59


class OfflineUnsupported(RunnerError):
    """Offline mode was asked for something that needs a database."""

    code = "offline-unsupported"
    exit_code = 60


class RangeInvalid(RunnerError):
    """A revision range was given where none is allowed, is missing, or does not follow one lineage."""

    code = "range-invalid"
    exit_code = 61


class ArtifactNotWritable(RunnerError):
    """A revision needs answers from the database, or cannot be written as SQL; nothing was written at all."""

    code = "artifact-not-writable"
    exit_code = 62


class ArtifactDirectoryInUse(RunnerError):
    """The directory for an artifact is not empty, and nobody said that what is there may be replaced."""

    code = "artifact-directory-in-use"
    exit_code = 63


class ArtifactInvalid(RunnerError):
    """A directory holds no artifact, or one that this version cannot read, or none for this database."""

    code = "artifact-invalid"
    exit_code = 64


class ManifestInUse(RunnerError):
    """Another run over many targets writes the same manifest; nothing was started.

    The operating system holds the lock, on a file beside the manifest, and gives it back when that run ends, however
    it ends: there is nothing to clear away.
    """

    code = "manifest-in-use"
    exit_code = 65
    retryable = True


class DatabaseBehind(RunnerError):
    """The database is not at the heads of the directory."""

    code = "database-behind"
    exit_code = 70


class DriftDetected(RunnerError):
    """The database and the model differ.

    `diffs` and `revision_context` are what programs written for Alembic read of it.
    """

    code = "drift-detected"
    exit_code = 71

    diffs: list[object]
    revision_context: object


class SquashDiffers(RunnerError):
    """The squash revision does not produce the schema that the revisions it replaces produce."""

    code = "squash-differs"
    exit_code = 79


class ArtifactAltered(RunnerError):
    """A file of an artifact is not the one that was written, is missing, or was put there by somebody else."""

    code = "artifact-altered"
    exit_code = 74


class ArtifactNotApplied(RunnerError):
    """The database is not what the artifact makes of it, or a guard of the artifact refused to apply it."""

    code = "artifact-not-applied"
    exit_code = 75


class ArtifactDiffers(RunnerError):
    """Two artifacts would not do the same."""

    code = "artifact-differs"
    exit_code = 78


class EditedRevision(RunnerError):
    """The file of an applied revision does something else than when it was applied, and the policy is to fail.

    RUNNER_EDITED_REVISIONS says what is done about it. Formatting, comments and docstrings may change.
    """

    code = "edited-revision"
    exit_code = 73


class TargetsFailed(RunnerError):
    """Some of many targets failed, or were not reached because others had; the rest is done.

    The manifest has the error of each. A second run with it takes up what is left.
    """

    code = "targets-failed"
    exit_code = 76
    retryable = True


class WorkerLost(RunnerError):
    """The process that worked on a target ended without a word: it was killed, or ran out of memory."""

    code = "worker-lost"
    exit_code = 77
    retryable = True


class Interrupted(RunnerError):
    """A signal ended the run; what was in flight was rolled back."""

    code = "interrupted"
    exit_code = 143
    retryable = True

    def __init__(self, message: str, *, signal_number: int) -> None:
        super().__init__(message, signal_number=signal_number)
        self.exit_code = 128 + signal_number  # type: ignore[misc]  # 130 for SIGINT, 143 for SIGTERM
