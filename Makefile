# `make talk` and `make test` do all the set-up they need (scripts/setup.sh) and start in seconds once it is done.

PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help talk setup check test clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

# Exit code 3: no microphone. The trap keeps make quiet about Ctrl-C, which is how a talk ends.
talk: ## talk with it; where there is no microphone, a demonstration (flags: make talk ARGS="--plain")
	@sh scripts/setup.sh talk
	@trap : INT; $(PY) -m voicecli talk $(ARGS) || { \
	  code=$$?; [ $$code = 3 ] || exit $$code; \
	  echo 'So here is "voicecli demo": the same pipeline in real time, on simulated devices.' >&2; \
	  $(PY) -m voicecli demo $(filter --plain --json,$(ARGS)); }

setup: ## only the set-up: .venv, PortAudio, models (another Python: make setup PYTHON=python3.12)
	@sh scripts/setup.sh talk

# All of them run, and any that fails fails the whole.
CHECKS := failed=0; \
	$(PY) -m ruff format --check || failed=1; \
	$(PY) -m ruff check || failed=1; \
	$(PY) -m mypy || failed=1; \
	.venv/bin/lint-imports --no-logo || failed=1;

check: ## format, lint, types and import contracts
	@sh scripts/setup.sh check
	@$(CHECKS) exit $$failed

test: ## the checks, then the tests (flags for pytest: make test ARGS="-k ring")
	@sh scripts/setup.sh test
	@$(CHECKS) $(PY) -m pytest $(ARGS) || failed=1; exit $$failed

clean: ## remove .venv and all caches, not the models
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
