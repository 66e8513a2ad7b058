#!/bin/sh
# Brings a throw-away SQLite database to the head of examples/demo and shows what happened.
# `make demo` runs it with `runner` on PATH.
set -eu
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
DATABASE_URL=sqlite:///$scratch/demo.sqlite
RUNNER_DIRECTORY=examples/demo
export DATABASE_URL RUNNER_DIRECTORY

show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

printf 'DATABASE_URL=%s\nRUNNER_DIRECTORY=%s\n' "$DATABASE_URL" "$RUNNER_DIRECTORY"
show runner upgrade
show runner current
show runner history
printf '\nTables:\n'
python - "$scratch/demo.sqlite" <<'PYTHON'
import sqlite3, sys

with sqlite3.connect(sys.argv[1]) as connection:
    for (name,) in connection.execute("select name from sqlite_master where type = 'table' order by name"):
        count = connection.execute(f'select count(*) from "{name}"').fetchone()[0]
        print(f"  {name} ({count} rows)")
PYTHON
printf '\nOnce more: nothing is pending, so nothing is done.\n'
show runner upgrade
