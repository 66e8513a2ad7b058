#!/bin/sh
# Write the SQL between two revisions for a person to read and run; no database is touched.
# Usage: sql.sh FROM:TO
set -eu
exec docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network none \
  --env RUNNER_DIALECT=postgresql \
  registry.example/shop-migrations:1.4.2 upgrade --sql "$1"
