# Every target makes the virtual environment it needs. Python 3.11 or newer, git and make are all that must be there.
PYTHON ?= python3
VENV   := .venv
READY  := $(VENV)/.ready
GUIDED := $(VENV)/.guided
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo test check simulate compare gallery crash bench fuzz atheris pins clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## ship a good release and a broken one to a rack on this machine, in under a minute
	@bash docs/demo.sh

JOBS ?= 3
test: $(READY) ## all tests: the recorded runs, which are held to their times, then the others, JOBS files at a time
	pytest -q tests/contract
	pytest -q --ignore=tests/contract -n $(JOBS) --dist loadfile

check: $(READY) ## lint, types, and the direction of every import
	ruff check
	ruff format --check
	mypy
	lint-imports --no-cache

SEEDS ?= 4000
BASE  ?= 0
simulate: $(READY) ## ship in SEEDS simulated worlds from seed BASE on, and hold each verdict to the truth
	python -m deployer.testing.simulation --seeds $(SEEDS) --base $(BASE)

compare: $(READY) ## the same worlds with scripts that people use in place of deployer
	python -m deployer.testing.simulation.compare --seeds $(SEEDS) --base $(BASE)

gallery: $(READY) ## put known mistakes back one at a time: how many worlds until the simulation notices?
	python tests/simulation/gallery.py

crash: $(READY) ## strike a real run at every line of its journal, and take each up again; an hour
	pytest -q tests/crash --all-points

bench: $(READY) ## timings, side by side in one run
	pytest -q tests/bench --benchmark

FUZZ ?= 100000
fuzz: $(READY) ## FUZZ outputs of convox, cut, mixed and spoiled, for each parser
	pytest -q tests/bench --fuzz $(FUZZ)

atheris: $(GUIDED) ## the same, guided by the branches that an input takes (x86-64 Linux only)
	python -m tests.bench.guided $(FUZZ)

pins: $(READY) ## pin every requirement anew, by version and hash
	bash .ci/pin

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The pins are installed by hash; hatchling is one of them, so that building ourselves needs no network.
$(READY): .ci/requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "deployer needs Python 3.11 or newer, PYTHON=… names another")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements/dev.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

# Apart from the rest: atheris has wheels for some machines only, and nothing else needs it.
$(GUIDED): .ci/requirements/fuzz.txt $(READY)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements/fuzz.txt
	@touch $@
