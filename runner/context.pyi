from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, TextIO, overload

from sqlalchemy.engine import URL, Connection
from sqlalchemy.sql import Executable

from runner.config import Config
from runner.dialects.base import DefaultImpl
from runner.migration.context import MigrationContext
from runner.migration.environment import EnvironmentContext as EnvironmentContext
from runner.revisions.directory import ScriptDirectory

config: Config
script: ScriptDirectory

def begin_transaction() -> AbstractContextManager[Any]: ...
def configure(
    connection: Connection | None = ...,
    url: str | URL | None = ...,
    dialect_name: str | None = ...,
    dialect_opts: dict[str, Any] | None = ...,
    transactional_ddl: bool | None = ...,
    transaction_per_migration: bool | None = ...,
    output_buffer: TextIO | None = ...,
    starting_rev: str | None = ...,
    tag: str | None = ...,
    template_args: dict[str, Any] | None = ...,
    render_as_batch: bool = ...,
    target_metadata: Any = ...,
    include_name: Any = ...,
    include_object: Any = ...,
    include_schemas: bool = ...,
    process_revision_directives: Any = ...,
    compare_type: Any = ...,
    compare_server_default: Any = ...,
    render_item: Any = ...,
    upgrade_token: str = ...,
    downgrade_token: str = ...,
    alembic_module_prefix: str = ...,
    sqlalchemy_module_prefix: str = ...,
    user_module_prefix: str | None = ...,
    on_version_apply: Any = ...,
    autogenerate_plugins: Sequence[str] | None = ...,
    **kw: Any,
) -> None: ...
def execute(sql: Executable | str, execution_options: dict[str, Any] | None = ...) -> None: ...
def get_bind() -> Connection: ...
def get_context() -> MigrationContext: ...
def get_head_revision() -> str | None: ...
def get_head_revisions() -> tuple[str, ...]: ...
def get_impl() -> DefaultImpl: ...
def get_revision_argument() -> Any: ...
def get_starting_revision_argument() -> Any: ...
def get_tag_argument() -> str | None: ...
@overload
def get_x_argument(as_dictionary: Literal[False] = ...) -> list[str]: ...
@overload
def get_x_argument(as_dictionary: Literal[True]) -> dict[str, str]: ...
def is_offline_mode() -> bool: ...
def is_transactional_ddl() -> bool: ...
def requires_connection() -> bool: ...
def run_migrations(**kw: Any) -> None: ...
def static_output(text: str) -> None: ...
