# make demo    a tour on real data: pipelines of four engines, scripts and the lineage that binds them
# make test    every test, on SQLite and PostgreSQL
#
# Each makes an environment of its own from constraints.txt on its first run; after that no network is needed.
# PYTHON=/path/to/python chooses the interpreter (3.11 or newer), WORKERS=1 runs tests in one process,
# ARGS="-k spool" goes to pytest.

.DEFAULT_GOAL := help
.PHONY: help demo test lint types contracts house docs clean demo-venv test-venv
unexport PYTHONPATH PYTHONHOME

DEMO_VENV ?= .venv-demo
TEST_VENV ?= .venv-test
WORKERS ?= 2
ARGS ?=
export PYTHON

help:
	@sed -n 's/^# \(.*\)/\1/p' Makefile | head -6

demo: demo-venv
	$(DEMO_VENV)/bin/python examples/demo.py

test: test-venv
	$(TEST_VENV)/bin/python -m pytest -n $(WORKERS) $(ARGS)

lint: test-venv
	$(TEST_VENV)/bin/python -m ruff check .

types: test-venv
	$(TEST_VENV)/bin/python -m mypy

contracts: test-venv
	$(TEST_VENV)/bin/lint-imports

house: test-venv
	$(TEST_VENV)/bin/python -m pytest -q tests/house

docs: test-venv
	$(TEST_VENV)/bin/python -m pytest -q tests/docs

clean:
	rm -rf .venv-demo .venv-test .venv-ci .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

demo-venv:
	@sh .ci/venv $(DEMO_VENV) anndata,prefect,redun,snakemake

test-venv:
	@sh .ci/venv $(TEST_VENV) dev
