.PHONY: check test quick coverage constraints new-rule golden docs bench error-curves bench-diagnosis bench-repair

check:  ## format, lint, types, layers
	python -m ruff format --check .
	python -m ruff check .
	python -m mypy
	lint-imports

test:  ## everything
	python -m pytest -m ''

quick:  ## all but the slow tests
	python -m pytest

coverage:  ## which lines of loglens the tests leave out, without the slow ones, whose limits of time a tracer would break
	python -m pytest --cov --cov-report=term

constraints:  ## the versions that CI tests with, anew
	@sed -n '/^#/p' constraints.txt > constraints.new
	python -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-annotate --no-header -q >> constraints.new
	mv constraints.new constraints.txt

new-rule:  ## all files of a new rule, as a start: make new-rule NAME=two-words
	python tools/new_rule.py $(NAME)

golden:  ## the golden files of the outputs anew; read their diff before you commit it
	python -m tests.golden

bench:  ## docs/speed.md: speed and memory beside the peers (needs the extra "bench"; takes 20 minutes on two idle cores)
	python benchmarks/speed.py --repeat 5 -o docs/speed.md
	python benchmarks/growth.py -o docs/speed.md

docs:  ## the generated pages, the pictures, and the site (needs the extras "docs" and "plot"; Chromium for one picture)
	python docs/generate.py
	python docs/screenshots.py
	python -m mkdocs build --strict

bench-repair:  ## whether the remedies heal: apply, train again, three times at most (needs torch and tensorboard; ARGS="--help")
	python benchmarks/repair/run.py $(ARGS)

error-curves:  ## misses and false alarms of rules on simulated curves, over length and noise (two minutes)
	python benchmarks/error_curves.py

bench-diagnosis:  ## who is right about injected faults (needs torch, trainproof and runmedic)
	python benchmarks/diagnosis/run.py
