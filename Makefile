# Everything here can be repeated: what is already done is not done again.
# ARGS="…" is passed through:  make run ARGS="--rounds 2 --output artifacts/runs/mine"

PY := .venv/bin/python
ARGS ?=

.PHONY: help setup run test check bench toolchains clean

help:
	@echo "make run         five self-training rounds on the embedded tasks, ending in a report"
	@echo "make test        all tests"
	@echo "make check       style, types and the fast tests: before every commit"
	@echo "make bench       lists the benchmarks; ARGS=\"NAME …\" runs one"
	@echo "make toolchains  install what the other languages need (Debian, as root or with sudo)"
	@echo "make clean       remove .venv and caches; runs under artifacts/ are kept"

setup:
	@scripts/setup.sh

run: setup
	$(PY) -m loop.iterate --rounds 5 $(ARGS)

# Later options win, so ARGS="-n 0 -x tests/loop" runs one folder in this process.
test: setup
	$(PY) -m pytest -n logical --maxprocesses 8 $(ARGS)

check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(PY) -m pytest -n logical --maxprocesses 8 -m "not slow" $(ARGS)

bench: setup
	@scripts/bench.sh $(ARGS)

toolchains: setup
	multipl_e/toolchains/install-debian.sh $(ARGS)

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
