# The two commands of the README are `make demo` and `make test`; `make help` names the others.
# What they need is set up by scripts/setup.sh, which does nothing when nothing is missing.

PYTHON ?=
HOST ?= 127.0.0.1
PORT ?= 8000
TRIALS ?= 10
export PYTHON HOST PORT

BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format lock bench verify screenshots

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## .venv/ with the surveyapp command in it
	@scripts/setup.sh runtime

demo:  ## a study with a synthetic panel, in the browser (HOST=, PORT=)
	@scripts/setup.sh runtime
	@exec $(BIN)/surveyapp demo

test:  ## everything that people and CI check, and all tests
	@scripts/setup.sh test
	@scripts/test.sh

check:  ## formatting, style, types and import contracts, without the tests
	@scripts/setup.sh tools
	@scripts/check.sh

format:  ## put the code into its form
	@scripts/setup.sh tools
	@$(BIN)/ruff check --quiet --fix --select I . && $(BIN)/ruff format --quiet .

lock:  ## requirements/*.txt anew from pyproject.toml
	@scripts/lock.sh

bench:  ## the benchmarks; prints what benchmarks/README.md shows
	@scripts/setup.sh test
	@$(BIN)/python -m benchmarks

verify:  ## all tests again, pages on both databases too, with more trials and examples (TRIALS= times as many)
	@scripts/setup.sh test
	@TRIALS=$(TRIALS) scripts/test.sh

screenshots:  ## the pictures in docs/screenshots/
	@scripts/setup.sh test
	@$(BIN)/python scripts/screenshots.py
