# The hotline. `make` alone prints what there is; every target does all the set-up that it needs.

# The first Python of a fitting version that really runs; PYTHON=/path/to/one names another.
FITS   := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for p in python3 python3.11 python3.12; do \
            if $$p -c '$(FITS)' >/dev/null 2>&1; then echo $$p; break; fi; done)
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-long lint published lock clean

##@ To use
help: ## what there is
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.run-ready ## one real call, from 12345 to a ticket (ARGS="--once --json out.json")
	@$(BIN)/hotline demo $(ARGS)

serve: $(VENV)/.run-ready ## the hotline itself, on the site in ./site (made by `hotline init`)
	@$(BIN)/hotline serve $(ARGS)

##@ To work on it
# What needs no telephone, no browser and no real time runs on all cores at once, then the rest alone.
APART  := tests/core tests/articles tests/house
PYTEST := $(BIN)/python -m pytest
test: lint ## everything but the long tests (ARGS="tests/core/loop -x": only that)
ifeq ($(strip $(ARGS)),)
	@$(PYTEST) -m "not long and not browser" -n auto --dist worksteal $(APART) tests/agent_console
	@$(PYTEST) -m "browser and not long" tests/agent_console
	@$(PYTEST) -m "not long" $(addprefix --ignore=,$(APART) tests/agent_console)
else
	@$(PYTEST) -m "not long" $(ARGS)
endif

test-long: $(VENV)/.test-ready ## long walks, chaos, load, soak
	@$(PYTEST) -m long --timeout 1800 $(ARGS)

lint: $(VENV)/.test-ready ## style, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

published: $(VENV)/.test-ready ## write anew what is generated from the code: interface, schemas, tables
	@$(BIN)/python -m agent_console.messages > agent_console/schema/messages.v1.json
	@$(BIN)/python -m agent_console.openapi > docs/openapi.json
	@$(BIN)/python -m core.policy.schemas cities/schema
	@$(BIN)/python -m core.people.rights > docs/rights.md
	@$(PYTEST) -q tests/articles --write-regulation

lock: $(VENV)/.test-ready ## bring the lock files up to requirements*.in (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  requirements-dev.in -o requirements-dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  requirements.in -c requirements-dev.lock -o requirements.lock

clean: ## forget the virtual environment and everything fetched
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Stamps: a changed lock file makes a new installation, an unchanged one costs nothing.
$(VENV)/bin/pip:
	@$(if $(PYTHON),,$(error Python 3.11 or 3.12 is needed: apt-get install python3 python3-venv))
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "no virtual environment could be made: apt-get install python3-venv"; exit 1; }

$(VENV)/.run-ready: requirements.lock pyproject.toml | $(VENV)/bin/pip
	@echo "== Python packages (once; about a minute)"
	@$(BIN)/pip install --disable-pip-version-check --no-warn-script-location -qq --require-hashes -r requirements.lock
	@$(BIN)/pip install --disable-pip-version-check --no-warn-script-location -qq --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test-ready: requirements-dev.lock tests/system-packages.sh $(VENV)/.run-ready
	@echo "== packages for the tests"
	@$(BIN)/pip install --disable-pip-version-check --no-warn-script-location -qq --require-hashes -r requirements-dev.lock
	@sh tests/system-packages.sh
	@touch $@
