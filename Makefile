# Two commands matter: `make run` and `make test`. `make help` lists the rest.

.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
PAGE := backend/crucible/_web/index.html
UV := 0.13.9
# Options of `crucible welcome`, which prepares the first visit to an empty database.
WELCOME ?=

.PHONY: help
help:  ## Show this list
	@[ -t 1 ] && [ -z "$$NO_COLOR" ] && bold=$$(printf '\033[1m') plain=$$(printf '\033[0m'); \
	awk -v bold="$$bold" -v plain="$$plain" 'BEGIN {FS = ":.*## "} \
	  /^[a-z-]+:.*## / {printf "  %s%-14s%s%s\n", bold, $$1, plain, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: .need-run $(BIN)/.installed $(PAGE)  ## Install, build, migrate and serve on http://127.0.0.1:8765
	@$(BIN)/python -m crucible.cli.taken_port
	@$(BIN)/crucible db upgrade
	@$(BIN)/crucible welcome $(WELCOME)
	@exec $(BIN)/crucible serve

.PHONY: test
test: .need-test install $(PAGE)  ## Run every test, those in a browser included
	npm test
	$(BIN)/python -m pytest -n 2

.PHONY: check
check: lint types docs-check test  ## Everything that CI checks

.PHONY: install
install: $(BIN)/.installed node_modules/.installed  ## Install what development needs

.PHONY: lint
lint: install  ## Check style and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	npm run lint

.PHONY: format
format: install  ## Format Python and TypeScript
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm run format

.PHONY: types
types: install  ## Check types
	$(BIN)/mypy
	npm run typecheck

.PHONY: docs
docs: install  ## Write the generated documents and types
	$(BIN)/python -m crucible.schemas.names
	$(BIN)/python -m crucible.cli.reference
	$(BIN)/python -m crucible.api.openapi > docs/openapi.json
	npm run types

.PHONY: docs-check
docs-check: docs  ## Fail when a generated document is stale
	git diff --exit-code -- docs frontend/src/api

.PHONY: page
page: .need-run $(PAGE)  ## Build the page

.PHONY: migrate
migrate: $(BIN)/.installed  ## Create or upgrade the database
	$(BIN)/crucible db upgrade

.PHONY: db-check
db-check: $(BIN)/.installed  ## Compare the database with the models
	$(BIN)/crucible db check

.PHONY: screenshots
screenshots: .need-test install $(PAGE)  ## Draw the pictures in docs/ from the running product
	$(BIN)/python -m tests.screenshots docs/images

.PHONY: recording
recording: install  ## Draw the picture of the terminal in docs/ from real commands
	$(BIN)/python -m tests.recording docs/images/terminal.svg

.PHONY: chaos
chaos: install  ## Kill workers, servers and fleets; write docs/reliability.md (ONLY=sqlite for a part)
	$(BIN)/python -m tests.chaos $(ONLY)

.PHONY: soak
soak: install  ## Everything at once for 10 minutes, watched; write docs/reliability.md (MINUTES=3)
	$(BIN)/python -m tests.soak $(addprefix --minutes ,$(MINUTES))

.PHONY: sign-off
sign-off: .need-test install $(PAGE)  ## Five runs from an empty home, seen everywhere; write docs/sign-off.md
	$(BIN)/crucible model fetch
	$(BIN)/python -m tests.signoff

.PHONY: bench
bench: install  ## Measure speed and size, beside floors; write docs/benchmarks.md (ONLY=a for one part)
	$(BIN)/python -m tests.benchmarks $(addprefix --only ,$(ONLY))

.PHONY: fuzz
fuzz: install  ## 100 cases for each operation of the API, and all property tests
	$(BIN)/python -m tests.fuzz

.PHONY: bench-health
bench-health: install  ## Judge simulated histories; write the table in docs/health.md
	$(BIN)/python -m tests.health --half report --write

.PHONY: lock
lock: $(BIN)/.installed  ## Resolve the Python dependencies anew
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --all-extras \
	  --group dev --python-version 3.11 pyproject.toml -o requirements.lock

.PHONY: build
build: .need-run $(BIN)/.installed $(PAGE)  ## Build the wheel, page and migrations included
	$(BIN)/uv build --wheel --no-build-isolation

.PHONY: clean
clean:  ## Remove what was built and installed
	rm -rf .venv node_modules frontend/node_modules backend/crucible/_web dist

.PHONY: .need-run .need-test
.need-run:
	@.ci/need run
.need-test:
	@.ci/need test

$(BIN)/.installed: requirements.lock pyproject.toml
	@echo "Installing Python packages…"
	@[ -x $(BIN)/python ] || python3 -m venv .venv
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet uv==$(UV)
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

node_modules/.installed: package-lock.json package.json frontend/package.json
	@echo "Installing the page's packages…"
	@npm ci --loglevel error --no-audit --no-fund --no-update-notifier >/dev/null
	@touch $@

$(PAGE): node_modules/.installed $(shell find frontend/src frontend/index.html frontend/vite.config.ts frontend/weight.ts -type f 2>/dev/null)
	@npm run --silent build -- -- --logLevel warn
	@touch $@
