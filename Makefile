# make demo | test | test-all | check | docs | bench. Each target installs what it needs into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-all check docs bench clean

demo: .venv/demo
	$(BIN)/python examples/demo.py demo

test: .venv/dev
	$(BIN)/python -m pytest -m 'not browser and not cluster and not slow'

test-all: .venv/dev .venv/page
	$(BIN)/python -m pytest

check: .venv/dev .venv/page
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@if [ -x node_modules/.bin/tsc ]; then node_modules/.bin/tsc --noEmit; fi

docs: .venv/docs
	$(BIN)/python docs/site/build.py

bench: .venv/dev
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf .venv build demo node_modules

.venv/made:
	$(PYTHON) -m venv .venv
	touch $@

# What checks the page's types and accessibility, and what runs the demo in examples/browser. It needs npm; without it,
# these checks are left out.
NPM := npm ci --silent --no-audit --no-fund --ignore-scripts
.venv/page: .venv/made package.json package-lock.json examples/browser/package-lock.json
	@if command -v npm > /dev/null; then $(NPM) && $(NPM) --prefix examples/browser && touch $@; \
	else echo "There is no npm: the page's types and accessibility are not checked."; fi

.venv/demo: .venv/made pyproject.toml constraints.txt
	$(PIP) --editable '.[demo]'
	touch $@

.venv/docs: .venv/made pyproject.toml constraints.txt
	$(PIP) --editable '.[docs,web]'
	touch $@

.venv/dev: .venv/made pyproject.toml constraints.txt
	$(PIP) --editable '.[dev]'
	touch $@
