SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON  ?= python3
# One more than the processors that are asked for: a third of the time is waited for servers that tests start, and for disks.
WORKERS ?= 3
BIN     := .venv/bin
STAMP   := .venv/.installed
# The resolver is used only to write the lock, so it lives outside the environment.
UV      := uv>=0.13,<0.14

export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call step,name,command) announces a step, times it, and names it if it fails.
TIMEFORMAT := %1R s
export TIMEFORMAT
define step
@printf '\n▸ %s\n' '$(1)'; time { $(2); } || { code=$$?; printf '✗ make $@ stopped at: %s\n' '$(1)' >&2; exit $$code; }
endef

# The same for the last step, whose own closing line tells the count and the time and must stay the last.
define tests
@printf '\n▸ %s\n' '$(1)'; $(2) || { code=$$?; printf '✗ make $@ stopped at: %s\n' '$(1)' >&2; exit $$code; }
endef

.PHONY: help setup run demo check test test-deep bench bench-quick fmt protos schema docs lock clean

help:
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

##@ Use
setup: $(STAMP) ## install everything into .venv, and nothing elsewhere
run: $(STAMP) ## serve the three services on the loopback address, state in var/
	@echo "▸ starting; Ctrl-C ends it. In another terminal: make demo, or $(BIN)/dmp token --as author"
	@DMP_ENVIRONMENT=development exec $(BIN)/dmp serve all
demo: $(STAMP) ## tell a patient's story over gRPC
	@exec $(BIN)/dmp demo

# One line that counts up on a terminal, a line for every twenty packages elsewhere.
define progress
/^(Collecting|Processing|Requirement|Ignoring) / { n += 1; if (tty) printf "\r  %d", n; else if (n % 20 == 0) print "  " n; fflush() }
/^Installing/ { if (tty) print ""; print "  unpacking, which takes about half a minute"; tty = 0; fflush() }
END { if (tty) print "" }
endef
export progress

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
	  echo "dmp-access needs Python 3.11, 3.12 or 3.13. Here $(PYTHON) is: $$($(PYTHON) --version 2>&1 | head -n 1)" >&2; \
	  echo "Name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "▸ creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@echo "▸ installing the $$(grep -c '==' requirements.lock) locked packages (log: .venv/install.log)"
	@tty=0; if [ -t 1 ]; then tty=1; fi; \
	$(BIN)/pip install --require-hashes --no-deps --requirement requirements.lock 2> .venv/install.log | awk -v tty=$$tty "$$progress" || { \
	  tail -n 20 .venv/install.log >&2; echo '✗ the packages could not be installed; is a package index reachable?' >&2; exit 1; }
	@echo "▸ installing dmp-access itself, editable"
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
	@echo "▸ ready: $(BIN)/dmp"

##@ Check
# The steps before the tests; the fast ones first.
define static_steps
$(call step,ruff check,$(BIN)/ruff check --quiet)
$(call step,ruff format,$(BIN)/ruff format --quiet --diff)
$(call step,import contracts,$(BIN)/lint-imports --no-cache > .venv/contracts.log || { cat .venv/contracts.log; false; })
$(call step,buf lint,$(BIN)/buf lint protos)
$(call step,buf breaking: against the last commit,$(breaking))
$(call step,generated code is fresh,$(BIN)/python protos/generate.py --check)
$(call step,rules/schema is fresh,$(BIN)/dmp rules schema)
$(call step,dmp rules fmt,$(BIN)/dmp rules fmt --check)
$(call step,rules/RULES.md is fresh,$(BIN)/dmp rules docs)
$(call step,dmp rules check,$(BIN)/dmp rules check)
$(call step,dmp rules test,$(BIN)/dmp rules test)
$(call step,dmp rules prove,$(BIN)/dmp rules prove)
$(call step,mypy,$(BIN)/mypy)
endef

# From git's own store rather than by a clone, so that a shallow or detached checkout does as well.
define breaking
if git rev-parse --quiet --verify HEAD:protos/dmp &> /dev/null; then \
  before=$$(mktemp -d); trap "rm -rf $$before" EXIT; \
  git archive HEAD protos | tar -x -C "$$before"; \
  $(BIN)/buf breaking protos --against "$$before/protos"; \
else echo "  skipped: no commit holds the protos yet$(comma) so there is nothing to break"; fi
endef
comma := ,

check: $(STAMP) ## lint, types, contracts, freshness, rules, fast tests; under two minutes
	$(static_steps)
	$(call tests,fast tests,$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow")
test: $(STAMP) ## all of check, with the slow tests in the same run; what CI calls
	$(static_steps)
	$(call tests,tests,$(BIN)/pytest -n $(WORKERS) --dist worksteal)
test-deep: $(STAMP) ## the long properties in full, for hours if need be
	$(call tests,deep tests,DMP_TEST_DEEP=1 $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "")
bench: $(STAMP) ## measure the services beside an empty echo; ratios, and var/bench.json
	@exec $(BIN)/python -m tests.bench.cli
bench-quick: $(STAMP) ## the same within two minutes
	@exec $(BIN)/python -m tests.bench.cli --quick

##@ Write
fmt: $(STAMP) ## put the Python and rule files in their one format, and mend what can be
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format
	@$(BIN)/dmp rules fmt
protos: $(STAMP) ## write protos/gen anew from the protos
	@$(BIN)/python protos/generate.py
schema: $(STAMP) ## write rules/schema anew from the vocabulary
	@$(BIN)/dmp rules schema || true
docs: $(STAMP) ## write rules/RULES.md anew from the rules
	@$(BIN)/dmp rules docs || true

##@ Keep
lock: ## choose new releases within pyproject.toml and write requirements.lock
	@tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; "$$tools/bin/pip" install --quiet '$(UV)'; \
	"$$tools/bin/uv" pip compile pyproject.toml --group dev --universal --upgrade --generate-hashes \
	  --no-emit-index-url --custom-compile-command 'make lock' --quiet --output-file requirements.lock
clean: ## remove .venv, caches and the state of make run
	@rm -rf .venv var .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
