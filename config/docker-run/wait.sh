#!/bin/sh
# Before the application starts: wait until the database is at, or past, the revisions of this image.
set -eu
exec docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  --env DATABASE_URL --env RUNNER_WAIT_SECONDS=300 \
  registry.example/shop-migrations:1.4.2 wait --for schema
