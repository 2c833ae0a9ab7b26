.PHONY: check test docs golden bench

check:  ## format, lint, types
	python -m ruff format --check .
	python -m ruff check .
	python -m mypy

test:  ## everything
	python -m pytest

bench:  ## speed beside the peers (needs the extra "bench")
	python benchmarks/read_events.py
