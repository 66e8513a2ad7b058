# Every target builds the environment it needs by itself; Python 3.11 or newer and make are enough.
# PYTHON=/path/to/python3.13 chooses the interpreter, ARGS=... passes options on to pytest or runner.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
PIP := $(BIN)/python -m pip --quiet --quiet
INSTALL := $(PIP) install --progress-bar off

.DEFAULT_GOAL := help
.PHONY: help demo test faults image-test chart-test reliability check format format-check lint types floors generate generate-check \
        settings-table constraints realdirs oldest benchmark clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | expand -t 18

# --- use -----------------------------------------------------------------------------------------------------------

demo: $(VENV)/.runtime ## Bring a throw-away SQLite database to the head of examples/demo
	@PATH="$(abspath $(BIN)):$$PATH" sh tools/demo.sh

# --- verify --------------------------------------------------------------------------------------------------------

check: format-check lint types floors generate-check test ## Everything a change must pass

test: $(VENV)/.dev .venv-realdirs/.complete ## Run the tests (ARGS="tests/unit -k graph" narrows them)
	@$(BIN)/python -m pytest -n $(JOBS) --ignore tests/faults --ignore tests/image --ignore tests/chart $(ARGS)

# In the order of the files: what mostly waits comes first, so that both processes are busy at the end, too.
FAULTS := -p no:randomly --dist worksteal -n $(JOBS)

faults: $(VENV)/.dev ## Run the fault suite: kills, signals, cut connections, crowds (a third of the places)
	@$(BIN)/python -m pytest $(FAULTS) $(ARGS) tests/faults

image-test: $(VENV)/.dev ## Build the image and run it, alone and with Compose (needs a Docker engine)
	@$(BIN)/python -m pytest $(ARGS) tests/image

chart-test: $(VENV)/.dev ## Render, validate and lint the chart (needs helm and kubernetes-validate)
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS) tests/chart

# With ARGS="-k pooler" those cases only; the others keep their figures.
reliability: $(VENV)/.dev ## Run the fault suite at every place and write its figures into docs/reliability.md
	@rm -f $(VENV)/tally.jsonl
	@RUNNER_TEST_EVERY_PLACE=1 RUNNER_TEST_TALLY=$(abspath $(VENV))/tally.jsonl \
	  $(BIN)/python -m pytest $(FAULTS) $(ARGS) tests/faults
	@$(BIN)/python -m tools.reliability $(VENV)/tally.jsonl $(if $(ARGS),--merge)

format-check: $(VENV)/.dev ## Fail if a file is not formatted
	@$(BIN)/ruff format --quiet --check . || { echo "Run: make format" >&2; exit 1; }

lint: $(VENV)/.dev ## Check the style rules of pyproject.toml
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.dev ## Check the types of package, tests and tools
	@$(BIN)/mypy --no-error-summary

floors: $(VENV)/.dev ## Check which module imports which
	@$(BIN)/lint-imports --no-logo >$(VENV)/floors.log 2>&1 || { cat $(VENV)/floors.log >&2; exit 1; }

realdirs: .venv-realdirs/.complete ## Prepare the migrations of published packages for their tests

# Not there: what compares words and types of newer SQLAlchemy versions, and what checks the sources.
oldest: .venv-oldest/.complete ## Run the tests that need no server against the oldest dependencies we support
	@.venv-oldest/bin/python -m pytest -n $(JOBS) -m "not pg and not realdirs" \
	  --ignore tests/differential/test_dialects_offline.py --ignore tests/differential/test_operations_offline.py \
	  --ignore tests/differential/test_offline_syntax.py --ignore tests/differential/test_every_keyword.py \
	  --ignore tests/unit/operations/test_op_types.py \
	  --ignore tests/unit/test_chart_values.py --ignore tests/unit/test_docs.py --ignore tests/unit/test_floors.py --ignore tests/unit/test_recipes.py \
	  tests/unit tests/property tests/differential $(ARGS)

# --- write ---------------------------------------------------------------------------------------------------------

format: $(VENV)/.dev ## Format all Python files and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

generate: $(VENV)/.dev ## Write the generated parts of docs/ and helm/
	@$(BIN)/python -m tools.generate

generate-check: $(VENV)/.dev ## Fail if a generated file is stale
	@$(BIN)/python -m tools.generate --check

settings-table: generate ## Write docs/settings.md (and the other generated files)

constraints: $(VENV)/.dev ## Write constraints/*.txt from pyproject.toml (UPGRADE=1 takes newer versions)
	@tools/compile_constraints.sh $(abspath $(BIN))/uv

clean: ## Remove environments and caches
	@rm -rf .venv .venv-* .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist

# --- environments --------------------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; PYTHON=/path/to/python chooses one." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# What running needs, and the build backend that installs the work tree.
$(VENV)/.runtime: constraints/build.txt pyproject.toml | $(BIN)/python
	@$(INSTALL) --require-hashes -r constraints/build.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: constraints/dev.txt $(VENV)/.runtime
	@$(INSTALL) --require-hashes -r constraints/dev.txt
	@touch $@

.venv-realdirs/.complete: constraints/realdirs.txt constraints/realdirs-packages.txt tools/realdirs.py
	@$(MAKE) --silent --no-print-directory VENV=.venv-realdirs .venv-realdirs/bin/python
	@.venv-realdirs/bin/python -m pip --quiet --quiet install --progress-bar off --require-hashes \
	  -r constraints/realdirs.txt
	@.venv-realdirs/bin/python -m tools.realdirs
	@touch $@

.venv-oldest/.complete: constraints/oldest.txt pyproject.toml
	@$(MAKE) --silent --no-print-directory VENV=.venv-oldest .venv-oldest/bin/python
	@.venv-oldest/bin/python -m pip --quiet --quiet install --progress-bar off --require-hashes -r constraints/oldest.txt
	@touch $@
