#!/bin/sh
# Writes constraints/*.txt: exact versions with hashes, for every platform and Python from 3.11 on, and no addresses.
# Usage: tools/compile_constraints.sh UV   (a path to uv; `make constraints` passes its own)
set -eu
uv=$1
cd "$(dirname "$0")/.."

compile() {
  name=$1
  shift
  target=constraints/$name.txt
  # An existing file keeps its versions unless UPGRADE=1 asks for newer ones.
  [ -n "${UPGRADE:-}" ] && rm -f "$target"
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --output-file "$target" "$@"
  printf '%s\n' "# Exact versions with hashes. \`make constraints\` writes this file." | cat - "$target" >"$target.new"
  mv "$target.new" "$target"
}

compile runtime pyproject.toml
compile build --extra build --constraint constraints/runtime.txt pyproject.toml
compile dev --extra dev --constraint constraints/runtime.txt --constraint constraints/build.txt pyproject.toml
for driver in asyncpg mariadb mysql psycopg2; do
  compile "driver-$driver" --extra "$driver" --constraint constraints/runtime.txt pyproject.toml
done
compile image constraints/image.in
compile realdirs pyproject.toml constraints/realdirs.in
compile realdirs-packages --no-deps constraints/realdirs-packages.in

# The oldest versions pyproject.toml allows, with today's test tools around them.
floor=$(mktemp)
trap 'rm -f "$floor"' EXIT
"$uv" pip compile --quiet --python-version 3.11 --resolution lowest-direct --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --output-file "$floor" pyproject.toml
compile oldest --extra test --constraint "$floor" pyproject.toml
