# The image of the job. Built with: docker build -t revision-runner .
#
# Build arguments:
#   PYTHON_IMAGE               the base, a slim Python by tag or, better, by digest
#   DRIVERS                    beside psycopg: asyncpg, mariadb, mysql, psycopg2; several are separated by blanks
#   VERSION, REVISION, CREATED for the labels: release, commit, RFC 3339 time
ARG PYTHON_IMAGE=python:3.12-slim

# --- what only building needs stays in this stage ---------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS build
ARG DRIVERS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

COPY constraints/image.txt constraints/runtime.txt constraints/driver-*.txt constraints/
RUN python -m venv tools && tools/bin/pip install --quiet --require-hashes --requirement constraints/image.txt \
 && python -m venv --without-pip /opt/runner
RUN set -- --requirement constraints/runtime.txt \
 && for driver in ${DRIVERS}; do set -- "$@" --requirement "constraints/driver-${driver}.txt"; done \
 && tools/bin/pip --python /opt/runner/bin/python install --quiet --no-compile --require-hashes "$@"

COPY pyproject.toml README.md LICENSE ./
COPY runner/ runner/
RUN tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && tools/bin/pip --python /opt/runner/bin/python install --quiet --no-compile --no-deps dist/*.whl
COPY tools/precompile.py ./
RUN mkdir -p /opt/runner/share && tools/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
      --output-file /opt/runner/share/sbom.cdx.json /opt/runner/bin/python \
 && /opt/runner/bin/python precompile.py /opt/runner /build/bytecode

# --- the image --------------------------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="revision-runner" \
      org.opencontainers.image.description="Brings a database to the head of an Alembic-style revision directory." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /opt/runner /opt/runner
COPY --from=build /build/bytecode/ /
ENV PATH=/opt/runner/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# The directory with alembic.ini or pyproject.toml, or with the revisions as ./migrations.
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/runner/bin/runner"]
CMD ["upgrade"]
