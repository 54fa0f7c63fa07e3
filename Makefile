# make demo | test | test-all | coverage | check | docs | bench. Each target installs what it needs into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-all coverage check docs bench clean

demo: .venv/demo
	$(BIN)/python examples/demo.py demo

# One process for each processor; browsers and clusters are tested one after the other, since they start processes of
# their own.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal
test: .venv/dev
	$(PYTEST) -m 'not browser and not cluster and not slow'

test-all: .venv/dev .venv/page
	$(PYTEST) -m 'not browser and not cluster'
	$(BIN)/python -m pytest -m 'browser or cluster'

coverage: .venv/dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m 'not browser and not cluster'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --sort cover

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
