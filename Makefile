# Works from a clean checkout with Python 3.11 or newer, pip and make; `make help` lists the targets.

.DELETE_ON_ERROR:
.SUFFIXES:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV  := .venv
BIN   := $(VENV)/bin
DEMO  := build/demo
FLEET := build/fleet
BENCH := build/benchmarks/tools
# Arguments for pytest, such as make test TEST_ARGS="-n 0 -k store"; two processes, as CI has two cores.
TEST_ARGS  ?= -n 2 --durations 25 --durations-min 2
# And for the benchmarks: make bench BENCH_ARGS=--quick (keeps no table)
BENCH_ARGS ?= --keep

# The first that runs and can make environments: a name on PATH may be a shim of a version manager that fails.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	if $$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$name; break; fi; done)

PIP_FLAGS := --quiet --no-input --disable-pip-version-check --progress-bar off

# make vendor fills the folder; then make AIR_GAP=1 demo test installs from it, and asks no index for anything.
VENDOR := $(CURDIR)/vendor
ifdef AIR_GAP
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := file://$(VENDOR)
# Whatever asks all the same hears that there is nobody, and not what some configuration knows.
export PIP_INDEX_URL := http://127.0.0.1:9/
export PIP_EXTRA_INDEX_URL :=
export PIP_CONFIG_FILE := /dev/null
endif

# What an outer environment must not decide.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTEST_ADDOPTS PYTEST_PLUGINS

.PHONY: help demo fleet-demo test test-slow test-robot regression build lint typecheck format bench openapi vendor clean FORCE

help:
	@echo "make demo        set up, run the bundled scenarios, verify their evidence"
	@echo "make fleet-demo  the same on a Mixer and two racks, on this machine"
	@echo "make test        set up, run all tests but the slow ones against the built wheel"
	@echo "make test-slow   the slow tests, and whole sessions with two workers"
	@echo "make test-robot  Robot Framework suites: the real commands, a fleet, a rack that is killed"
	@echo "make regression  everything, end to end: tests, slow tests, robot suites, the fleet's demo"
	@echo "make lint        ruff, mypy, import layers, bandit, the types as users see them (make typecheck: mypy alone)"
	@echo "make format      rewrite the sources as ruff formats them"
	@echo "make openapi     write docs/openapi.yaml from the code (make lint says when it is not so)"
	@echo "make vendor      fill vendor/ with wheels; then AIR_GAP=1 makes every other target install from there alone"
	@echo "make build       sdist and wheel, in dist/"
	@echo "make bench       the benchmarks against other tools; keeps the table in docs/benchmarks.md"
	@echo "make clean       remove what the other targets made"

# ---- set-up: each stamp is older than what it was made from, or is made again -------------------

# Changes only when the content of a file that goes into the wheel does: a checkout touches times, an import
# makes __pycache__, and a deleted file leaves no time behind.
build/inputs: FORCE
	@mkdir -p build
	@find pyproject.toml README.md LICENSE pytest_fluxscenario -type f ! -name '*.py[co]' | LC_ALL=C sort \
		| while IFS= read -r file; do cksum "$$file"; done > build/inputs.new
	@if cmp -s build/inputs.new build/inputs; then rm build/inputs.new; else mv build/inputs.new build/inputs; fi

$(VENV)/stamp-python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer with venv found (set PYTHON=/path/to/python3)" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install $(PIP_FLAGS) 'build>=1.2'
	@touch $@

# The wheel is built from the sdist, so that a file missing there is missed here.
dist/.stamp: build/inputs $(VENV)/stamp-python
	rm -rf dist
	$(BIN)/python -m build --outdir dist . > build/dist.log 2>&1 || { cat build/dist.log >&2; exit 1; }
	@touch $@

# --force-reinstall: the version stays the same while the content changes.
$(VENV)/stamp-package: dist/.stamp
	$(BIN)/python -m pip install $(PIP_FLAGS) dist/*.whl
	$(BIN)/python -m pip install $(PIP_FLAGS) --force-reinstall --no-deps dist/*.whl
	@touch $@

$(VENV)/stamp-test: pyproject.toml | $(VENV)/stamp-package
	$(BIN)/python -m pip install $(PIP_FLAGS) "$$(ls dist/*.whl)[test]"
	@touch $@

$(VENV)/stamp-lint: pyproject.toml | $(VENV)/stamp-package
	$(BIN)/python -m pip install $(PIP_FLAGS) "$$(ls dist/*.whl)[lint,test]"
	@touch $@

# Environments of their own: pytest-bdd, for one, loads itself into every pytest run beside it.
$(BENCH)/.stamp: dist/.stamp $(VENV)/stamp-package
	$(BIN)/python benchmarks/run.py --setup $(BENCH)
	@touch $@

# ---- what people ask for -----------------------------------------------------------------------

# -p no:randomly: in the order of the files, also where `make test` has installed its plugins.
demo: $(VENV)/stamp-package
	@rm -rf $(DEMO)
	@mkdir -p $(DEMO)
	$(BIN)/pytest scenarios -v -p no:randomly --junitxml=$(DEMO)/junit.xml --fluxscenario-evidence=$(DEMO)/evidence
	$(BIN)/fluxrig evidence verify $(DEMO)/evidence
	@echo
	@echo "JUnit report: $(DEMO)/junit.xml"
	@echo "evidence:     $(DEMO)/evidence (show it: $(BIN)/fluxrig evidence show $(DEMO)/evidence)"

# On the ports of the sample configurations: a Mixer that runs already is in the way, and the demo says so.
fleet-demo: $(VENV)/stamp-package
	@rm -rf $(FLEET)
	$(BIN)/python -m pip install $(PIP_FLAGS) "$$(ls dist/*.whl)[fleet]"
	.ci/fleet-demo $(BIN) $(FLEET)

# The script, not `python -m pytest`: that would put the checkout before the installed wheel.
test: $(VENV)/stamp-package $(VENV)/stamp-test
	FLUXSCENARIO_EXPECT_WHEEL=1 $(BIN)/pytest $(TEST_ARGS)

test-slow: $(VENV)/stamp-package $(VENV)/stamp-test
	FLUXSCENARIO_EXPECT_WHEEL=1 $(BIN)/pytest -m slow $(TEST_ARGS)

test-robot: $(VENV)/stamp-package $(VENV)/stamp-test
	$(BIN)/robot --outputdir build/robot --variable BIN:$(CURDIR)/$(BIN) tests/robot

# One after the other, and the first that fails ends it; each says how long it took.
regression: $(VENV)/stamp-package $(VENV)/stamp-test
	@for part in test test-slow test-robot fleet-demo; do \
		begun=$$(date +%s); $(MAKE) $$part || exit; echo "make $$part: $$(($$(date +%s) - begun)) s"; done

build: dist/.stamp
	@ls -l dist

lint: $(VENV)/stamp-lint typecheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive pytest_fluxscenario benchmarks
	$(BIN)/python -m pytest_fluxscenario.fleet.mixer.web.openapi docs/openapi.yaml --check
	$(BIN)/pytest -q tests/typing

typecheck: $(VENV)/stamp-lint
	$(BIN)/mypy

format: $(VENV)/stamp-lint
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

openapi: $(VENV)/stamp-test
	$(BIN)/python -m pytest_fluxscenario.fleet.mixer.web.openapi docs/openapi.yaml

# For this Python and machine. `pip wheel` and not `pip download`: what has no wheel is built now, while there is an index.
vendor: dist/.stamp
	$(BIN)/python -m pip wheel $(PIP_FLAGS) --wheel-dir vendor 'build>=1.2' 'hatchling>=1.27' \
		"$$(ls dist/*.whl)[lint,test]"
	@rm -f vendor/pytest_fluxscenario-*
	@ls vendor | wc -l | xargs -I{} echo "{} wheels in vendor/"

bench: $(BENCH)/.stamp
	$(BIN)/python benchmarks/run.py --tools $(BENCH) $(BENCH_ARGS)

clean:
	rm -rf $(VENV) .tox build dist .fluxscenario .cache
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name .git -prune -o -type d -name __pycache__ -print | while IFS= read -r folder; do rm -rf "$$folder"; done
