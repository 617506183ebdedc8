# `make talk` and `make test` do all the set-up they need (scripts/setup.sh) and start in seconds once it is done.

PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help talk serve setup check test test-all clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

# Exit code 3: no microphone. The trap keeps make quiet about Ctrl-C, which is how a talk ends.
talk: ## talk with it; where there is no microphone, a demonstration (flags: make talk ARGS="--plain")
	@sh scripts/setup.sh talk $(filter --light,$(ARGS))
	@trap : INT; $(PY) -m voicecli talk $(ARGS) || { \
	  code=$$?; [ $$code = 3 ] || exit $$code; \
	  echo 'So here is "voicecli demo": the same pipeline in real time, on simulated devices.' >&2; \
	  $(PY) -m voicecli demo $(filter --plain --json --light,$(ARGS)); }

serve: ## serve it to other programs and to a browser (flags: make serve ARGS="--port 9000")
	@sh scripts/setup.sh talk $(filter --light,$(ARGS))
	@trap : INT; $(PY) -m voicecli serve $(ARGS)

setup: ## only the set-up: .venv, PortAudio, models (another Python: make setup PYTHON=python3.12)
	@sh scripts/setup.sh talk

# All of them run, any that fails fails the whole, and the last line names it: its own words are far up by then.
CHECKS := failed=""; \
	$(PY) -m ruff format --check || failed="$$failed format"; \
	$(PY) -m ruff check || failed="$$failed lint"; \
	$(PY) -m mypy || failed="$$failed types"; \
	.venv/bin/lint-imports --no-logo || failed="$$failed imports";
VERDICT := [ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

check: ## format, lint, types and import contracts
	@sh scripts/setup.sh check
	@$(CHECKS) $(VERDICT)

# Three at a time, on two cores: many tests wait in real time.
PYTEST := $(PY) -m pytest -n 3 --dist loadgroup

test: ## the checks, then the tests (flags for pytest: make test ARGS="-k ring")
	@sh scripts/setup.sh test
	@$(CHECKS) $(PYTEST) -m "not matrix" $(ARGS) || failed="$$failed tests"; $(VERDICT)

test-all: ## the same with every case of every kind: most of an hour
	@sh scripts/setup.sh test
	@$(CHECKS) $(PYTEST) $(ARGS) || failed="$$failed tests"; $(VERDICT)

clean: ## remove .venv and all caches, not the models
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
