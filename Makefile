# Reelmill. `make` alone lists what can be made.
#
# Two commands are enough: `make run` and `make test`. Both set up what they need first and
# find nothing to do the second time.

VENV  := .venv
BIN   := $(VENV)/bin
STACK := docker compose -f compose/compose.yaml

# make run: a file of your own, ONCE=1 to end with the job, the data folder and the port.
FILE ?=
ONCE ?=
DATA ?=
PORT ?=

.DEFAULT_GOAL := help
.PHONY: help setup ready dev run test check format soak bench up down lock env-example clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ready ## Make .venv with the `reelmill` command
	@echo "$(BIN)/reelmill is ready"

ready: $(VENV)/.stamp-run $(VENV)/.stamp-front

dev: $(VENV)/.stamp-dev $(VENV)/.stamp-front ## The same with all that checks and tests need
	@:

$(VENV)/.stamp-run: requirements.lock pyproject.toml
	@sh compose/setup.sh requirements.lock
	@touch $@

# The development lock holds everything the other one holds, at the same versions.
$(VENV)/.stamp-dev: requirements-dev.lock requirements.lock pyproject.toml
	@sh compose/setup.sh requirements-dev.lock
	@touch $(VENV)/.stamp-run $@

$(VENV)/.stamp-front: package-lock.json package.json compose/front.sh
	@mkdir -p $(VENV)
	@sh compose/front.sh && touch $@

run: ready ## Serve, and put a clip through it: FILE=path, ONCE=1, DATA=folder, PORT=number
	@$(BIN)/reelmill run $(if $(FILE),"$(FILE)") $(if $(ONCE),--once) \
	  $(if $(DATA),--data "$(DATA)") $(if $(PORT),--port $(PORT))

test: dev ## Everything: checks, then contracts, real servers, end to end, faults
	@$(BIN)/python -m tests.support.install
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile tests/contract tests/integration tests/e2e
	@$(BIN)/python -m pytest tests/chaos

check: dev ## Format, lint, types, import contracts, unit tests
	@mkdir -p build
	@$(BIN)/ruff format --check --quiet . || { echo "make format puts it right"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > build/lint-imports.log || { cat build/lint-imports.log; exit 1; }
	@$(BIN)/python -m pytest --numprocesses=2 tests/unit tests/architecture

format: dev ## Put the format right
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

soak: dev ## The long forms of what `make test` runs in a quick one
	@$(BIN)/python -m tests.support.install --soak
	@$(BIN)/python -m pytest -m soak

bench: dev ## Measure engine and media path, print a table, write build/bench.json
	@$(BIN)/python -m tests.support.install
	@mkdir -p build
	@$(BIN)/python -m tests.bench

up: $(VENV)/.stamp-run ## Build and start the distributed form with Docker
	@$(BIN)/python -m compose.secrets
	@$(STACK) up --build --detach --wait

down: ## Stop it; its volumes stay
	@$(STACK) down

lock: dev ## Renew both lock files (needs uv); they hold no addresses
	@uv pip compile pyproject.toml --group dev --universal --generate-hashes \
	  --no-emit-index-url --no-header --upgrade --quiet -o requirements-dev.lock > /dev/null
	@uv pip compile pyproject.toml --group build --universal --generate-hashes \
	  --no-emit-index-url --no-header --quiet -c requirements-dev.lock \
	  -o requirements.lock > /dev/null

env-example: $(VENV)/.stamp-run ## Write .env.example and the README's table from the settings
	@$(BIN)/python -m compose.env_example > .env.example
	@$(BIN)/python -m compose.settings_table README.md

clean: ## Remove what was built; data and .venv stay
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
