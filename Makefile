# make demo | test | test-all | check | bench. Each target installs what it needs into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-all check bench clean

demo: .venv/demo
	$(BIN)/python examples/demo.py demo

test: .venv/dev
	$(BIN)/python -m pytest -m 'not browser and not cluster and not slow'

test-all: .venv/dev
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/dev
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf .venv demo

.venv/made:
	$(PYTHON) -m venv .venv
	touch $@

.venv/demo: .venv/made pyproject.toml constraints.txt
	$(PIP) --editable '.[demo]'
	touch $@

.venv/dev: .venv/made pyproject.toml constraints.txt
	$(PIP) --editable '.[dev]'
	touch $@
