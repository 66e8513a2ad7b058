#!/bin/sh
# Bring a database to the head: read-only, without capabilities, stopped in an orderly way by `docker stop`.
set -eu
exec docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  --memory 128m --stop-timeout 10 \
  --env DATABASE_URL --env RUNNER_RELEASE \
  registry.example/shop-migrations:1.4.2
