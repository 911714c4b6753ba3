# Two commands are enough: `make demo` runs the main job for real, `make test` passes the tests.
# Both create .venv by themselves; nothing outside this folder is touched.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WORKERS ?= 2
# What was compiled once is kept, whatever the environment says: it saves every run after the first ten seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check coverage test-slow bench golden characteristics lock clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY)
	$(BIN)/harness demo

test: $(READY)
	$(BIN)/python -m pytest --quiet --numprocesses $(WORKERS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

coverage: $(READY)
	$(BIN)/python -m pytest --quiet --numprocesses $(WORKERS) --cov --cov-report=term:skip-covered

test-slow: $(READY)
	HARNESS_PROPERTIES=search $(BIN)/python -m pytest -m slow --timeout 7200

bench: $(READY)
	$(BIN)/python -m tests.bench

golden: $(READY)
	$(BIN)/harness scenarios schema > scenarios/scenario.schema.json
	$(BIN)/python tests/golden/record_demo_baseline.py
	-HARNESS_GOLDEN=1 $(BIN)/python -m pytest --quiet tests/reports tests/scenarios tests/house tests/acceptance/test_defects.py
	git status --short

characteristics: $(READY)
	$(BIN)/python -m tests.golden.operating_characteristics
	git status --short

lock:
	$(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --extra dev --all-build-deps --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-annotate --no-header --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .harness dist build .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
