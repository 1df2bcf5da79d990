# Every way to work on Markaz: `make run` to see it, `make test` to trust it. `make help` lists the rest.
# All set-up goes into .venv/, console/node_modules/ and tests/foreign/oidc/node_modules/, from the lock files only.

PYTHON ?= python3
UV ?= uv
WORKERS ?= 2
BIN := .venv/bin
STEP := scripts/step.sh
STATIC := src/markaz/web/static/index.html
CONSOLE_SOURCES := $(shell find console \( -name node_modules -o -path console/e2e -o -path console/mock \) -prune -o -type f -print)

# One name for people, MARKAZ_TEST_CHROMIUM; the console's own browser tests call it MARKAZ_CHROMIUM.
export MARKAZ_TEST_CHROMIUM ?= $(shell scripts/find_chromium.sh)
export MARKAZ_CHROMIUM = $(MARKAZ_TEST_CHROMIUM)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# A checkout in which everybody may read what root installed needs no warning about it.
export PIP_ROOT_USER_ACTION = ignore

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Set-up -----------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: .venv/.locked console/node_modules/.locked tests/foreign/oidc/node_modules/.locked ## Install everything into .venv/ and console/node_modules/, from the lock files.

.PHONY: check-tools
check-tools:
	@PYTHON=$(PYTHON) scripts/check_tools.sh

# Tools are looked at only when something is about to be installed: an order-only need, so it never makes a stamp old.
.venv/.locked: requirements/dev.lock requirements/run.lock pyproject.toml hatch_build.py | check-tools
	@test -x $(BIN)/python || $(STEP) "Set-up 1/3: Python virtual environment" $(PYTHON) -m venv .venv
	@$(STEP) "Set-up 2/3: Python packages from requirements/dev.lock (the longest step, a minute or two)" \
		$(BIN)/pip install --progress-bar off --only-binary :all: --require-hashes -r requirements/dev.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

console/node_modules/.locked: console/package-lock.json | check-tools
	@$(STEP) "Set-up 3/3: console packages from console/package-lock.json" npm --prefix console ci --no-audit --no-fund
	@touch $@

# A foreign identity provider for one test, which skips with a reason without it: its absence stops nothing.
tests/foreign/oidc/node_modules/.locked: tests/foreign/oidc/package-lock.json | check-tools
	@npm --prefix tests/foreign/oidc ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1 \
		&& touch $@ || echo "Set-up: the foreign identity provider was not installed; its test will be skipped"

.PHONY: console
console: setup $(STATIC) ## Build the console into src/markaz/web/static/, when its sources changed.

$(STATIC): $(CONSOLE_SOURCES) | setup
	@$(STEP) "Console: build into src/markaz/web/static/" npm --prefix console run build
	@touch $@

# --- Use --------------------------------------------------------------------------------------------------------------

.PHONY: run
run: console ## Set up what is missing, then serve the demo on http://127.0.0.1:8102 (stop it with Ctrl-C).
	@echo "Starting the demo centre ..."
	@MARKAZ_DEMO=1 MARKAZ_LOG_LEVEL=$${MARKAZ_LOG_LEVEL:-WARNING} $(BIN)/markaz serve || test $$? -eq 130

# --- Trust ------------------------------------------------------------------------------------------------------------

# Files are taken in their order, long browser tests before short unit tests, so that no worker waits for another's last.
.PHONY: test
test: console lint test-console ## Everything: set-up, linters, licences, floors, console tests, all Python tests.
	@echo "Python tests ($(WORKERS) workers) ..."
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not deep"
	@scripts/browser_note.sh

.PHONY: test-unit
test-unit: .venv/.locked ## The unit tests alone: under 10 s, no network, no database.
	@$(BIN)/pytest -q -n $(WORKERS) tests/unit

.PHONY: test-console
test-console: console ## The console's own tests, alone and in Chromium against its mock centre.
	@$(STEP) "Console: tests" npm --prefix console test
	@$(STEP) "Console: browser checks against the mock centre" npm --prefix console run e2e

.PHONY: test-deep
test-deep: console ## The long runs: 50 kills, long histories, 50,000 fuzzed requests, a shift at the desk. About an hour.
	@$(BIN)/pytest -m deep

.PHONY: lint
lint: setup ## Ruff, mypy --strict, the floors (import-linter) and the licence allow-list.
	@$(STEP) "Ruff: lint" $(BIN)/ruff check
	@$(STEP) "Ruff: format" $(BIN)/ruff format --check
	@$(STEP) "Mypy --strict" $(BIN)/mypy
	@$(STEP) "Floors: import-linter" $(BIN)/lint-imports --no-cache
	@$(STEP) "Licences: allow-list" $(BIN)/python scripts/check_licences.py

.PHONY: bench
bench: console ## All benchmarks, one JSON object per figure.
	@$(BIN)/markaz bench all --json

.PHONY: browser
browser: ## Install Chromium for the browser tests (Debian's package; needs root or sudo).
	@scripts/install_chromium.sh

# --- Build ------------------------------------------------------------------------------------------------------------

.PHONY: release
release: console ## Build the wheel into dist/, console and migrations inside.
	@rm -rf dist
	@$(STEP) "Wheel" $(BIN)/python -m hatchling build -t wheel -d dist
	@ls -1 dist

.PHONY: docs
docs: setup ## Regenerate docs/reference/ and the console's API types from the code.
	@$(BIN)/python scripts/generate_settings_docs.py
	@$(BIN)/python scripts/generate_policy_docs.py
	@$(BIN)/python scripts/generate_openapi.py
	@npm --prefix console run --silent api

.PHONY: lock
lock: ## Resolve pyproject.toml into requirements/*.lock again (needs uv; UV=/path/to/uv).
	@$(UV) --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --upgrade pyproject.toml -o requirements/run.lock
	@$(UV) --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --upgrade -c requirements/run.lock --extra dev pyproject.toml -o requirements/dev.lock

.PHONY: clean
clean: ## Remove what was built and installed; never the data in .markaz/.
	rm -rf .venv console/node_modules tests/foreign/oidc/node_modules src/markaz/web/static dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
