# Two cores and no GPU are enough for everything here.
PYTHON ?= python3
BIN := .venv/bin
OF ?= .venv
# Markers of pyproject.toml.
SLOW := process or training or browser or ray or fuzz

.PHONY: help install demo test test-all check format docs results dist oldest audit lock clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: .venv/installed  ## create .venv and install everything from constraints.txt

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "geobfdt needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: install  ## a simulated well: written as DLIS, picked, scored, drawn
	$(BIN)/geobfdt demo

test: install  ## the tests that are fast, on two workers: about five minutes
	$(BIN)/python -m pytest -n 2 --dist loadscope -m "not ($(SLOW))"

test-all: test  ## those, and real processes, trainings, a browser, Ray and many damaged files
	$(BIN)/python -m pytest -n 2 --dist loadscope -m "$(SLOW)"

check: install  ## lint, spelling, types, import arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files -z | xargs -0 $(BIN)/codespell
	git ls-files -z "*.md" | xargs -0 $(BIN)/pymarkdown scan
	$(BIN)/yamllint --strict .github src deploy .pre-commit-config.yaml CITATION.cff
	$(BIN)/oxlint --deny-warnings src/geobfdt/review/static
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: install  ## tidy the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install  ## the documentation as web pages, in docs/_build/html; runs the gallery: a minute or two
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo docs/_build/html/index.html

dist: .venv-dist/installed  ## wheel and sdist, checked, and the demonstration in a new environment
	rm -rf dist .venv-wheel
	.venv-dist/bin/python -m build --outdir dist .
	.venv-dist/bin/twine check --strict dist/*
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	cd dist && ../.venv-wheel/bin/geobfdt demo --out ../.venv-wheel/demo
	.venv-wheel/bin/geobfdt --version

oldest: .venv-oldest/installed  ## the fast tests with the oldest dependencies that pyproject.toml allows
	.venv-oldest/bin/python -m pytest -n 2 --dist loadscope -m "not ($(SLOW))"

results: install  ## docs/results.md, the README's figures and the model card, from results/*.json
	$(BIN)/python benchmarks/results_page.py
	$(BIN)/python benchmarks/pretraining_plot.py

audit: install .venv-audit/installed  ## licences, bill of materials and known holes; the last asks the net
	.venv-audit/bin/pip-licenses --python $(OF)/bin/python --order=license
	.venv-audit/bin/cyclonedx-py environment $(OF) --pyproject pyproject.toml --of JSON -o sbom.json
	.venv-audit/bin/pip-audit -r constraints.txt --no-deps --disable-pip --strict

lock: .venv-audit/installed  ## the service's requirements with their hashes; LOCK= further words for uv
	echo hatchling | .venv-audit/bin/uv pip compile pyproject.toml - --extra review -c constraints.txt --generate-hashes \
	  --universal --python-version 3.11 --no-header --no-emit-index-url --quiet $(LOCK) -o deploy/requirements.txt

.venv-audit/installed:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-licenses==5.5.5 pip-audit==2.10.1 cyclonedx-bom==7.5.0 uv==0.13.9
	touch $@

.venv-dist/installed:
	$(PYTHON) -m venv .venv-dist
	.venv-dist/bin/python -m pip install --quiet --disable-pip-version-check build==1.6.1 twine==7.0.0
	touch $@

.venv-oldest/installed: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-oldest.txt -e '.[field,review,search,onnx]' httpx hypothesis 'cyclonedx-python-lib[json-validation]' jinja2 jupytext nbclient pytest pytest-xdist
	touch $@

clean:  ## remove what the targets above made
	rm -rf .venv .venv-dist .venv-wheel .venv-oldest dist docs/_build docs/_notebooks docs/api docs/gallery demo
