"""Compile what a run imports, for an image whose file system is read-only: tools, not part of the package.

Everything under the prefix is compiled. Of the standard library, which slim images carry without bytecode, only the
modules that a run really imports are; their bytecode is written below a second root, from where the image takes it.
Checking a source file against its bytecode at each start is left out: neither changes in an image.

Usage: precompile.py PREFIX ROOT
"""

from __future__ import annotations

import compileall
import os
import py_compile
import subprocess
import sys
import sysconfig
import tempfile
from importlib.util import cache_from_source
from pathlib import Path

UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
_REVISION = """
revision = "0001"
down_revision = None
from alembic import op
import sqlalchemy as sa
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))
def downgrade():
    op.drop_table("t")
"""
_RUN = """
import sys
import configparser, encodings.utf_8_sig, logging.config, queue, tomllib
import psycopg, pydantic_settings, sqlalchemy.dialects.postgresql.psycopg, structlog
import runner.dialects.postgresql, runner.fleet_verb, runner.fleet_worker
from runner.cli import main
code = main(["upgrade"]) or main(["upgrade"])
specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
print(*sorted({spec.origin for spec in specs if spec is not None and spec.origin}), sep="\\n", file=sys.stderr)
sys.exit(code)
"""


def main() -> None:
    """Compile, or end with the exit code of the run that was tried."""
    prefix, root = Path(sys.argv[1]), Path(sys.argv[2])
    if not compileall.compile_dir(prefix / "lib", quiet=1, invalidation_mode=UNCHECKED):
        raise SystemExit(f"something under {prefix} does not compile")
    standard = sysconfig.get_path("stdlib")
    for source in sorted(_imported(prefix / "bin" / "python")):
        if source.startswith(standard + os.sep) and source.endswith(".py"):
            target = root / cache_from_source(source).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            py_compile.compile(source, cfile=str(target), doraise=True, invalidation_mode=UNCHECKED)


def _imported(python: Path) -> list[str]:
    """Return the files of all modules that an upgrade and a run with nothing to do import."""
    with tempfile.TemporaryDirectory() as scratch:
        versions = Path(scratch, "migrations", "versions")
        versions.mkdir(parents=True)
        versions.joinpath("0001_first.py").write_text(_REVISION)
        done = subprocess.run(
            [python, "-B", "-c", _RUN],
            cwd=scratch,
            env={"DATABASE_URL": "sqlite:///scratch.db", "PATH": os.defpath},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise SystemExit(done.returncode)
    return done.stderr.splitlines()


if __name__ == "__main__":
    main()
