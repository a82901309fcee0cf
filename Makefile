# Everything a newcomer or CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(or $(shell command -v python3.11 2>/dev/null),python3)
UV := $(or $(shell command -v uv 2>/dev/null),.cache/uv/bin/uv)
BIN := .venv/bin
ITEMS ?= 120
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=
SEED ?= 1
SOAK_ITEMS ?= 100000
COVERED ?= schemas metrics ingest processors sinks lab

.PHONY: help env demo test fuzz coverage test-real soak check format lint types rules docs docs-write deploy-check bench truth clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

env: .venv/.synced ## Make the environment from the lock file

.venv/.synced: pyproject.toml uv.lock | $(filter .cache/%,$(UV))
	@echo "making the environment (.venv) from uv.lock"
	@$(UV) sync --locked --quiet --all-groups --no-group fuzz
	@touch $@

.cache/uv/bin/uv:
	@echo "installing uv into .cache/uv"
	@command -v $(PYTHON) > /dev/null || { echo "needs Python 3.11: apt-get install python3" >&2; exit 1; }
	@$(PYTHON) bootstrap.py $@

demo: env ## Run the one-machine stack under a simulated organisation; Ctrl-C ends it
	@$(BIN)/vsm demo --seed $(SEED) --items $(ITEMS)

test: env ## Run every test that needs no broker of its own, on every core
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 25

fuzz: env ## Fuzz every reader of what strangers send, FUZZ_SECONDS (60) in all; FUZZ_TARGETS names some
	@$(UV) sync --locked --quiet --all-groups
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

coverage: env ## Run the tests of the rooms and print how much of the rooms they run, branches too
	@$(BIN)/pytest $(COVERED:%=--cov=%) --cov-report=term:skip-covered --timeout=600 -k "not memory" $(COVERED:%=tests/%)

test-real: env ## Run the tests against a real Apache Kafka (Java 17 and Maven, or a Docker engine)
	@$(BIN)/pytest -m real -n 2 --dist worksteal --durations 25

soak: env ## Soak three killed workers on a real Apache Kafka with SOAK_ITEMS (100000) work items against the batch definition
	@VSM_SOAK_ITEMS=$(SOAK_ITEMS) $(BIN)/pytest -m real -s tests/real/test_soak.py

check: env lint types rules docs deploy-check ## Lint, types, architecture, documentation and deployment files

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types:
	@$(BIN)/mypy

rules:
	@$(BIN)/lint-imports --no-logo

docs: env ## Check that generated documentation is up to date (`make docs-write` renews it)
	@$(BIN)/python docs/generate.py --check

docs-write: env ## Write the generated documentation anew
	@$(BIN)/python docs/generate.py

deploy-check: env
	@$(BIN)/python deploy/validate.py

format: env ## Format the code
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: env ## Measure every bar against its yardstick; writes bench/results.json and docs/benchmarks.md
	@$(BIN)/python -m bench

truth: env ## Score every measurement against simulated organisations' known answers (SEEDS=20)
	@$(BIN)/python -m vsm.truth --seeds $(or $(SEEDS),20)

clean: ## Remove the environment, caches and local data
	@rm -rf .venv .cache .pytest_cache .ruff_cache .hypothesis vsm-data
