# Everything a developer types. Needs only Python 3.11 or newer with its venv module;
# `make test` also uses Java and Maven (for Kafka), Prometheus, Alertmanager and Chromium,
# fetches what it can of these and says in one line how to get the rest.

PYTHON ?= python3
VENV   ?= .venv
LOWEST := .venv-lowest
LOCKER := .venv-lock
AUDIT  := .venv-audit
RUNS   := .venv-runtime
PEERS  := .venv-peers
PIP    := -m pip --disable-pip-version-check --quiet install
UNIT   := not servers and not real_data and not replays and not nightly
# What another version of Python or of a library can change: not what is found in the text of the
# tree, and not once more what holds whatever is drawn, of which the examples are run.
VERSIONS := $(UNIT) and not source_text and not hypothesis
# Compiled once, not by each of the hundreds of processes that the tests start.
export PYTHONDONTWRITEBYTECODE :=
CODE   := streams detectors grafana deploy tests $(wildcard benchmarks)

.DEFAULT_GOAL := help
.PHONY: help demo install servers test unit test-lowest test-pythons check format lock audit digests bench screenshots clean

help: ## list these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: install ## show the monitor at work on real data (ARGS="--for 60s" to end by itself)
	@$(VENV)/bin/watchroom demo $(ARGS)

install: $(VENV)/.project ## make the virtual environment with the locked versions

servers: install ## find or fetch the servers that the tests use, and say which are missing
	@$(VENV)/bin/python -m tests.servers

test: servers ## run all tests, against real servers where they can be had
ifdef ARGS
	@$(VENV)/bin/python -m pytest $(ARGS)
else
	@$(VENV)/bin/python -m pytest -n auto -m "$(UNIT)"
	@$(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
		-m "not nightly and not ($(UNIT))"
endif

unit: install ## run the tests that need no server and no large data
	@$(VENV)/bin/python -m pytest -n auto -m "$(UNIT)" $(ARGS)

test-lowest: $(LOWEST)/.project ## run the unit tests that versions touch with the lowest that are allowed
	@$(LOWEST)/bin/python -m pytest -p no:cacheprovider -n auto -m "$(VERSIONS)" $(ARGS)

test-pythons: install ## run the unit tests with the newest Python that is found, and on others what versions touch
	@found=$$($(VENV)/bin/python -m tests.pythons) || exit 1; \
	wanted="$(UNIT)"; \
	echo "$$found" | while read -r version python; do \
		[ -n "$$version" ] || continue; \
		echo "Python $$version: $$python"; \
		$(MAKE) --no-print-directory unit PYTHON="$$python" VENV=".venv-$$version" \
			UNIT="$$wanted" </dev/null || exit 1; \
		wanted="$(VERSIONS)"; \
	done

check: install ## check format, lint and types
	@$(VENV)/bin/ruff format --check $(CODE)
	@$(VENV)/bin/ruff check $(CODE)
	@$(VENV)/bin/mypy

format: install ## format the code and mend what the linter can
	@$(VENV)/bin/ruff check --fix-only --exit-zero $(CODE)
	@$(VENV)/bin/ruff format $(CODE)

screenshots: install ## write the wallboard in all states and sizes into a folder (TO=screenshots)
	@$(VENV)/bin/python -m tests.servers.wallboard_scenes $(or $(TO),screenshots)

bench: install $(PEERS)/.locked ## measure speed and memory, and write docs/performance.md (QUICK=1: smaller, writes nothing)
	@$(VENV)/bin/python benchmarks/performance.py --peers $(PEERS)/bin/python \
		$(if $(QUICK),--quick,--write docs/performance.md) \
		$(if $(AGAINST),--against $(AGAINST)) $(ARGS)

lock: $(LOCKER)/.uv ## choose all versions anew, within pyproject.toml
	@$(LOCKER)/bin/uv pip compile --quiet --upgrade $(COMPILE) --extra dev \
		pyproject.toml -o requirements/lock.txt
	@$(LOCKER)/bin/uv pip compile --quiet --upgrade $(COMPILE) --extra test \
		--resolution lowest-direct pyproject.toml -o requirements/lowest.txt
	@$(LOCKER)/bin/uv pip compile --quiet $(COMPILE) --constraint requirements/lock.txt \
		--extra oidc pyproject.toml -o requirements/runtime.txt
	@$(LOCKER)/bin/uv pip compile --quiet --upgrade $(COMPILE) \
		benchmarks/peers/requirements.in -o benchmarks/peers/requirements.txt
	@$(LOCKER)/bin/uv pip compile --quiet --upgrade $(COMPILE) \
		requirements/audit.in -o requirements/audit.txt

COMPILE := --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

audit: $(AUDIT)/.locked $(RUNS)/.locked ## list the parts that are delivered, their licences and known vulnerabilities
	@$(AUDIT)/bin/python deploy/audit.py --tools $(AUDIT)/bin --environment $(RUNS)/bin/python

digests: install ## pin the images of the stack to their bytes, where their registries can be reached
	@$(VENV)/bin/python deploy/digests.py

clean: ## remove the virtual environments and caches (not the user's cache of servers)
	@rm -rf $(VENV) .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis

# --- virtual environments -------------------------------------------------------------------
# A stamp is written last, so an install that was interrupted is done again. The project's own
# stamp is apart from that of its dependencies: an edit of pyproject.toml costs two seconds.

define make-venv
@command -v $(PYTHON) >/dev/null || { echo "Missing: Python 3.11 or newer ($(PYTHON) was not found). Get it from your system's packages, or name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Too old: $$($(PYTHON) --version), and Watchroom needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Missing: Python's venv module. Get it: apt-get install python3-venv" >&2; exit 1; }
@$(PYTHON) -m venv $(1)
endef

define install-project
@$(1)/bin/python $(PIP) --no-deps --no-build-isolation --editable .
@touch $@
endef

$(VENV)/.locked: requirements/lock.txt
	$(call make-venv,$(VENV))
	@echo "Installing the locked versions into $(VENV) (once)"
	@$(VENV)/bin/python $(PIP) --require-hashes -r requirements/lock.txt
	@touch $@

$(VENV)/.project: $(VENV)/.locked pyproject.toml
	$(call install-project,$(VENV))

$(LOWEST)/.locked: requirements/lowest.txt
	$(call make-venv,$(LOWEST))
	@echo "Installing the lowest allowed versions into $(LOWEST) (once)"
	@$(LOWEST)/bin/python $(PIP) --require-hashes -r requirements/lowest.txt
	@touch $@

$(LOWEST)/.project: $(LOWEST)/.locked pyproject.toml
	$(call install-project,$(LOWEST))

$(AUDIT)/.locked: requirements/audit.txt
	$(call make-venv,$(AUDIT))
	@echo "Installing the programs that audit into $(AUDIT) (once)"
	@$(AUDIT)/bin/python $(PIP) --require-hashes -r requirements/audit.txt
	@touch $@

$(RUNS)/.locked: requirements/runtime.txt
	$(call make-venv,$(RUNS))
	@echo "Installing what Watchroom runs on into $(RUNS) (once)"
	@$(RUNS)/bin/python $(PIP) --require-hashes -r requirements/runtime.txt
	@touch $@

$(PEERS)/.locked: benchmarks/peers/requirements.txt
	$(call make-venv,$(PEERS))
	@echo "Installing the programs to compare with into $(PEERS) (once)"
	@$(PEERS)/bin/python $(PIP) --require-hashes -r benchmarks/peers/requirements.txt
	@touch $@

$(LOCKER)/.uv:
	$(call make-venv,$(LOCKER))
	@$(LOCKER)/bin/python $(PIP) uv
	@touch $@
