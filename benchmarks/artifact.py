"""Compare `runner artifact` with `upgrade --sql` of runner and Alembic on the same directory, interleaved, as ratios.

    python -m benchmarks.artifact --revisions 1000 10000 --rounds 3

No database is needed. Reported as in benchmarks.compare: medians of CPU seconds, wall seconds and peak memory.
An artifact is more than a script: guards, the way back, digests and the review pages.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.compare import Program, Sample, report, run, write_directory

ENV_PY = """\
from alembic import context

context.configure(dialect_name="postgresql", literal_binds=True, dialect_opts={"paramstyle": "named"})
with context.begin_transaction():
    context.run_migrations()
"""


def main() -> None:
    """Run the comparison and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--revisions", type=int, nargs="+", default=[1000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for count in options.revisions:
        with tempfile.TemporaryDirectory() as scratch:
            directory = write_directory(Path(scratch), count)
            (directory / "migrations" / "env.py").write_text(ENV_PY)
            report(f"artifact, {count} revisions", measure(directory, options.rounds))
            size = sum(path.stat().st_size for path in (directory / "out").rglob("*") if path.is_file())
            print(f"size of the artifact: {size / 2**20:.1f} MiB")


def measure(directory: Path, rounds: int) -> dict[str, list[Sample]]:
    """Measure the programs in a shuffled order, after one run that fills the bytecode caches."""
    python = sys.executable
    words = ("artifact", "--from", "base", "--output", "out", "--replace", "--dialect", "postgresql")
    compared = [
        Program(name="alembic", command=(python, "-m", "alembic", "upgrade", "head", "--sql"), environment={}),
        Program(
            name="runner upgrade --sql",
            command=(python, "-m", "runner", "upgrade", "--sql", "--dialect", "postgresql"),
            environment={},
        ),
        Program(name="runner artifact", command=(python, "-m", "runner", *words), environment={}),
    ]
    run(compared[0], directory)
    run(compared[2], directory)
    samples: dict[str, list[Sample]] = {program.name: [] for program in compared}
    for _ in range(rounds):
        for program in random.sample(compared, len(compared)):
            samples[program.name].append(run(program, directory))
    return samples


if __name__ == "__main__":
    main()
