# Everything is installed into .venv and run from there; nothing outside this directory is changed.
# Kept within GNU make 3.81, which macOS ships, and POSIX sh.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:

# Chosen on the command line only: an exported PYTHON or ARGS often means something else.
PYTHON :=
ARGS :=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --no-user --require-hashes --only-binary=:all:
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
SAMPLES := .venv/share/webhook-samples
AXE := .venv/share/axe-core

# What a shell exports for Python and pip goes no further, except where packages come from and how output is written.
PIP_KEPT := PIP_CACHE_DIR PIP_CERT PIP_CLIENT_CERT PIP_CONFIG_FILE PIP_DEFAULT_TIMEOUT PIP_EXTRA_INDEX_URL PIP_FIND_LINKS \
	PIP_INDEX_URL PIP_KEYRING_PROVIDER PIP_NO_CACHE_DIR PIP_NO_INDEX PIP_PROXY PIP_RETRIES PIP_TIMEOUT PIP_TRUSTED_HOST
PYTHON_KEPT := PYTHONDONTWRITEBYTECODE PYTHONHASHSEED PYTHONIOENCODING PYTHONUNBUFFERED PYTHONUTF8
unexport $(filter-out $(PIP_KEPT) $(PYTHON_KEPT),$(filter PIP_% PYTHON%,$(.VARIABLES)))
unexport VIRTUAL_ENV CONDA_PREFIX UV_PROJECT_ENVIRONMENT UV_PYTHON

.PHONY: help
help:
	@echo 'make up       start the sandbox and the controller, roll out a first version, stay up until Ctrl-C'
	@echo 'make test     run every test'
	@echo 'make test-exhaustive  every fault at every site of every story; about 20 minutes on two cores'
	@echo 'make lint     ruff, mypy and the import contracts'
	@echo 'make format   let ruff rewrite what it can'
	@echo 'make bench    measure, and print the table'
	@echo 'make teeth    make named mistakes in copies of the code, and see that a test catches each; minutes'
	@echo 'make kills    kill real controllers amid rollouts, and judge the end; most of an hour'
	@echo "make compare  ask other stand-ins for AWS the sandbox's questions, and list what they answer otherwise"
	@echo 'make probe    ask a real AWS account what no document says; without ARGS it says how, and makes nothing'
	@echo 'make lock     resolve pyproject.toml anew into requirements/*.txt; ARGS=--upgrade takes newer versions'
	@echo "make samples  fetch what tests read and is not shipped: GitHub's own webhook payloads, and axe (needs npm)"
	@echo 'make clean    remove .venv and everything built or cached'
	@echo
	@echo 'ARGS="..." is passed on: make up ARGS="--port 8080", make test ARGS="-k signature".'
	@echo 'PYTHON=... chooses the interpreter: make up PYTHON=python3.12.'

.PHONY: up
up: .venv/run.stamp
	@exec $(BIN)/tidegate up $(ARGS)

.PHONY: test
test: .venv/dev.stamp
	@exec $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(ARGS)

.PHONY: test-exhaustive
test-exhaustive: .venv/dev.stamp
	@$(BIN)/python -m tests.exhaustive $(ARGS)
	@TIDEGATE_EVERY_STEP=1 exec $(BIN)/python -m pytest -q -n 2 tests/scenarios/test_restored.py

.PHONY: lint
lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint Dockerfile; else echo 'hadolint has no wheel for this system'; fi

.PHONY: format
format: .venv/dev.stamp
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .

.PHONY: bench
bench: .venv/dev.stamp
	@exec $(BIN)/python -m benchmarks $(ARGS)

# The oracles live apart: moto brings much that nobody else needs, and ministack wants a botocore of its own.
.PHONY: compare
compare: .venv/dev.stamp .venv-oracles/stamp .venv-ministack/stamp
	@.venv-oracles/bin/python -m tests.oracles.record .venv-ministack/bin/python
	@exec $(BIN)/python -m tests.oracles $(ARGS)

.PHONY: probe
probe: .venv/dev.stamp
	@exec $(BIN)/python -m tests.oracles.probe $(if $(ARGS),$(ARGS),--help)

.PHONY: teeth
teeth: .venv/dev.stamp
	@exec $(BIN)/python -m tests.teeth $(ARGS)

.PHONY: kills
kills: .venv/dev.stamp
	@exec $(BIN)/python -m benchmarks.kills $(ARGS)

.PHONY: lock
lock: .venv/lock.stamp
	$(COMPILE) $(ARGS) --output-file requirements/lock.txt requirements/lock.in
	$(COMPILE) $(ARGS) --output-file requirements/run.txt --extra postgres --extra sandbox \
		pyproject.toml requirements/build.in
	$(COMPILE) $(ARGS) --output-file requirements/dev.txt --all-extras --constraint requirements/run.txt \
		pyproject.toml requirements/build.in
	$(COMPILE) $(ARGS) --output-file requirements/workload.txt --constraint requirements/run.txt requirements/workload.in
	$(COMPILE) $(ARGS) --output-file requirements/oracles.txt --constraint requirements/run.txt requirements/oracles.in
	$(COMPILE) $(ARGS) --output-file requirements/ministack.txt requirements/ministack.in

.PHONY: samples
samples: $(SAMPLES)/index.json $(AXE)/axe.min.js

.PHONY: clean
clean:
	@if [ -e .tidegate/sandbox.json ]; then \
		echo 'make clean: a sandbox is up (.tidegate/sandbox.json). Stop it with Ctrl-C, or delete .tidegate, and try again.' >&2; \
		exit 1; \
	fi
	rm -rf .venv .venv-oracles .venv-ministack .tidegate .tidegate.[0-9] build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A moved or copied checkout still holds the old place's absolute paths and would run the old place's code: make it anew.
ifneq ($(shell [ -x $(BIN)/python ] && sed -n 's/^command = .* -m venv //p' .venv/pyvenv.cfg),$(CURDIR)/.venv)
.PHONY: .venv/pyvenv.cfg
endif

.venv/pyvenv.cfg:
	@rm -rf .venv
	@python=$$(sh requirements/interpreter.sh "$(PYTHON)") || exit 1; \
		echo "making .venv with $$python"; "$$python" -m venv .venv

.venv/run.stamp: .venv/pyvenv.cfg requirements/run.txt pyproject.toml
	@echo 'installing what Tidegate runs on into .venv'
	@$(INSTALL) --requirement requirements/run.txt
	@$(PIP) install --quiet --no-user --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@echo 'installing what tests and checks need into .venv'
	@$(INSTALL) --requirement requirements/dev.txt
	@touch $@

.venv/lock.stamp: .venv/pyvenv.cfg requirements/lock.txt
	@$(INSTALL) --requirement requirements/lock.txt
	@touch $@

.venv-oracles/stamp: requirements/oracles.txt
.venv-ministack/stamp: requirements/ministack.txt

.venv-oracles/stamp .venv-ministack/stamp: .venv/run.stamp
	@echo 'installing an oracle into $(@D)'
	@rm -rf $(@D)
	@$(BIN)/python -m venv --without-pip $(@D)
	@$(PIP) --python $(@D)/bin/python install --quiet --no-user --require-hashes --only-binary=:all: \
		--requirement requirements/$(@D:.venv-%=%).txt
	@touch $@

# npm is the registry's own client; the digest is the one that the registry publishes for this version.
$(SAMPLES)/index.json: .venv/pyvenv.cfg tests/webhooks/samples.py tests/support/npm.py
	@$(BIN)/python -m tests.webhooks.samples $(SAMPLES)

$(AXE)/axe.min.js: .venv/pyvenv.cfg tests/browser/axe.py tests/support/npm.py
	@$(BIN)/python -m tests.browser.axe $(AXE)
